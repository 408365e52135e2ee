//! The trust store as it is: all that a plan depends on, read once.

#![forbid(unsafe_code)]

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::error::Operation;
use crate::format::hash_directory;
use crate::format::pem_bundle;
use crate::format::signature_database;
use crate::holders;
use crate::local;
use crate::local::Fate;
use crate::local::Goal;
use crate::local::LocalAnchor;
use crate::local::LocalFile;
use crate::places::Places;
use crate::places::key;
use crate::platform::Hooks;
use crate::platform::Platform;
use crate::root::Root;
use crate::root::is_absent;
use crate::sys;
use crate::system_store;

/// What was found in the outputs and beside them.
pub(crate) struct StoreState {
    /// Directories that the plan may need and that don't exist.
    pub(crate) missing_directories: Vec<PathBuf>,
    pub(crate) bundles: Vec<pem_bundle::State>,
    pub(crate) hash_directories: Vec<hash_directory::State>,
    pub(crate) signature_databases: Vec<signature_database::State>,
    /// What the operating system's own stores hold, where it has such.
    pub(crate) system_store: Option<system_store::State>,
    /// What goes may have been put anywhere in a bundle, by the tool: it had all that it makes one
    /// of.
    pub(crate) may_be_rebuilt: bool,
    /// An earlier start didn't get to its end.
    pub(crate) was_cut_short: bool,
    /// Files that such a start, or one that failed, didn't get into their place.
    pub(crate) leftovers: Vec<PathBuf>,
    /// Hooks that the distribution's tool would run.
    pub(crate) hooks: Vec<PathBuf>,
    /// The file with the anchors alone that an earlier start left.
    pub(crate) anchors_file: Option<Vec<u8>>,
}

/// How much of the store is looked at.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Look {
    /// As much as tells whether there is anything to do.
    Glance,
    /// All that a plan needs.
    Whole,
}

/// The file in the anchors directory that is there while a plan is carried out.
pub(crate) fn unfinished(platform: &Platform) -> PathBuf {
    Path::new(platform.anchors_directory).join(UNFINISHED)
}

/// Tells why an anchor can't be put into the store, as far as that can be told without doing so.
pub(crate) fn writable(root: &Root, platform: &Platform) -> io::Result<()> {
    let directory = root.resolve(Path::new(platform.anchors_directory))?;
    let is_there = |answer: &io::Result<()>| !answer.as_ref().is_err_and(is_absent);
    let nearest = directory.ancestors().map(sys::writable).find(is_there);
    nearest.unwrap_or(Ok(()))?;
    system_store::writable(platform)
}

/// Locks the store against other starts of this program, until the lock is dropped. Its directory
/// is made for that where an anchor will be put into it. Nothing to lock is nothing to remove from.
///
/// # Errors
/// When the directory can't be made or opened, or the lock isn't free in time.
pub(crate) fn lock(
    root: &Root,
    platform: &Platform,
    goal: Goal<'_>,
) -> Result<Option<sys::Lock>, Error> {
    let directory = Path::new(platform.anchors_directory);
    let failed = |operation| {
        move |cause| Error::WriteStore { operation, path: root.shown(directory), cause }
    };
    let path = root.resolve(directory).map_err(failed(Operation::Lock))?;
    if !path.is_dir() {
        match goal {
            Goal::Remove(_) => return Ok(None),
            Goal::Install(_) => {
                sys::create_directory(&path).map_err(failed(Operation::CreateDirectory))?;
            }
        }
    }
    match sys::lock_directory(&path, LOCK_PATIENCE) {
        Ok(lock) => Ok(Some(lock)),
        Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => Err(Error::LockTimeout {
            path: root.shown(directory),
            seconds: LOCK_PATIENCE.as_secs(),
        }),
        Err(cause) => Err(failed(Operation::Lock)(cause)),
    }
}

/// What the distribution's tool reads in the anchors directory.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<LocalFile>,
    /// Of files that can't be read: somebody's broken file keeps none of ours from being installed.
    pub(crate) errors: Vec<Error>,
    /// An earlier start didn't get to its end.
    pub(crate) was_cut_short: bool,
    /// Each directory is looked into once, however many links lead to it.
    visited: Places,
}

impl Listing {
    /// Tells whether a directory wasn't visited before.
    fn visit(&mut self, root: &Root, directory: &Path) -> Result<bool, Error> {
        let real = root.without_links(directory);
        let failed = |cause| Error::ReadStore { path: root.shown(directory), cause };
        Ok(self.visited.add(key(&real.map_err(failed)?)))
    }
}

/// # Errors
/// When a directory can't be read.
pub(crate) fn list_local_files(root: &Root, platform: &Platform) -> Result<Listing, Error> {
    let mut listing = Listing::default();
    list_directory(root, platform, Path::new(platform.anchors_directory), DEPTH_MAX, &mut listing)?;
    Ok(listing)
}

