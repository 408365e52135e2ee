//! The variables as text, read back.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a failure is what is looked for")]

use std::ffi::OsStr;
use std::ffi::OsString;

use super::Dialect;
use super::Environment;
use super::Setting;
use super::dialect::readers;
use super::render;

impl Environment {
    pub(crate) fn of(entries: Vec<OsString>) -> Self {
        Self { entries }
    }

    pub(crate) fn with_value(self, name: &str, value: &str) -> Self {
        self.with(vec![Setting { name: name.to_owned(), value: value.into() }])
    }
}

/// Values of variables. Each dialect says them to its readers, or leaves them out: POSIX's
/// shells and fish none, PowerShell and JSON what isn't Unicode.
pub fn print_env(values: Vec<OsString>) {
    let setting = |(number, value)| Setting { name: format!("V{number}"), value };
    let settings: Vec<Setting> = values.into_iter().enumerate().map(setting).collect();
    for dialect in DIALECTS {
        let (text, errors) = render(&settings, dialect);
        let mut left_out = errors.iter().map(ToString::to_string).peekable();
        let mut said = Vec::new();
        for Setting { name, value } in &settings {
            let prefix = format!("leaving out variable {name}: ");
            let is_left_out = left_out.next_if(|error| error.starts_with(&prefix)).is_some();
            assert!(!is_left_out || may_leave_out(dialect, value), "{dialect:?} {value:?}");
            if !is_left_out {
                said.push((name.as_str(), value.as_encoded_bytes().to_vec()));
            }
        }
        assert_eq!(left_out.next(), None);
        assert_eq!(read(dialect, &text), said, "{dialect:?}");
    }
}

/// Whether there is a reason to leave a value out.
fn may_leave_out(dialect: Dialect, value: &OsStr) -> bool {
    let has = |bytes: &[u8]| value.as_encoded_bytes().iter().any(|byte| bytes.contains(byte));
    match dialect {
        Dialect::Sh | Dialect::Fish => false,
        Dialect::PowerShell | Dialect::Json => value.to_str().is_none(),
        Dialect::Dotenv => value.to_str().is_none() || has(b"\r'") || has(b"\\$"),
        Dialect::Cmd => {
            !value.as_encoded_bytes().iter().all(|byte| matches!(byte, b' '..=b'~')) || has(b"%\"")
        }
    }
}

/// The names and values of a text, as all readers of a dialect have them.
fn read(dialect: Dialect, bytes: &[u8]) -> Vec<(&str, Vec<u8>)> {
    let text = match dialect {
        Dialect::Fish => return readers::of_fish(bytes),
        Dialect::Sh => return readers::of_sh(bytes),
        _ => str::from_utf8(bytes).unwrap(),
    };
    let entries: Vec<(&str, String)> = match dialect {
        Dialect::Cmd => text.split_terminator("\r\n").map(readers::of_cmd).collect(),
        Dialect::Dotenv => readers::of_dotenv(text),
        Dialect::Json => readers::of_json(text),
        _ if text == "#\n" => Vec::new(),
        _ => text.lines().map(readers::of_powershell).collect(),
    };
    entries.into_iter().map(|(name, value)| (name, value.into_bytes())).collect()
}

const DIALECTS: [Dialect; 6] =
    [Dialect::Cmd, Dialect::Dotenv, Dialect::Fish, Dialect::Json, Dialect::PowerShell, Dialect::Sh];
