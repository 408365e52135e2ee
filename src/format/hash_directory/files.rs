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
use super::bucket::Member;
use crate::certificate::Certificate;
use crate::certificate::Fingerprint;
use crate::change::Change;
use crate::error::Error;
use crate::format::labelled;
use crate::local;
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
    mirror: Option<MirrorState>,
}

/// An anchor's file, as it is or as it is to be made.
struct File {
    name: PathBuf,
    /// To be written; `None` where the file is there.
    content: Option<Vec<u8>>,
    fingerprint: Fingerprint,
    hashes: [u32; 2],
    fate: Fate,
}

/// The second directory's links to the anchors' files.
struct MirrorState {
    mirror: &'static Mirror,
    buckets: Buckets,
    /// What stands under the name of each file; of none where those aren't mirrored.
    entries: Vec<Entry>,
}

/// An entry of the mirror.
enum Entry {
    /// A link to the file.
    Current,
    /// Nothing, or a link into the first directory.
    Open,
    /// Somebody's own.
    Foreign,
}

/// Looks at the directory, as far as it concerns the anchors.
///
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
    let mut names = Names::default();
    for member in local::members(locals, form.filter) {
        let certificate = member.certificate;
        let hashes = [certificate.subject_hash, old_subject_hash(&certificate.subject_der)];
        // Where a hash link to it leads; nowhere, where a file stands in a link's place.
        let mut found: Option<Option<PathBuf>> = None;
        for hash in hashes {
            // What the new hash found, the old one needs not look at again.
            let known = |target: &Path| {
                let is_it = matches!(&found, Some(Some(found)) if found == target);
                is_it.then_some(Behind::Certificate(certificate.fingerprint))
            };
            let bucket = state.buckets.observe(root, path, hash, None, &known)?;
            let is_it =
                |link: &&HashLink| link.behind.fingerprint() == Some(certificate.fingerprint);
            found = found.or_else(|| bucket.iter().find(is_it).map(|link| link.target.clone()));
        }
        let (name, content) = match found {
            Some(Some(target)) if is_name(&target) => (target, None),
            // It stands under its number, or somebody's link leads to it elsewhere: that stays.
            Some(_) => continue,
            None => place_for(root, path, certificate, form, &mut names)?,
        };
        state.files.push(File {
            name,
            content,
            fingerprint: certificate.fingerprint,
            hashes,
            fate: member.fate,
        });
    }
    if let Some(mirror) = mirror {
        state.mirror = observe_mirror(root, mirror, &state.files)?;
    }
    Ok(state)
}

/// Whether a link's target is in the link's own directory.
fn is_name(target: &Path) -> bool {
    target.file_name() == Some(target.as_os_str())
}

/// The names of new files.
#[derive(Default)]
struct Names {
    taken: Places,
    /// By what it is made of, how many numbers were tried for a name.
    tried: Places,
}

/// A name for an anchor's file that has no link, and its content, unless the file is there already.
fn place_for(
    root: &Root,
    directory: &Path,
    certificate: &Certificate,
    form: Form,
    names: &mut Names,
) -> Result<(PathBuf, Option<Vec<u8>>), Error> {
    let content = labelled::encode(form, certificate);
    let bare = bare_name(certificate);
    let mut number = names.tried.get(bare.as_bytes()).unwrap_or(0);
    loop {
        let name = match number {
            0 => format!("{bare}.pem"),
            number => format!("{bare}.{number}.pem"),
        };
        number += 1;
        names.tried.put(bare.as_bytes(), number);
        if !names.taken.add(name.as_bytes()) {
            continue;
        }
        let name = PathBuf::from(name);
        let path = directory.join(&name);
        let exists = root.has_entry(&path);
        if !exists.map_err(|cause| Error::ReadStore { path: path.clone(), cause })? {
            return Ok((name, Some(content)));
        }
        // An earlier start that was cut short may have left it so.
        if root.read_store_file(&path)?.is_some_and(|present| present == content) {
            return Ok((name, None));
        }
    }
}

/// `None` where the directory isn't mirrored.
fn observe_mirror(
    root: &Root,
    mirror: &'static Mirror,
    files: &[File],
) -> Result<Option<MirrorState>, Error> {
    let path = Path::new(mirror.path);
    let failed = |cause| Error::ReadStore { path: path.to_owned(), cause };
    if !bucket::exist(root, path)? {
        return Ok(None);
    }
    let mut state = MirrorState { mirror, buckets: Buckets::default(), entries: Vec::new() };
    for file in files {
        let target = Path::new(mirror.target).join(&file.name);
        let known = |link: &Path| (link == target).then_some(Behind::Certificate(file.fingerprint));
        for hash in file.hashes {
            state.buckets.observe(root, path, hash, None, &known)?;
        }
        if mirror.has_files {
            let entry = path.join(&file.name);
            let present = root.entry(&entry).map_err(failed)?;
            state.entries.push(match present.map(|entry| entry.target) {
                None => Entry::Open,
                Some(Some(present)) if present == target => Entry::Current,
                Some(Some(present)) if present.starts_with(mirror.target) => Entry::Open,
                Some(_) => Entry::Foreign,
            });
        }
    }
    Ok(Some(state))
}

/// Makes the directory hold the wanted anchors.
pub(super) fn changes(state: &State) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut removals = Vec::new();
    let mut members = Vec::new();
    for File { name, content, fingerprint, hashes, fate } in &state.files {
        let path = state.path.join(name);
        match (fate, content) {
            (Fate::Present, Some(content)) => {
                changes.push(Change::File { path, content: content.clone(), mode: MODE });
            }
            (Fate::Absent, None) => removals.push(Change::Remove { path }),
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
        changes.extend(mirror_changes(mirror, &state.files));
    }
    changes
}

/// Makes the mirror lead to what is in the directory. Somebody's own entries stay as they are.
fn mirror_changes(state: &MirrorState, files: &[File]) -> Vec<Change> {
    let MirrorState { mirror, buckets, entries } = state;
    let directory = Path::new(mirror.path);
    let mut members = Vec::new();
    let mut changes = Vec::new();
    for (place, file) in files.iter().enumerate() {
        let target = Path::new(mirror.target).join(&file.name);
        let path = directory.join(&file.name);
        match (file.fate, entries.get(place)) {
            (Fate::Present, Some(Entry::Open)) => {
                changes.push(Change::Link { path, target: target.clone() });
            }
            (Fate::Absent, Some(Entry::Current)) => changes.push(Change::Remove { path }),
            _ => {}
        }
        for hash in file.hashes {
            let (name, fingerprint, fate) = (target.clone(), file.fingerprint, file.fate);
            members.push(Member { hash, name, fingerprint, fate });
        }
    }
    let links = bucket::links(buckets, &members);
    changes.extend(links.iter().flat_map(|links| links.changes(directory)));
    changes
}

/// What an anchor's file is named by, without a number and the ending (`p11_path_canon` in
/// `common/path.c`, `make_unique_name` in `trust/save.c`).
fn bare_name(certificate: &Certificate) -> String {
    let label = labelled::label_or(certificate, "certificate");
    let is_valid = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    label
        .bytes()
        .map(|byte| if is_valid(&byte) { char::from(byte) } else { '_' })
        .take(NAME_MAX)
        .collect()
}

/// Of its files, which nobody changes.
const MODE: u32 = 0o444;

/// What a file's name has room for beside a number and the ending.
const NAME_MAX: usize = 235;
