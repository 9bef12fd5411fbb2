//! Arguments that come as values at paths (`$.place.city`), put together as the JSON text that they are pieces of.

use serde_json::Value;

/// Deepest path that is followed; deeper values are left out.
const DEEPEST: usize = 64;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index,
}

/// The arguments of one call so far: what of their text is still open.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// Steps to the latest value, with their spelling: values of one list differ in it.
    path: Vec<(Step, String)>,
    in_string: bool,
}

impl Assembly {
    /// The text that `pieces` add.
    pub fn add(&mut self, pieces: &Value) -> String {
        let mut out = String::new();
        for piece in pieces.as_array().into_iter().flatten() {
            let path = piece.get("jsonPath").and_then(Value::as_str).map(steps).unwrap_or_default();
            if !path.is_empty() && path.len() <= DEEPEST {
                self.piece(path, piece, &mut out);
            }
        }
        out
    }

    fn piece(&mut self, path: Vec<(Step, String)>, piece: &Value, out: &mut String) {
        let goes_on = self.in_string && path == self.path;
        if !goes_on {
            self.go_to(path, out);
        }
        if let Some(text) = piece.get("stringValue").and_then(Value::as_str) {
            let quoted = Value::from(text).to_string();
            out.push_str(if goes_on { "" } else { "\"" });
            out.push_str(&quoted[1..quoted.len() - 1]);
            self.in_string = piece.get("willContinue") == Some(&Value::Bool(true));
            out.push_str(if self.in_string { "" } else { "\"" });
        } else if !goes_on {
            let value = ["numberValue", "boolValue"].iter().find_map(|name| piece.get(*name));
            out.push_str(&value.map_or_else(|| "null".into(), Value::to_string));
        }
    }

    /// Closes what `path` is not in and opens what it is in.
    fn go_to(&mut self, path: Vec<(Step, String)>, out: &mut String) {
        let common = match self.path.len() {
            0 => None,
            len => {
                let most = (len - 1).min(path.len() - 1);
                Some((0..most).take_while(|at| self.path[*at] == path[*at]).count())
            }
        };
        if let Some(common) = common {
            self.close(common + 1, out);
            out.push(',');
        }
        for (at, (step, _)) in path.iter().enumerate().skip(common.unwrap_or(0)) {
            if common != Some(at) {
                out.push(if matches!(step, Step::Key(_)) { '{' } else { '[' });
            }
            if let Step::Key(key) = step {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
            }
        }
        self.path = path;
    }

    /// Closes an open string and all containers from depth `from` on.
    fn close(&mut self, from: usize, out: &mut String) {
        if std::mem::take(&mut self.in_string) {
            out.push('"');
        }
        for (step, _) in self.path[from.min(self.path.len())..].iter().rev() {
            out.push(if matches!(step, Step::Key(_)) { '}' } else { ']' });
        }
    }

    /// The text that ends the arguments, and a new beginning.
    pub fn end(&mut self) -> String {
        let mut out = String::new();
        self.close(0, &mut out);
        self.path.clear();
        out
    }
}

/// The steps of `$.a.b[0]['c']`.
fn steps(path: &str) -> Vec<(Step, String)> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        let (step, after) = if let Some(inner) = rest.strip_prefix('[') {
            let (inner, after) = inner.split_once(']').unwrap_or((inner, ""));
            let key = inner.trim_matches(['\'', '"']);
            let step = if key.len() < inner.len() { Step::Key(key.to_owned()) } else { Step::Index };
            ((step, inner.to_owned()), after)
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            ((Step::Key(name[..end].to_owned()), name[..end].to_owned()), &name[end..])
        };
        steps.push(step);
        rest = after;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(pieces: &[Value], expected: &str) {
        let mut assembly = Assembly::default();
        let text: String = pieces.iter().map(|piece| assembly.add(&json!([piece]))).collect();
        assert_eq!(text + &assembly.end(), expected, "{pieces:?}");
    }

    #[test]
    fn values_become_the_text_they_are_pieces_of() {
        let text = |path: &str, text: &str, goes_on: bool| json!({"jsonPath": path, "stringValue": text, "willContinue": goes_on});
        let number = |path: &str, number: f64| json!({"jsonPath": path, "numberValue": number});
        check(&[], "");
        check(&[text("$.a", "ha", true), text("$.a", "ha", true), text("$.a", "!\"", false)], r#"{"a":"haha!\""}"#);
        check(&[text("$.a", "x", true), text("$.b", "y", true)], r#"{"a":"x","b":"y"}"#);
        check(&[number("$.a.b[0]", 1.5), number("$.a.b[1]", 2.5), number("$.c", 3.5)], r#"{"a":{"b":[1.5,2.5]},"c":3.5}"#);
        check(
            &[number("$.a[0].x", 1.5), number("$.a[0].y", 2.5), number("$.a[1].x", 3.5)],
            r#"{"a":[{"x":1.5,"y":2.5},{"x":3.5}]}"#,
        );
        check(
            &[json!({"jsonPath": "$['a b']", "nullValue": "NULL_VALUE"}), json!({"jsonPath": "$.t", "boolValue": true})],
            r#"{"a b":null,"t":true}"#,
        );
        check(
            &[json!({"jsonPath": "$", "boolValue": true}), json!(7), json!({"jsonPath": "$[[[.", "boolValue": true})],
            r#"[true]"#,
        );
    }
}
