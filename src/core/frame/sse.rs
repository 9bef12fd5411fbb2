//! tmp
pub struct B<'a> {
    pub data: std::borrow::Cow<'a, [u8]>,
}
pub fn parse_block(b: &[u8]) -> B<'_> {
    B { data: b.into() }
}
