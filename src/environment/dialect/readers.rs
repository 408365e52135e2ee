//! Readers of the dialects, each by the rules of the original. What one would read as something else,
//! or change, is a failure.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "these are tests")]

/// What a shell of POSIX makes of lines of `export` (Shell Command Language, 2.2.2 and 2.2.1): parts
/// in single quotes, which have no escapes, and characters behind a backslash.
pub(crate) fn of_sh(mut text: &[u8]) -> Vec<(&str, Vec<u8>)> {
    let mut entries = Vec::new();
    while !text.is_empty() {
        let (name, mut rest) = name_before(text.strip_prefix(b"export ").unwrap(), b'=');
        let mut value = Vec::new();
        loop {
            let (&byte, after) = rest.split_first().unwrap();
            rest = after;
            match byte {
                b'\n' => break,
                b'\'' => {
                    let end = rest.iter().position(|&byte| byte == b'\'').unwrap();
                    value.extend_from_slice(&rest[..end]);
                    rest = &rest[end + 1..];
                }
                _ => {
                    assert!(byte == b'\\' && rest[0] != b'\n', "not quoted");
                    value.push(rest[0]);
                    rest = &rest[1..];
                }
            }
        }
        text = rest;
        entries.push((name, value));
    }
    entries
}

/// What fish makes of lines of `set -gx` (fish's "Quotes" and "Escaping Characters"): between single
/// quotes a backslash escapes a quote and itself, and outside of them `\n` is the end of a line. One
/// between quotes would be lost by `eval`.
pub(crate) fn of_fish(text: &[u8]) -> Vec<(&str, Vec<u8>)> {
    fn line(line: &[u8]) -> (&str, Vec<u8>) {
        let (name, rest) = name_before(line.strip_prefix(b"set -gx ").unwrap(), b' ');
        let mut bytes = rest.strip_suffix(b";\n").unwrap().iter();
        let mut value = Vec::new();
        let mut is_quoted = false;
        while let Some(&byte) = bytes.next() {
            match byte {
                b'\'' => is_quoted = !is_quoted,
                b'\\' => {
                    let next = *bytes.next().unwrap();
                    // Before any other one a backslash stays, or stands for something else.
                    assert!(if is_quoted { b"\\'".contains(&next) } else { next == b'n' });
                    value.push(if is_quoted { next } else { b'\n' });
                }
                _ => {
                    assert!(is_quoted, "not quoted");
                    value.push(byte);
                }
            }
        }
        assert!(!is_quoted);
        (name, value)
    }
    text.split_inclusive(|&byte| byte == b'\n').map(line).collect()
}

fn name_before(text: &[u8], end: u8) -> (&str, &[u8]) {
    let at = text.iter().position(|&byte| byte == end).unwrap();
    (str::from_utf8(&text[..at]).unwrap(), &text[at + 1..])
}

/// What cmd.exe makes of a line, be it one of a batch file or one that `for /f` has read: what stands
/// between the first quote and the last (`set /?`), as long as nothing in it is special.
pub(crate) fn of_cmd(line: &str) -> (&str, String) {
    let (name, value) =
        line.strip_prefix("set \"").unwrap().strip_suffix('"').unwrap().split_once('=').unwrap();
    let is_printable = value.chars().all(|c| matches!(c, ' '..='~'));
    let ends_protection = value.contains('"') && value.contains(['&', '<', '>', '^', '|']);
    assert!(is_printable && !value.contains('%') && !ends_protection, "{value:?}");
    (name, value.to_owned())
}

/// What all readers of dotenv make of a text.
pub(crate) fn of_dotenv(text: &str) -> Vec<(&str, String)> {
    let mut entries = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').unwrap();
        let [first, others @ ..] = READERS.each_ref().map(|reader| reader.value(value));
        others.iter().for_each(|other| assert_eq!(*other, first));
        rest = first.1;
        entries.push((name, first.0.to_owned()));
    }
    entries
}

/// What PowerShell makes of a line: about_Quoting_Rules, and `Regex.Unescape` of .NET.
pub(crate) fn of_powershell(line: &str) -> (&str, String) {
    let (name, call) = line.strip_prefix("$env:").unwrap().split_once('=').unwrap();
    let string = call.strip_prefix("[regex]::Unescape(").unwrap().strip_suffix(')').unwrap();
    let is_quote = |c| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    let text = string.strip_prefix(is_quote).unwrap().strip_suffix(is_quote).unwrap();
    // Two of them would be one.
    assert!(!text.contains(is_quote), "{line}");
    (name, unescaped(text, |c| (!c.is_alphanumeric() && c != '_').then_some(c)))
}

