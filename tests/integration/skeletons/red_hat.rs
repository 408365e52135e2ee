//! RHEL's family. Sources: `ca-certificates.spec` and `update-ca-trust` of each release (Fedora's
//! dist-git, openela-main/ca-certificates branches el8 and el9, CentOS 7's git).

use super::extracted;
use super::extracted::CODE_SIGNING;
use super::extracted::EMAIL_PROTECTION;
use super::extracted::Member;
use super::extracted::public;
use super::extracted::with_usage;
use crate::util::Root;
use crate::x509::SERVER_AUTH;

const TRUST: &str = "/etc/pki/ca-trust";
const EXTRACTED: &str = "/etc/pki/ca-trust/extracted";
const TLS: &str = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";
const HASHED: &str = "/etc/pki/ca-trust/extracted/pem/directory-hash";
const CERTS: &str = "/etc/pki/tls/certs";

/// RHEL 9: `/etc/ssl/certs` is an absolute link, and `/etc/ssl/cert.pem` is there.
pub(crate) fn rhel(members: &[Member]) -> Root {
    let root = store("ID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.6\"\n", "blocklist", members);
    database(&root, members);
    root.link("/etc/ssl/certs", CERTS)
        .link("/etc/ssl/cert.pem", TLS)
        .link("/etc/pki/tls/cert.pem", TLS);
    trusted_bundle(&root, members);
    root
}

/// RHEL 7: no database for EDK2, the other name of the blocklist, and a relative link.
pub(crate) fn rhel_7(members: &[Member]) -> Root {
    let root = store("ID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"7.9\"\n", "blacklist", members);
    root.link("/etc/ssl/certs", "../pki/tls/certs").link("/etc/pki/tls/cert.pem", TLS);
    trusted_bundle(&root, members);
    root
}

/// Fedora 43 (2025.2.80_v9.0.304-1.1): hash links in `/etc/pki/tls/certs` too, absolute and straight
/// to the files.
pub(crate) fn fedora(members: &[Member]) -> Root {
    let root = fedora_42(members);
    trusted_bundle(&root, members);
    root
}

/// Fedora 41 and 42 (2024.2.69_v8.0.303-5): the same without OpenSSL's trusted bundle.
pub(crate) fn fedora_42(members: &[Member]) -> Root {
    let root = store("ID=fedora\n", "blocklist", members);
    database(&root, members);
    for (link, file) in hash_directory(&root, members) {
        root.link(&format!("{CERTS}/{link}"), &format!("{HASHED}/{file}"));
    }
    root.link("/etc/ssl/certs", CERTS)
        .link("/etc/ssl/cert.pem", TLS)
        .link("/etc/pki/tls/cert.pem", TLS)
        .link(&format!("{CERTS}/ca-certificates.crt"), TLS);
    root
}

/// Fedora 34 to 40: `/etc/ssl/certs` is the extracted hash directory, in which two links lead to the
/// bundle.
pub(crate) fn fedora_40(members: &[Member]) -> Root {
    let root = store("ID=fedora\nVERSION_ID=40\n", "blocklist", members);
    database(&root, members);
    trusted_bundle(&root, members);
    hash_directory(&root, members);
    root.link(&format!("{HASHED}/ca-certificates.crt"), "../tls-ca-bundle.pem")
        .link(&format!("{HASHED}/ca-bundle.crt"), "../tls-ca-bundle.pem")
        .link("/etc/ssl/certs", HASHED)
        .link("/etc/ssl/cert.pem", TLS)
        .link("/etc/pki/tls/cert.pem", TLS);
    root
}

/// UBI's smallest image has no package of certificates at all (flightctl/flightctl#127).
pub(crate) fn ubi_micro() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "ID=\"rhel\"\nID_LIKE=\"fedora\"\n")
        .write("/etc/redhat-release", "Red Hat Enterprise Linux release 9.6 (Plow)\n");
    root
}

/// What all releases have.
fn store(os_release: &str, blocklist: &str, members: &[Member]) -> Root {
    let root = Root::new();
    root.write("/etc/os-release", os_release)
        .write(
            "/usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit",
            extracted::source(&public()),
        )
        .write("/usr/share/pki/ca-trust-source/README", "See update-ca-trust(8).\n")
        .write("/usr/share/pki/ca-trust-legacy/ca-bundle.legacy.default.crt", "")
        .link(
            &format!("{TRUST}/source/ca-bundle.legacy.crt"),
            "/usr/share/pki/ca-trust-legacy/ca-bundle.legacy.default.crt",
        )
        .write(&format!("{TRUST}/source/README"), "See update-ca-trust(8).\n")
        .directory(&format!("{TRUST}/source/anchors"))
        .directory(&format!("{TRUST}/source/{blocklist}"))
        .write(&format!("{EXTRACTED}/README"), "See update-ca-trust(8).\n");
    let bundle = |usage| extracted::labelled_bundle(&with_usage(members, usage));
    extract(&root, "pem/tls-ca-bundle.pem", bundle(SERVER_AUTH));
    extract(&root, "pem/email-ca-bundle.pem", bundle(EMAIL_PROTECTION));
    extract(&root, "pem/objsign-ca-bundle.pem", bundle(CODE_SIGNING));
    extract(&root, "java/cacerts", extracted::keystore(members));
    root.link(&format!("{CERTS}/ca-bundle.crt"), TLS)
        .link("/etc/pki/java/cacerts", &format!("{EXTRACTED}/java/cacerts"));
    root
}

fn trusted_bundle(root: &Root, members: &[Member]) {
    extract(root, "openssl/ca-bundle.trust.crt", extracted::trusted_bundle(members));
    let file = format!("{EXTRACTED}/openssl/ca-bundle.trust.crt");
    root.link(&format!("{CERTS}/ca-bundle.trust.crt"), &file);
}

fn database(root: &Root, members: &[Member]) {
    extract(root, "edk2/cacerts.bin", extracted::database(members));
}

fn hash_directory(root: &Root, members: &[Member]) -> Vec<(String, String)> {
    extracted::directory(root, HASHED, members)
}

/// Nobody writes to them but the tool.
fn extract(root: &Root, path: &str, content: impl AsRef<[u8]>) {
    let path = format!("{EXTRACTED}/{path}");
    root.write(&path, content).mode(&path, 0o444);
}
