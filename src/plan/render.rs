//! A plan as text and as JSON, for `--dry-run`.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;

use super::Plan;
use crate::anchor::TrustAnchors;
use crate::certificate::Fingerprint;
use crate::change::Change;
use crate::cli::Format;
use crate::escape::escaped;
use crate::platform::Detected;
use crate::root::Root;
use crate::sys;

/// All that [`crate::apply`] would do, in its order.
pub(crate) fn render(
    root: &Root,
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
                text += &step.text(root);
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
                ("changes", array(steps.map(|step| step.json(root)))),
            ]) + "\n"
        }
    }
}

/// A change in words: what is done, to what, and with what.
struct Step<'a> {
    verb: &'static str,
    object: Object<'a>,
    details: Vec<(&'static str, Detail<'a>)>,
}

enum Object<'a> {
    Path(&'a Path),
    /// One of the operating system's stores.
    Store(&'static str),
}

enum Detail<'a> {
    Bytes(usize),
    Mode(u32),
    Arguments(OsString),
    Path(&'a Path),
    Input(String),
    Text(String),
}

impl<'a> Step<'a> {
    fn of(change: &'a Change) -> Self {
        let (verb, object, details) = match change {
            Change::Directory { path } => {
                ("create directory", Object::Path(path), vec![("mode", Detail::Mode(0o755))])
            }
            Change::File { path, content, mode } | Change::Keystore { path, content, mode, .. } => {
                let mode = ("mode", Detail::Mode(*mode));
                ("write", Object::Path(path), vec![mode, ("bytes", Detail::Bytes(content.len()))])
            }
            Change::PrivateDirectory { path } => {
                let mode = Detail::Mode(sys::private_mode());
                ("create directory", Object::Path(path), vec![("mode", mode)])
            }
            Change::Link { path, target } => {
                ("link", Object::Path(path), vec![("target", Detail::Path(target))])
            }
            Change::Run { program, input } if program.arguments.is_empty() => {
                let input = String::from_utf8_lossy(input).trim_end().replace('\n', " ");
                ("run", Object::Path(&program.path), vec![("input", Detail::Input(input))])
            }
            Change::Run { program, .. } => {
                let words = program.arguments.join(OsStr::new(" "));
                ("run", Object::Path(&program.path), vec![("arguments", Detail::Arguments(words))])
            }
            Change::Remove { path } | Change::Forget { path } => {
                ("remove", Object::Path(path), Vec::new())
            }
            Change::AddToStore { store, der, name } => {
                ("add to store", Object::Store(store), certificate(der, name))
            }
            Change::RemoveFromStore { store, der, name } => {
                ("remove from store", Object::Store(store), certificate(der, name))
            }
        };
        Self { verb, object, details }
    }

    fn text(&self, root: &Root) -> String {
        let mut text = match self.object {
            Object::Path(path) => format!("{} {}", self.verb, root.shown(path).display()),
            Object::Store(store) => format!("{} {store}", self.verb),
        };
        for (name, detail) in &self.details {
            match detail {
                Detail::Bytes(count) => text += &format!(", {count} bytes"),
                Detail::Mode(mode) => text += &format!(", {name} {mode:04o}"),
                Detail::Path(path) => text += &format!(" -> {}", path.display()),
                Detail::Arguments(words) => text += &format!(" {}", words.display()),
                Detail::Input(input) if input.is_empty() => {}
                Detail::Input(input) => text += &format!(" < {input}"),
                Detail::Text(value) => text += &format!(", {name} {value}"),
            }
        }
        text + "\n"
    }

    fn json(&self, root: &Root) -> String {
        let object_member = match self.object {
            Object::Path(path) => ("path", string(&root.shown(path).to_string_lossy())),
            Object::Store(store) => ("store", string(store)),
        };
        let mut members = vec![("do", string(self.verb)), object_member];
        members.extend(self.details.iter().map(|(name, detail)| {
            let value = match detail {
                Detail::Bytes(count) => count.to_string(),
                Detail::Mode(mode) => string(&format!("{mode:04o}")),
                Detail::Arguments(words) => string(&words.to_string_lossy()),
                Detail::Path(path) => string(&path.to_string_lossy()),
                Detail::Input(text) | Detail::Text(text) => string(text),
            };
            (*name, value)
        }));
        object(&members)
    }
}

fn certificate<'a>(der: &[u8], name: &str) -> Vec<(&'static str, Detail<'a>)> {
    let fingerprint = Fingerprint::of(der).to_string();
    vec![("sha256", Detail::Text(fingerprint)), ("name", Detail::Text(name.to_owned()))]
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", string(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn array(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

fn string(text: &str) -> String {
    format!("\"{}\"", String::from_utf8_lossy(&escaped(text)))
}
