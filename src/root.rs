//! The file-system prefix that everything happens in. `/` is a root like any other.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Error;
use crate::error::FileKind;
use crate::sys;

/// A directory that takes the place of `/`. Paths given to its methods begin there, and links are
/// followed as if it were `/`, so none leads out of it.
pub(crate) struct Root {
    /// Without links in it.
    path: PathBuf,
    is_system: bool,
    /// The resolved paths of the few directories that everything lies in. No change of a plan's
    /// leads one of them elsewhere.
    directories: RefCell<Vec<(PathBuf, PathBuf)>>,
}

/// What a path names, which may be a link that leads nowhere.
pub(crate) struct Entry {
    /// Where a link leads, as written; `None` of what is no link.
    pub(crate) target: Option<PathBuf>,
}

/// Why a file can't be read.
pub(crate) enum ReadError {
    Io(io::Error),
    NotRegular(FileKind),
    TooLarge,
}

impl Root {
    /// The running system's own root.
    pub(crate) fn system() -> Self {
        Self { path: sys::system_root(), is_system: true, directories: RefCell::default() }
    }

    /// # Errors
    /// When `path` leads to no directory.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |cause| Error::OpenRoot { path: path.to_owned(), cause };
        let path = fs::canonicalize(path).map_err(failed)?;
        match fs::metadata(&path) {
            Ok(_) if sys::is_system_root(&path) => Ok(Self::system()),
            Ok(metadata) if metadata.is_dir() => {
                Ok(Self { path, is_system: false, directories: RefCell::default() })
            }
            Ok(_) => Err(failed(io::ErrorKind::NotADirectory.into())),
            Err(cause) => Err(failed(cause)),
        }
    }

    /// Whether this is the running system's own root, where programs may be run.
    pub(crate) fn is_system(&self) -> bool {
        self.is_system
    }

    /// A path of this root in the words of the programs that run in it.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        if self.is_system { sys::full_path(path) } else { path.to_owned() }
    }

    /// The path, free of links, of what `path` names in this root. Of what doesn't exist, the path
    /// where it would be made.
    ///
    /// # Errors
    /// `ELOOP` after 40 links, as the kernel has it; or a directory on the way can't be searched.
    pub(crate) fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let entry = self.resolve_entry(path)?;
        // What ends in no name was walked to.
        let is_link = path.file_name().is_some() && is_link(&entry)? == Some(true);
        if is_link { self.walk(path) } else { Ok(entry) }
    }

    /// Like [`Self::resolve`], but the last component isn't followed: the directory entry itself.
    pub(crate) fn resolve_entry(&self, path: &Path) -> io::Result<PathBuf> {
        if path.as_os_str().len() >= PATH_MAX {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.walk(path);
        };
        if let Some(entry) = self.entry_of_known(parent, name) {
            return Ok(entry);
        }
        // One after the other, so that each directory on the way is looked at once.
        let resolved = self.resolve(parent)?;
        let entry = resolved.join(within(name)?);
        let mut directories = self.directories.borrow_mut();
        // Thousands would take longer to search than to resolve.
        if directories.len() < DIRECTORIES_MAX {
            directories.push((parent.to_owned(), resolved));
        }
        Ok(entry)
    }

    /// Whether links are the system's to follow.
    fn leaves_links(&self) -> bool {
        self.is_system && !sys::HAS_ONE_TREE
    }

    /// A path to look at what `path` names, links followed. In the running system's root the kernel
    /// follows them as [`Self::walk`] would, with one system call for all.
    fn located(&self, path: &Path) -> io::Result<PathBuf> {
        if self.is_kernels() { Ok(self.path.join(path)) } else { self.resolve(path) }
    }

    /// Like [`Self::located`], but the last component isn't followed.
    fn located_entry(&self, path: &Path) -> io::Result<PathBuf> {
        if self.is_kernels() { Ok(self.path.join(path)) } else { self.resolve_entry(path) }
    }

    /// Whether the kernel finds by a path what this root has under it.
    fn is_kernels(&self) -> bool {
        self.is_system && sys::HAS_ONE_TREE
    }

    fn entry_of_known(&self, directory: &Path, name: &OsStr) -> Option<PathBuf> {
        let directories = self.directories.borrow();
        // As bytes: to compare paths by their components takes longer.
        let is_it = |known: &Path| known.as_os_str() == directory.as_os_str();
        let (_, resolved) = directories.iter().find(|(known, _)| is_it(known))?;
        Some(resolved.join(name))
    }

    fn walk(&self, path: &Path) -> io::Result<PathBuf> {
        if self.leaves_links() {
            return Ok(self.path.join(path));
        }
        let mut resolved = self.path.clone();
        let mut depth = 0;
        let mut links = 0;
        // Below what isn't there, there is nothing to look at.
        let mut exists = true;
        let mut pending = path.to_owned();
        'link: loop {
            let mut components = pending.components();
            while let Some(component) = components.next() {
                match component {
                    Component::CurDir | Component::Prefix(_) | Component::RootDir => continue,
                    Component::ParentDir if !exists => return Err(io::ErrorKind::NotFound.into()),
                    Component::ParentDir => {
                        if depth > 0 {
                            resolved.pop();
                            depth -= 1;
                        }
                        continue;
                    }
                    Component::Normal(name) => resolved.push(within(name)?),
                }
                depth += 1;
                match if exists { is_link(&resolved)? } else { None } {
                    Some(true) => {}
                    Some(false) => continue,
                    None => {
                        exists = false;
                        continue;
                    }
                }
                links += 1;
                if links > LINKS_MAX {
                    return Err(sys::too_many_links());
                }
                let target = fs::read_link(&resolved)?;
                if target.has_root() {
                    resolved.clone_from(&self.path);
                    depth = 0;
                } else {
                    resolved.pop();
                    depth -= 1;
                }
                pending = target.join(components.as_path());
                continue 'link;
            }
            return Ok(resolved);
        }
    }

    /// The path in this root that leads to the same as `path` without a link in it.
    pub(crate) fn without_links(&self, path: &Path) -> io::Result<PathBuf> {
        let resolved = self.resolve(path)?;
        let inside = resolved.strip_prefix(&self.path).unwrap_or(&resolved);
        Ok(Path::new("/").join(inside))
    }

    /// The path in this root of the file that is to be written for `path`: where its links lead, but
    /// not into one of the directories in which files never change. A link that does is taken for
    /// the file itself; where there is none, the path is in that directory all the same.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub(crate) fn without_links_into(
        &self,
        path: &Path,
        immutable: &[&str],
    ) -> io::Result<PathBuf> {
        let mut path = path.to_owned();
        loop {
            let resolved = self.without_links(&path)?;
            if !is_in(&resolved, immutable) {
                return Ok(resolved);
            }
            let parent = path.parent().unwrap_or(&path);
            let Some(target) = self.read_link(&path).map(|target| parent.join(target)) else {
                return Ok(resolved);
            };
            let directory = self.without_links(target.parent().unwrap_or(&target))?;
            if is_in(&directory, immutable) {
                return Ok(path);
            }
            path = target;
        }
    }

    /// The contents of a regular file, `limit` bytes at most. Nothing that blocks or never ends is
    /// opened for long enough to notice: a FIFO, a device.
    pub(crate) fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        Ok(self.read_with_mode(path, limit)?.0)
    }

    /// The contents of a regular file, as [`Self::read`] has them, and its permission bits.
    pub(crate) fn read_with_mode(
        &self,
        path: &Path,
        limit: u64,
    ) -> Result<(Vec<u8>, u32), ReadError> {
        let (file, metadata) = self.open_regular(path)?;
        let size = metadata.len();
        if size > limit {
            return Err(ReadError::TooLarge);
        }
        let length = usize::try_from(size).map_err(|_| ReadError::TooLarge)?;
        let mut bytes = sys::read_at(&file, 0, length).map_err(ReadError::Io)?;
        if length == 0 {
            // A file of the kernel's own tells no size.
            file.take(limit + 1).read_to_end(&mut bytes).map_err(ReadError::Io)?;
        }
        if bytes.len() as u64 > limit {
            return Err(ReadError::TooLarge);
        }
        Ok((bytes, sys::permissions(&metadata)))
    }

    /// The last `length` bytes of a regular file, or all that it has.
    pub(crate) fn read_end(&self, path: &Path, length: usize) -> Result<Vec<u8>, ReadError> {
        let (file, metadata) = self.open_regular(path)?;
        let start = metadata.len().saturating_sub(length as u64);
        sys::read_at(&file, start, length).map_err(ReadError::Io)
    }

    fn open_regular(&self, path: &Path) -> Result<(File, fs::Metadata), ReadError> {
        let opened = self.located(path).and_then(|path| sys::open_regular(&path));
        opened.map_err(ReadError::Io)?.map_err(ReadError::NotRegular)
    }

    /// The contents of a file of the trust store; `None` where there is none, or something that is
    /// no file.
    ///
    /// # Errors
    /// When it exists and can't be read, or is larger than any store.
    pub(crate) fn read_store_file(&self, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.read_store_file_with_mode(path)?.map(|(bytes, _)| bytes))
    }

    /// As [`Self::read_store_file`], with the permission bits.
    pub(crate) fn read_store_file_with_mode(
        &self,
        path: &Path,
    ) -> Result<Option<(Vec<u8>, u32)>, Error> {
        let cause = match self.read_with_mode(path, STORE_FILE_MAX) {
            Ok(found) => return Ok(Some(found)),
            Err(ReadError::NotRegular(_)) => return Ok(None),
            Err(ReadError::Io(cause)) if is_absent(&cause) => return Ok(None),
            Err(ReadError::Io(cause)) => cause,
            Err(ReadError::TooLarge) => io::ErrorKind::FileTooLarge.into(),
        };
        Err(Error::ReadStore { path: self.shown(path), cause })
    }

    /// Metadata of what `path` names, links followed; `None` where there is nothing.
    pub(crate) fn metadata(&self, path: &Path) -> io::Result<Option<fs::Metadata>> {
        if self.is_kernels() {
            return absent_as_none(fs::metadata(self.path.join(path)));
        }
        let metadata = absent_as_none(self.resolve_entry(path).and_then(fs::symlink_metadata))?;
        match metadata {
            Some(link) if link.is_symlink() => {
                let metadata =
                    if self.leaves_links() { fs::metadata } else { fs::symlink_metadata };
                absent_as_none(self.walk(path).and_then(metadata))
            }
            metadata => Ok(metadata),
        }
    }

    /// Whether there is an entry of this name, be it a link that leads nowhere.
    ///
    /// # Errors
    /// When that can't be told, as a directory on the way can't be searched.
    pub(crate) fn has_entry(&self, path: &Path) -> io::Result<bool> {
        absent_as_none(self.located_entry(path).and_then(fs::symlink_metadata))
            .map(|entry| entry.is_some())
    }

    /// Whether there certainly is an entry of this name.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.has_entry(path).is_ok_and(|exists| exists)
    }

    /// What a path names itself; `None` where there is nothing.
    ///
    /// # Errors
    /// As [`Self::has_entry`].
    pub(crate) fn entry(&self, path: &Path) -> io::Result<Option<Entry>> {
        let path = self.located_entry(path)?;
        match fs::read_link(&path) {
            Ok(target) => Ok(Some(Entry { target: Some(target) })),
            Err(error) if is_absent(&error) => Ok(None),
            // Systems tell in several ways that it is none.
            Err(error) => match is_link(&path)? {
                Some(true) => Err(error),
                Some(false) => Ok(Some(Entry { target: None })),
                None => Ok(None),
            },
        }
    }

    /// The target of a link, as written; `None` where there is no link.
    fn read_link(&self, path: &Path) -> Option<PathBuf> {
        fs::read_link(self.located_entry(path).ok()?).ok()
    }

    /// The names in a directory, in no order; none where it doesn't exist.
    pub(crate) fn names(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let names = self.located(directory).and_then(|path| sys::names(&path));
        Ok(absent_as_none(names)?.unwrap_or_default())
    }
}

/// Whether a path without links is in one of these directories.
pub(crate) fn is_in(path: &Path, directories: &[&str]) -> bool {
    directories.iter().any(|directory| path.starts_with(directory))
}

/// A name that leads nowhere but into the directory that it is looked for in.
fn within(name: &OsStr) -> io::Result<&OsStr> {
    if sys::is_name(name) { Ok(name) } else { Err(io::ErrorKind::InvalidFilename.into()) }
}

/// Whether a path names a link; `None` where it names nothing.
fn is_link(path: &Path) -> io::Result<Option<bool>> {
    Ok(absent_as_none(fs::symlink_metadata(path))?.map(|metadata| metadata.is_symlink()))
}

/// Whether an error means that there is nothing of this name.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn absent_as_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// As in Linux: bytes of a path, with its NUL.
const PATH_MAX: usize = 4096;

/// As in Linux (`MAXSYMLINKS`).
const LINKS_MAX: usize = 40;

/// Resolved directories that are remembered. An image has some thirty.
const DIRECTORIES_MAX: usize = 64;

/// Bytes of a bundle. That of all public CAs has about 250,000.
const STORE_FILE_MAX: u64 = 64 << 20;
