//! The containers that the clients run in.

use crate::clients::Client;
use crate::clients::RunsIn;

/// An image of `images.sh matrix`, and how its container is started.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// What its requests begin with.
    pub(crate) key: &'static str,
    image: &'static str,
    pub(crate) options: &'static [&'static str],
    pub(crate) is_alpine: bool,
    /// The image has public CAs, with the stand-in among them.
    pub(crate) has_public_roots: bool,
}

impl Column {
    pub(crate) fn image(&self) -> String {
        format!("ca-entrypoint-test:{}", self.image)
    }

    pub(crate) fn runs(&self, client: &Client) -> bool {
        match client.runs_in {
            RunsIn::All => true,
            RunsIn::Alpine => self.is_alpine,
            RunsIn::Debian => !self.is_alpine,
        }
    }
}

pub(crate) const COLUMNS: [Column; 6] = [
    Column {
        name: "Debian, root",
        key: "debian-root",
        image: "clients",
        options: &[],
        is_alpine: false,
        has_public_roots: true,
    },
    Column {
        name: "Debian, uid 1000",
        key: "debian-1000",
        image: "clients",
        options: &["--user", "1000:1000"],
        is_alpine: false,
        has_public_roots: true,
    },
    Column {
        name: "Debian, uid 12345, read-only",
        key: "debian-12345",
        image: "clients",
        options: &[
            "--user",
            "12345:12345",
            "--read-only",
            "--tmpfs",
            "/tmp",
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges",
        ],
        is_alpine: false,
        has_public_roots: true,
    },
    Column {
        name: "Alpine, root",
        key: "alpine-root",
        image: "clients-alpine",
        options: &[],
        is_alpine: true,
        has_public_roots: true,
    },
    Column {
        name: "Alpine base, uid 1000",
        key: "alpine-base-1000",
        image: "clients-alpine-base",
        options: &["--user", "1000:1000"],
        is_alpine: true,
        has_public_roots: true,
    },
    Column {
        name: "no bundle, root",
        key: "bare-root",
        image: "clients-bare",
        options: &[],
        is_alpine: false,
        has_public_roots: false,
    },
];
