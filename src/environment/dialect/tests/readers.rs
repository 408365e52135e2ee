//! Readers of PowerShell, JSON and dotenv, each by the rules of the original.

#![forbid(unsafe_code)]

use super::*;

/// What PowerShell makes of a line: about_Quoting_Rules, and `Regex.Unescape` of .NET.
fn of_powershell(line: &str) -> (&str, String) {
    let (name, call) = line.strip_prefix("$env:").unwrap().split_once('=').unwrap();
    let string = call.strip_prefix("[regex]::Unescape(").unwrap().strip_suffix(')').unwrap();
    let is_quote = |c| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    let text = string.strip_prefix(is_quote).unwrap().strip_suffix(is_quote).unwrap();
    // Two of them would be one.
    assert!(!text.contains(is_quote), "{line}");
    (name, unescaped(text, |c| (!c.is_alphanumeric() && c != '_').then_some(c)))
}

/// The members of an object of JSON whose values are strings: RFC 8259.
fn of_json(text: &str) -> Vec<(&str, String)> {
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

/// Values as text, and which of them are left out.
fn texts(make: impl Fn(&mut Random) -> String, dialect: Dialect) -> (Vec<Setting>, String, usize) {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let values = (0..ENVIRONMENTS).map(|_| make(&mut random)).filter(|text| !text.contains('\0'));
    let mut settings: Vec<Setting> =
        values.enumerate().map(|(number, value)| setting(number, value)).collect();
    let (text, errors) = render(&settings, dialect);
    let errors: Vec<String> = errors.iter().map(Error::to_string).collect();
    let name = |error: &String| error.split([' ', ':']).nth(3).unwrap().to_owned();
    let left_out: std::collections::BTreeSet<String> = errors.iter().map(name).collect();
    settings.retain(|setting| !left_out.contains(&setting.name));
    (settings, String::from_utf8(text).unwrap(), left_out.len())
}

#[test]
fn powershell_reads_10_000_values() {
    let (settings, text, left_out) = texts(Random::text, Dialect::PowerShell);
    assert_eq!(left_out, 0);
    assert_eq!(text.lines().count(), settings.len());
    for (line, Setting { name, value }) in text.lines().zip(&settings) {
        assert_eq!(of_powershell(line), (name.as_str(), value.to_str().unwrap().to_owned()));
    }
}

#[test]
fn json_has_10_000_values() {
    let (settings, text, left_out) = texts(Random::text, Dialect::Json);
    assert_eq!(left_out, 0);
    let entries = of_json(&text);
    assert_eq!(entries.len(), settings.len());
    for ((name, value), setting) in entries.iter().zip(&settings) {
        assert_eq!((*name, value.as_str()), (&*setting.name, setting.value.to_str().unwrap()));
    }
}

#[test]
fn readers_of_dotenv_agree_on_10_000_values() {
    for make in [Random::text, Random::path] {
        let (settings, text, left_out) = texts(make, Dialect::Dotenv);
        assert!(left_out < ENVIRONMENTS * 2 / 3, "{left_out} are left out");
        for reader in &READERS {
            let mut rest = text.as_str();
            for Setting { name, value } in &settings {
                rest = rest.strip_prefix(name.as_str()).unwrap().strip_prefix('=').unwrap();
                let (read, after) = reader.value(rest);
                assert_eq!(read, value.to_str().unwrap(), "{}", reader.name);
                rest = after;
            }
            assert_eq!(rest, "");
        }
    }
}

/// Those that know no quotes: `docker run --env-file` and GitLab's reports.
#[test]
fn a_path_without_what_is_special_has_no_quotes() {
    for path in ["/ca/it's.crt", "/ca/a b.crt", "/ca/é (1).crt", r"C:\Users\a\ca.crt", "", "a=b"] {
        let (text, _) = render(&[setting(1, path)], Dialect::Dotenv);
        assert_eq!(String::from_utf8(text).unwrap(), format!("V1={path}\n"));
    }
    for path in ["/ca/#1.crt", "/ca/$x.crt", " ", "/ca/\n.crt", "\"a\"", "\u{a0}a", "a\u{feff}"] {
        let (text, _) = render(&[setting(1, path)], Dialect::Dotenv);
        assert_eq!(String::from_utf8(text).unwrap(), format!("V1='{path}'\n"));
    }
}
