//! Distributions whose tool is p11-kit, which takes certificates one by one.

#![forbid(unsafe_code)]

use super::bundle_only::BUNDLE_ONLY;
use crate::platform::Alias;
use crate::platform::Block;
use crate::platform::Bundle;
use crate::platform::BundleEntries;
use crate::platform::Collection;
use crate::platform::DirectoryEntries;
use crate::platform::Evidence::File;
use crate::platform::Evidence::Id;
use crate::platform::Filter;
use crate::platform::Form;
use crate::platform::HashDirectory;
use crate::platform::HookInput;
use crate::platform::Hooks;
use crate::platform::JavaKeystores;
use crate::platform::Mirror;
use crate::platform::Platform;
use crate::purpose::Purpose;

/// Fedora's and RHEL's ca-certificates, update-ca-trust and ca-certificates.spec, from RHEL 7 to
/// Fedora 43. The others have taken both over, Azure Linux from Fedora 33.
pub(super) const RHEL: Platform = Platform {
    name: "rhel",
    evidence: &[
        Id("fedora"),
        Id("rhel"),
        Id("centos"),
        Id("rocky"),
        Id("almalinux"),
        Id("ol"),
        Id("amzn"),
        Id("azurelinux"),
        Id("mariner"),
        Id("openeuler"),
        Id("openmandriva"),
        File("/etc/redhat-release"),
        File("/etc/pki/ca-trust"),
    ],
    anchors_directory: "/etc/pki/ca-trust/source/anchors",
    suffix: ".crt",
    takes_any_name: true,
    is_recursive: false,
    collection: Some(Collection {
        tool: "update-ca-trust",
        sources: &[
            "/etc/pki/ca-trust/source",
            "/usr/share/pki/ca-trust-source",
            "/usr/share/pki/ca-trust-source/anchors",
        ],
        // The second name is that of p11-kit before 0.24.
        blocklists: &[
            "/etc/pki/ca-trust/source/blocklist",
            "/etc/pki/ca-trust/source/blacklist",
            "/usr/share/pki/ca-trust-source/blocklist",
            "/usr/share/pki/ca-trust-source/blacklist",
        ],
    }),
    bundles: &[
        // Links to the second one, but where an image has a bundle and no store.
        Bundle {
            paths: &[
                "/etc/pki/tls/certs/ca-bundle.crt",
                "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                "/etc/pki/tls/cert.pem",
                "/etc/ssl/certs/ca-certificates.crt",
            ],
            entries: labelled(SERVERS),
        },
        Bundle {
            paths: &["/etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem"],
            entries: labelled(EMAIL),
        },
        Bundle {
            paths: &["/etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem"],
            entries: labelled(CODE_SIGNING),
        },
        Bundle {
            paths: &[
                "/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",
                "/etc/pki/tls/certs/ca-bundle.trust.crt",
            ],
            entries: labelled(ALL_TRUSTED),
        },
    ],
    hash_directories: &[HashDirectory {
        path: "/etc/pki/ca-trust/extracted/pem/directory-hash",
        entries: DirectoryEntries::Files {
            form: SERVERS,
            // Since Fedora 41.
            mirror: Some(Mirror {
                path: "/etc/pki/tls/certs",
                has_files: false,
                target: "/etc/pki/ca-trust/extracted/pem/directory-hash",
            }),
        },
    }],
    java_keystores: JavaKeystores {
        paths: &["/etc/pki/ca-trust/extracted/java/cacerts", "/etc/pki/java/cacerts"],
        alias: Alias::Label,
    },
    signature_databases: &["/etc/pki/ca-trust/extracted/edk2/cacerts.bin"],
    hooks: None,
    immutable: &[],
    named_bundle: None,
    ..BUNDLE_ONLY
};

