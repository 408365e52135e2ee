//! The table of variables, and what each program makes of them.
//!
//! A system store that holds the anchors serves every program that reads it, so that only those are
//! listed that don't.

#![forbid(unsafe_code)]

use std::ffi::OsString;

use crate::plan::TrustFiles;

/// A row of the table.
pub(super) struct Variable {
    pub(super) name: &'static str,
    wants: Wants,
    /// A path without which nobody reads it.
    pub(super) only_with: Option<&'static str>,
}

enum Wants {
    /// The file with the anchors alone: the program adds it to its own roots.
    Anchors,
    /// The image's roots and the anchors: the program takes it in place of its own roots.
    MergedBundle,
    /// A setting that makes the program read the store besides its own roots.
    Setting(&'static str),
}

impl Variable {
    const fn new(name: &'static str, wants: Wants) -> Self {
        Self { name, wants, only_with: None }
    }

    pub(super) fn value(&self, trust: &TrustFiles) -> Option<OsString> {
        let path = match self.wants {
            Wants::Anchors => trust.anchors.as_ref(),
            Wants::MergedBundle => trust.merged_bundle.as_ref(),
            // Without an anchor in the store there is no reason to read it.
            Wants::Setting(value) => return trust.merged_bundle.as_ref().map(|_| value.into()),
        };
        path.map(|path| path.clone().into_os_string())
    }
}

pub(super) const VARIABLES: &[Variable] = &[
    // gitlab-runner, helpers/tls/consts.go: added to the system's roots.
    Variable::new("CI_SERVER_TLS_CA_FILE", Wants::Anchors),
    // Node's cli.md; npm, Yarn and pnpm run in it. A missing file is warned about, and added
    // otherwise.
    Variable::new("NODE_EXTRA_CA_CERTS", Wants::Anchors),
    // Deno's environment variables; its own roots are Mozilla's.
    Variable::new("DENO_CERT", Wants::Anchors),
    Variable::new("DENO_TLS_CA_STORE", Wants::Setting("system,mozilla")),
    // httpx (_config.py) and uv bring roots of their own, and read this in their place.
    Variable::new("SSL_CERT_FILE", Wants::MergedBundle),
    // requests (sessions.py) and what is built on it bring certifi.
    Variable::new("REQUESTS_CA_BUNDLE", Wants::MergedBundle),
    // pip before 24.2 brings certifi.
    Variable::new("PIP_CERT", Wants::MergedBundle),
    // botocore (httpsession.py) brings roots of its own.
    Variable::new("AWS_CA_BUNDLE", Wants::MergedBundle),
    // httplib2 (certs.py) brings roots of its own.
    Variable::new("HTTPLIB2_CA_CERTS", Wants::MergedBundle),
    // gcloud's property core/custom_ca_certs_file.
    Variable::new("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", Wants::MergedBundle),
    // gRPC's environment_variables.md; its packages for Python and Ruby bring roots of their own.
    Variable::new("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", Wants::MergedBundle),
    // libwww-perl uses Mozilla::CA where that is installed.
    Variable::new("PERL_LWP_SSL_CA_FILE", Wants::MergedBundle),
    // Hex, the package manager of Elixir.
    Variable::new("HEX_CACERTS_PATH", Wants::MergedBundle),
    // nixpkgs' patches to curl, OpenSSL and git.
    Variable { only_with: Some("/nix"), ..Variable::new("NIX_SSL_CERT_FILE", Wants::MergedBundle) },
];
