//! Files of a certificate each, with hash links to them, as p11-kit makes them.
//!
//! Source: `trust/extract-pem.c`, `trust/extract-openssl.c` and `trust/save.c` of p11-kit.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::path::PathBuf;

use super::bucket;
use super::bucket::Behind;
use super::bucket::Bucket;
use super::bucket::Member;
use crate::certificate::Certificate;
use crate::certificate::Fingerprint;
use crate::change::Change;
use crate::error::Error;
use crate::format::labelled;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::platform::Form;
use crate::platform::Mirror;
use crate::root::Root;
use crate::subject_hash::old_subject_hash;

/// What such a directory holds, as far as it concerns the anchors. Of one that isn't there, nothing
/// is wanted either.
#[derive(Default)]
pub(crate) struct State {
    path: PathBuf,
    files: Vec<File>,
    /// By the subject hashes of the anchors.
    buckets: BTreeMap<u32, Bucket>,
    mirror: Option<MirrorState>,
}

/// An anchor's file, as it is or as it is to be made.
struct File {
    name: PathBuf,
    exists: bool,
    content: Vec<u8>,
    fingerprint: Fingerprint,
    hashes: [u32; 2],
    fate: Fate,
}

struct MirrorState {
    mirror: &'static Mirror,
    /// Targets by names, as far as they are asked for.
    links: BTreeMap<PathBuf, PathBuf>,
}

/// # Errors
/// When a part of the directory can't be read.
pub(super) fn observe(
    root: &Root,
    path: &Path,
    form: Form,
    mirror: Option<&'static Mirror>,
    locals: &[LocalAnchor],
) -> Result<State, Error> {
    let failed = |cause| Error::ReadStore { path: path.to_owned(), cause };
    if !root.metadata(path).map_err(failed)?.is_some_and(|metadata| metadata.is_dir()) {
        return Ok(State::default());
    }
    let mut state = State { path: path.to_owned(), ..State::default() };
    let mut known = BTreeMap::new();
    for member in labelled::members(form, locals) {
        let certificate = member.certificate;
        let hashes = [certificate.subject_hash, old_subject_hash(&certificate.subject_der)];
        for hash in hashes {
            if let Entry::Vacant(place) = state.buckets.entry(hash) {
                let known = |target: &Path| known.get(target).copied().map(Behind::Certificate);
                place.insert(bucket::observe(root, path, hash, known)?);
            }
            for link in state.buckets.get(&hash).into_iter().flat_map(Bucket::values) {
                if let (Some(target), Some(fingerprint)) = (&link.target, link.behind.fingerprint())
                {
                    known.insert(target.clone(), fingerprint);
                }
            }
        }
        let mut links = hashes.iter().filter_map(|hash| state.buckets.get(hash));
        let found = links.find_map(|bucket| {
            let is_it = |behind: &Behind| behind.fingerprint() == Some(certificate.fingerprint);
            bucket.values().find(|link| is_it(&link.behind))
        });
        let content = labelled::encode(form, certificate);
        let (name, exists) = match found {
            // It has a place under its number, which it keeps.
            Some(link) => match &link.target {
                Some(target) => (target.clone(), true),
                None => continue,
            },
            None => {
                let is_free = |name: &PathBuf| !state.files.iter().any(|file| file.name == *name);
                let mut names = names(certificate).map(PathBuf::from).filter(is_free);
                let place = names.find_map(|name| {
                    let exists = match root.has_entry(&path.join(&name)) {
                        Ok(false) => false,
                        // An earlier start that was cut short may have left it without links.
                        _ => match root.read_store_file(&path.join(&name)) {
                            Ok(Some(present)) if present == content => true,
                            _ => return None,
                        },
                    };
                    Some((name, exists))
                });
                place.unwrap_or_default()
            }
        };
        state.files.push(File {
            name,
            exists,
            content,
            fingerprint: certificate.fingerprint,
            hashes,
            fate: member.fate,
        });
    }
    if let Some(mirror) = mirror {
        state.mirror = observe_mirror(root, mirror, &state)?;
    }
    Ok(state)
}

