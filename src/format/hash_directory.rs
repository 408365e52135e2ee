//! A directory of certificates that OpenSSL searches by the hash of the subject (`c_rehash`,
//! `openssl rehash`).

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry;
use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use crate::certificate::Fingerprint;
use crate::change::Change;
use crate::error::Error;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::pem;
use crate::platform::HashDirectory;
use crate::platform::HashLinks;
use crate::platform::Platform;
use crate::root::Root;

/// What a hash directory holds, as far as it concerns the anchors.
pub(crate) struct State {
    directory: &'static HashDirectory,
    /// The links to the anchors' files, by name, with their targets; an entry that is no link has
    /// none.
    links: BTreeMap<String, Option<PathBuf>>,
    /// By the subject hashes of the anchors.
    buckets: BTreeMap<u32, Bucket>,
    has_hash_links: bool,
}

/// The hash links of one subject hash by their numbers, from 0 to the first that is missing: where
/// OpenSSL stops looking.
type Bucket = BTreeMap<u32, HashLink>;

struct HashLink {
    /// None of what is no link, but a certificate itself: it keeps its number.
    target: Option<PathBuf>,
    behind: Behind,
}

/// What a hash link leads to.
#[derive(PartialEq)]
enum Behind {
    Certificate(Fingerprint),
    /// OpenSSL before 3.5.8 stops looking at such a link too.
    Nothing,
    /// Several certificates, or none.
    OtherFile,
}

impl Behind {
    fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Certificate(fingerprint) => Some(*fingerprint),
            Self::Nothing | Self::OtherFile => None,
        }
    }
}

/// # Errors
/// When the directory exists and can't be read.
pub(crate) fn observe(
    root: &Root,
    platform: &Platform,
    directory: &'static HashDirectory,
    locals: &[LocalAnchor],
) -> Result<State, Error> {
    let path = Path::new(directory.path);
    let mut state = State {
        directory,
        links: BTreeMap::new(),
        buckets: BTreeMap::new(),
        has_hash_links: false,
    };
    let mut fingerprints = BTreeMap::new();
    for local in locals {
        let name = link_name(directory, &local.stem(platform));
        let link = path.join(&name);
        let exists = root.has_entry(&link);
        if exists.map_err(|cause| Error::ReadStore { path: link.clone(), cause })? {
            state.links.insert(name.clone(), root.read_link(&link));
        }
        fingerprints.insert(PathBuf::from(name), local.fingerprint());
    }
    for hash in locals.iter().filter_map(|local| Some(local.certificate.as_ref()?.subject_hash)) {
        let Entry::Vacant(bucket) = state.buckets.entry(hash) else {
            continue;
        };
        let bucket = bucket.insert(Bucket::new());
        for number in 0.. {
            let entry = path.join(hash_name(hash, number));
            let exists = root.has_entry(&entry);
            if !exists.map_err(|cause| Error::ReadStore { path: entry.clone(), cause })? {
                break;
            }
            let target = root.read_link(&entry);
            let behind = match target.as_ref().and_then(|target| fingerprints.get(target)) {
                Some(Some(known)) => Behind::Certificate(*known),
                Some(None) => Behind::OtherFile,
                None => look_behind(root, &entry)?,
            };
            bucket.insert(number, HashLink { target, behind });
            state.has_hash_links = true;
        }
    }
    if directory.hash_links == HashLinks::WhereUsed && !state.has_hash_links {
        state.has_hash_links = root
            .has_name(path, is_hash_name)
            .map_err(|cause| Error::ReadStore { path: path.to_owned(), cause })?;
    }
    Ok(state)
}

/// What the links to the anchors' files, and the hash links to those, lack or have too much.
pub(crate) struct Changes {
    pub(crate) changes: Vec<Change>,
    /// The links to anchors' files that come and go, as hooks are told of them.
    pub(crate) added: Vec<PathBuf>,
    pub(crate) removed: Vec<PathBuf>,
}

/// Makes the directory hold the wanted anchors.
pub(crate) fn changes(
    state: &State,
    platform: &Platform,
    locals: &[LocalAnchor],
    was_cut_short: bool,
) -> Changes {
    let mut result = Changes { changes: Vec::new(), added: Vec::new(), removed: Vec::new() };
    let owners = owners(state.directory, platform, locals);
    for (name, local) in &owners {
        let path = Path::new(state.directory.path).join(name);
        let existing = state.links.get(name);
        match local.fate {
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
            Fate::Absent | Fate::AsFound => {}
        }
    }
    if state.directory.hash_links == HashLinks::Always || state.has_hash_links {
        result.changes.extend(hash_link_changes(state, owners));
    }
    result
}

