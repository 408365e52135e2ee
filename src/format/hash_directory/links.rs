//! Hash links to links to the anchors' files, as `c_rehash` and `openssl rehash` make them.

#![forbid(unsafe_code)]

use std::path::Path;
use std::path::PathBuf;

use super::Changes;
use super::bucket;
use super::bucket::Behind;
use super::bucket::Buckets;
use super::bucket::Member;
use crate::change::Change;
use crate::error::Error;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::places::Places;
use crate::places::key;
use crate::platform::HashLinks;
use crate::platform::Platform;
use crate::root::Root;

/// What a hash directory holds, as far as it concerns the anchors.
pub(crate) struct State {
    path: &'static Path,
    prefix: &'static str,
    hash_links: HashLinks,
    /// The targets of the links to the anchors' files, in the places of their names; an entry that is
    /// no link has none.
    targets: Vec<Option<PathBuf>>,
    names: Places,
    /// Of the anchors' subject hashes.
    buckets: Buckets,
    has_hash_links: bool,
}

/// # Errors
/// When the directory exists and can't be read.
pub(super) fn observe(
    root: &Root,
    platform: &Platform,
    (path, prefix, hash_links): (&'static Path, &'static str, HashLinks),
    locals: &[LocalAnchor],
) -> Result<State, Error> {
    let mut state = State {
        path,
        prefix,
        hash_links,
        targets: Vec::new(),
        names: Places::default(),
        buckets: Buckets::default(),
        has_hash_links: false,
    };
    let mut owners = Places::default();
    for (place, local) in locals.iter().enumerate() {
        let name = link_name(prefix, &local.stem(platform));
        let link = path.join(&name);
        let entry = root.entry(&link);
        if let Some(entry) = entry.map_err(|cause| Error::ReadStore { path: link, cause })?
            && state.names.enter(name.as_bytes(), state.targets.len()).is_none()
        {
            state.targets.push(entry.target);
        }
        owners.put(name.as_bytes(), place);
    }
    let known = |target: &Path| {
        let owner = &locals[owners.get(key(target))?];
        Some(owner.fingerprint().map_or(Behind::OtherFile, Behind::Certificate))
    };
    // One that is wanted, and found, is all that matters: what stands behind it stays.
    let only = match locals {
        [local] if local.fate == Fate::Present => local.fingerprint(),
        _ => None,
    };
    for hash in locals.iter().filter_map(|local| Some(local.certificate()?.subject_hash)) {
        let bucket = state.buckets.observe(root, path, hash, only, &known)?;
        state.has_hash_links |= !bucket.is_empty();
    }
    if hash_links != HashLinks::Always && !state.has_hash_links {
        state.has_hash_links = bucket::exist(root, path)?;
    }
    Ok(state)
}

/// Makes the directory hold the wanted anchors.
pub(super) fn changes(
    state: &State,
    platform: &Platform,
    locals: &[LocalAnchor],
    was_cut_short: bool,
) -> Changes {
    let mut result = Changes { changes: Vec::new(), added: Vec::new(), removed: Vec::new() };
    let owners = owners(state.prefix, platform, locals);
    for (name, local) in &owners {
        let path = state.path.join(name);
        let existing = state.names.get(name.as_bytes()).map(|place| &state.targets[place]);
        match local.fate {
            Fate::Present
                if state.hash_links == HashLinks::AllWhereUsed && !state.has_hash_links => {}
            Fate::Present => {
                let is_there = existing.and_then(Option::as_ref) == Some(&local.path);
                if !is_there {
                    let target = local.path.clone();
                    result.changes.push(Change::Link { path: path.clone(), target });
                }
                // Hooks may not have been told of what an earlier start did.
                if !is_there || was_cut_short {
                    result.added.push(path);
                }
            }
            Fate::Absent if existing.is_some() => {
                result.changes.push(Change::Remove { path: path.clone() });
                result.removed.push(path);
            }
            Fate::Absent | Fate::AbsentHere | Fate::AsFound => {}
        }
    }
    if state.hash_links == HashLinks::Always || state.has_hash_links {
        result.changes.extend(hash_link_changes(state, owners));
    }
    result
}

/// The link names in the order of the anchors, each with the one that it leads to: of files whose
/// names differ only in their directories, or in characters that a link's name doesn't have, the
/// last one, as with the distributions' tools.
fn owners<'a>(
    prefix: &str,
    platform: &Platform,
    locals: &'a [LocalAnchor],
) -> Vec<(String, &'a LocalAnchor)> {
    let mut owners: Vec<(String, &LocalAnchor)> = Vec::new();
    let mut positions = Places::default();
    for local in locals {
        let name = link_name(prefix, &local.stem(platform));
        match positions.enter(name.as_bytes(), owners.len()) {
            Some(at) if local.fate == Fate::Present || owners[at].1.fate != Fate::Present => {
                owners[at].1 = local;
            }
            Some(_) => {}
            None => owners.push((name, local)),
        }
    }
    owners
}

fn hash_link_changes(state: &State, owners: Vec<(String, &LocalAnchor)>) -> Vec<Change> {
    let mut members = Vec::new();
    for (name, local) in owners {
        if let Some(certificate) = local.certificate() {
            members.push(Member {
                hash: certificate.subject_hash,
                name: name.into(),
                fingerprint: certificate.fingerprint,
                fate: local.fate,
            });
        }
    }
    let links = bucket::links(&state.buckets, &members);
    links.iter().flat_map(|links| links.changes(state.path)).collect()
}

/// `NAME.pem`, with the characters replaced that Debian's and Alpine's tools replace.
fn link_name(prefix: &str, stem: &str) -> String {
    let stem: String = stem
        .chars()
        .map(|c| match c {
            ' ' | ',' => '_',
            '(' | ')' => '=',
            c => c,
        })
        .collect();
    format!("{prefix}{stem}.pem")
}
