//! Distributions with a store that nobody else has, and images without a tool.

use super::BUNDLE;
use super::CERTS;
use super::public_bundle;
use super::public_roots;
use crate::util::Root;

/// vmware/photon, `ca-certificates.spec` and `rehash_ca_certificates.sh`: files and hash links in one
/// directory, and `cat *.pem` of it.
pub(crate) fn photon() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "ID=photon\nVERSION_ID=5.0\n");
    for (name, pem, hash) in public_roots() {
        root.write(&format!("{CERTS}/{name}.pem"), pem)
            .link(&format!("{CERTS}/{hash}.0"), &format!("{name}.pem"));
    }
    root.write("/etc/pki/tls/certs/ca-bundle.crt", public_bundle());
    root
}

/// The packages' `ca-certificates-pki` alone.
pub(crate) fn photon_base() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "ID=photon\nVERSION_ID=5.0\n")
        .write("/etc/pki/tls/certs/ca-bundle.crt", public_bundle());
    root
}

/// NixOS/nixpkgs, `nixos/modules/security/ca.nix`: each name is a link to a link into the store.
pub(crate) fn nixos() -> Root {
    let root = Root::new();
    let bundle = with_nix_store(&root);
    let etc = "/nix/store/y1izg7qzsq5mzkd3svgj2xpsl4cdw0bw-etc/etc";
    root.link("/etc/static", etc);
    for path in
        ["ssl/certs/ca-certificates.crt", "ssl/certs/ca-bundle.crt", "pki/tls/certs/ca-bundle.crt"]
    {
        root.link(&format!("{etc}/{path}"), &bundle)
            .link(&format!("/etc/{path}"), &format!("/etc/static/{path}"));
    }
    root.write(&format!("{etc}/os-release"), "ID=nixos\nID_LIKE=\"\"\n")
        .link("/etc/os-release", "/etc/static/os-release");
    root
}

/// NixOS/nix, `docker.nix`: one link, through a profile, and no text that tells its name.
pub(crate) fn nixos_image() -> Root {
    let root = Root::new();
    let bundle = with_nix_store(&root);
    let user = "/nix/store/8m2rxmvwmp3gv8cfl1wmrn5cnbjzg8fv-user-environment";
    root.link(&format!("{user}/etc/ssl/certs/ca-bundle.crt"), &bundle)
        .link("/nix/var/nix/profiles/default-1-link", user)
        .link("/nix/var/nix/profiles/default", "default-1-link")
        .link(
            "/etc/ssl/certs/ca-bundle.crt",
            "/nix/var/nix/profiles/default/etc/ssl/certs/ca-bundle.crt",
        );
    root
}

fn with_nix_store(root: &Root) -> String {
    let package = "/nix/store/1v5dhqyxhczpmpm1sqjm6kjzm6g4kzxn-nss-cacert-3.115";
    let bundle = format!("{package}/etc/ssl/certs/ca-bundle.crt");
    root.write(&bundle, public_bundle()).mode(&bundle, 0o444);
    for directory in ["/etc/ssl/certs", "/etc/ssl", "/etc", ""] {
        root.mode(&format!("{package}{directory}"), 0o555);
    }
    bundle
}

/// wolfi-dev/os, `ca-certificates.yaml`: the package `ca-certificates-bundle`, whose bundle has an
/// empty line after each certificate.
pub(crate) fn wolfi() -> Root {
    let root = Root::new();
    let bundle: String = public_roots().iter().map(|(_, pem, _)| format!("{pem}\n")).collect();
    root.write("/etc/os-release", "ID=wolfi\n")
        .write(BUNDLE, bundle)
        .link("/etc/ssl/cert.pem", "certs/ca-certificates.crt")
        .link("/etc/ssl/certs/ca-bundle.crt", "ca-certificates.crt")
        .link("/etc/pki/tls/certs/ca-bundle.crt", "../../../ssl/certs/ca-certificates.crt");
    root
}

/// void-linux/void-packages, `srcpkgs/ca-certificates/template`: Debian's tool, and a link that
/// nobody else has.
pub(crate) fn void() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "NAME=\"Void\"\nID=\"void\"\n")
        .link("/etc/ssl/certs.pem", "/etc/ssl/certs/ca-certificates.crt");
    super::with_package(root, "", "mozilla/")
}

/// gentoo/gentoo, `app-misc/ca-certificates`, made with `--sysroot`: links are relative, and nobody
/// makes the anchors directory.
pub(crate) fn gentoo() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "ID='gentoo'\n").write("/etc/gentoo-release", "Gentoo\n");
    let mut list = String::new();
    for (name, pem, hash) in public_roots() {
        let file = format!("usr/share/ca-certificates/mozilla/{name}.crt");
        root.write(&file, pem)
            .link(&format!("{CERTS}/{name}.pem"), &format!("../../../{file}"))
            .link(&format!("{CERTS}/{hash}.0"), &format!("{name}.pem"));
        list += &format!("mozilla/{name}.crt\n");
    }
    root.write("/etc/ca-certificates.conf", list)
        .write(BUNDLE, public_bundle())
        .directory("/etc/ca-certificates/update.d");
    root
}

/// openwrt/openwrt, `package/system/ca-certificates/Makefile`: the package `ca-bundle`.
pub(crate) fn openwrt_bundle() -> Root {
    let root = openwrt();
    root.write(BUNDLE, public_bundle()).link("/etc/ssl/cert.pem", BUNDLE);
    root
}

/// The package `ca-certificates`: files with hash links, and no bundle.
pub(crate) fn openwrt_directory() -> Root {
    let root = openwrt();
    for (name, pem, hash) in public_roots() {
        root.write(&format!("{CERTS}/{name}.crt"), pem)
            .link(&format!("{CERTS}/{hash}.0"), &format!("{name}.crt"));
    }
    root
}

fn openwrt() -> Root {
    let root = Root::new();
    root.write("/usr/lib/os-release", "ID=\"openwrt\"\nID_LIKE=\"lede openwrt\"\n")
        .link("/etc/os-release", "../usr/lib/os-release");
    root
}

/// bottlerocket-os/bottlerocket, `packages/ca-certificates/ca-certificates.spec`: one bundle, which
/// tmpfiles.d copies from the factory's.
pub(crate) fn bottlerocket() -> Root {
    let root = Root::new();
    let bundle = "/etc/pki/tls/certs/ca-bundle.crt";
    root.write("/etc/os-release", "ID=bottlerocket\n")
        .write(bundle, public_bundle())
        .write(&format!("/usr/share/factory{bundle}"), public_bundle());
    root
}

/// flatcar/scripts, `app-misc/ca-certificates` and its tmpfiles.d: a link for each file of a directory
/// in `/usr`, which is read-only.
pub(crate) fn flatcar() -> Root {
    let root = Root::new();
    let directory = "usr/share/ca-certificates";
    root.write("/usr/lib/os-release", "ID=flatcar\nID_LIKE=coreos\n")
        .link("/etc/os-release", "../usr/lib/os-release")
        .write(&format!("{directory}/ca-certificates.crt"), public_bundle());
    for (name, pem, hash) in public_roots() {
        root.write(&format!("{directory}/{name}.pem"), pem)
            .link(&format!("{directory}/{hash}.0"), &format!("{name}.pem"));
    }
    for name in root.names(directory) {
        root.link(&format!("{CERTS}/{name}"), &format!("../../../{directory}/{name}"));
    }
    root
}

/// Docker's official image: no certificates, and nothing that tells its name.
pub(crate) fn busybox() -> Root {
    let root = Root::new();
    root.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n").directory("/bin");
    root
}
