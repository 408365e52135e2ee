//! Files of a user's own, named by variables, for where the system's store can't be written.
//!
//! Their names tell what they were made of: another image's start that shares the directory, as the
//! containers of a pod share /dev/shm, makes files of its own, and one that finds its files is done.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::anchor::TrustAnchors;
use crate::certificate::Fingerprint;
use crate::error::Error;
use crate::format::pem_bundle::joined;
use crate::java::Keystore;
use crate::platform::Platform;
use crate::root::Root;
use crate::sys;
use crate::system_store;

/// What the copies are made of.
pub(crate) struct Originals {
    pub(crate) bundle: Option<Original>,
    pub(crate) keystore: Option<Original>,
    /// Roots that no file has, as PEM: those of the operating system's own store.
    roots: Vec<u8>,
    /// Files that may be there and can't be looked at, with the number of the error.
    unread: Vec<(PathBuf, i32)>,
}

/// A file of the system's store, which becomes a private one with the anchors in it.
pub(crate) struct Original {
    /// Without links.
    pub(crate) path: PathBuf,
    identity: [u64; 3],
}

impl Original {
    /// In bytes.
    fn size(&self) -> u64 {
        self.identity[0]
    }
}

/// A directory for the copies, and which of them it has.
pub(crate) struct State {
    /// None where they go into memory.
    pub(crate) directory: Option<PathBuf>,
    pub(crate) bundle: Option<Copy>,
    pub(crate) keystore: Option<Copy>,
    /// The file with the anchors alone.
    pub(crate) anchors: Option<Copy>,
    /// The image's own bundle, if there is one.
    pub(crate) image_bundle: Option<PathBuf>,
    /// Of originals that can't be read.
    pub(crate) errors: Vec<Error>,
}

/// A file that is there already, or what it is to be made of.
pub(crate) struct Copy {
    /// Empty where it is of the anchors alone.
    pub(crate) original: PathBuf,
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    /// As an earlier start wrote it.
    Current,
    /// To be made of the original's bytes; of none where it is of the anchors alone.
    Of(Vec<u8>),
}

/// The directories that this user's files may be in, the best first.
pub(crate) fn directories(root: &Root, runtime_directory: Option<&Path>) -> Vec<PathBuf> {
    // What root makes there is out of reach for the users that its processes become.
    let named = runtime_directory.filter(|path| path.is_absolute() && !sys::is_root());
    // The way to the others is the system's.
    let is_kept = |path: &PathBuf| {
        let is_kept = sys::keeps_way(path);
        if !is_kept {
            unfit(path);
        }
        is_kept
    };
    let directory = named.and_then(|path| root.resolve(path).ok()).filter(is_kept);
    sys::private_directories(NAME, directory.as_deref())
}

fn unfit(directory: &Path) {
    log::debug!("directory '{}' is not fit for a private copy", directory.display());
}

/// Whether a path is that of a copy which some start of this program made, in a directory or in
/// memory.
pub(crate) fn is_copy(path: &Path) -> bool {
    let (Some(name), Some(directory)) = (path.file_name(), path.parent().and_then(Path::file_name))
    else {
        return false;
    };
    directory.as_encoded_bytes().starts_with(NAME.as_bytes()) && is_name(name)
        || sys::is_memory_file(path)
}

/// Whether a file of this name, in a directory for copies, is ours.
fn is_name(name: &OsStr) -> bool {
    KINDS.iter().any(|kind| name.as_encoded_bytes().starts_with(kind.as_bytes()))
}

/// The path without links of a directory that can be used as it is, or made.
pub(crate) fn usable(root: &Root, directory: &Path) -> Option<PathBuf> {
    let path = root.resolve_entry(directory).ok()?;
    let parent = path.parent()?;
    let is_usable = match sys::is_private_directory(&path) {
        Ok(is_private) => is_private,
        Err(_) => {
            sys::keeps_entries(parent).is_ok_and(|keeps| keeps) && sys::writable(parent).is_ok()
        }
    };
    if !is_usable {
        unfit(directory);
    }
    is_usable.then_some(path)
}

/// Finds what the copies are made of.
pub(crate) fn originals(root: &Root, platform: &Platform, keystores: &[Keystore]) -> Originals {
    let mut unread = Vec::new();
    let bundles = platform.main_bundles().iter();
    let bundle = bundles.map(Path::new).find_map(|path| original(root, path, &mut unread));
    if bundle.is_some() {
        unread.clear();
    }
    let keystore =
        keystores.first().and_then(|keystore| original(root, &keystore.path, &mut unread));
    let roots = system_store::roots(root, platform).unwrap_or_else(|error| {
        log::debug!("{error}");
        Vec::new()
    });
    Originals { bundle, keystore, roots, unread }
}

impl Originals {
    /// For where the system's store has the anchors, and a Java runtime's keystore can't.
    pub(crate) fn of_keystore(root: &Root, path: &Path) -> Self {
        let mut unread = Vec::new();
        let keystore = original(root, path, &mut unread);
        Self { bundle: None, keystore, roots: Vec::new(), unread }
    }
}