fn list_directory(
    root: &Root,
    platform: &Platform,
    directory: &Path,
    depth: usize,
    listing: &mut Listing,
) -> Result<(), Error> {
    let failed = |cause| Error::ReadStore { path: root.shown(directory), cause };
    for name in root.names(directory).map_err(failed)? {
        // A Kubernetes volume mounted here shows each file three times: by its own name, and below
        // two entries that begin so.
        if name.as_encoded_bytes().starts_with(b"..") {
            continue;
        }
        let left = [UNFINISHED, sys::TEMPORARY_NAME];
        listing.was_cut_short |= name.to_str().is_some_and(|name| left.contains(&name));
        let path = directory.join(&name);
        let name = name.as_encoded_bytes();
        let is_taken = name.ends_with(platform.suffix.as_bytes())
            || (platform.takes_any_name && !name.starts_with(b"."));
        let bytes = if is_taken { root.read_store_file(&path) } else { Ok(None) };
        match bytes {
            Ok(Some(bytes)) => listing.files.push(LocalFile { path, bytes }),
            Ok(None) if platform.is_recursive && depth > 0 && is_directory(root, &path) => {
                // A link may lead back.
                listing.visit(root, directory)?;
                if listing.visit(root, &path)? {
                    list_directory(root, platform, &path, depth - 1, listing)?;
                }
            }
            Ok(None) => {}
            // What was made of a file of ours can't be told from the image's own without it.
            Err(error) if local::is_ours(&path, platform) => return Err(error),
            Err(error) => listing.errors.push(error),
        }
    }
    Ok(())
}

fn is_directory(root: &Root, path: &Path) -> bool {
    root.metadata(path).ok().flatten().is_some_and(|metadata| metadata.is_dir())
}

/// Reads all outputs of the platform, as far as they concern `locals`.
///
/// # Errors
/// When a part of the store exists and can't be read.
pub(crate) fn observe(
    root: &Root,
    platform: &'static Platform,
    locals: &[LocalAnchor],
    look: Look,
) -> Result<StoreState, Error> {
    let bundles = pem_bundle::observe(root, platform, locals)?;
    let observe = |directory| hash_directory::observe(root, platform, directory, locals);
    let hash_directories =
        platform.hash_directories.iter().map(observe).collect::<Result<Vec<_>, _>>()?;
    let (missing_directories, leftovers) = match look {
        Look::Glance => (Vec::new(), Vec::new()),
        Look::Whole => look_at_directories(root, platform, &bundles),
    };
    Ok(StoreState {
        missing_directories,
        bundles,
        hash_directories,
        signature_databases: signature_database::observe(root, platform)?,
        system_store: system_store::observe(root, platform)?,
        may_be_rebuilt: platform.collection.is_none()
            || locals.iter().any(|local| local.fate == Fate::Absent)
                && holders::exist(root, platform),
        was_cut_short: look == Look::Whole && root.exists(&unfinished(platform)),
        leftovers,
        // Another root's programs aren't run.
        hooks: match &platform.hooks {
            Some(hooks) if look == Look::Whole && root.is_system() => list_hooks(root, hooks),
            _ => Vec::new(),
        },
        anchors_file: root.read_store_file(Path::new(platform.anchors_file))?,
    })
}

/// The directories that a plan writes in and that are missing, and the leftovers in the others.
fn look_at_directories(
    root: &Root,
    platform: &'static Platform,
    bundles: &[pem_bundle::State],
) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let fixed =
        [Some(Path::new(platform.anchors_directory)), Path::new(platform.anchors_file).parent()];
    let hash_directories =
        platform.hash_directories.iter().map(|directory| Some(Path::new(directory.path)));
    let mut needed: Vec<&Path> = fixed
        .into_iter()
        .chain(bundles.iter().map(|bundle| bundle.file.parent()))
        .chain(hash_directories)
        .flatten()
        .collect();
    needed.sort_unstable();
    needed.dedup();
    let (present, missing): (Vec<&Path>, Vec<&Path>) =
        needed.into_iter().partition(|path| is_directory(root, path));
    let leftovers = present.into_iter().map(|path| path.join(sys::TEMPORARY_NAME));
    (
        missing.into_iter().map(Path::to_owned).collect(),
        leftovers.filter(|path| root.exists(path)).collect(),
    )
}

/// The executable files that the tool would run, in its order.
fn list_hooks(root: &Root, hooks: &Hooks) -> Vec<PathBuf> {
    let is_name = |name: &str| match hooks.suffix {
        "" => name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'),
        suffix => name.ends_with(suffix) && !name.starts_with('.'),
    };
    let mut found = Vec::new();
    let mut places = Places::default();
    // Under the name of one whose result is made here an administrator may have put another.
    let last = hooks.directories.len().saturating_sub(1);
    for (number, directory) in hooks.directories.iter().map(Path::new).enumerate() {
        for name in root.names(directory).unwrap_or_default() {
            if let Some(name) = name.to_str()
                && is_name(name)
                && !(number == last && hooks.redundant.contains(&name))
                && places.enter(name.as_bytes(), found.len()).is_none()
            {
                found.push(directory.join(name));
            }
        }
    }
    let is_program = |path: &PathBuf| {
        root.metadata(path).ok().flatten().is_some_and(|metadata| sys::is_executable(&metadata))
    };
    let in_order = places.in_order().into_iter().map(|place| found[place].clone());
    in_order.filter(is_program).collect()
}

const UNFINISHED: &str = ".ca-entrypoint-unfinished";

/// How long other starts are waited for; one takes milliseconds, and each of its hooks a minute at
/// most.
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

/// Directories below the anchors directory that are looked into.
const DEPTH_MAX: usize = 8;
