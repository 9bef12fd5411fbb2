//! What clean streams say: the kinds of text that careless rules mistake for stutter.

mod data;
mod words;

use super::random::Random;

/// Writes a text of one kind.
pub type Write = fn(&mut Random) -> String;

/// Every kind of text, with its name.
pub const TEXTS: &[(&str, Write)] = &[
    ("prose", prose),
    ("prose", prose),
    ("dialogue", dialogue),
    ("script", other_script),
    ("script", other_script),
    ("poem", poem),
    ("emoji", emoji),
    ("list", list),
    ("code", data::code),
    ("tests", data::tests),
    ("markup", data::markup),
    ("table", data::table),
    ("log", data::log),
    ("numbers", data::numbers),
    ("csv", data::csv),
    ("json", data::json),
    ("grid", data::grid),
    ("encoded", data::encoded),
    ("rulers", data::rulers),
    ("growing", data::growing),
];

/// One sentence of English words, with the repetitions that English has.
pub fn sentence(random: &mut Random) -> String {
    let length = random.between(4, 18);
    let mut sentence = String::new();
    for index in 0..length {
        let word = match random.below(40) {
            0 => *random.pick(&["that that", "had had", "very, very", "no, no", "again and again", "long, long", "bit by bit"]),
            1 => *random.pick(&["1833", "2012", "1500", "33", "100", "11", "9.99", "2,200", "7:77", "0.00"]),
            2 => *random.pick(&["password", "resetting", "bookkeeper", "Mississippi", "planning", "aws sso", "loose", "coffee"]),
            // Few words make most of a text.
            _ if random.chance(45) => *random.pick(&words::ENGLISH[..24]),
            _ => *random.pick(words::ENGLISH),
        };
        if index > 0 {
            sentence.push(if random.chance(6) { ',' } else { ' ' });
            if sentence.ends_with(',') {
                sentence.push(' ');
            }
        }
        sentence.push_str(word);
    }
    let mut characters = sentence.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}{}", characters.as_str(), random.pick(&[".", ".", ".", "!", "?", "..."]))
}

fn prose(random: &mut Random) -> String {
    let mut paragraphs = Vec::new();
    for _ in 0..random.between(1, 5) {
        let sentences: Vec<String> = (0..random.between(1, 6)).map(|_| sentence(random)).collect();
        paragraphs.push(sentences.join(" "));
    }
    paragraphs.join(*random.pick(&["\n\n", "\n", "\n\n\n"]))
}

fn dialogue(random: &mut Random) -> String {
    let opening = [
        "Ha ha ha!",
        "Ha, ha",
        "No, no, no.",
        "Bye bye!",
        "Bye-bye",
        "Knock knock.",
        "Hmm hmm hmm",
        "So so.",
        "Tick tick tick tick",
        "well, well, well",
    ];
    let mut lines = vec![(*random.pick(&opening)).to_string()];
    for _ in 0..random.between(1, 8) {
        let said = if random.chance(30) { (*random.pick(&opening)).to_string() } else { sentence(random) };
        lines.push(format!("{}: {said}", random.pick(&["A", "B", "She", "He"])));
    }
    lines.join("\n")
}

fn other_script(random: &mut Random) -> String {
    let script = random.pick(words::SCRIPTS);
    let mut text = String::new();
    for _ in 0..random.between(2, 14) {
        for index in 0..random.between(2, 12) {
            let word = random.pick(script.words);
            if index > 0 {
                text.push_str(script.space);
            }
            text.push_str(word);
            // Reduplication is grammar in many languages.
            if random.chance(8) {
                text.push_str(script.double);
                text.push_str(word);
            }
        }
        text.push_str(script.stop);
        text.push_str(if random.chance(15) { "\n" } else { script.space });
    }
    text
}

fn poem(random: &mut Random) -> String {
    let refrain = format!("{}\n{}\n", sentence(random), sentence(random));
    let mut poem = String::new();
    for _ in 0..random.between(2, 7) {
        for _ in 0..random.between(1, 4) {
            poem.push_str(&sentence(random));
            poem.push('\n');
        }
        poem.push_str(&refrain);
        poem.push('\n');
    }
    poem
}

fn emoji(random: &mut Random) -> String {
    let faces = ["🎉", "😊", "👨‍👩‍👧", "🚀", "🇩🇪", "👍🏽", "❤️", "😂"];
    let mut text = String::new();
    for _ in 0..random.between(1, 6) {
        text.push_str(&sentence(random));
        text.push(' ');
        let face = random.pick(&faces);
        for _ in 0..*random.pick(&[1, 1, 2, 3, 5, 12, 36]) {
            text.push_str(face);
        }
        text.push('\n');
    }
    text
}

fn list(random: &mut Random) -> String {
    let (count, shared) = (random.between(3, 40), random.chance(50));
    let start = sentence(random);
    let items = (1..=count).map(|number| {
        let item = if shared { format!("{} {number}", start.trim_end_matches('.')) } else { sentence(random) };
        match number % 5 {
            0 if !shared => format!("    - {item}\n"),
            _ => format!("{number}. {item}\n"),
        }
    });
    items.collect()
}

/// A JSON object of the arguments of a tool call, its keys in order.
pub fn arguments(random: &mut Random) -> String {
    let mut fields = serde_json::Map::new();
    fields.insert("query".into(), sentence(random).into());
    for index in 0..random.between(0, 4) {
        let (name, value) = match random.below(4) {
            0 => ("limit", serde_json::json!(*random.pick(&[0, 10, 100, 1000, 11]))),
            1 => ("cells", serde_json::json!([[0, 0], [0, 0], [0]])),
            2 => ("path", format!("/srv/{}/{}", random.pick(words::ENGLISH), random.pick(words::ENGLISH)).into()),
            _ => ("on", serde_json::json!({"a": {"a": true}})),
        };
        fields.insert(format!("{name}{index}"), value);
    }
    serde_json::Value::Object(fields).to_string()
}
