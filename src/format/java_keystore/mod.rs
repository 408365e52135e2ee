//! The file in which a Java runtime keeps the certificates that it trusts, in one of two forms.

#![forbid(unsafe_code)]

#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod integrity;
mod jks;
mod pkcs12;
mod review;

use std::path::Path;
use std::path::PathBuf;

use super::labelled::label_or;
use crate::anchor::Anchor;
use crate::anchor::TrustAnchors;
use crate::certificate::Certificate;
use crate::change::Change;
use crate::error::Error;
use crate::error::Unusable;
use crate::java::Keystore;
use crate::local;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::local::Member;
use crate::local::stem_of;
use crate::platform::Alias;
use crate::platform::Filter;
use crate::platform::Platform;
use crate::purpose::Purpose;
use crate::root::Root;

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
    /// One that can't be read may have what goes.
    may_have_unwanted: bool,
}

/// What shall be in a keystore, and what shall not.
struct Wanted {
    present: Vec<Entry>,
    absent: Vec<Entry>,
    identity: Identity,
}

#[cfg(test)]
impl Wanted {
    fn by_alias(present: &[Entry], absent: &[String]) -> Self {
        let gone = |alias: &String| Entry { alias: alias.clone(), der: Vec::new(), created: 0 };
        let absent = absent.iter().map(gone).collect();
        Self { present: present.to_vec(), absent, identity: Identity::Alias }
    }
}

/// What tells an entry from all others.
#[derive(Clone, Copy, PartialEq)]
enum Identity {
    Alias,
    /// Whatever its alias.
    Certificate,
}

/// A certificate as it shall stand in a keystore.
#[derive(Clone)]
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
    /// What goes is in one that stays as it is, or may be.
    pub(crate) has_unwanted: bool,
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
    let wanted = wanted(platform, locals);
    if wanted.present.is_empty() && wanted.absent.is_empty() {
        return found;
    }
    for Keystore { path, is_safe } in keystores {
        if wanted.absent.is_empty() && is_current(root, &path, &wanted.present) {
            continue;
        }
        match root.read_store_file_with_mode(&path) {
            Ok(Some((content, mode))) => {
                found.states.push(State { path, content, mode, is_safe });
            }
            Ok(None) => {}
            Err(error) => {
                found.errors.push(error);
                found.may_have_unwanted |= !wanted.absent.is_empty();
            }
        }
    }
    found
}

/// Makes the keystores hold the wanted anchors. One that can't be has no part in the others.
pub(crate) fn changes(states: States, platform: &Platform, locals: &[LocalAnchor]) -> Changes {
    let States { states, errors, may_have_unwanted } = states;
    let mut result = Changes { errors, has_unwanted: may_have_unwanted, ..Changes::default() };
    if states.is_empty() {
        return result;
    }
    let wanted = wanted(platform, locals);
    for State { path, content, mode, is_safe } in states {
        match update(&content, &wanted) {
            Ok(Some(updated)) => {
                let has_unwanted = has_unwanted(&content, &wanted);
                if is_safe {
                    let content = updated;
                    result.changes.push(Change::Keystore { path, content, mode, has_unwanted });
                } else {
                    result.has_unwanted |= has_unwanted;
                    result.closed.get_or_insert(path);
                }
            }
            Ok(None) => {}
            Err(why) => result.errors.push(Error::Keystore { path, why }),
        }
    }
    result
}

/// A copy of a keystore with the anchors in it.
pub(crate) fn with_anchors(keystore: &[u8], anchors: &TrustAnchors) -> Result<Vec<u8>, Unusable> {
    let entry = |anchor: &Anchor| entry(&stem_of(anchor), &anchor.certificate);
    let present = anchors.as_slice().iter().filter_map(entry).collect();
    let wanted = Wanted { present, absent: Vec::new(), identity: Identity::Alias };
    Ok(update(keystore, &wanted)?.unwrap_or_else(|| keystore.to_vec()))
}

