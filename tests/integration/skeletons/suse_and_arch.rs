//! openSUSE's family and Arch's, whose tools are p11-kit's too.

use super::extracted;
use super::extracted::CODE_SIGNING;
use super::extracted::EMAIL_PROTECTION;
use super::extracted::Member;
use super::extracted::public;
use super::extracted::with_usage;
use crate::util::Root;
use crate::x509::SERVER_AUTH;

const STATE: &str = "/var/lib/ca-certificates";
const FACTORY: &str = "/usr/share/factory/var/lib/ca-certificates";

/// openSUSE/ca-certificates, `update-ca-certificates` with its hooks `50java.run`, `70openssl.run`,
/// `80etc_ssl.run` and `99certbundle.run`, and `p11-kit.spec` for the directories.
pub(crate) fn suse(members: &[Member]) -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n")
        .write(
            "/usr/share/pki/trust/ca-certificates-mozilla.trust.p11-kit",
            extracted::source(&public()),
        )
        .directory("/usr/share/pki/trust/anchors")
        .directory("/etc/pki/trust/anchors")
        .directory("/etc/pki/trust/blocklist")
        .directory("/etc/ca-certificates/update.d");
    for hook in ["50java", "70openssl", "80etc_ssl", "99certbundle"] {
        let path = format!("/usr/lib/ca-certificates/update.d/{hook}.run");
        root.write(&path, "#!/bin/sh -e\n").mode(&path, 0o755);
    }
    make_state(&root, STATE, members);
    root.link("/etc/ssl/certs", "../../var/lib/ca-certificates/pem")
        .link("/etc/ssl/ca-bundle.pem", "../../var/lib/ca-certificates/ca-bundle.pem");
    root
}

/// bci-micro: `ca-certificates-mozilla-prebuilt.spec`, whose `%post` is `cp -as` of the factory's
/// files where there is no systemd. No tool, and no directory for anchors.
pub(crate) fn suse_factory() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "ID=\"sles\"\nID_LIKE=\"suse\"\n");
    make_state(&root, FACTORY, &public());
    for directory in ["", "/openssl", "/pem"] {
        for name in root.names(&format!("{FACTORY}{directory}")) {
            let file = format!("{FACTORY}{directory}/{name}");
            if !root.at(&file).is_dir() {
                root.link(&format!("{STATE}{directory}/{name}"), &file);
            }
        }
        root.mode(&format!("{STATE}{directory}"), 0o555);
    }
    root.link("/etc/ssl/certs", "/var/lib/ca-certificates/pem")
        .link("/etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem");
    root
}

fn make_state(root: &Root, directory: &str, members: &[Member]) {
    let bundle = [BUNDLE_HEAD, &extracted::bundle(members)].concat();
    for (name, content) in
        [("ca-bundle.pem", bundle.as_bytes()), ("java-cacerts", &extracted::keystore(members))]
    {
        let path = format!("{directory}/{name}");
        root.write(&path, content).mode(&path, 0o444);
    }
    extracted::directory(root, &format!("{directory}/pem"), members);
    extracted::trusted_directory(root, &format!("{directory}/openssl"), members);
    root.mode(directory, 0o555);
}

/// archlinux ca-certificates-utils, `update-ca-trust` since 2023 and its PKGBUILD.
pub(crate) fn arch(members: &[Member]) -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "ID=arch\n")
        .write("/etc/arch-release", "")
        .write(
            "/usr/share/ca-certificates/trust-source/mozilla.trust.p11-kit",
            extracted::source(&public()),
        )
        .directory("/usr/share/ca-certificates/trust-source/anchors")
        .directory("/etc/ca-certificates/trust-source/anchors")
        .directory("/etc/ca-certificates/trust-source/blocklist")
        .write("/etc/ssl/certs/java/README", "");
    let extract = |name: &str, content: &[u8]| {
        let path = format!("/etc/ca-certificates/extracted/{name}");
        root.write(&path, content).mode(&path, 0o444);
    };
    let bundle = |usage| extracted::labelled_bundle(&with_usage(members, usage)).into_bytes();
    extract("tls-ca-bundle.pem", &bundle(SERVER_AUTH));
    extract("email-ca-bundle.pem", &bundle(EMAIL_PROTECTION));
    extract("objsign-ca-bundle.pem", &bundle(CODE_SIGNING));
    extract("ca-bundle.trust.crt", extracted::trusted_bundle(members).as_bytes());
    extract("edk2-cacerts.bin", &extracted::database(members));
    extract("java-cacerts.jks", &extracted::keystore(members));
    // `ln -fsr`: a hash link leads to the file, and not to the link that it is made of.
    let to = |file: &str| format!("../../ca-certificates/extracted/cadir/{file}");
    let path = "/etc/ca-certificates/extracted/cadir";
    for (link, file) in extracted::directory(&root, path, members) {
        root.link(&format!("/etc/ssl/certs/{link}"), &to(&file));
        if root.at(&format!("/etc/ssl/certs/{file}")).symlink_metadata().is_err() {
            root.link(&format!("/etc/ssl/certs/{file}"), &to(&file));
        }
    }
    let tls = "../../ca-certificates/extracted/tls-ca-bundle.pem";
    root.link("/etc/ssl/cert.pem", "../ca-certificates/extracted/tls-ca-bundle.pem")
        .link("/etc/ssl/certs/ca-certificates.crt", tls)
        .link("/etc/ssl/certs/ca-bundle.crt", tls)
        .link("/etc/ssl/certs/java/cacerts", "../../../ca-certificates/extracted/java-cacerts.jks");
    root
}

/// What `99certbundle.run` writes before the certificates.
const BUNDLE_HEAD: &str = "\
#
# automatically created by /usr/lib/ca-certificates/update.d/99certbundle.run. Do not edit!
#
# Use of this file is deprecated and should only be used as last
# resort by applications that do not support p11-kit or reading /etc/ssl/certs.
# You should avoid hardcoding any paths in applications anyways though. Use
# functions that know the operating system defaults instead:
#
# - openssl: SSL_CTX_set_default_verify_paths()
# - gnutls: gnutls_certificate_set_x509_system_trust(cred)
#
";
