//! The variables as text, for shells and for programs that read them from a file.
//!
//! docs/variables.md has the same for users, and the experiments behind it.

#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub(crate) mod readers;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;

use super::GIT_CONFIG_COUNT;
use super::Setting;
use crate::error::Error;
use crate::escape::escaped;

/// Who reads the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dialect {
    Cmd,
    /// Programs that read lines `NAME=value`, no two of which have the same rules.
    Dotenv,
    Fish,
    Json,
    PowerShell,
    /// Every shell of POSIX.
    Sh,
}

/// The settings in a dialect, and an error for each that it can't hold.
pub(crate) fn render(settings: &[Setting], dialect: Dialect) -> (Vec<u8>, Vec<Error>) {
    let mut text = Vec::new();
    let mut errors = Vec::new();
    for Setting { name, value } in settings {
        // git takes a number of settings that aren't all there for an error, whatever it is to do.
        let is_of_git = |error: &Error| matches!(error, Error::LeftOut { name, .. } if name.starts_with("GIT_CONFIG_"));
        if name == GIT_CONFIG_COUNT && errors.iter().any(is_of_git) {
            continue;
        }
        let start = text.len();
        for byte in dialect.line().as_bytes() {
            match byte {
                b'N' => text.extend_from_slice(name.as_bytes()),
                b'V' => {
                    if let Err(why) = dialect.append(value, &mut text) {
                        errors.push(Error::LeftOut { name: name.clone(), why });
                        text.truncate(start);
                        break;
                    }
                }
                byte => text.push(*byte),
            }
        }
    }
    match (dialect, text.first_mut()) {
        (Dialect::Json, first) => {
            match first {
                Some(comma) => *comma = b'{',
                None => text.push(b'{'),
            }
            text.extend_from_slice(b"}\n");
        }
        // Invoke-Expression takes no empty text.
        (Dialect::PowerShell, None) => text.extend_from_slice(b"#\n"),
        _ => {}
    }
    (text, errors)
}

impl Dialect {
    /// A line, with `N` for a name and `V` for its value.
    fn line(self) -> &'static str {
        match self {
            Self::Cmd => "set \"N=V\"\r\n",
            Self::Dotenv => "N=V\n",
            // The semicolon is for eval, which gets the lines as arguments and joins them.
            Self::Fish => "set -gx N V;\n",
            Self::Json => ",\"N\":\"V\"",
            Self::PowerShell => "$env:N=[regex]::Unescape('V')\n",
            Self::Sh => "export N=V\n",
        }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// Why it can't be there: it would be read as another one.
    fn append(self, value: &OsStr, text: &mut Vec<u8>) -> Result<(), &'static str> {
        let bytes = value.as_encoded_bytes();
        let unicode = value.to_str().ok_or(NOT_UNICODE);
        let (quote, replacements): (&str, &[(u8, &str)]) = match self {
            Self::Cmd if is_plain_to_cmd(bytes) => ("", &[]),
            Self::Cmd => return Err(NOT_FOR_CMD),
            Self::Dotenv => (dotenv_quote(unicode?).ok_or(NOT_FOR_DOTENV)?, &[]),
            Self::Fish => ("'", IN_FISH),
            Self::Json | Self::PowerShell => {
                text.extend(escaped(unicode?));
                return Ok(());
            }
            Self::Sh => ("'", IN_SH),
        };
        text.extend_from_slice(quote.as_bytes());
        for byte in bytes {
            match replacements.iter().find(|(special, _)| special == byte) {
                Some((_, replacement)) => text.extend_from_slice(replacement.as_bytes()),
                None => text.push(*byte),
            }
        }
        text.extend_from_slice(quote.as_bytes());
        Ok(())
    }
}

/// Whether cmd.exe reads `set "NAME=value"` with this value as it is, from a batch file as from
/// `for /f`. Percent signs are something else to the former than to the latter; a quote ends the
/// protection of what follows; and a code page decides what is not ASCII.
fn is_plain_to_cmd(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && !has(value, b"%")
        && !(has(value, b"\"") && has(value, b"&<>^|"))
}

/// No quotes, which not all readers know, where nothing in the value is special to any of them. Else
/// those between which the readers that know quotes agree on the value.
fn dotenv_quote(text: &str) -> Option<&'static str> {
    let value = text.as_bytes();
    // python-dotenv takes them apart between single quotes too.
    let is_special = |pair: &[u8]| pair == b"${" || pair == br"\\";
    // JavaScript's idea of white space.
    let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    if text.trim_matches(is_blank) == text
        && !has(&value[..value.len().min(1)], b"'\"`")
        && !has(value, b"#$")
        && !value.iter().any(u8::is_ascii_control)
    {
        Some("")
    } else if !has(value, b"\r'") && !value.ends_with(b"\\") && !value.windows(2).any(is_special) {
        Some("'")
    } else if !has(value, b"\r\"\\$") {
        Some("\"")
    } else {
        None
    }
}

/// Whether one of these bytes is there.
fn has(value: &[u8], bytes: &[u8]) -> bool {
    value.iter().any(|byte| bytes.contains(byte))
}

const IN_SH: &[(u8, &str)] = &[(b'\'', r"'\''")];

/// A command substitution is split at the ends of lines, so that a value has none.
const IN_FISH: &[(u8, &str)] = &[(b'\'', r"\'"), (b'\\', r"\\"), (b'\n', r"'\n'")];

const NOT_UNICODE: &str = "its value is not Unicode";

const NOT_FOR_CMD: &str = "cmd.exe would change its value";

const NOT_FOR_DOTENV: &str = "readers of dotenv differ on its value";
