//! Distributions whose tool puts files together as they are.

#![forbid(unsafe_code)]

use super::bundle_only::BUNDLE_ONLY;
use crate::platform::Alias;
use crate::platform::Bundle;
use crate::platform::BundleEntries;
use crate::platform::Company;
use crate::platform::DirectoryEntries;
use crate::platform::Evidence::File;
use crate::platform::Evidence::Id;
use crate::platform::HashDirectory;
use crate::platform::HashLinks;
use crate::platform::HookInput;
use crate::platform::Hooks;
use crate::platform::JavaKeystores;
use crate::platform::Platform;
use crate::platform::Separator;

/// alpinelinux/ca-certificates, update-ca.c and c_rehash.c; wolfi-dev/os, ca-certificates.yaml. Only
/// the full package has hash links, made by the hook `certhash`; the base images have the bundle
/// alone, under several names of which all but one are links.
pub(super) const ALPINE: Platform = Platform {
    name: "alpine",
    evidence: &[Id("alpine"), Id("wolfi"), Id("chainguard"), File("/etc/alpine-release")],
    anchors_directory: "/usr/local/share/ca-certificates",
    suffix: ".crt",
    takes_any_name: true,
    is_recursive: false,
    collection: None,
    bundles: &[Bundle {
        paths: &["/etc/ssl/certs/ca-certificates.crt"],
        entries: BundleEntries::Files(Separator::LineFeed),
    }],
    hash_directories: &[HashDirectory {
        path: "/etc/ssl/certs",
        entries: DirectoryEntries::Links { prefix: "ca-cert-", hash_links: HashLinks::WhereUsed },
    }],
    // The package java-cacerts, whose trigger writes it anew by p11-kit.
    java_keystores: JavaKeystores {
        paths: &["/etc/ssl/certs/java/cacerts"],
        alias: Alias::Name { prefix: "", suffix: "" },
    },
    java_runtimes: JAVA_RUNTIMES,
    signature_databases: &[],
    hooks: Some(Hooks {
        directories: &["/etc/ca-certificates/update.d"],
        suffix: "",
        working_directory: "/etc/ssl/certs",
        input: HookInput::Nothing,
        environment: &[],
        redundant: &["certhash"],
    }),
    immutable: &[],
    named_bundle: None,
    ..BUNDLE_ONLY
};

/// Debian's ca-certificates, sbin/update-ca-certificates; used by Ubuntu, Void and Gentoo too.
pub(super) const DEBIAN: Platform = Platform {
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
    collection: None,
    bundles: &[Bundle {
        paths: &["/etc/ssl/certs/ca-certificates.crt"],
        entries: BundleEntries::Files(Separator::MissingLineFeed),
    }],
    hash_directories: &[HashDirectory {
        path: "/etc/ssl/certs",
        entries: DirectoryEntries::Links { prefix: "", hash_links: HashLinks::Always },
    }],
    // The package ca-certificates-java, whose hook jks-keystore names entries by links.
    java_keystores: JavaKeystores {
        paths: &["/etc/ssl/certs/java/cacerts"],
        alias: Alias::Name { prefix: "debian:", suffix: ".pem" },
    },
    java_runtimes: JAVA_RUNTIMES,
    signature_databases: &[],
    hooks: Some(Hooks {
        directories: &["/etc/ca-certificates/update.d"],
        suffix: "",
        working_directory: "/etc/ssl/certs",
        input: HookInput::ChangedLinks,
        environment: &[],
        redundant: &["jks-keystore"],
    }),
    immutable: &[],
    named_bundle: None,
    ..BUNDLE_ONLY
};

/// vmware/photon, ca-certificates.spec and rehash_ca_certificates.sh: the bundle is made of the
/// files in the hash directory, links among them. There is no anchors directory; this is everybody's.
pub(super) const PHOTON: Platform = Platform {
    name: "photon",
    evidence: &[Id("photon")],
    bundles: &[Bundle {
        paths: &["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"],
        entries: BundleEntries::Files(Separator::MissingLineFeed),
    }],
    hash_directories: &[HashDirectory {
        path: "/etc/ssl/certs",
        entries: DirectoryEntries::Links { prefix: "", hash_links: HashLinks::WhereUsed },
    }],
    ..BUNDLE_ONLY
};

/// Neither distribution's packages have a directory for libraries of 64 bits, nor has a runtime's
/// vendor a package for them that knows `/usr/java`.
const JAVA_RUNTIMES: &[(&str, Company)] =
    &[("/usr/lib/jvm", Company::None), ("/opt", Company::Others), ("/usr/local", Company::Others)];
