//! Files of a user's own, named by variables, for where the system's store can't be written.
//!
//! Their names tell what they were made of: another image's start that shares the directory, as the
//! containers of a pod share /dev/shm, makes files of its own, and one that finds its files is done.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::anchor::TrustAnchors;
use crate::certificate::Fingerprint;
use crate::error::Cause;
use crate::error::Error;
use crate::platform::Platform;
use crate::root::Root;
use crate::sys;

/// What can't be written where it is, so that a private copy takes its place.
#[derive(Debug)]
pub(crate) struct Closed {
    what: String,
    cause: io::Error,
}

impl Closed {
    pub(crate) fn store(cause: io::Error) -> Self {
        Self { what: "trust store".to_owned(), cause }
    }

    pub(crate) fn keystore(path: &Path, cause: io::Error) -> Self {
        Self { what: format!("Java keystore '{}'", path.display()), cause }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be written ({})", self.what, Cause(&self.cause))
    }
}

/// What the copies are made of.
pub(crate) struct Originals {
    pub(crate) bundle: Option<Original>,
    pub(crate) keystore: Option<Original>,
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
    pub(crate) anchors: Copy,
    /// The image's own bundle, if there is one.
    pub(crate) image_bundle: Option<PathBuf>,
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
pub(crate) fn directories(runtime_directory: Option<&Path>) -> Vec<PathBuf> {
    let own = format!("{NAME}-{}", sys::user());
    let runtime_directory = runtime_directory.filter(|path| path.is_absolute());
    [Some(Path::new("/run").join(NAME)), runtime_directory.map(|path| path.join(NAME))]
        .into_iter()
        .flatten()
        .chain(["/dev/shm", "/tmp"].map(|parent| Path::new(parent).join(&own)))
        .collect()
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
        log::debug!("directory '{}' is not fit for a private copy", directory.display());
    }
    is_usable.then_some(path)
}

/// Finds what the copies are made of.
pub(crate) fn originals(root: &Root, platform: &Platform, keystores: &[PathBuf]) -> Originals {
    let mut bundles =
        platform.bundle.paths.iter().filter_map(|path| original(root, Path::new(path)));
    let keystore = keystores.first().and_then(|path| original(root, path));
    Originals { bundle: bundles.next(), keystore }
}

impl Originals {
    /// For where the system's store has the anchors, and a Java runtime's keystore can't.
    pub(crate) fn of_keystore(root: &Root, path: &Path) -> Self {
        Self { bundle: None, keystore: original(root, path) }
    }
}

fn original(root: &Root, path: &Path) -> Option<Original> {
    let metadata = root.metadata(path).ok()?.filter(|metadata| metadata.is_file())?;
    let path = root.without_links(path).ok()?;
    Some(Original { path, identity: sys::identity(&metadata) })
}

/// Looks at what `directory` has, and reads the originals of what it hasn't.
///
/// # Errors
/// When an original can't be read.
pub(crate) fn observe(
    root: &Root,
    directory: Option<&Path>,
    originals: &Originals,
    anchors: &TrustAnchors,
) -> Result<State, Error> {
    let copy = |kind: &str, extension: &str, original: Option<&Original>, size_min: u64| {
        let name = format!("{kind}{}{extension}", digest(original, anchors));
        let path = directory.unwrap_or_else(|| Path::new("")).join(name);
        let content = match original {
            _ if directory.is_some() && is_file(root, &path, size_min) => Content::Current,
            Some(original) => {
                Content::Of(root.read_store_file(&original.path)?.unwrap_or_default())
            }
            None => Content::Of(Vec::new()),
        };
        let original = original.map(|original| original.path.clone()).unwrap_or_default();
        Ok(Copy { original, path, content })
    };
    let size = anchors.to_pem().len() as u64;
    let bundle = originals.bundle.as_ref();
    let keystore = originals.keystore.as_ref();
    Ok(State {
        directory: directory.map(Path::to_owned),
        bundle: bundle
            .map(|original| copy(BUNDLE, ".pem", Some(original), original.size() + size))
            .transpose()?,
        keystore: keystore
            .map(|original| copy(KEYSTORE, "", Some(original), original.size()))
            .transpose()?,
        anchors: copy(ANCHORS, ".pem", None, size)?,
        image_bundle: bundle.map(|original| original.path.clone()),
    })
}

/// What is there was put there whole, in one step, by nobody but this user.
fn is_file(root: &Root, path: &Path, size_min: u64) -> bool {
    let metadata = root.metadata(path).ok().flatten();
    metadata.is_some_and(|metadata| metadata.is_file() && metadata.len() >= size_min)
}

/// Of all that the content of a copy depends on.
fn digest(original: Option<&Original>, anchors: &TrustAnchors) -> String {
    let mut text = Vec::new();
    if let Some(Original { path, identity }) = original {
        text.extend_from_slice(path.as_os_str().as_encoded_bytes());
        text.extend(identity.iter().flat_map(|number| number.to_be_bytes()));
    }
    for anchor in anchors.as_slice() {
        text.extend_from_slice(&anchor.certificate.fingerprint.0);
    }
    Fingerprint::of(&text).short()
}

/// The files of ours in the directories that are this user's.
pub(crate) fn leftovers(root: &Root, runtime_directory: Option<&Path>) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for directory in directories(runtime_directory) {
        let Ok(directory) = root.resolve_entry(&directory) else {
            continue;
        };
        if sys::is_private_directory(&directory).is_ok_and(|is_private| is_private) {
            let mut names = root.names(&directory).unwrap_or_default();
            names.sort_unstable();
            let is_ours = |name: &&OsString| {
                let name = name.as_encoded_bytes();
                KINDS.iter().any(|kind| name.starts_with(kind.as_bytes()))
            };
            paths.extend(names.iter().filter(is_ours).map(|name| directory.join(name)));
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