fn original(root: &Root, path: &Path, unread: &mut Vec<(PathBuf, i32)>) -> Option<Original> {
    let found = root.metadata(path).and_then(|metadata| {
        let is_one = |metadata: &Metadata| metadata.is_file() && metadata.len() > 0;
        let Some(metadata) = metadata.filter(is_one) else {
            return Ok(None);
        };
        let path = root.without_links(path)?;
        Ok(Some(Original { path, identity: sys::identity(&metadata) }))
    });
    found.unwrap_or_else(|error| {
        unread.push((root.shown(path), error.raw_os_error().unwrap_or_default()));
        None
    })
}

/// Looks at what `directory` has, and reads the originals of what it hasn't.
pub(crate) fn observe(
    root: &Root,
    directory: Option<&Path>,
    originals: &Originals,
    anchors: &TrustAnchors,
) -> State {
    let pem = anchors.to_pem();
    let unread = originals.unread.iter().map(|(path, number)| {
        let cause = io::Error::from_raw_os_error(*number);
        Error::ReadStore { path: path.clone(), cause }
    });
    let mut errors: Vec<Error> = unread.collect();
    let mut copy = |kind: &str, original: Option<&Original>, roots: &[u8], end: &[u8]| {
        let extension = if kind == KEYSTORE { "" } else { ".pem" };
        let name = format!("{kind}{}{extension}", digest(original, roots, anchors));
        let path = directory.unwrap_or_else(|| Path::new("")).join(name);
        let size = original.map_or(0, Original::size) + (roots.len() + end.len()) as u64;
        let source = original.map(|original| original.path.clone()).unwrap_or_default();
        let content = if directory.is_some() && is_current(root, &path, size, end) {
            Content::Current
        } else {
            let content = if original.is_some() { root.read_store_file(&source) } else { Ok(None) };
            let content = content.map_err(|error| errors.push(error)).ok()?.unwrap_or_default();
            Content::Of(if roots.is_empty() { content } else { joined(&content, roots) })
        };
        Some(Copy { original: source, path, content })
    };
    let bundle = originals.bundle.as_ref();
    let roots = originals.roots.as_slice();
    let has_bundle = bundle.is_some() || !roots.is_empty();
    State {
        directory: directory.map(Path::to_owned),
        bundle: if has_bundle { copy(BUNDLE, bundle, roots, &pem) } else { None },
        keystore: originals
            .keystore
            .as_ref()
            .and_then(|original| copy(KEYSTORE, Some(original), &[], &[])),
        anchors: copy(ANCHORS, None, &[], &pem),
        image_bundle: bundle.map(|original| original.path.clone()),
        errors,
    }
}

/// What is there was put there whole, in one step, by a process of this user's. To read all of it
/// would take longer than the rest of a start.
fn is_current(root: &Root, path: &Path, size: u64, end: &[u8]) -> bool {
    let metadata = root.metadata(path).ok().flatten();
    // A line feed may stand between the original and the anchors.
    let is_size = |metadata: &Metadata| match end {
        [] => metadata.len() >= size,
        _ => metadata.len().saturating_sub(size) <= 1 && metadata.len() >= size,
    };
    metadata.is_some_and(|metadata| metadata.is_file() && is_size(&metadata))
        && root.read_end(path, end.len()).is_ok_and(|bytes| bytes == end)
}

/// Of all that the content of a copy depends on.
fn digest(original: Option<&Original>, roots: &[u8], anchors: &TrustAnchors) -> String {
    let mut text = Vec::new();
    if let Some(Original { path, identity }) = original {
        text.extend_from_slice(path.as_os_str().as_encoded_bytes());
        text.extend(identity.iter().flat_map(|number| number.to_be_bytes()));
    }
    text.extend_from_slice(roots);
    for anchor in anchors.as_slice() {
        text.extend_from_slice(&anchor.certificate.fingerprint.0);
    }
    Fingerprint::of(&text).short()
}

/// The files of ours in the directories that are this user's.
pub(crate) fn leftovers(root: &Root, runtime_directory: Option<&Path>) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for directory in directories(root, runtime_directory) {
        let Ok(directory) = root.resolve_entry(&directory) else {
            continue;
        };
        if sys::is_private_directory(&directory).is_ok_and(|is_private| is_private) {
            let mut names = root.names(&directory).unwrap_or_default();
            names.sort_unstable();
            let ours = names.iter().filter(|name| is_name(name));
            paths.extend(ours.map(|name| directory.join(name)));
        }
    }
    paths
}

const NAME: &str = env!("CARGO_PKG_NAME");

/// How the names of the copies begin.
const ANCHORS: &str = "anchors-";
const BUNDLE: &str = "bundle-";
const KEYSTORE: &str = "cacerts-";
const KINDS: [&str; 4] = [ANCHORS, BUNDLE, KEYSTORE, sys::TEMPORARY_PREFIX];
