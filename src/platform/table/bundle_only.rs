//! Images without a tool.

#![forbid(unsafe_code)]

use crate::platform::Alias;
use crate::platform::Bundle;
use crate::platform::BundleEntries;
use crate::platform::Company;
use crate::platform::DirectoryEntries;
use crate::platform::Evidence::File;
use crate::platform::Evidence::Id;
use crate::platform::HashDirectory;
use crate::platform::HashLinks;
use crate::platform::JavaKeystores;
use crate::platform::Platform;
use crate::platform::Separator;

/// The paths are those that programs look at, from Go's crypto/x509/root_linux.go and
/// rustls/openssl-probe.
pub(super) const BUNDLE_ONLY: Platform = Platform {
    name: "bundle-only",
    evidence: &[],
    anchors_directory: "/usr/local/share/ca-certificates",
    anchors_file: "/usr/local/share/ca-entrypoint-anchors.pem",
    suffix: ".crt",
    takes_any_name: false,
    is_recursive: false,
    collection: None,
    bundles: &[Bundle {
        paths: &[
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem",
            "/etc/pki/tls/cacert.pem",
            "/etc/ssl/cert.pem",
            "/opt/etc/ssl/certs/ca-certificates.crt",
            "/etc/ssl/certs/cacert.pem",
        ],
        entries: BundleEntries::Files(Separator::MissingLineFeed),
    }],
    makes_bundle: true,
    // OpenWrt's ca-certificates and Flatcar's have nothing but this.
    hash_directories: &[HashDirectory {
        path: "/etc/ssl/certs",
        entries: DirectoryEntries::Links { prefix: "", hash_links: HashLinks::AllWhereUsed },
    }],
    java_keystores: JavaKeystores {
        paths: &[
            "/etc/pki/ca-trust/extracted/java/cacerts",
            "/var/lib/ca-certificates/java-cacerts",
            "/etc/ca-certificates/extracted/java-cacerts.jks",
            "/etc/ssl/certs/java/cacerts",
        ],
        alias: Alias::Name { prefix: "", suffix: "" },
    },
    java_runtimes: &[
        ("/usr/lib/jvm", Company::None),
        ("/usr/lib64/jvm", Company::None),
        ("/usr/java", Company::None),
        ("/opt", Company::Others),
        ("/usr/local", Company::Others),
    ],
    system_stores: None,
    signature_databases: &[],
    hooks: None,
    // Flatcar has its bundle there, and links to it: its tool replaces the link.
    immutable: &["/usr/share/ca-certificates"],
    named_bundle: None,
};

/// nixpkgs, nixos/modules/security/ca.nix: links into the store. There is no tool.
pub(super) const NIXOS: Platform = Platform {
    name: "nixos",
    evidence: &[Id("nixos"), File("/nix/store")],
    bundles: &[Bundle {
        paths: &[
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/ssl/certs/ca-bundle.crt",
            "/etc/pki/tls/certs/ca-bundle.crt",
        ],
        entries: BundleEntries::Files(Separator::MissingLineFeed),
    }],
    immutable: &["/nix/store"],
    // nixos/nix's docker.nix names it, through a profile.
    named_bundle: Some("etc/ssl/certs/ca-bundle.crt"),
    ..BUNDLE_ONLY
};
