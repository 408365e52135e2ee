//! The CA of the GitLab server alone, in the file that GitLab Runner would take for it.

#![forbid(unsafe_code)]

use std::path;
use std::path::Path;
use std::path::PathBuf;

use super::Environment;
use crate::anchor;
use crate::root::Root;
use crate::source;
use crate::source::Location;
use crate::sys;

/// The file `<host>.crt` of the server that a job came from, as GitLab Runner finds it
/// (`findCertificate` in its network/client.go), where every program can read it: PEM, and nothing
/// but certificates. A job's author may set the server's name.
pub(super) fn file(environment: &Environment, root: &Root) -> Option<PathBuf> {
    let server = environment.non_empty("CI_SERVER_HOST")?.to_str()?;
    // A port is no part of the file's name.
    let host = server.split(':').next().filter(|host| !host.is_empty())?;
    let name = format!("{host}.crt");
    // Neither a way out of the directory, nor the certificate by which the runner says who it is.
    let is_host =
        Path::new(&name).file_name() == Some(name.as_ref()) && sys::is_name(name.as_ref());
    if !is_host || source::is_client_certificate(name.as_ref()) {
        return None;
    }
    let directory = sys::runner_directory(environment.non_empty("HOME").map(Path::new));
    let path = path::absolute(directory.join(name)).ok()?;
    let mut sources = source::read(root, &[Location::Path(path.clone())]).sources;
    for source in &mut sources {
        // It is in this user's own directory, and what this user can read will do.
        source.is_public |= !sys::is_root();
    }
    let is_clean = anchor::parse_all(&sources).iter().any(|contents| contents.is_clean_pem);
    if !is_clean {
        log::debug!("not taking '{}' for the GitLab server's CA: no clean PEM", path.display());
    }
    is_clean.then_some(path)
}
