//! Whether `docs/troubleshooting.md` tells of all messages, and of none that isn't ours.

use std::fs;
use std::path::Path;

/// Messages that are the documentation's, with `…` for what differs.
fn documented() -> Vec<String> {
    let text = read("docs/troubleshooting.md");
    let (_, ours) = text.split_once("## What ca-entrypoint says").expect("it has the section");
    let section = ours.lines().take_while(|line| !line.starts_with("## "));
    let rows = section.filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let messages = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).collect::<Vec<_>>());
    messages.map(str::to_owned).collect()
}

/// Those that tests have seen.
fn golden() -> Vec<String> {
    let text = read("tests/golden/messages.txt");
    let messages = text.lines().filter_map(|line| line.strip_prefix("ca-entrypoint: "));
    let mut messages: Vec<String> = messages.map(str::to_owned).collect();
    messages.sort();
    messages.dedup();
    messages
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether the parts between `…` stand in `text` in their order, and the first at its beginning.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    for (number, part) in pattern.split('…').enumerate() {
        match rest.find(part) {
            Some(0) => rest = &rest[part.len()..],
            Some(place) if number > 0 => rest = &rest[place + part.len()..],
            _ => return false,
        }
    }
    rest.is_empty() || pattern.ends_with('…')
}

#[test]
fn every_message_is_in_the_documentation() {
    let documented = documented();
    assert!(documented.len() > 30, "{documented:#?}");
    let missing: Vec<String> = golden()
        .into_iter()
        .filter(|text| !documented.iter().any(|pattern| matches(pattern, text)))
        .collect();
    // Said at level debug, to who asks for it.
    let details = ["CA file '", "platform ", "no CA at ", "directory '", "no file in memory: "];
    let missing: Vec<&String> = missing
        .iter()
        .filter(|text| !details.iter().any(|detail| text.starts_with(detail)))
        .collect();
    assert!(missing.is_empty(), "not in docs/troubleshooting.md: {missing:#?}");
}

/// A message that no golden file has is in the source.
#[test]
fn every_documented_message_is_ours() {
    let golden = golden();
    let source = ["concern.rs", "error.rs", "report.rs", "sys/unix/last_resort.rs"];
    let source = source.map(|file| read(&format!("src/{file}"))).concat();
    // What can't be done is told in one way, whatever it is.
    let is_operation = |word: &str| {
        word.strip_prefix("cannot ").is_some_and(|rest| source.contains(&format!("\"{rest}\"")))
    };
    for pattern in documented() {
        let is_seen = golden.iter().any(|text| matches(&pattern, text));
        let words = pattern.split(['…', '\'', '(', ')', ':', ',']).map(str::trim);
        let mut words = words.filter(|word| word.len() > 1);
        let is_ours = |word: &str| source.contains(word) || is_operation(word);
        assert!(is_seen || words.all(is_ours), "'{pattern}' isn't ours");
    }
}
