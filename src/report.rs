//! What a user reads: lines on stderr.

#![forbid(unsafe_code)]

use std::fmt::Display;
use std::io;
use std::io::Write;
use std::path::Path;

use log::Metadata;
use log::Record;

use crate::anchor::Anchor;
use crate::anchor::Contents;
use crate::anchor::TrustAnchors;
use crate::cli::LOG_VARIABLE;
use crate::cli::Log;
use crate::concern::Concern;
use crate::error::Closed;
use crate::error::Error;
use crate::plan::Counts;
use crate::sys;

/// Starts logging to stderr.
pub(crate) fn init(log: &Log) {
    let mut builder = env_logger::Builder::new();
    // The level first: a filter may name a module alone, and shall not silence the rest.
    builder.filter_level(log.level);
    let is_bad = |filter: &&String| env_filter::Builder::new().try_parse(filter).is_err();
    let bad = log.filter.as_ref().filter(is_bad);
    if let (Some(filter), None) = (&log.filter, bad) {
        builder.parse_filters(filter);
    }
    let filter = builder.build();
    let level = filter.filter();
    // Nothing but a second call fails.
    if log::set_boxed_logger(Box::new(Stderr { filter })).is_ok() {
        log::set_max_level(level);
    }
    if let Some(value) = bad {
        let known = "error, warn, info, debug, trace or another filter of env_logger".to_owned();
        error(&Error::BadVariable { name: LOG_VARIABLE, value: value.clone(), known });
    }
}

/// Writes each message at once. `env_logger` tells which: its own writer has memory from the C
/// library, where a start has none of it else, and ends the process when there is none.
struct Stderr {
    filter: env_logger::Logger,
}

impl log::Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.filter.matches(record) {
            sys::ignore_write_signals();
            let line = format!("{NAME}: {}\n", printable(&record.args().to_string()));
            // There is nobody else to tell.
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}

/// A message as lines of its own: nothing that a path or a variable has in it begins another one, or
/// does anything to a terminal.
fn printable(message: &str) -> String {
    let (text, hint) = message.rsplit_once(HINT).unwrap_or((message, ""));
    let replaced = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut printable: String = text.chars().map(replaced).collect();
    if !hint.is_empty() {
        printable.push_str("\nhint: ");
        printable.extend(hint.chars().map(replaced));
    }
    printable
}

/// Reports what a CA file holds.
pub(crate) fn contents(contents: &Contents) {
    let path = contents.path.display();
    log::debug!(
        "CA file '{path}': {}, certificates: {}",
        contents.encoding.name(),
        contents.certificates.len()
    );
    if contents.has_private_key && !contents.certificates.is_empty() {
        warning(
            &format!("CA file '{path}' has a private key in it, which was not copied"),
            "mount the certificate alone: whoever runs in the container can read the key",
        );
    }
}

/// Reports what keeps clients from trusting the anchors: what is always so when that is news, what
/// the time has brought at every start.
pub(crate) fn concerns(anchors: Option<&TrustAnchors>, is_news: bool, is_private: bool) {
    for anchor in anchors.map(TrustAnchors::as_slice).unwrap_or_default() {
        let is_left_out = |concern: &Concern| matches!(concern, Concern::LeftOut { .. });
        // The tool has no hand in private files. Where it has, that says what the other one says.
        let is_said = |concern: &&Concern| match concern {
            Concern::LeftOut { .. } => !is_private,
            Concern::NotCa => is_private || !anchor.concerns.iter().any(is_left_out),
            _ => true,
        };
        for concern in anchor.concerns.iter().filter(is_said) {
            if is_news || concern.is_of_time() {
                let Anchor { number, path, certificate, .. } = anchor;
                let (path, subject) = (path.display(), &certificate.subject);
                let text =
                    format!("certificate {number} of CA file '{path}' ({subject}) {concern}");
                warning(&text, concern.hint());
            }
        }
    }
}

/// Reports that the store isn't what it was.
pub(crate) fn applied(counts: Counts) {
    match counts {
        // The anchors were there, and something that is made of them wasn't.
        Counts { added: 0, removed: 0 } => refreshed(),
        Counts { added, removed } => {
            log::info!("trust store updated: {added} added, {removed} removed");
        }
    }
}

/// Reports that what programs trust has got what it lacked.
pub(crate) fn refreshed() {
    log::info!("trust store brought up to date");
}

/// Reports that what was the user's own has gone.
pub(crate) fn removed_own() {
    log::info!("the user's own files removed");
}

/// Reports that a directory of the user's own, or else memory, has got what the store should have.
pub(crate) fn applied_privately(
    counts: Counts,
    directory: Option<&Path>,
    closed: Option<&Closed>,
    hint: Option<&'static str>,
) {
    let added = counts.added;
    let why = match closed {
        Some(closed) => closed.to_string(),
        None => "trust store left alone".to_owned(),
    };
    match directory.map(Path::display) {
        Some(directory) => {
            let text =
                format!("{why}: {added} added in '{directory}', for programs that read variables");
            log::info!("{}", WithHint { text: &text, hint });
        }
        None => warning(
            &format!("{why}: {added} added in memory, for programs that read variables"),
            "it lasts as long as the command, for its user alone: mount a tmpfs at /tmp, mode 1777",
        ),
    }
}

/// Reports an error, with its hint on a line of its own.
pub(crate) fn error(error: &Error) {
    log::error!("{}", WithHint { text: error, hint: error.hint() });
}

fn warning(text: &dyn Display, hint: &'static str) {
    log::warn!("{}", WithHint { text, hint: Some(hint) });
}

struct WithHint<'a> {
    text: &'a dyn Display,
    hint: Option<&'static str>,
}

impl Display for WithHint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.fmt(f)?;
        match self.hint {
            Some(hint) => write!(f, "{HINT}{hint}"),
            None => Ok(()),
        }
    }
}

/// What stands before a hint in a message: no path, argument or variable has it in it.
const HINT: char = '\0';

/// How each line begins.
const NAME: &str = env!("CARGO_PKG_NAME");