/// The members of an object of JSON whose values are strings: RFC 8259.
pub(crate) fn of_json(text: &str) -> Vec<(&str, String)> {
    let members = text.strip_prefix('{').unwrap().strip_suffix("}\n").unwrap();
    let mut rest = members;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        if !entries.is_empty() {
            rest = rest.strip_prefix(',').unwrap();
        }
        let (name, value) = rest.strip_prefix('"').unwrap().split_once("\":\"").unwrap();
        let mut is_escaped = false;
        let end = value.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        let (value, after) = value.split_at(end.unwrap());
        entries.push((name, unescaped(value, |c| "\"\\/".contains(c).then_some(c))));
        rest = &after[1..];
    }
    entries
}

/// Text with `\uXXXX` in it, and other characters that a backslash may stand before.
fn unescaped(text: &str, other: impl Fn(char) -> Option<char>) -> String {
    let mut units = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        assert!(matches!(c, ' '..='~'), "{text:?} is no ASCII, or controls something");
        match c {
            '\\' => match chars.next().unwrap() {
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).unwrap());
                }
                c => units.extend(other(c).unwrap().encode_utf16(&mut [0; 2]).iter()),
            },
            c => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
        }
    }
    String::from_utf16(&units).unwrap()
}

/// A reader of dotenv.
struct Dotenv {
    name: &'static str,
    /// The quotes that it knows.
    quotes: &'static str,
    /// Whether a comment needs a blank before it.
    is_comment_set_off: bool,
    /// What variables begin with in values without quotes, in those in double, and in single ones.
    variables: [&'static str; 3],
    /// What may stand behind a backslash, between double and between single quotes.
    escapes: [&'static str; 2],
}

const READERS: [Dotenv; 4] = [
    Dotenv {
        name: "python-dotenv",
        quotes: "'\"",
        is_comment_set_off: true,
        variables: ["${"; 3],
        escapes: ["\\'\"abfnrtv", "\\'"],
    },
    Dotenv {
        name: "node and dotenv of npm",
        quotes: "'\"`",
        is_comment_set_off: false,
        variables: ["\0"; 3],
        escapes: ["nr", ""],
    },
    Dotenv {
        name: "dotenv of Ruby",
        quotes: "'\"",
        is_comment_set_off: false,
        variables: ["$", "$", "\0"],
        escapes: [ALL, ""],
    },
    Dotenv {
        name: "docker compose",
        quotes: "'\"",
        is_comment_set_off: false,
        variables: ["$", "$", "\0"],
        escapes: [ALL, "'"],
    },
];

const ALL: &str = "\\'\"`$nrabftv";

impl Dotenv {
    /// The value that stands before all else, and what follows its line. What this reader would
    /// change in it is a failure.
    fn value<'a>(&self, text: &'a str) -> (&'a str, &'a str) {
        let quote = text.chars().next().filter(|&c| self.quotes.contains(c));
        let Some(quote) = quote else {
            let (line, rest) = text.split_once('\n').unwrap();
            let is_comment = |(at, _): (usize, &str)| {
                !self.is_comment_set_off || line[..at].ends_with(char::is_whitespace)
            };
            assert!(!line.match_indices('#').any(is_comment), "{}: {line:?}", self.name);
            self.assert_unchanged(line, self.variables[0], "");
            let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
            assert_eq!(line.trim_matches(is_blank), line, "{}", self.name);
            return (line, rest);
        };
        let (value, rest) = text[1..].split_once(quote).unwrap();
        assert!(!value.ends_with('\\'), "{}: {value:?}", self.name);
        match quote {
            '"' => self.assert_unchanged(value, self.variables[1], self.escapes[0]),
            _ => self.assert_unchanged(value, self.variables[2], self.escapes[1]),
        }
        (value, rest.strip_prefix('\n').unwrap())
    }

    fn assert_unchanged(&self, value: &str, variable: &str, escapes: &str) {
        let is_escape =
            |(at, _): (usize, &str)| value[at + 1..].starts_with(|c| escapes.contains(c));
        let is_changed = value.contains(variable)
            || value.contains('\r')
            || value.match_indices('\\').any(is_escape);
        assert!(!is_changed, "{}: {value:?}", self.name);
    }
}
