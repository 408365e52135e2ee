//! Files of a certificate each, with hash links to them, as p11-kit makes them.
//!
//! Source: `trust/extract-pem.c`, `trust/extract-openssl.c` and `trust/save.c` of p11-kit.

#![forbid(unsafe_code)]

use std::path::Path;
use std::path::PathBuf;

use super::bucket;
use super::bucket::Behind;
use super::bucket::Buckets;
use super::bucket::HashLink;
use super::bucket::Links;
use super::bucket::Member;
use crate::certificate::Certificate;
use crate::certificate::Fingerprint;
use crate::change::Change;
use crate::error::Error;
use crate::format::labelled;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::places::Places;
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
    /// Of the anchors' subject hashes.
    buckets: Buckets,
    /// Of the files.
    names: Places,
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
    /// Names and targets, as far as they are asked for.
    links: Vec<(PathBuf, PathBuf)>,
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
    for member in labelled::members(form, locals) {
        let certificate = member.certificate;
        let hashes = [certificate.subject_hash, old_subject_hash(&certificate.subject_der)];
        let mut found: Option<Option<PathBuf>> = None;
        for hash in hashes {
            // What the new hash found, the old one needs not look at again.
            let known = |target: &Path| {
                let is_it = matches!(&found, Some(Some(found)) if found == target);
                is_it.then_some(Behind::Certificate(certificate.fingerprint))
            };
            let bucket = state.buckets.observe(root, path, hash, &known)?;
            let is_it =
                |link: &&HashLink| link.behind.fingerprint() == Some(certificate.fingerprint);
            found = found.or_else(|| bucket.iter().find(is_it).map(|link| link.target.clone()));
        }
        let content = labelled::encode(form, certificate);
        let (name, exists) = match found {
            Some(Some(target)) if is_name(&target) => (target, true),
            // It stands under its number, or somebody's link leads to it elsewhere: that stays.
            Some(_) => continue,
            None => place_for(root, path, certificate, &content, &state.names)?,
        };
        state.names.add(name.as_os_str().as_encoded_bytes());
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

/// Whether a link's target is in the link's own directory.
fn is_name(target: &Path) -> bool {
    target.file_name() == Some(target.as_os_str())
}

/// A name for an anchor's file that has no link, and whether the file is there already.
fn place_for(
    root: &Root,
    directory: &Path,
    certificate: &Certificate,
    content: &[u8],
    taken: &Places,
) -> Result<(PathBuf, bool), Error> {
    let mut number = 0;
    loop {
        let name = name(certificate, number);
        number += 1;
        if taken.contains(name.as_bytes()) {
            continue;
        }
        let path = directory.join(&name);
        let exists = root.has_entry(&path);
        if !exists.map_err(|cause| Error::ReadStore { path: path.clone(), cause })? {
            return Ok((name.into(), false));
        }
        // An earlier start that was cut short may have left it so.
        if root.read_store_file(&path)?.is_some_and(|present| present == content) {
            return Ok((name.into(), true));
        }
    }
}

/// `None` where the directory isn't mirrored.
fn observe_mirror(
    root: &Root,
    mirror: &'static Mirror,
    state: &State,
) -> Result<Option<MirrorState>, Error> {
    let path = Path::new(mirror.path);
    let names = root.names(path);
    let names = names.map_err(|cause| Error::ReadStore { path: path.to_owned(), cause })?;
    if !names.iter().any(|name| bucket::hash_of(name).is_some()) {
        return Ok(None);
    }
    let mut links = Vec::new();
    for name in names {
        let is_asked_for = bucket::hash_of(&name).is_some_and(|hash| state.buckets.contains(hash))
            || state.names.contains(name.as_encoded_bytes());
        if is_asked_for && let Some(target) = root.read_link(&path.join(&name)) {
            links.push((PathBuf::from(name), target));
        }
    }
    Ok(Some(MirrorState { mirror, links }))
}

/// Makes the directory hold the wanted anchors.
pub(super) fn changes(state: &State) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut removals = Vec::new();
    let mut members = Vec::new();
    for File { name, exists, content, fingerprint, hashes, fate } in &state.files {
        let path = state.path.join(name);
        match fate {
            Fate::Present if !exists => {
                changes.push(Change::File { path, content: content.clone(), mode: MODE });
            }
            Fate::Absent if *exists => removals.push(Change::Remove { path }),
            _ => {}
        }
        for &hash in hashes {
            let (fingerprint, fate) = (*fingerprint, *fate);
            members.push(Member { hash, name: name.clone(), fingerprint, fate });
        }
    }
    let links = bucket::links(&state.buckets, &members);
    changes.extend(links.iter().flat_map(|links| links.changes(&state.path)));
    changes.extend(removals);
    if let Some(mirror) = &state.mirror {
        let mut wanted: Vec<(PathBuf, &Path)> = links.iter().flat_map(Links::targets).collect();
        if mirror.mirror.has_files {
            let is_there = |file: &&File| match file.fate {
                Fate::Present => true,
                Fate::AsFound | Fate::AbsentHere => file.exists,
                Fate::Absent => false,
            };
            let files = state.files.iter().filter(is_there);
            wanted.extend(files.map(|file| (file.name.clone(), file.name.as_path())));
        }
        changes.extend(mirror_changes(mirror, wanted));
    }
    changes
}

/// Makes the mirror have what is wanted, names with targets, and not what was and isn't any more.
fn mirror_changes(state: &MirrorState, wanted: Vec<(PathBuf, &Path)>) -> Vec<Change> {
    let MirrorState { mirror, links } = state;
    let mut changes = Vec::new();
    let mut present = Places::default();
    for (place, (name, _)) in links.iter().enumerate() {
        present.put(name.as_os_str().as_encoded_bytes(), place);
    }
    let mut names = Places::default();
    for (name, target) in wanted {
        let key = name.as_os_str().as_encoded_bytes();
        names.add(key);
        let target = Path::new(mirror.target).join(target);
        if present.get(key).is_none_or(|place| links[place].1 != target) {
            changes.push(Change::Link { path: Path::new(mirror.path).join(name), target });
        }
    }
    for (name, target) in links {
        // Somebody's own link leads elsewhere.
        let is_ours = target.starts_with(mirror.target);
        if is_ours && !names.contains(name.as_os_str().as_encoded_bytes()) {
            changes.push(Change::Remove { path: Path::new(mirror.path).join(name) });
        }
    }
    changes
}

/// The names that an anchor's file may have, by number, the best first (`make_unique_name` in
/// `trust/save.c`).
fn name(certificate: &Certificate, number: usize) -> String {
    let label = labelled::label_or(certificate, "certificate");
    let is_valid = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    let bare: String = label
        .bytes()
        .map(|byte| if is_valid(&byte) { char::from(byte) } else { '_' })
        .take(NAME_MAX)
        .collect();
    match number {
        0 => format!("{bare}.pem"),
        number => format!("{bare}.{number}.pem"),
    }
}

/// Of its files, which nobody changes.
const MODE: u32 = 0o444;

/// What a file's name has room for beside a number and the ending.
const NAME_MAX: usize = 235;
