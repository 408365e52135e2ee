//! The words for things that have other ones on other systems.

#![forbid(unsafe_code)]

/// The row of the table for whatever runs this program, where there is but one.
pub(crate) const PLATFORM: Option<&str> = Some("windows");

/// Where GitLab Runner's images look for a CA.
pub(crate) const DEFAULT_CA: &str = r"C:\GitLab-Runner\certs\ca.crt";

/// The variables that list other places; the second is that of GitLab Runner's own script.
pub(crate) const CA_VARIABLES: &[&str] = &["CA_CERTIFICATES_PATH", "LOCAL_CA_PATH"];

/// The variable that names the directory for a user's files that stay on this machine.
pub(crate) const USER_DIRECTORY: &str = "LOCALAPPDATA";

/// What helps where the store can't be read or written.
pub(crate) const HINT_STORE: &str =
    "run as ContainerAdministrator, or install the CA when the image is built";

/// What helps where no directory is fit for a private copy.
pub(crate) const HINT_NOWHERE: &str =
    "set LOCALAPPDATA to a directory of the user's own, or install the CA when the image is built";

/// What helps where the CA file may not be read.
pub(crate) const HINT_UNREADABLE: &str =
    "make it readable for the container's user (icacls FILE /grant *S-1-5-11:R)";
