//! The table of platforms. A row is data; its comment names where the facts come from.

#![forbid(unsafe_code)]

use super::Evidence::File;
use super::Evidence::Id;
use super::HashDirectory;
use super::HashLinks;
use super::HookInput;
use super::Hooks;
use super::JavaKeystores;
use super::PemBundle;
use super::Platform;
use super::Separator;

/// In order of precedence: the first row that matches is taken.
pub(super) static PLATFORMS: &[Platform] = &[
    // alpinelinux/ca-certificates, update-ca.c and c_rehash.c. Only the full package has hash
    // links, made by the hook `certhash`; the base image has the bundle alone.
    Platform {
        name: "alpine",
        evidence: &[Id("alpine"), Id("wolfi"), Id("chainguard"), File("/etc/alpine-release")],
        anchors_directory: "/usr/local/share/ca-certificates",
        suffix: ".crt",
        takes_any_name: true,
        is_recursive: false,
        bundle: PemBundle {
            paths: &["/etc/ssl/certs/ca-certificates.crt"],
            separator: Separator::LineFeed,
        },
        hash_directory: Some(HashDirectory {
            path: "/etc/ssl/certs",
            prefix: "ca-cert-",
            hash_links: HashLinks::WhereUsed,
        }),
        // The package java-cacerts, whose trigger writes it anew by p11-kit.
        java_keystores: JavaKeystores {
            paths: &["/etc/ssl/certs/java/cacerts"],
            alias_prefix: "",
            alias_suffix: "",
        },
        hooks: Some(Hooks {
            directory: "/etc/ca-certificates/update.d",
            input: HookInput::Nothing,
            redundant: &["certhash"],
        }),
    },
    // Debian's ca-certificates, sbin/update-ca-certificates; used by Ubuntu, Void and Gentoo too.
    Platform {
        name: "debian",
        evidence: &[
            Id("debian"),
            Id("ubuntu"),
            Id("void"),
            Id("gentoo"),
            File("/etc/debian_version"),
            File("/etc/gentoo-release"),
        ],
        anchors_directory: "/usr/local/share/ca-certificates",
        suffix: ".crt",
        takes_any_name: false,
        is_recursive: true,
        bundle: PemBundle {
            paths: &["/etc/ssl/certs/ca-certificates.crt"],
            separator: Separator::MissingLineFeed,
        },
        hash_directory: Some(HashDirectory {
            path: "/etc/ssl/certs",
            prefix: "",
            hash_links: HashLinks::Always,
        }),
        // The package ca-certificates-java, whose hook jks-keystore names entries by links.
        java_keystores: JavaKeystores {
            paths: &["/etc/ssl/certs/java/cacerts"],
            alias_prefix: "debian:",
            alias_suffix: ".pem",
        },
        hooks: Some(Hooks {
            directory: "/etc/ca-certificates/update.d",
            input: HookInput::ChangedLinks,
            redundant: &["jks-keystore"],
        }),
    },
];

/// Every other image: BusyBox, scratch, and whatever isn't known. The paths are those that programs
/// look at, from Go's crypto/x509/root_linux.go and rustls/openssl-probe.
pub(super) static FALLBACK: Platform = Platform {
    name: "bundle-only",
    evidence: &[],
    anchors_directory: "/usr/local/share/ca-certificates",
    suffix: ".crt",
    takes_any_name: false,
    is_recursive: false,
    bundle: PemBundle {
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
        separator: Separator::MissingLineFeed,
    },
    hash_directory: None,
    java_keystores: JavaKeystores {
        paths: &[
            "/etc/pki/ca-trust/extracted/java/cacerts",
            "/var/lib/ca-certificates/java-cacerts",
            "/etc/ca-certificates/extracted/java-cacerts.jks",
            "/etc/ssl/certs/java/cacerts",
        ],
        alias_prefix: "",
        alias_suffix: "",
    },
    hooks: None,
};
