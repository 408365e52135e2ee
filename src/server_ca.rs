//! The CA of the GitLab server alone, in the file that GitLab Runner would take for it.

#![forbid(unsafe_code)]

use std::path;
use std::path::Path;
use std::path::PathBuf;

use crate::anchor;
use crate::anchor::TrustAnchors;
use crate::environment::Environment;
use crate::places::Places;
use crate::root::Root;
use crate::source;
use crate::source::Location;
use crate::sys;

/// Where GitLab Runner has the CA of the server that a job came from: `<host>.crt`, as
/// `findCertificate` in its network/client.go. A job's author may set the server's name.
pub(crate) fn path(environment: &Environment) -> Option<PathBuf> {
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
    path::absolute(directory.join(name)).ok()
}

/// The anchors of the file, where it is there. GitLab Runner takes PEM alone, and nothing that is no
/// certificate may be handed on with them: [`TrustAnchors::file`] tells.
pub(crate) fn read(root: &Root, path: &Path, now: i64) -> Option<TrustAnchors> {
    let mut sources = source::read(root, &[Location::Path(path.to_owned())]).sources;
    for source in &mut sources {
        // It is in this user's own directory, and what this user can read will do.
        source.is_public |= !sys::is_root();
    }
    TrustAnchors::new(&anchor::parse_all(&sources), &Places::default(), now)
}