/// `None` where the directory isn't mirrored.
fn observe_mirror(
    root: &Root,
    mirror: &'static Mirror,
    state: &State,
) -> Result<Option<MirrorState>, Error> {
    let path = Path::new(mirror.path);
    let failed = |cause| Error::ReadStore { path: path.to_owned(), cause };
    if !root.has_name(path, |name| bucket::hash_of(name).is_some()).map_err(failed)? {
        return Ok(None);
    }
    let mut links = BTreeMap::new();
    for name in root.names(path).map_err(failed)? {
        let is_asked_for = bucket::hash_of(&name)
            .is_some_and(|hash| state.buckets.contains_key(&hash))
            || state.files.iter().any(|file| file.name == name);
        if is_asked_for && let Some(target) = root.read_link(&path.join(&name)) {
            links.insert(PathBuf::from(name), target);
        }
    }
    Ok(Some(MirrorState { mirror, links }))
}

/// Makes the directory hold the wanted anchors.
pub(super) fn changes(state: &State) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut removals = Vec::new();
    let mut by_hash: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
    for File { name, exists, content, fingerprint, hashes, fate } in &state.files {
        let path = state.path.join(name);
        match fate {
            Fate::Present if !exists => {
                changes.push(Change::File { path, content: content.clone(), mode: MODE });
            }
            Fate::Absent if *exists => removals.push(Change::Remove { path }),
            _ => {}
        }
        for hash in hashes {
            let member = Member { name: name.clone(), fingerprint: *fingerprint, fate: *fate };
            by_hash.entry(*hash).or_default().push(member);
        }
    }
    let mut mirrored = BTreeMap::new();
    let no_links = Bucket::new();
    for (hash, members) in &by_hash {
        let before = state.buckets.get(hash).unwrap_or(&no_links);
        let after = bucket::links(before, members);
        changes.extend(bucket::changes(&state.path, *hash, before, &after));
        mirrored.extend(after.iter().map(|(&number, &target)| {
            (PathBuf::from(bucket::name(*hash, number)), Some(target.to_owned()))
        }));
    }
    changes.extend(removals);
    if let Some(MirrorState { mirror, links }) = &state.mirror {
        let files =
            state.files.iter().filter(|file| mirror.has_files && file.fate == Fate::Present);
        mirrored.extend(files.map(|file| (file.name.clone(), Some(file.name.clone()))));
        // Of what was there and isn't any more, the mirror has links too.
        for name in links.keys() {
            mirrored.entry(name.clone()).or_insert(None);
        }
        changes.extend(mirrored.into_iter().filter_map(|(name, target)| {
            let path = Path::new(mirror.path).join(&name);
            let target = target.map(|target| Path::new(mirror.target).join(target));
            match (links.get(&name), target) {
                (Some(present), Some(target)) if *present == target => None,
                (_, Some(target)) => Some(Change::Link { path, target }),
                // Somebody's own link leads elsewhere.
                (Some(present), None) if present.starts_with(mirror.target) => {
                    Some(Change::Remove { path })
                }
                (_, None) => None,
            }
        }));
    }
    changes
}

/// The names that an anchor's file may have, the best first (`make_unique_name` in
/// `trust/save.c`).
fn names(certificate: &Certificate) -> impl Iterator<Item = String> {
    let label = labelled::label_or(certificate, "certificate");
    let is_valid = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    let bare: String = label
        .bytes()
        .map(|byte| if is_valid(&byte) { char::from(byte) } else { '_' })
        .take(NAME_MAX)
        .collect();
    (0..).map(move |number| match number {
        0 => format!("{bare}.pem"),
        number => format!("{bare}.{number}.pem"),
    })
}

/// Of its files, which nobody changes.
const MODE: u32 = 0o444;

/// What a file's name has room for beside a number and the ending.
const NAME_MAX: usize = 235;
