//! What a user gives on the command line and on standard input.

use std::{
    fs,
    io::{self, IsTerminal, Read},
};

use crate::{cli::Failure, core::time::Micros};

/// What the demo provider is asked when nobody asks anything.
const DEMO_PROMPT: &str = "Tell me something.";

/// `Name: value`.
pub fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header looks like 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// `90`, `90s`, `1.5s`, `500ms` or `2m`; a plain number is seconds.
pub fn duration(text: &str) -> Result<Micros, String> {
    let split = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit_us: f64 = match unit.trim() {
        "us" | "µs" => 1.0,
        "ms" => 1e3,
        "" | "s" => 1e6,
        "m" | "min" => 60e6,
        "h" => 3_600e6,
        _ => return Err(format!("`{}` is no unit of time; use us, ms, s, m or h", unit.trim())),
    };
    let number: f64 = number.parse().map_err(|_| "a time looks like 90s, 500ms or 2m".to_owned())?;
    // Numbers beyond what fits become the largest that does.
    Ok(Micros((number * unit_us).round() as u64))
}

/// The JSON body that `-d` names: itself, `@FILE`, or `@-` for standard input.
pub fn body(data: &str) -> Result<String, Failure> {
    let read = match data.strip_prefix('@') {
        None => return Ok(data.to_owned()),
        Some("-") => io::read_to_string(io::stdin()),
        Some(path) => fs::read_to_string(path),
    };
    read.map_err(|error| {
        Failure::usage(format!("cannot read the body from {}: {error}\nhint: -d takes JSON, @FILE or @-", &data[1..]))
    })
}

/// The prompt: the argument, else standard input when it is piped, else a default where `has_default`.
pub fn prompt(argument: Option<String>, has_default: bool) -> Result<Option<String>, Failure> {
    let given = match argument {
        Some(prompt) if prompt != "-" => Some(prompt),
        argument => {
            let mut stdin = io::stdin().lock();
            if argument.is_none() && stdin.is_terminal() {
                None
            } else {
                let mut text = String::new();
                stdin.read_to_string(&mut text).map_err(|error| {
                    Failure::usage(format!("cannot read the prompt from standard input: {error}\nhint: give it as an argument"))
                })?;
                Some(text)
            }
        }
    };
    let given = given.filter(|prompt| !prompt.trim().is_empty());
    Ok(given.or_else(|| has_default.then(|| DEMO_PROMPT.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_headers() {
        let check = |text: &str, wanted: Option<u64>| assert_eq!(duration(text).ok(), wanted.map(Micros), "{text}");
        check("90", Some(90_000_000));
        check("1.5s", Some(1_500_000));
        check("500ms", Some(500_000));
        check("2m", Some(120_000_000));
        check("soon", None);
        check("5 weeks", None);
        check("", None);
        assert_eq!(header("X-A: b: c"), Ok(("X-A".into(), "b: c".into())));
        assert!(header("nothing").is_err());
    }
}
