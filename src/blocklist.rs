//! Certificates that an administrator has put where the distribution's tool takes them for
//! distrusted.

#![forbid(unsafe_code)]

use std::path::Path;
use std::path::PathBuf;

use x509_parser::certificate::X509Certificate;
use x509_parser::certificate::X509CertificateParser;
use x509_parser::nom::Parser;

use crate::certificate::Certificate;
use crate::error::Error;
use crate::pem;
use crate::places::Places;
use crate::platform::Platform;
use crate::root::Root;
use crate::system_store;

/// What is blocked, and by what. A certificate stands for all with its key, and for the one with its
/// issuer and number.
#[derive(Default)]
pub(crate) struct Blocklist {
    /// Of each certificate that blocks.
    paths: Vec<PathBuf>,
    /// By key, and by issuer and number, the place in `paths` of the first.
    places: Places,
}

impl Blocklist {
    /// The file, or the store, that blocks a certificate.
    pub(crate) fn blocks(&self, certificate: &Certificate) -> Option<&Path> {
        if self.paths.is_empty() {
            return None;
        }
        let keys = with_x509(&certificate.der, keys)?;
        let place = keys.iter().filter_map(|key| self.places.get(key)).min()?;
        Some(&self.paths[place])
    }
}

/// Reads the platform's blocklists: files, and the operating system's store. In files only what is
/// written as a certificate is found: one of p11-kit's own format may also name a certificate by its
/// number alone.
///
/// # Errors
/// Of each directory and file that is there and can't be read; what the others say counts.
pub(crate) fn read(root: &Root, platform: &Platform) -> (Blocklist, Vec<Error>) {
    let mut blocklist = Blocklist::default();
    let mut errors = Vec::new();
    let directories = platform.collection.iter().flat_map(|collection| collection.blocklists);
    for directory in directories.map(Path::new) {
        let mut names = match root.names(directory) {
            Ok(names) => names,
            Err(cause) => {
                errors.push(Error::ReadStore { path: directory.to_owned(), cause });
                continue;
            }
        };
        names.sort_unstable();
        for name in names {
            let path = directory.join(name);
            match root.read_store_file(&path) {
                Ok(bytes) => {
                    for der in pem::certificates(&bytes.unwrap_or_default()) {
                        blocklist.add(&path, &der);
                    }
                }
                Err(error) => errors.push(error),
            }
        }
    }
    match system_store::read_distrusted(root, platform) {
        Ok(Some((store, entries))) => {
            entries.iter().for_each(|entry| blocklist.add(Path::new(store), &entry.der));
        }
        Ok(None) => {}
        Err(error) => errors.push(error),
    }
    (blocklist, errors)
}

impl Blocklist {
    fn add(&mut self, path: &Path, der: &[u8]) {
        let Some(keys) = with_x509(der, keys) else {
            return;
        };
        for key in keys {
            self.places.enter(&key, self.paths.len());
        }
        self.paths.push(path.to_owned());
    }
}

/// What a certificate is known by: its key, and its issuer with its number.
fn keys(x509: &X509Certificate<'_>) -> [Vec<u8>; 2] {
    let number = [&[NUMBER], x509.issuer().as_raw(), x509.raw_serial()].concat();
    [x509.public_key().raw.to_vec(), number]
}

fn with_x509<T>(der: &[u8], look: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    parser.parse(der).ok().map(|(_, x509)| look(&x509))
}

/// Stands before an issuer and a number. A public key begins with a type, which isn't this.
const NUMBER: u8 = 0;
