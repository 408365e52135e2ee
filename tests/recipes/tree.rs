//! Documents of TOML and YAML, as lists of paths and values.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

/// The scalars of a document in their order: `runners[0].name`, and its value as text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    pub(crate) entries: Vec<(String, String)>,
}

impl Tree {
    pub(crate) fn of_toml(name: &str, text: &str) -> Self {
        parse("toml", text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"))
    }

    pub(crate) fn of_yaml(name: &str, text: &str) -> Self {
        parse("yaml", text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"))
    }

    /// The documents of a file of YAML.
    pub(crate) fn all_of_yaml(name: &str, text: &str) -> Vec<Self> {
        let whole = Self::of_yaml(name, text);
        let number = |path: &str| {
            let number = path.split_once(':').and_then(|(number, _)| number.parse().ok());
            number.unwrap_or(0_usize)
        };
        let last = whole.entries.iter().map(|(path, _)| number(path)).max().unwrap_or(0);
        let document = |wanted| Self {
            entries: whole
                .entries
                .iter()
                .filter(|(path, _)| number(path) == wanted)
                .map(|(path, value)| {
                    let prefix = format!("{wanted}:");
                    (path.strip_prefix(&prefix).unwrap_or(path).to_owned(), value.clone())
                })
                .collect(),
        };
        (0..=last).map(document).collect()
    }

    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.entries.iter().find(|(known, _)| known == path).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn want(&self, path: &str) -> &str {
        self.get(path).unwrap_or_else(|| panic!("no {path} in {:#?}", self.entries))
    }

    pub(crate) fn is(&self, path: &str, value: &str) -> bool {
        self.get(path) == Some(value)
    }

    /// What is below a path, with paths that begin there.
    pub(crate) fn at(&self, path: &str) -> Self {
        let mut entries = Vec::new();
        for (known, value) in &self.entries {
            let below = known.strip_prefix(path).and_then(|rest| match rest.chars().next()? {
                '.' => rest.get(1..),
                '[' => Some(rest),
                _ => None,
            });
            entries.extend(below.map(|below| (below.to_owned(), value.clone())));
        }
        Self { entries }
    }

    /// The elements of a list.
    pub(crate) fn list(&self, path: &str) -> Vec<Self> {
        let elements = (0..).map(|number| self.at(&format!("{path}[{number}]")));
        elements.take_while(|element| !element.entries.is_empty()).collect()
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, path: &str) -> Vec<String> {
        let elements = (0..).map_while(|number| self.get(&format!("{path}[{number}]")));
        elements.map(str::to_owned).collect()
    }

    /// Each path without the numbers of lists, once.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for (path, _) in &self.entries {
            let mut key = String::new();
            let mut is_number = false;
            for c in path.chars() {
                is_number = is_number && c != ']' || c == '[';
                if !is_number && c != ']' {
                    key.push(c);
                }
            }
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

/// Debian's own Python, which has Debian's module for YAML.
const PYTHON: &str = "/usr/bin/python3";

fn parse(language: &str, text: &str) -> Result<Tree, String> {
    let mut child = Command::new(PYTHON)
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/flatten.py"), language])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("'/usr/bin/python3' can't be run: apt-get install python3 python3-yaml, or make recipes");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    stdin.write_all(text.as_bytes()).expect("all of it is read before anything is written");
    drop(stdin);
    let output = child.wait_with_output().expect("it was started");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let output = String::from_utf8(output.stdout).expect("it was text");
    let mut parts = output.split('\0');
    let mut entries = Vec::new();
    while let (Some(path), Some(value)) = (parts.next(), parts.next()) {
        entries.push((path.to_owned(), value.to_owned()));
    }
    Ok(Tree { entries })
}

#[test]
fn documents_are_read() {
    let toml = "a = 1\n[[b]]\nc = ['x', \"y\\nz\"]\n[[b]]\nd.'e.f' = true\n";
    let tree = Tree::of_toml("test", toml);
    let expected = [("a", "1"), ("b[0].c[0]", "x"), ("b[0].c[1]", "y\nz"), ("b[1].d.e.f", "true")];
    let expected = expected.map(|(path, value)| (path.to_owned(), value.to_owned()));
    assert_eq!(tree.entries, expected);
    assert_eq!(tree.keys(), ["a", "b.c", "b.d.e.f"]);
    assert_eq!(tree.list("b").len(), 2);
    assert_eq!(tree.at("b[0]").texts("c"), ["x", "y\nz"]);
    let documents = Tree::all_of_yaml("test", "a: {b: no, c: ~}\n---\n- 1.5\n- {}\n");
    assert!(documents[0].is("a.b", "false") && documents[0].is("a.c", "null"));
    assert!(documents[1].is("[0]", "1.5") && documents[1].is("[1]", "{}"));
}

#[test]
fn what_is_no_document_is_an_error() {
    for (language, text) in [("yaml", "a: 1\na: 2\n"), ("yaml", "a: ["), ("toml", "a = 1\na = 2")] {
        assert!(parse(language, text).is_err(), "{text}");
    }
}
