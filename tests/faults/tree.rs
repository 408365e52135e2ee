//! A directory's content as a value, which a directory can be brought back to.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::lchown;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use crate::util::walk;

/// By path, from the directory.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Tree(pub(crate) BTreeMap<PathBuf, Entry>);

#[derive(Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    mode: u32,
    owner: (u32, u32),
}

#[derive(Clone, PartialEq)]
pub(crate) enum Kind {
    Directory,
    File(Vec<u8>),
    Link(PathBuf),
    /// A socket, a FIFO or a device.
    Other,
}

impl Tree {
    /// All below a directory but `/bin`, since programs are large and nobody's to change, and
    /// `/dev/null`, whatever stands for it.
    pub(crate) fn of(directory: &Path) -> Self {
        let paths = walk(directory).into_iter();
        let inside = paths.map(|path| (path.strip_prefix(directory).unwrap().to_owned(), path));
        let entries =
            inside.filter(|(name, _)| !name.starts_with("bin") && name != Path::new("dev/null"));
        Self(entries.filter_map(|(name, path)| Some((name, Entry::of(&path)?))).collect())
    }

    /// Brings a directory to this content. What is in order isn't touched: it keeps its inode and its
    /// times, which private files are named by.
    pub(crate) fn restore(&self, directory: &Path) {
        let present = Self::of(directory);
        for (name, entry) in present.0.iter().rev() {
            let is_same_kind = self.0.get(name).is_some_and(|wanted| {
                wanted == entry || (wanted.kind == Kind::Directory && entry.kind == Kind::Directory)
            });
            if !is_same_kind {
                entry.remove(&directory.join(name));
            }
        }
        for (name, entry) in &self.0 {
            if present.0.get(name) != Some(entry) {
                entry.put(&directory.join(name));
            }
        }
    }

    /// The paths that aren't the same in both.
    pub(crate) fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Path> {
        let changed = |name: &&PathBuf| other.0.get(*name) != self.0.get(*name);
        let new = other.0.keys().filter(|name| !self.0.contains_key(*name));
        self.0.keys().filter(changed).chain(new).map(PathBuf::as_path)
    }

    /// A file's content; `None` when it is none.
    pub(crate) fn file(&self, path: &str) -> Option<&[u8]> {
        match &self.0.get(Path::new(path.trim_start_matches('/')))?.kind {
            Kind::File(content) => Some(content),
            _ => None,
        }
    }
}

impl Entry {
    /// `None` where it is gone meanwhile.
    fn of(path: &Path) -> Option<Self> {
        let metadata = path.symlink_metadata().ok()?;
        let kind = if metadata.is_dir() {
            Kind::Directory
        } else if metadata.is_symlink() {
            Kind::Link(path.read_link().ok()?)
        } else if metadata.is_file() {
            Kind::File(fs::read(path).ok()?)
        } else {
            Kind::Other
        };
        let owner = (metadata.uid(), metadata.gid());
        Some(Self { kind, mode: metadata.mode() & 0o7777, owner })
    }

    /// The same mode and owner.
    pub(crate) fn has_rights_of(&self, other: &Self) -> bool {
        (self.mode, self.owner) == (other.mode, other.owner)
    }

    fn remove(&self, path: &Path) {
        let removed = match self.kind {
            Kind::Directory => fs::remove_dir(path),
            _ => fs::remove_file(path),
        };
        removed.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    fn put(&self, path: &Path) {
        let made = match &self.kind {
            Kind::Directory if path.is_dir() => Ok(()),
            Kind::Directory => fs::create_dir(path),
            Kind::File(content) => fs::write(path, content),
            Kind::Link(target) => symlink(target, path),
            Kind::Other => panic!("{} can't be made again", path.display()),
        };
        made.and_then(|()| lchown(path, Some(self.owner.0), Some(self.owner.1)))
            .and_then(|()| match self.kind {
                Kind::Link(_) => Ok(()),
                _ => fs::set_permissions(path, fs::Permissions::from_mode(self.mode)),
            })
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Directory => write!(f, "directory"),
            Kind::File(content) => write!(f, "file of {} bytes", content.len()),
            Kind::Link(target) => write!(f, "link to {}", target.display()),
            Kind::Other => write!(f, "special file"),
        }?;
        write!(f, ", mode {:04o}, of {}", self.mode, self.owner.0)
    }
}
