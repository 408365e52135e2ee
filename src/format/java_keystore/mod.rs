//! The file in which a Java runtime keeps the certificates that it trusts, in one of two forms.

#![forbid(unsafe_code)]

mod integrity;
mod jks;
mod pkcs12;
mod review;

use std::path::Path;
use std::path::PathBuf;

use crate::anchor::TrustAnchors;
use crate::certificate::Certificate;
use crate::change::Change;
use crate::error::Error;
use crate::error::Unusable;
use crate::java::Keystore;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::local::stem_of;
use crate::platform::Platform;
use crate::root::Root;
use crate::sys;

/// A keystore that may have to be changed.
pub(crate) struct State {
    /// Without links.
    path: PathBuf,
    content: Vec<u8>,
    mode: u32,
    /// Whether it may be written where it is.
    is_safe: bool,
}

/// What was found of the keystores.
#[derive(Default)]
pub(crate) struct States {
    /// Those that aren't known to be as they shall be.
    states: Vec<State>,
    /// Of keystores that can't be read.
    errors: Vec<Error>,
}

/// A certificate as it shall stand in a keystore.
struct Entry {
    /// In lower case, as Java looks it up.
    alias: String,
    der: Vec<u8>,
    /// Seconds since 1970. That of the certificate's beginning makes the same keystore at any time.
    created: i64,
}

/// What has to be done to the keystores.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) changes: Vec<Change>,
    pub(crate) errors: Vec<Error>,
    /// The first that lacks an anchor and may not be written where it is.
    pub(crate) closed: Option<PathBuf>,
}

/// Looks at the keystores, as far as they concern `locals`.
pub(crate) fn observe(
    root: &Root,
    platform: &Platform,
    keystores: Vec<Keystore>,
    locals: &[LocalAnchor],
) -> States {
    let mut found = States::default();
    // Most images have no Java.
    if keystores.is_empty() {
        return found;
    }
    let (present, absent) = entries(platform, locals);
    if present.is_empty() && absent.is_empty() {
        return found;
    }
    for Keystore { path, is_safe } in keystores {
        if absent.is_empty() && is_current(root, &path, &present) {
            continue;
        }
        match root.read_store_file(&path) {
            Ok(Some(content)) => {
                let metadata = root.metadata(&path).ok().flatten();
                let mode = metadata.map_or(MODE, |metadata| sys::permissions(&metadata));
                found.states.push(State { path, content, mode, is_safe });
            }
            Ok(None) => {}
            Err(error) => found.errors.push(error),
        }
    }
    found
}

/// Makes the keystores hold the wanted anchors. One that can't be has no part in the others.
pub(crate) fn changes(states: States, platform: &Platform, locals: &[LocalAnchor]) -> Changes {
    let States { states, errors } = states;
    let mut result = Changes { errors, ..Changes::default() };
    if states.is_empty() {
        return result;
    }
    let (present, absent) = entries(platform, locals);
    for State { path, content, mode, is_safe } in states {
        match update(&content, &present, &absent) {
            Ok(Some(_)) if !is_safe => _ = result.closed.get_or_insert(path),
            Ok(Some(content)) => result.changes.push(Change::Keystore { path, content, mode }),
            Ok(None) => {}
            Err(why) => result.errors.push(Error::Keystore { path, why }),
        }
    }
    result
}

/// A copy of a keystore with the anchors in it.
pub(crate) fn with_anchors(keystore: &[u8], anchors: &TrustAnchors) -> Result<Vec<u8>, Unusable> {
    let entries: Vec<Entry> = anchors
        .as_slice()
        .iter()
        .map(|anchor| entry(&stem_of(anchor), &anchor.certificate))
        .collect();
    Ok(update(keystore, &entries, &[])?.unwrap_or_else(|| keystore.to_vec()))
}

/// What shall be in a keystore, and the aliases of what shall not; of several that are alike, the
/// first one counts. A file with several certificates gives none, as with the distribution's own
/// hook.
fn entries(platform: &Platform, locals: &[LocalAnchor]) -> (Vec<Entry>, Vec<String>) {
    let keystores = &platform.java_keystores;
    let mut present = Vec::new();
    let mut absent = Vec::new();
    for local in locals {
        let stem = local.stem(platform);
        let alias = format!("{}{stem}{}", keystores.alias_prefix, keystores.alias_suffix);
        match (local.fate, &local.certificate) {
            (Fate::Present, Some(certificate)) => present.push(entry(&alias, certificate)),
            (Fate::Absent, _) => absent.push(alias.to_ascii_lowercase()),
            _ => {}
        }
    }
    (present, absent)
}

fn entry(alias: &str, certificate: &Certificate) -> Entry {
    Entry {
        alias: alias.to_ascii_lowercase(),
        der: certificate.der.clone(),
        created: *certificate.validity.start(),
    }
}

/// Whether a keystore's end shows that it has all entries: what most starts find.
fn is_current(root: &Root, path: &Path, present: &[Entry]) -> bool {
    let forms = [jks::encode(present), pkcs12::encode(present)];
    let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
    let Ok(end) = root.read_end(path, longest + END_MAX) else {
        return false;
    };
    forms.iter().any(|form| end.windows(form.len()).any(|window| window == form))
}

fn update(
    keystore: &[u8],
    present: &[Entry],
    absent: &[String],
) -> Result<Option<Vec<u8>>, Unusable> {
    if keystore.starts_with(jks::MAGIC) {
        jks::update(keystore, present, absent)
    } else {
        pkcs12::update(keystore, present, absent)
    }
}

/// More than follows the entries: a digest, or a MAC with its parameters.
const END_MAX: usize = 256;

const MODE: u32 = 0o644;
