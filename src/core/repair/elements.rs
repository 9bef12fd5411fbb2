//! Elements of the lists in a frame's data, and the data without one of them: a tool call whose arguments are no string can only go
//! as a whole.

use std::ops::Range;

/// Every object that is an element of a list and has `value` somewhere in it, each with the data that is left without it: the
/// innermost ones first.
pub fn without_holders_of(data: &[u8], value: &[u8]) -> Vec<Vec<u8>> {
    let places: Vec<usize> = memchr::memmem::find_iter(data, value).collect();
    let holds = |element: &Range<usize>| places.iter().any(|at| element.contains(at) && at + value.len() <= element.end);
    let found = elements(data).into_iter().filter(holds);
    found.map(|element| without(data, element)).collect()
}

/// The data without the element at `range`, and without one of the commas beside it.
fn without(data: &[u8], range: Range<usize>) -> Vec<u8> {
    let Range { mut start, mut end } = range;
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    let after = end + data[end..].iter().take_while(|byte| blank(byte)).count();
    if data.get(after) == Some(&b',') {
        end = after + 1;
        end += data[end..].iter().take_while(|byte| blank(byte)).count();
    } else {
        let before = start - data[..start].iter().rev().take_while(|byte| blank(byte)).count();
        if before > 0 && data[before - 1] == b',' {
            start = before - 1;
        }
    }
    [&data[..start], &data[end..]].concat()
}

/// The objects that are elements of a list, as they end: the inner ones before those that they lie in. What is no JSON has others, or
/// none.
fn elements(data: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Opening brackets that are not closed yet.
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(byte) = data.get(at) {
        match byte {
            b'"' => match super::literal::end_of(data, at + 1) {
                Some(end) => at = end,
                None => break,
            },
            b'{' | b'[' => open.push(at),
            b'}' | b']' => {
                let start = open.pop();
                if let (Some(start), Some(list)) = (start, open.last())
                    && (data[start], data[*list]) == (b'{', b'[')
                {
                    found.push(start..at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_goes_with_one_comma() {
        let check = |data: &str, value: &str, expected: &[&str]| {
            let left = without_holders_of(data.as_bytes(), value.as_bytes());
            let left: Vec<_> = left.iter().map(|left| String::from_utf8_lossy(left).into_owned()).collect();
            assert_eq!(left, expected, "{data}");
        };
        check(r#"{"a":[{"x":{"n":1}}]}"#, r#"{"n":1}"#, &[r#"{"a":[]}"#]);
        check(r#"{"a":[{"t":"]{"} , {"x":{"n":1}}]}"#, r#"{"n":1}"#, &[r#"{"a":[{"t":"]{"} ]}"#]);
        check(r#"{"a":[{"x":{"n":1}} , {"t":"[\"{"}]}"#, r#"{"n":1}"#, &[r#"{"a":[{"t":"[\"{"}]}"#]);
        check(r#"[{"p":[1, {"x":{"n":1}}, 2]}]"#, r#"{"n":1}"#, &[r#"[{"p":[1, 2]}]"#, "[]"]);
        check(r#"{"x":{"n":1}}"#, r#"{"n":1}"#, &[]);
        check(r#"[{"x":{"n":1}"#, r#"{"n":1}"#, &[]);
        check(r#"]}{[{"x"#, "x", &[]);
    }
}
