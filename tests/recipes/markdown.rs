//! Blocks of code in the documentation, and how they say that they are run.

use std::fmt;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// What stands before a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Marker {
    /// A kind, and words of its own.
    Recipe(Vec<String>),
    /// With a reason.
    NotRun(String),
}

/// A block of code in a document.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Below the project's root.
    document: String,
    /// Of its first line of code, from 1.
    line: usize,
    /// Behind the fence; empty where it is indented.
    pub(crate) language: String,
    pub(crate) marker: Option<Marker>,
    pub(crate) text: String,
}

impl Block {
    /// The words of its kind that stand behind the kind itself.
    pub(crate) fn words(&self) -> &[String] {
        match &self.marker {
            Some(Marker::Recipe(words)) => &words[1..],
            _ => &[],
        }
    }

    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.words().iter().any(|known| known == word)
    }

    fn kind(&self) -> Option<&str> {
        match &self.marker {
            Some(Marker::Recipe(words)) => words.first().map(String::as_str),
            _ => None,
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:\n{}", self.document, self.line, self.text)
    }
}

/// What blocks are, and the words that may follow.
pub(crate) const KINDS: &[(&str, &[&str])] = &[
    // A file of GitLab Runner's: its keys are checked, and its scripts are run in jobs. `docker`: for
    // that executor, run; `strict`: a broken CA ends the job; `windows`: its keys alone are checked;
    // `part`: a part of the Kubernetes executor's section, its keys alone.
    ("config.toml", &["docker", "strict", "windows", "part"]),
    // Typed in a shell, with `$` before the commands: they print the rest.
    ("console", &[]),
    // An image is built of it. `mounted`: the CA is mounted when it is started; `built`: it is there
    // since the build; `buildkit`: by that.
    ("dockerfile", &["mounted", "built", "buildkit"]),
    // Scripts of jobs, run as the runner runs them.
    ("gitlab-ci.yml", &[]),
    // Typed on a host with Docker. `runner`: in front of GitLab Runner.
    ("host", &["runner"]),
    // A job's script. `chain`: it reaches the server by CI_SERVER_TLS_CA_FILE, without the binary;
    // `openssl`: it shows the server's chain; `dry-run`: it shows what would be done.
    ("job", &["chain", "dry-run", "openssl"]),
    // Typed by root on a machine whose programs then trust the CA. `file`: they are told by a file.
    ("node", &["file"]),
    // Typed in any shell, beside corp-ca.der and corp-ca.crt: it succeeds.
    ("shell", &[]),
    // It is well-formed.
    ("toml", &[]),
    // Of GitLab's chart: the keys are checked.
    ("values.yaml", &[]),
];

/// The blocks of a kind; at least one.
pub(crate) fn of_kind(kind: &str) -> Vec<Block> {
    assert!(KINDS.iter().any(|(known, _)| *known == kind), "{kind} is a kind");
    let blocks: Vec<Block> = documents()
        .iter()
        .flat_map(|path| blocks(path))
        .filter(|b| b.kind() == Some(kind))
        .collect();
    assert!(!blocks.is_empty(), "no block of kind '{kind}': take it out of the list");
    blocks
}

/// The pages that a user reads. Two have tests of their own: `docs/matrix.md` is written by one, and
/// `docs/trust-stores.md` has commands in its tables, which `tests/compliance` holds.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md")];
    let entries = fs::read_dir(root.join("docs")).expect("the project has documentation");
    paths.extend(entries.map(|entry| entry.expect("it can be listed").path()));
    paths.retain(|path| {
        path.extension().is_some_and(|extension| extension == "md")
            && !path.ends_with("docs/matrix.md")
    });
    paths.sort();
    paths
}

fn blocks(path: &Path) -> Vec<Block> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let text = fs::read_to_string(path).expect("the document is text");
    parse(&document, &text)
}

