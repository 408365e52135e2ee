//! The table of variables, and what each program makes of them.
//!
//! docs/variables.md has the same for users.

#![forbid(unsafe_code)]

use std::path::Path;
use std::path::PathBuf;

use crate::plan::TrustFiles;

/// A row of the table.
pub(super) struct Variable {
    pub(super) name: &'static str,
    wants: Wants,
    /// Only where the system's store is without the anchors: the program reads that.
    only_in_private: bool,
    /// Not where the operating system's own store has the anchors: programs that read that would
    /// read it no more.
    replaces_system_stores: bool,
    /// Only where the image sets it already.
    pub(super) only_over_default: bool,
    /// A path without which nobody reads it.
    pub(super) only_with: Option<&'static str>,
    /// What the program reads when this one isn't set. Somebody's value there is for this program
    /// too, and would be overridden.
    pub(super) yields_to: &'static [&'static str],
}

enum Wants {
    /// The file with the anchors alone: the program adds it to its own roots.
    Anchors,
    /// The image's roots and the anchors: the program takes it in place of its own roots.
    MergedBundle,
    /// The CA of the GitLab server, or else the anchors.
    ServerCa,
    /// A setting that makes the program read the store besides its own roots.
    Setting(&'static str),
}

impl Variable {
    const fn new(name: &'static str, wants: Wants) -> Self {
        Self {
            name,
            wants,
            only_in_private: false,
            replaces_system_stores: false,
            only_over_default: false,
            only_with: None,
            yields_to: &[],
        }
    }

    const fn only_in_private(self) -> Self {
        Self { only_in_private: true, ..self }
    }

    const fn replaces_system_stores(self) -> Self {
        Self { replaces_system_stores: true, ..self }
    }

    const fn only_over_default(self) -> Self {
        Self { only_over_default: true, ..self }
    }

    const fn only_with(self, path: &'static str) -> Self {
        Self { only_with: Some(path), ..self }
    }

    const fn yields_to(self, yields_to: &'static [&'static str]) -> Self {
        Self { yields_to, ..self }
    }

    /// Its value; `None` when there is no such file, or when the system's store will do.
    pub(super) fn value(&self, trust: &TrustFiles) -> Option<PathBuf> {
        let is_read = self.replaces_system_stores && trust.system_stores.is_some();
        if (self.only_in_private || is_read) && !trust.is_private {
            return None;
        }
        match self.wants {
            Wants::Anchors => trust.anchors.clone(),
            Wants::MergedBundle => trust.merged_bundle.clone(),
            Wants::ServerCa => trust.server_ca.clone().or_else(|| trust.anchors.clone()),
            // Without an anchor in the store there is no reason to read it.
            Wants::Setting(value) => trust.merged_bundle.as_ref().map(|_| Path::new(value).into()),
        }
    }
}

pub(super) const VARIABLES: &[Variable] = &[
    // gitlab-runner, helpers/tls/consts.go: added to the system's roots.
    Variable::new(CI_SERVER_TLS_CA_FILE, Wants::ServerCa),
    // Node's cli.md; npm, Yarn, pnpm and Electron run in it, Bun and newer Denos read it too. A
    // missing file is warned about, and added otherwise.
    Variable::new("NODE_EXTRA_CA_CERTS", Wants::Anchors),
    // Deno's environment variables; its own roots are Mozilla's.
    Variable::new("DENO_CERT", Wants::Anchors),
    Variable::new("DENO_TLS_CA_STORE", Wants::Setting("system,mozilla")),
    // httpx (_config.py) and uv bring roots of their own, and read this in their place. So do all
    // that use OpenSSL's default paths, Go (root_unix.go) and rustls-native-certs: on Windows, Go
    // since 1.27 and rustls-native-certs leave the system's store for it.
    Variable::new("SSL_CERT_FILE", Wants::MergedBundle)
        .replaces_system_stores()
        .yields_to(&["SSL_CERT_DIR"]),
    // curl(1) has it before SSL_CERT_FILE; libcurl doesn't read it.
    Variable::new("CURL_CA_BUNDLE", Wants::MergedBundle)
        .only_in_private()
        .yields_to(&["SSL_CERT_FILE", "SSL_CERT_DIR"]),
    // requests (sessions.py) and what is built on it bring certifi.
    Variable::new("REQUESTS_CA_BUNDLE", Wants::MergedBundle).yields_to(&["CURL_CA_BUNDLE"]),
    // pip before 24.2 brings certifi, and its requests would read the other two.
    Variable::new("PIP_CERT", Wants::MergedBundle)
        .yields_to(&["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]),
    // botocore (httpsession.py, configprovider.py) brings roots of its own.
    Variable::new("AWS_CA_BUNDLE", Wants::MergedBundle).yields_to(&["REQUESTS_CA_BUNDLE"]),
    // httplib2 (certs.py) brings roots of its own.
    Variable::new("HTTPLIB2_CA_CERTS", Wants::MergedBundle),
    // gcloud's property core/custom_ca_certs_file.
    Variable::new("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", Wants::MergedBundle),
    // gRPC's environment_variables.md; its packages for Python and Ruby bring roots of their own.
    Variable::new("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", Wants::MergedBundle),
    // libwww-perl (LWP::UserAgent) uses Mozilla::CA where that is installed.
    Variable::new("PERL_LWP_SSL_CA_FILE", Wants::MergedBundle).yields_to(&[
        "PERL_LWP_SSL_CA_PATH",
        "HTTPS_CA_FILE",
        "HTTPS_CA_DIR",
    ]),
    // Hex, the package manager of Elixir.
    Variable::new("HEX_CACERTS_PATH", Wants::MergedBundle),
    // cargo's configuration, http.cainfo; its libcurl finds the system's store by openssl-probe.
    Variable::new("CARGO_HTTP_CAINFO", Wants::MergedBundle)
        .only_in_private()
        .yields_to(&["SSL_CERT_FILE", "SSL_CERT_DIR"]),
    // Bundler's settings, ssl_ca_cert; RubyGems reads OpenSSL's.
    Variable::new("BUNDLE_SSL_CA_CERT", Wants::MergedBundle)
        .only_in_private()
        .yields_to(&["SSL_CERT_FILE", "SSL_CERT_DIR"]),
    // Composer's configuration, cafile; composer/ca-bundle looks at SSL_CERT_FILE first otherwise.
    Variable::new("COMPOSER_CAFILE", Wants::MergedBundle)
        .only_in_private()
        .yields_to(&["SSL_CERT_FILE", "SSL_CERT_DIR"]),
    // git-config(1), http.sslCAInfo. It would keep a chain that is given for one URL from git, and
    // does so where an image sets it.
    Variable::new("GIT_SSL_CAINFO", Wants::MergedBundle).only_over_default(),
    // nixpkgs' patches to curl, OpenSSL and git.
    Variable::new("NIX_SSL_CERT_FILE", Wants::MergedBundle)
        .only_with("/nix")
        .yields_to(&["SSL_CERT_FILE", "SSL_CERT_DIR"]),
];

/// GitLab Runner sets it to a file that it writes later on, and `gitlab-runner register` would keep
/// it in its configuration.
pub(crate) const CI_SERVER_TLS_CA_FILE: &str = "CI_SERVER_TLS_CA_FILE";
