//! A container of a user without rights, as far as files go.

use crate::command::Command;
use crate::command::Outcome;
use crate::mounts::Mount;
use crate::skeletons::debian;
use crate::skeletons::with_programs;
use crate::util::Root;
use crate::x509::Certificate;

pub(crate) const USER: u32 = 1000;

/// Somebody else in the same container.
pub(crate) const STRANGER: u32 = 4242;

/// A directory that a user of [`container`] can make.
pub(crate) const SHM: &str = "/dev/shm/ca-entrypoint-1000";

/// The one that is next.
pub(crate) const TMP: &str = "/tmp/ca-entrypoint-1000";

pub(crate) const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

pub(crate) fn corp() -> Certificate {
    Certificate::ca("Corp CA")
}

/// Debian's store, the CA, `env`, and the places for temporary files that Docker gives.
pub(crate) fn container() -> Root {
    prepared(debian())
}

/// Any image made such a container.
pub(crate) fn prepared(root: Root) -> Root {
    with_programs(&root, &["/usr/bin/env"]);
    root.directory("/run").directory("/proc").write(CA, corp().pem());
    for directory in ["/dev/shm", "/tmp"] {
        root.directory(directory).mode(directory, 0o1777);
    }
    root
}

/// The start of a container of [`USER`] whose command is `env`.
#[track_caller]
pub(crate) fn start(root: &Root) -> Outcome {
    command(root, &["/bin/env"]).run()
}

/// The program with these arguments, by [`USER`], not yet run.
pub(crate) fn command(root: &Root, arguments: &[&str]) -> Command {
    Command::inside(root, arguments).by(USER)
}

/// The same with something mounted.
pub(crate) fn command_with(root: &Root, mounts: &[Mount], arguments: &[&str]) -> Command {
    Command::of("/bin/ca-entrypoint", arguments).enter_with(root, mounts).by(USER)
}

/// What is said when the user's own directory is used for the first time.
pub(crate) fn message(directory: &str) -> String {
    format!(
        "ca-entrypoint: trust store cannot be written (Permission denied): \
         1 added in '{directory}', for programs that read variables\n"
    )
}

/// The value that `env` shows.
pub(crate) fn variable(outcome: &Outcome, name: &str) -> Option<String> {
    let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned());
    outcome.out().lines().find_map(value)
}

/// The merged bundle's path, which `env` shows.
#[track_caller]
pub(crate) fn bundle(outcome: &Outcome) -> String {
    variable(outcome, "SSL_CERT_FILE").unwrap_or_else(|| panic!("no bundle\n{}", outcome.err()))
}

/// The files of ours in a directory, sorted.
pub(crate) fn files(root: &Root, directory: &str) -> Vec<String> {
    root.names(directory).into_iter().map(|name| format!("{directory}/{name}")).collect()
}