fn parse(document: &str, text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut marker = None;
    let mut number = 0;
    while let Some(line) = lines.get(number) {
        let (language, start, length) = if let Some(fence) = line.trim_start().strip_prefix("```") {
            let rest = &lines[number + 1..];
            let end = rest.iter().position(|line| line.trim() == "```");
            let end = end.unwrap_or_else(|| panic!("{document}:{}: no end", number + 1));
            (fence.trim(), number + 1, end)
        } else if is_indented(line) && (number == 0 || lines[number - 1].trim().is_empty()) {
            let rest = &lines[number..];
            let end = rest.iter().position(|line| !is_indented(line) && !line.trim().is_empty());
            let end = end.unwrap_or(rest.len());
            let blank = rest[..end].iter().rev().take_while(|line| line.trim().is_empty()).count();
            ("", number, end - blank)
        } else {
            // It holds for what follows, past blank lines.
            if !line.trim().is_empty() {
                marker = parse_marker(line);
            }
            number += 1;
            continue;
        };
        let code = &lines[start..start + length];
        let is_blank = |line: &&&str| !line.trim().is_empty();
        let indentation =
            code.iter().filter(is_blank).map(|line| line.len() - line.trim_start().len()).min();
        let code = code.iter().map(|line| line.get(indentation.unwrap_or(0)..).unwrap_or_default());
        blocks.push(Block {
            document: document.to_owned(),
            line: start + 1,
            language: language.to_owned(),
            marker: marker.take(),
            text: code.map(|line| format!("{line}\n")).collect(),
        });
        number = start + length + usize::from(!is_indented(line));
    }
    blocks
}

fn is_indented(line: &str) -> bool {
    line.starts_with("    ")
}

fn parse_marker(line: &str) -> Option<Marker> {
    let comment = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    if let Some(words) = comment.strip_prefix("recipe:") {
        return Some(Marker::Recipe(words.split_whitespace().map(str::to_owned).collect()));
    }
    let reason = comment.strip_prefix("not run:")?.trim();
    Some(Marker::NotRun(reason.to_owned()))
}

#[test]
fn every_block_says_how_it_is_run_or_why_not() {
    let mut faults = Vec::new();
    for block in documents().iter().flat_map(|path| blocks(path)) {
        let fault = match &block.marker {
            None => {
                "no line '<!-- recipe: KIND -->' or '<!-- not run: REASON -->' before it".to_owned()
            }
            Some(Marker::NotRun(reason)) if reason.is_empty() => "no reason".to_owned(),
            Some(Marker::NotRun(_)) => continue,
            Some(Marker::Recipe(words)) => {
                let Some((kind, words)) = words.split_first() else {
                    faults.push(format!("no kind: {block}"));
                    continue;
                };
                match KINDS.iter().find(|(known, _)| known == kind) {
                    None => format!("unknown kind '{kind}'"),
                    Some((_, known)) => match words.iter().find(|w| !known.contains(&w.as_str())) {
                        Some(word) => format!("unknown word '{word}' for kind '{kind}'"),
                        None => continue,
                    },
                }
            }
        };
        faults.push(format!("{fault}: {block}"));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A heading as a part of an address: small letters, no punctuation, dashes for spaces.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    let others = ["ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root.join(name));
    for path in documents().iter().chain(&others) {
        let text = fs::read_to_string(path).expect("the document is text");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let directory = path.parent().expect("it is in a directory");
            let file = if file.is_empty() { path.clone() } else { directory.join(file) };
            let is_there = file.exists()
                && (place.is_empty()
                    || fs::read_to_string(&file).is_ok_and(|text| {
                        text.lines().any(|line| line.starts_with('#') && anchor(line) == place)
                    }));
            if !is_there {
                faults.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn blocks_are_found_however_they_are_written() {
    let text = "\
Text.

<!-- recipe: job chain -->
```shell
one
```

    two

<!-- not run: why -->

    three
      four

    five
text
- item
<!-- recipe: host -->
  ```
  six
  ```
";
    let blocks = parse("page.md", text);
    let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
    assert_eq!(texts, ["one\n", "two\n", "three\n  four\n\nfive\n", "six\n"]);
    let lines: Vec<usize> = blocks.iter().map(|block| block.line).collect();
    assert_eq!(lines, [5, 8, 12, 20]);
    assert_eq!(blocks[0].kind(), Some("job"));
    assert!(blocks[0].has_word("chain"));
    assert_eq!(blocks[0].language, "shell");
    assert_eq!(blocks[1].marker, None);
    assert_eq!(blocks[2].marker, Some(Marker::NotRun("why".to_owned())));
    assert_eq!(blocks[3].kind(), Some("host"));
}
