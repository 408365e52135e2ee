//! A plan as text and as JSON, for `--dry-run`.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

use super::Plan;
use crate::anchor::TrustAnchors;
use crate::change::Change;
use crate::cli::Format;
use crate::platform::Detected;
use crate::sys;

/// All that [`crate::apply`] would do, in its order.
pub(crate) fn render(
    detected: &Detected,
    anchors: Option<&TrustAnchors>,
    plan: Option<&Plan>,
    format: Format,
) -> String {
    let anchors = anchors.map(TrustAnchors::as_slice).unwrap_or_default();
    let changes = plan.map(Plan::changes).unwrap_or_default();
    let steps = changes.iter().map(Step::of);
    match format {
        Format::Text => {
            let mut text = format!("platform: {} ({})\n", detected.platform.name, detected.reason);
            for anchor in anchors {
                text += &format!(
                    "anchor: {} {}\n",
                    anchor.certificate.fingerprint, anchor.certificate.subject
                );
            }
            for step in steps {
                text += &step.text();
            }
            if changes.is_empty() {
                text += "nothing to do\n";
            }
            text
        }
        Format::Json => {
            let anchors = anchors.iter().map(|anchor| {
                let fingerprint = anchor.certificate.fingerprint.to_string();
                object(&[
                    ("sha256", string(&fingerprint)),
                    ("subject", string(&anchor.certificate.subject)),
                ])
            });
            let platform = object(&[
                ("name", string(detected.platform.name)),
                ("reason", string(&detected.reason)),
            ]);
            object(&[
                ("platform", platform),
                ("anchors", array(anchors)),
                ("changes", array(steps.map(|step| step.json()))),
            ]) + "\n"
        }
    }
}

/// A change in words: what is done, to which path, and with what.
struct Step<'a> {
    verb: &'static str,
    path: &'a Path,
    details: Vec<(&'static str, Detail<'a>)>,
}

enum Detail<'a> {
    Bytes(usize),
    Mode(u32),
    Arguments(OsString),
    Path(&'a Path),
    Text(String),
}

impl<'a> Step<'a> {
    fn of(change: &'a Change) -> Self {
        match change {
            Change::Directory { path } => Self {
                verb: "create directory",
                path,
                details: vec![("mode", Detail::Mode(0o755))],
            },
            Change::File { path, content, mode } | Change::Keystore { path, content, mode } => {
                Self {
                    verb: "write",
                    path,
                    details: vec![
                        ("mode", Detail::Mode(*mode)),
                        ("bytes", Detail::Bytes(content.len())),
                    ],
                }
            }
            Change::PrivateDirectory { path } => Self {
                verb: "create directory",
                path,
                details: vec![("mode", Detail::Mode(sys::private_mode()))],
            },
            Change::Link { path, target } => {
                Self { verb: "link", path, details: vec![("target", Detail::Path(target))] }
            }
            Change::Run { program, input } if program.arguments.is_empty() => Self {
                verb: "run",
                path: &program.path,
                details: vec![(
                    "input",
                    Detail::Text(String::from_utf8_lossy(input).trim_end().replace('\n', " ")),
                )],
            },
            Change::Run { program, .. } => Self {
                verb: "run",
                path: &program.path,
                details: vec![(
                    "arguments",
                    Detail::Arguments(program.arguments.join(OsStr::new(" "))),
                )],
            },
            Change::Remove { path } => Self { verb: "remove", path, details: Vec::new() },
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{} {}", self.verb, self.path.display());
        for (name, detail) in &self.details {
            match detail {
                Detail::Bytes(count) => text += &format!(", {count} bytes"),
                Detail::Mode(mode) => text += &format!(", {name} {mode:04o}"),
                Detail::Path(path) => text += &format!(" -> {}", path.display()),
                Detail::Arguments(words) => text += &format!(" {}", words.display()),
                Detail::Text(input) if input.is_empty() => {}
                Detail::Text(input) => text += &format!(" < {input}"),
            }
        }
        text + "\n"
    }

    fn json(&self) -> String {
        let mut members =
            vec![("do", string(self.verb)), ("path", string(&self.path.to_string_lossy()))];
        members.extend(self.details.iter().map(|(name, detail)| {
            let value = match detail {
                Detail::Bytes(count) => count.to_string(),
                Detail::Mode(mode) => string(&format!("{mode:04o}")),
                Detail::Arguments(words) => string(&words.to_string_lossy()),
                Detail::Path(path) => string(&path.to_string_lossy()),
                Detail::Text(text) => string(text),
            };
            (*name, value)
        }));
        object(&members)
    }
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", string(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn array(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

/// A string by RFC 8259, section 7.
fn string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            // Writing to a string doesn't fail.
            c if c.is_control() => _ = write!(json, "\\u{:04x}", u32::from(c)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}
