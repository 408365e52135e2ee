//! The words for things that have other ones on other systems.

#![forbid(unsafe_code)]

/// The row of the table for whatever runs this program, where there is but one.
pub(crate) const PLATFORM: Option<&str> = None;

/// Where GitLab Runner's images look for a CA.
pub(crate) const DEFAULT_CA: &str = "/etc/gitlab-runner/certs/ca.crt";

/// The variables that list other places.
pub(crate) const CA_VARIABLES: &[&str] = &["CA_CERTIFICATES_PATH"];

/// The variable that names the directory for a user's files that outlast no session.
pub(crate) const USER_DIRECTORY: &str = "XDG_RUNTIME_DIR";

/// What helps where the store can't be read or written.
pub(crate) const HINT_STORE: &str =
    "run as root on a writable root file system, or install the CA when the image is built";

/// What helps where no directory is fit for a private copy.
pub(crate) const HINT_NOWHERE: &str =
    "mount a tmpfs at /tmp, mode 1777, or install the CA when the image is built";

/// What helps where the CA file may not be read.
pub(crate) const HINT_UNREADABLE: &str = "make it readable for the container's user (chmod a+r)";