/// The link names in the order of the anchors, each with the one that it leads to: of files whose
/// names differ only in their directories, or in characters that a link's name doesn't have, the
/// last one, as with the distributions' tools.
fn owners<'a>(
    directory: &HashDirectory,
    platform: &Platform,
    locals: &'a [LocalAnchor],
) -> Vec<(String, &'a LocalAnchor)> {
    let mut owners: Vec<(String, &LocalAnchor)> = Vec::new();
    let mut positions: BTreeMap<String, usize> = BTreeMap::new();
    for local in locals {
        let name = link_name(directory, &local.stem(platform));
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
        if let Some(certificate) = &local.certificate {
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
            bucket_changes(Path::new(state.directory.path), hash, before, members)
        })
        .collect()
}

/// An anchor in its bucket.
struct Member {
    /// Of the link to its file, which the hash link points to.
    name: PathBuf,
    fingerprint: Fingerprint,
    fate: Fate,
}

fn bucket_changes(directory: &Path, hash: u32, before: &Bucket, members: &[Member]) -> Vec<Change> {
    let absent: BTreeSet<&Path> = members
        .iter()
        .filter(|member| member.fate == Fate::Absent)
        .map(|member| member.name.as_path())
        .collect();
    let is_kept = |link: &&HashLink| {
        link.behind != Behind::Nothing
            && !link.target.as_ref().is_some_and(|target| absent.contains(target.as_path()))
    };
    let kept: Vec<&HashLink> = before.values().filter(is_kept).collect();
    let targets: BTreeSet<&Path> = kept.iter().filter_map(|link| link.target.as_deref()).collect();
    let fingerprints: BTreeSet<Fingerprint> =
        kept.iter().filter_map(|link| link.behind.fingerprint()).collect();
    // The same certificate under another name needs no second link.
    let new = members.iter().filter(|member| {
        member.fate == Fate::Present
            && !targets.contains(member.name.as_path())
            && !fingerprints.contains(&member.fingerprint)
    });
    // The links that stay move up into the gaps, and the new ones follow, as the tools number them.
    // A file stays where it is.
    let is_file = |number: &u32| before.get(number).is_some_and(|link| link.target.is_none());
    let numbers = (0..).filter(|number| !is_file(number));
    let stay = kept.iter().filter_map(|link| link.target.as_deref());
    let links: BTreeMap<u32, &Path> =
        numbers.zip(stay.chain(new.map(|member| member.name.as_path()))).collect();

    let path_of = |number: u32| directory.join(hash_name(hash, number));
    let made = links
        .iter()
        .filter(|&(number, &target)| {
            before.get(number).is_none_or(|link| link.target.as_deref() != Some(target))
        })
        .map(|(&number, &target)| Change::Link {
            path: path_of(number),
            target: target.to_owned(),
        });
    let removed = before
        .keys()
        .filter(|number| !links.contains_key(number) && !is_file(number))
        .map(|&number| Change::Remove { path: path_of(number) });
    made.chain(removed).collect()
}

/// `NAME.pem`, with the characters replaced that Debian's and Alpine's tools replace.
fn link_name(directory: &HashDirectory, stem: &str) -> String {
    let stem: String = stem
        .chars()
        .map(|c| match c {
            ' ' | ',' => '_',
            '(' | ')' => '=',
            c => c,
        })
        .collect();
    format!("{}{stem}.pem", directory.prefix)
}

/// `HHHHHHHH.N`.
fn hash_name(hash: u32, number: u32) -> String {
    format!("{hash:08x}.{number}")
}

fn is_hash_name(name: &OsStr) -> bool {
    let mut parts = name.as_encoded_bytes().split(|&byte| byte == b'.');
    let hash =
        parts.next().is_some_and(|hash| hash.len() == 8 && hash.iter().all(u8::is_ascii_hexdigit));
    let number = parts
        .next()
        .is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit));
    hash && number && parts.next().is_none()
}

fn look_behind(root: &Root, path: &Path) -> Result<Behind, Error> {
    let Some(text) = root.read_store_file(path)? else {
        return Ok(Behind::Nothing);
    };
    let mut blocks = pem::blocks(&text);
    let first = blocks.next().and_then(|block| pem::decode(block.body?));
    let is_only = blocks.next().is_none();
    let only = first.filter(|_| is_only);
    Ok(only.map_or(Behind::OtherFile, |der| Behind::Certificate(Fingerprint::of(&der))))
}
