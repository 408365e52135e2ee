//! Hash links to links to the anchors' files, as `c_rehash` and `openssl rehash` make them.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::path::PathBuf;

use super::Changes;
use super::bucket;
use super::bucket::Behind;
use super::bucket::Bucket;
use super::bucket::Member;
use crate::change::Change;
use crate::error::Error;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::platform::HashLinks;
use crate::platform::Platform;
use crate::root::Root;

/// What a hash directory holds, as far as it concerns the anchors.
pub(crate) struct State {
    path: &'static Path,
    prefix: &'static str,
    hash_links: HashLinks,
    /// The links to the anchors' files, by name, with their targets; an entry that is no link has
    /// none.
    links: BTreeMap<String, Option<PathBuf>>,
    /// By the subject hashes of the anchors.
    buckets: BTreeMap<u32, Bucket>,
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
        links: BTreeMap::new(),
        buckets: BTreeMap::new(),
        has_hash_links: false,
    };
    let mut fingerprints = BTreeMap::new();
    for local in locals {
        let name = link_name(prefix, &local.stem(platform));
        let link = path.join(&name);
        let exists = root.has_entry(&link);
        if exists.map_err(|cause| Error::ReadStore { path: link.clone(), cause })? {
            state.links.insert(name.clone(), root.read_link(&link));
        }
        fingerprints.insert(PathBuf::from(name), local.fingerprint());
    }
    let known = |target: &Path| {
        let known = fingerprints.get(target)?;
        Some(known.map_or(Behind::OtherFile, Behind::Certificate))
    };
    for hash in locals.iter().filter_map(|local| Some(local.certificate()?.subject_hash)) {
        let Entry::Vacant(place) = state.buckets.entry(hash) else {
            continue;
        };
        let bucket = place.insert(bucket::observe(root, path, hash, known)?);
        state.has_hash_links |= !bucket.is_empty();
    }
    if hash_links != HashLinks::Always && !state.has_hash_links {
        state.has_hash_links = root
            .has_name(path, |name| bucket::hash_of(name).is_some())
            .map_err(|cause| Error::ReadStore { path: path.to_owned(), cause })?;
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
        let existing = state.links.get(name);
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
    let mut positions: BTreeMap<String, usize> = BTreeMap::new();
    for local in locals {
        let name = link_name(prefix, &local.stem(platform));
        match positions.get(&name) {
            Some(&at) if local.fate == Fate::Present || owners[at].1.fate != Fate::Present => {
                owners[at].1 = local;
            }
            Some(_) => {}
            None => {
                positions.insert(name.clone(), owners.len());
                owners.push((name, local));
            }
        }
    }
    owners
}

fn hash_link_changes(state: &State, owners: Vec<(String, &LocalAnchor)>) -> Vec<Change> {
    let mut by_hash: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
    for (name, local) in owners {
        if let Some(certificate) = local.certificate() {
            let name = PathBuf::from(name);
            let member = Member { name, fingerprint: certificate.fingerprint, fate: local.fate };
            by_hash.entry(certificate.subject_hash).or_default().push(member);
        }
    }
    let no_links = Bucket::new();
    by_hash
        .iter()
        .flat_map(|(&hash, members)| {
            let before = state.buckets.get(&hash).unwrap_or(&no_links);
            bucket::changes(state.path, hash, before, &bucket::links(before, members))
        })
        .collect()
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
