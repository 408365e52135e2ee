//! Where CAs come from: files, directories and a variable, read with care, for a job's author may
//! have named them.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;
use std::path::is_separator;

use crate::error::Error;
use crate::error::FileKind;
use crate::places::Places;
use crate::root::ReadError;
use crate::root::Root;

/// Where to look for CAs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Location {
    /// A file, or a directory of `*.crt`, `*.pem` and `*.cer` files.
    Path(PathBuf),
    /// PEM text, from the variable of this name.
    Text { variable: &'static str, pem: Vec<u8> },
}

/// The bytes of one CA file.
pub(crate) struct Source {
    /// What it is called in the names of the anchors that come from it. A later CA of the same name
    /// takes their place; the files of a directory share the directory's.
    pub(crate) name: String,
    /// The file, for messages and for whoever reads it as it is.
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    /// A file that every user may read, so that programs can be pointed at it.
    pub(crate) is_public: bool,
}

/// What was found at the locations.
pub(crate) struct Sources {
    pub(crate) sources: Vec<Source>,
    pub(crate) errors: Vec<Error>,
    /// Names of sources of which something could not be read.
    pub(crate) unread: Places,
    /// Bytes that may still be read.
    budget: u64,
}

impl Sources {
    fn fail(&mut self, location: &Path, error: Error) {
        self.unread.add(name_of(location).as_bytes());
        self.errors.push(error);
    }

    fn add(&mut self, source: Source) {
        self.budget = self.budget.saturating_sub(source.bytes.len() as u64);
        self.sources.push(source);
    }
}

/// Reads all locations. A location with nothing at it is no error: a container that was given no CA
/// needs none.
pub(crate) fn read(root: &Root, locations: &[Location]) -> Sources {
    let mut found = Sources {
        sources: Vec::new(),
        errors: Vec::new(),
        unread: Places::default(),
        budget: SIZE_MAX,
    };
    for location in locations {
        match location {
            Location::Path(path) => read_path(root, path, &mut found),
            Location::Text { variable, pem } => found.add(Source {
                name: name_of(Path::new(variable)),
                path: PathBuf::from(format!("${variable}")),
                bytes: pem.clone(),
                is_public: false,
            }),
        }
    }
    found
}

fn read_path(root: &Root, path: &Path, found: &mut Sources) {
    match read_file(root, path, found.budget) {
        Ok((bytes, is_public)) => {
            found.add(Source { name: name_of(path), path: path.to_owned(), bytes, is_public });
        }
        // A link that leads nowhere is there.
        Err(Error::ReadCa { .. }) if root.has_entry(path).is_ok_and(|exists| !exists) => {
            log::debug!("no CA at '{}'", path.display());
        }
        Err(Error::NotRegular { is: FileKind::Directory, .. }) if !is_named_like_file(path) => {
            read_directory(root, path, found);
        }
        Err(error) => found.fail(path, error),
    }
}

/// Reads the CA files of a directory, sorted, without going down. A Kubernetes volume keeps its
/// data in entries that begin with two dots, and links to them: each file is read once. GitLab
/// Runner has certificates of its own beside those of CAs: they are nobody's to trust.
fn read_directory(root: &Root, directory: &Path, found: &mut Sources) {
    let mut names = match root.names(directory) {
        Ok(names) => names,
        Err(cause) => {
            return found.fail(directory, Error::ReadCa { path: directory.to_owned(), cause });
        }
    };
    names.sort_unstable();
    let paths: Vec<PathBuf> = names
        .into_iter()
        .filter(|name| !name.as_encoded_bytes().starts_with(b"..") && !is_client_certificate(name))
        .map(|name| directory.join(name))
        .filter(|path| has_extension(path, &["crt", "pem", "cer"]))
        .collect();
    if paths.is_empty() {
        found.fail(directory, Error::NoCaInDirectory { path: directory.to_owned() });
    }
    for path in paths {
        match read_file(root, &path, found.budget) {
            Ok((bytes, is_public)) => {
                let name = name_of(directory);
                found.add(Source { name, path, bytes, is_public });
            }
            Err(error) => found.fail(directory, error),
        }
    }
}

/// GitLab Runner's word for the certificate by which it proves who it is: `<host>.auth.crt`.
pub(crate) fn is_client_certificate(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let end = &name[name.len().saturating_sub(b".auth.crt".len())..];
    end.eq_ignore_ascii_case(b".auth.crt")
}

/// What a file holds, and whether every user may read it.
fn read_file(root: &Root, path: &Path, limit: u64) -> Result<(Vec<u8>, bool), Error> {
    let path_of = || path.to_owned();
    match root.read_with_mode(path, limit) {
        Ok((bytes, _)) if bytes.is_empty() => Err(Error::EmptyCa { path: path_of() }),
        Ok((bytes, mode)) => Ok((bytes, mode & 0o004 != 0)),
        Err(ReadError::Io(cause)) => Err(Error::ReadCa { path: path_of(), cause }),
        Err(ReadError::NotRegular(is)) => Err(Error::NotRegular { path: path_of(), is }),
        Err(ReadError::TooLarge) => Err(Error::TooLarge { path: path_of(), limit: SIZE_MAX }),
    }
}

/// Docker makes an empty directory `ca.crt` of a mount whose file is missing. It isn't a directory
/// of CAs.
fn is_named_like_file(path: &Path) -> bool {
    has_extension(path, &["crt", "pem", "cer", "der", "p7b", "p7c"])
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    extensions.iter().any(|wanted| extension.eq_ignore_ascii_case(wanted))
}

/// A path as a part of a file name: `/etc/gitlab-runner/certs/ca.crt` is
/// `etc_gitlab-runner_certs_ca.crt`. No two paths give the same name. The characters that the
/// distributions' tools replace in names are avoided.
fn name_of(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut name = String::with_capacity(bytes.len());
    let is_rooted = bytes.first().is_some_and(|&byte| is_separator(char::from(byte)));
    for &byte in &bytes[usize::from(is_rooted)..] {
        match byte {
            byte if is_separator(char::from(byte)) => name.push('_'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => name.push(char::from(byte)),
            _ => name.push_str(&format!("={byte:02x}")),
        }
    }
    if name.len() > NAME_MAX {
        let hash = crate::certificate::Fingerprint::of(bytes).short();
        name.truncate(NAME_MAX - hash.len() - 1);
        name = format!("{name}={hash}");
    }
    name
}

/// Bytes of all CA files together.
const SIZE_MAX: u64 = 16 << 20;

/// Leaves room for what is put around it in a file name of 255 bytes.
const NAME_MAX: usize = 160;
