//! Code, tables, logs, numbers and other data: texts that repeat themselves because that is what they are.

use super::{sentence, words::ENGLISH};
use crate::generate::random::Random;

fn name(random: &mut Random) -> String {
    format!("{}_{}", random.pick(&ENGLISH[24..]), random.pick(&ENGLISH[24..]))
}

/// Functions with the lines that code repeats, half of the time in a fence.
pub fn code(random: &mut Random) -> String {
    let mut code = String::new();
    for _ in 0..random.between(1, 4) {
        let import = format!("from {} import {}\n", random.pick(&ENGLISH[24..]), name(random));
        for _ in 0..random.between(1, 3) {
            code.push_str(&import);
        }
    }
    for _ in 0..random.between(1, 6) {
        code.push_str(&format!("\ndef {}(a, b):\n", name(random)));
        for depth in 1..random.between(2, 6) {
            let indent = "    ".repeat(depth);
            code.push_str(&format!("{indent}if a[{depth}] == b[{depth}]:\n{indent}    c = c + {}\n", random.below(1000)));
        }
        code.push_str("    return a\n\n");
    }
    for _ in 0..random.between(0, 8) {
        code.push_str("}\n");
    }
    if random.chance(50) { format!("```python\n{code}```\n") } else { code }
}

/// Test cases that differ in a number.
pub fn tests(random: &mut Random) -> String {
    let name = name(random);
    let line =
        |status: usize| format!("it('returns {status} for {name}', async () => {{ expect(res.status).toBe({status}); }});\n");
    let (count, same) = (random.between(2, 20), random.chance(30));
    (0..count).map(|index| line(if same { 200 } else { 200 + index })).collect()
}

/// Nested elements and their closing tags.
pub fn markup(random: &mut Random) -> String {
    let mut text = String::from("<ul>\n");
    for _ in 0..random.between(2, 25) {
        text.push_str(&format!("  <li><a href=\"/{}\">{}</a></li>\n", random.pick(ENGLISH), random.pick(ENGLISH)));
    }
    let depth = random.between(1, 12);
    format!("{}{text}</ul>\n{}", "<div>".repeat(depth), "</div>\n".repeat(depth))
}

/// A table with an alignment row and cells that are mostly alike.
pub fn table(random: &mut Random) -> String {
    let columns = random.between(2, 9);
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = row((0..columns).map(|_| (*random.pick(&ENGLISH[24..])).to_string()).collect());
    text.push_str(&row(vec![(*random.pick(&[":---", "---", ":---:", "----------"])).to_string(); columns]));
    for _ in 0..random.between(1, 30) {
        let cells = (0..columns).map(|_| (*random.pick(&["0", "0", "0.00", "ok", "yes", "-", "", "n/a", "100", "1"])).to_string());
        text.push_str(&row(cells.collect()));
    }
    text
}

/// Lines of a log; some come again and again.
pub fn log(random: &mut Random) -> String {
    let mut text = String::new();
    let mut second = random.below(60);
    for _ in 0..random.between(2, 12) {
        let line = format!("[{}] {}\n", random.pick(&["info", "warn", "retry"]), sentence(random));
        let stamped = random.chance(60);
        for _ in 0..*random.pick(&[1, 1, 1, 2, 3, 8, 25]) {
            if stamped {
                second += 1;
                text.push_str(&format!("2026-01-01T00:{:02}:{:02}Z ", second / 60 % 60, second % 60));
            }
            text.push_str(&line);
        }
    }
    text
}

/// Numbers: counting, digits of one number, zeros, years.
pub fn numbers(random: &mut Random) -> String {
    let count = random.between(5, 120);
    let between = *random.pick(&["\n", ", ", " ", ",", "; "]);
    let numbers: Vec<String> = match random.below(6) {
        0 => (1..=count).map(|number| number.to_string()).collect(),
        1 => vec!["0".to_string(); count],
        2 => (0..count as u32).map(|power| 10_u128.pow(power % 30).to_string()).collect(),
        3 => (0..count).map(|number| (1900 + number).to_string()).collect(),
        4 => (0..count).map(|_| random.below(10).to_string()).collect(),
        _ => return (0..count * 3).map(|_| random.pick(&["0", "1", "3", "33", "11", "00"]).to_string()).collect(),
    };
    format!("[{}]", numbers.join(between))
}

/// Rows of values, many of them equal.
pub fn csv(random: &mut Random) -> String {
    let mut text = String::from("date,a,b,c,state\n");
    let row = format!("2024-01-{:02},0,0,{},OK\n", random.between(1, 28), random.below(3));
    for index in 0..random.between(2, 35) {
        if random.chance(70) {
            text.push_str(&row);
        } else {
            text.push_str(&format!("2024-02-{:02},{},0,0,OK\n", index % 28 + 1, random.below(9)));
        }
    }
    text
}

/// A JSON value, pretty or not.
pub fn json(random: &mut Random) -> String {
    let rows: Vec<_> = (0..random.between(1, 12))
        .map(|_| serde_json::json!({"id": random.below(100), "name": random.pick(ENGLISH), "tags": ["a", "a", "b"], "zeros": [0, 0, 0, 0], "note": sentence(random)}))
        .collect();
    let value = serde_json::json!({"rows": rows, "ok": true});
    if random.chance(50) { serde_json::to_string_pretty(&value).unwrap_or_default() } else { value.to_string() }
}

/// Rows of equal cells.
pub fn grid(random: &mut Random) -> String {
    let cell = *random.pick(&["0", ".", "#", "0.0", "x", "?? "]);
    let row = format!("{}\n", vec![cell; random.between(3, 16)].join(" "));
    row.repeat(random.between(2, 38))
}

/// Base64 and hexadecimal data with padding.
pub fn encoded(random: &mut Random) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("{}\n", sentence(random));
    if random.chance(50) {
        text.push_str("data:audio/mp3;base64,");
        let length = random.between(40, 900);
        text.extend((0..length).map(|_| char::from(*random.pick(DIGITS))));
        text.push_str(&"VVVV".repeat(random.between(4, 60)));
        text.push_str("==\n");
    } else {
        text.push_str("0x");
        for _ in 0..random.between(4, 60) {
            text.push_str(random.pick::<&str>(&["ff", "00", "ff", "00", "8b", "48"]));
        }
        text.push_str(&"ff".repeat(random.between(4, 80)));
        text.push('\n');
    }
    text
}

/// Underlines, dividers, tables of contents, boxes.
pub fn rulers(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.between(1, 6) {
        let unit = *random.pick(&["=", "-", "─", "*", "~", "_"]);
        text.push_str(&format!("{}\n{}\n", sentence(random), unit.repeat(random.between(3, 80))));
        text.push_str(&format!("{} {} {}\n", random.pick(ENGLISH), " .".repeat(random.between(3, 35)), random.below(100)));
    }
    text
}

/// A list in which each line begins with all of the one before: paths, powers, a triangle, a word that is typed.
pub fn growing(random: &mut Random) -> String {
    let mut line = (*random.pick(&["/", "https://a.example/", "1", "", "- "])).to_string();
    let part = *random.pick(&["0", "*", "ab", "", ""]);
    let mut text = format!("{}:\n", sentence(random));
    for _ in 0..random.between(3, 9) {
        match part {
            "" => line.push_str(&format!("{}/", random.pick(ENGLISH))),
            part => line.push_str(part),
        }
        text.push_str(&format!("{line}\n"));
    }
    text + &sentence(random)
}