/// openSUSE/ca-certificates, update-ca-certificates and its hooks.
pub(super) const SUSE: Platform = Platform {
    name: "suse",
    evidence: &[
        Id("suse"),
        Id("opensuse"),
        Id("sles"),
        Id("sled"),
        Id("sles_sap"),
        File("/var/lib/ca-certificates/ca-bundle.pem"),
    ],
    anchors_directory: "/etc/pki/trust/anchors",
    suffix: ".crt",
    takes_any_name: true,
    is_recursive: false,
    collection: Some(Collection {
        tool: "update-ca-certificates",
        sources: &["/etc/pki/trust", "/usr/share/pki/trust", "/usr/share/pki/trust/anchors"],
        blocklists: &[
            "/etc/pki/trust/blocklist",
            "/etc/pki/trust/blacklist",
            "/usr/share/pki/trust/blocklist",
            "/usr/share/pki/trust/blacklist",
        ],
    }),
    bundles: &[Bundle {
        paths: &["/var/lib/ca-certificates/ca-bundle.pem", "/etc/ssl/ca-bundle.pem"],
        entries: BundleEntries::Certificates { form: SERVERS, has_labels: false },
    }],
    hash_directories: &[
        HashDirectory {
            path: "/var/lib/ca-certificates/pem",
            entries: DirectoryEntries::Files { form: SERVERS, mirror: None },
        },
        HashDirectory {
            path: "/var/lib/ca-certificates/openssl",
            entries: DirectoryEntries::Files {
                form: Form { filter: Filter::Authorities, block: Block::Trusted },
                mirror: None,
            },
        },
    ],
    java_keystores: JavaKeystores {
        paths: &["/var/lib/ca-certificates/java-cacerts"],
        alias: Alias::Label,
    },
    signature_databases: &[],
    hooks: Some(Hooks {
        directories: &["/etc/ca-certificates/update.d", "/usr/lib/ca-certificates/update.d"],
        suffix: ".run",
        working_directory: "/",
        input: HookInput::Nothing,
        // What a hook refuses to run without.
        environment: &[("statedir", "/var/lib/ca-certificates"), ("destdir", "/")],
        redundant: &[
            "50java.run",
            "70openssl.run",
            "80etc_ssl.run",
            "99certbundle.run",
            "certbundle.run",
            "etc_ssl.run",
            "java.run",
            "openssl.run",
        ],
    }),
    // ca-certificates-mozilla-prebuilt has its outputs there, and links to them.
    immutable: &["/usr/share/factory"],
    named_bundle: None,
    ..BUNDLE_ONLY
};

/// Arch's ca-certificates-utils, update-ca-trust and its PKGBUILD.
pub(super) const ARCH: Platform = Platform {
    name: "arch",
    evidence: &[
        Id("arch"),
        Id("archarm"),
        Id("manjaro"),
        Id("artix"),
        Id("garuda"),
        Id("blackarch"),
        Id("cachyos"),
        File("/etc/arch-release"),
        File("/etc/ca-certificates/trust-source"),
    ],
    anchors_directory: "/etc/ca-certificates/trust-source/anchors",
    suffix: ".crt",
    takes_any_name: true,
    is_recursive: false,
    collection: Some(Collection {
        tool: "update-ca-trust",
        sources: &[
            "/etc/ca-certificates/trust-source",
            "/usr/share/ca-certificates/trust-source",
            "/usr/share/ca-certificates/trust-source/anchors",
        ],
        blocklists: &[
            "/etc/ca-certificates/trust-source/blocklist",
            "/etc/ca-certificates/trust-source/blacklist",
            "/usr/share/ca-certificates/trust-source/blocklist",
            "/usr/share/ca-certificates/trust-source/blacklist",
        ],
    }),
    bundles: &[
        Bundle {
            paths: &[
                "/etc/ssl/certs/ca-certificates.crt",
                "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
                "/etc/ssl/cert.pem",
            ],
            entries: labelled(SERVERS),
        },
        Bundle {
            paths: &["/etc/ca-certificates/extracted/email-ca-bundle.pem"],
            entries: labelled(EMAIL),
        },
        Bundle {
            paths: &["/etc/ca-certificates/extracted/objsign-ca-bundle.pem"],
            entries: labelled(CODE_SIGNING),
        },
        Bundle {
            paths: &["/etc/ca-certificates/extracted/ca-bundle.trust.crt"],
            entries: labelled(ALL_TRUSTED),
        },
    ],
    hash_directories: &[HashDirectory {
        path: "/etc/ca-certificates/extracted/cadir",
        entries: DirectoryEntries::Files {
            form: SERVERS,
            mirror: Some(Mirror {
                path: "/etc/ssl/certs",
                has_files: true,
                target: "../../ca-certificates/extracted/cadir",
            }),
        },
    }],
    java_keystores: JavaKeystores {
        paths: &["/etc/ca-certificates/extracted/java-cacerts.jks", "/etc/ssl/certs/java/cacerts"],
        alias: Alias::Label,
    },
    signature_databases: &["/etc/ca-certificates/extracted/edk2-cacerts.bin"],
    hooks: None,
    immutable: &[],
    named_bundle: None,
    ..BUNDLE_ONLY
};

const SERVERS: Form = plain(Purpose::ServerAuth);
const EMAIL: Form = plain(Purpose::Email);
const CODE_SIGNING: Form = plain(Purpose::CodeSigning);
const ALL_TRUSTED: Form = Form { filter: Filter::Certificates, block: Block::Trusted };

const fn plain(purpose: Purpose) -> Form {
    Form { filter: Filter::Purpose(purpose), block: Block::Plain }
}

const fn labelled(form: Form) -> BundleEntries {
    BundleEntries::Certificates { form, has_labels: true }
}