/// Of several entries that are alike, the first one counts. A file with several certificates gives
/// none where entries are named by files, as with the distribution's own hook.
fn wanted(platform: &Platform, locals: &[LocalAnchor]) -> Wanted {
    match platform.java_keystores.alias {
        Alias::Name { prefix, suffix } => {
            let entry = |local: &LocalAnchor| {
                // Where no tool has a prefix of its own, anybody may have given an alias that is the
                // name of somebody's file, to another certificate.
                let is_alone = prefix.is_empty() && !local.is_ours;
                let prefix = if is_alone { local::NAME_PREFIX } else { prefix };
                let alias = format!("{prefix}{}{suffix}", local.stem(platform));
                let entry = local.certificate().and_then(|certificate| entry(&alias, certificate));
                // An alias goes, whatever became of the file that it was of.
                let gone =
                    || Entry { alias: alias.to_ascii_lowercase(), der: Vec::new(), created: 0 };
                (local.fate, entry.or_else(|| (local.fate == Fate::Absent).then(gone)))
            };
            divide(Identity::Alias, locals.iter().map(entry))
        }
        Alias::Label => {
            let members = local::members(locals, Filter::Purpose(Purpose::ServerAuth));
            let entry = |member: &Member<'_>| {
                let label = label_or(member.certificate, "unlabeled");
                (member.fate, entry(&label_alias(&label), member.certificate))
            };
            divide(Identity::Certificate, members.iter().map(entry))
        }
    }
}

fn divide(identity: Identity, entries: impl Iterator<Item = (Fate, Option<Entry>)>) -> Wanted {
    let mut wanted = Wanted { present: Vec::new(), absent: Vec::new(), identity };
    for (fate, entry) in entries {
        match fate {
            Fate::Present => wanted.present.extend(entry),
            Fate::Absent => wanted.absent.extend(entry),
            Fate::AbsentHere | Fate::AsFound => {}
        }
    }
    wanted
}

/// A label as p11-kit makes an alias of it (`convert_alias` in `trust/extract-jks.c`): without white
/// space, and without what isn't ASCII.
fn label_alias(label: &str) -> String {
    let is_kept = |c: &char| c.is_ascii() && !c.is_ascii_whitespace() && *c != '\x0b';
    label.chars().filter(is_kept).take(ALIAS_MAX).collect()
}

/// An alias or, should it be taken, another: with `-1`, `-2` behind it.
fn numbered(alias: &str, number: usize) -> String {
    match number {
        0 => alias.to_owned(),
        number => format!("{alias}-{number}"),
    }
}

/// `None` of a certificate without an issuer's name, which would keep Java from reading the whole
/// keystore (`X509CertInfo.java`: "Empty issuer DN not allowed").
fn entry(alias: &str, certificate: &Certificate) -> Option<Entry> {
    certificate.has_issuer_name().then(|| Entry {
        alias: alias.to_ascii_lowercase(),
        der: certificate.der.clone(),
        created: *certificate.validity.start(),
    })
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

/// Whether an entry is there that shall not be.
fn has_unwanted(keystore: &[u8], wanted: &Wanted) -> bool {
    if wanted.absent.is_empty() {
        return false;
    }
    let (absent, identity) = (wanted.absent.clone(), wanted.identity);
    let removal = Wanted { present: Vec::new(), absent, identity };
    update(keystore, &removal).is_ok_and(|updated| updated.is_some())
}

fn update(keystore: &[u8], wanted: &Wanted) -> Result<Option<Vec<u8>>, Unusable> {
    if keystore.starts_with(jks::MAGIC) {
        jks::update(keystore, wanted)
    } else {
        pkcs12::update(keystore, wanted)
    }
}

/// More than follows the entries: a digest, or a MAC with its parameters.
const END_MAX: usize = 256;

/// Characters of an alias, so that there is room for a number.
const ALIAS_MAX: usize = 1000;
