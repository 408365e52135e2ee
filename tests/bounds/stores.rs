//! Stores that hold more than any store does.

use std::fs;
use std::path::Path;

use crate::Case;
use crate::Input;
use crate::anchors::INSTALL;
use crate::anchors::distinct;
use crate::x509::Certificate;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "Debian: a large bundle, installed",
        unit: "certificates",
        size: 50_000,
        input: Input::Root(|root, size| with_bundle(debian, DEBIAN, root, size)),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "Debian: a large bundle, removed",
        unit: "certificates",
        size: 50_000,
        input: Input::Root(|root, size| with_bundle(debian, DEBIAN, root, size)),
        before: &[INSTALL],
        arguments: &["-q", "--remove"],
    },
    Case {
        name: "RHEL: a large bundle, installed",
        unit: "certificates",
        size: 50_000,
        input: Input::Root(|root, size| with_bundle(rhel, RHEL, root, size)),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "RHEL: a large bundle, the tool ran since",
        unit: "certificates",
        size: 50_000,
        input: Input::Root(|root, size| {
            with_bundle(rhel, RHEL, root, size);
            let bundle = fs::read(root.join(RHEL)).unwrap();
            let anchor = Certificate::ca("Worst CA 0").pem();
            write(root, RHEL, &[anchor.as_bytes(), &bundle].concat());
        }),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "RHEL: a bundle of comments, installed",
        unit: "comments",
        size: 1_000_000,
        input: Input::Root(|root, size| {
            with_bundle(rhel, RHEL, root, 10);
            let text = "# A comment\n".repeat(size) + &Certificate::ca("Worst CA 0").pem();
            write(root, RHEL, text.as_bytes());
        }),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "Debian: hash links of one hash, nothing to do",
        unit: "links",
        size: 10_000,
        input: Input::Root(|root, size| {
            with_bundle(debian, DEBIAN, root, 1);
            // That of CN=Worst CA 0 is seen after an installation.
            crate::measure::run(root, INSTALL);
            let certs = root.join("etc/ssl/certs");
            let names = fs::read_dir(&certs).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names = names.map(|name| name.into_string().unwrap());
            let link = names.find(|name| name.ends_with(".0")).unwrap();
            write(root, "etc/ssl/certs/other.pem", Certificate::ca("Other").pem().as_bytes());
            for number in 1..size {
                let link = certs.join(link.replace(".0", &format!(".{number}")));
                std::os::unix::fs::symlink("other.pem", link).unwrap();
            }
        }),
        before: &[],
        arguments: INSTALL,
    },
];

pub(crate) fn debian(root: &Path) {
    write(root, "etc/os-release", b"ID=debian\n");
    write(root, DEBIAN, Certificate::ca("Public Root").pem().as_bytes());
}

pub(crate) fn rhel(root: &Path) {
    write(root, "etc/os-release", b"ID=rhel\n");
    write(root, RHEL, Certificate::ca("Public Root").pem().as_bytes());
    write(root, "etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem", b"");
    fs::create_dir_all(root.join("etc/pki/ca-trust/extracted/pem/directory-hash")).unwrap();
}

/// A file, with the directories above it.
pub(crate) fn write(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn with_bundle(image: fn(&Path), bundle: &str, root: &Path, size: usize) {
    image(root);
    write(root, "ca.crt", distinct(1).as_bytes());
    let public = |number| Certificate::ca(&format!("Public Root {number}")).pem();
    let text: String = (0..size).map(public).collect();
    write(root, bundle, text.as_bytes());
}

const DEBIAN: &str = "etc/ssl/certs/ca-certificates.crt";
const RHEL: &str = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";
