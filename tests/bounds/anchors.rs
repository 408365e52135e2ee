//! Many anchors, of a CA file's and of somebody else's.

use std::path::Path;

use crate::Case;
use crate::Input;
use crate::stores::debian;
use crate::stores::rhel;
use crate::stores::write;
use crate::x509::CN;
use crate::x509::Certificate;
use crate::x509::UTF8;
use crate::x509::attribute;
use crate::x509::name;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "Debian: anchors, installed",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(debian, root, &distinct(size))),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "Debian: anchors, nothing to do",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(debian, root, &distinct(size))),
        before: &[INSTALL],
        arguments: INSTALL,
    },
    Case {
        name: "Debian: anchors, removed",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(debian, root, &distinct(size))),
        before: &[INSTALL],
        arguments: &["-q", "--remove"],
    },
    Case {
        name: "RHEL: anchors, installed",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(rhel, root, &distinct(size))),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "RHEL: anchors, nothing to do",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(rhel, root, &distinct(size))),
        before: &[INSTALL],
        arguments: INSTALL,
    },
    Case {
        name: "RHEL: anchors, removed",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(rhel, root, &distinct(size))),
        before: &[INSTALL],
        arguments: &["-q", "--remove"],
    },
    Case {
        name: "Debian: anchors of one name, installed",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(debian, root, &twins(size))),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "RHEL: anchors of one name, nothing to do",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(rhel, root, &twins(size))),
        before: &[INSTALL],
        arguments: INSTALL,
    },
    Case {
        name: "Debian: anchors without their issuers, nothing to do",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| with(debian, root, &orphans(size))),
        before: &[INSTALL],
        arguments: INSTALL,
    },
    Case {
        name: "more anchors than are taken",
        unit: "certificates",
        size: 20_000,
        input: Input::Root(|root, size| with(debian, root, &distinct(size))),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "Debian: somebody else's anchors, nothing to do",
        unit: "files",
        size: 10_000,
        input: Input::Root(with_others),
        before: &[INSTALL],
        arguments: INSTALL,
    },
    Case {
        name: "Debian: directories of anchors",
        unit: "directories",
        size: 10_000,
        input: Input::Root(|root, size| {
            with(debian, root, &distinct(1));
            for number in 0..size {
                let path = format!("usr/local/share/ca-certificates/{number}/README");
                write(root, &path, b"");
            }
        }),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "RHEL: anchors beside as many that are blocked",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Root(|root, size| {
            with(rhel, root, &distinct(size));
            for number in 0..size {
                let ca = Certificate::ca(&format!("Blocked {number}"));
                let ca = Certificate { rsa_bits: Some(2048), ..ca };
                let path = format!("etc/pki/ca-trust/source/blocklist/{number}.crt");
                write(root, &path, ca.pem().as_bytes());
            }
        }),
        before: &[INSTALL],
        arguments: INSTALL,
    },
];

pub(crate) const INSTALL: &[&str] = &["-q", "--ca", "/ca.crt"];

/// As many as are taken.
pub(crate) const ANCHORS: usize = 5_000;

fn with(image: fn(&Path), root: &Path, anchors: &str) {
    image(root);
    write(root, "ca.crt", anchors.as_bytes());
}

pub(crate) fn distinct(count: usize) -> String {
    (0..count).map(|number| Certificate::ca(&format!("Worst CA {number}")).pem()).collect()
}

fn twins(count: usize) -> String {
    let twin = |serial| Certificate { serial, ..Certificate::ca("Twin") }.pem();
    (0..count as u64).map(twin).collect()
}

fn orphans(count: usize) -> String {
    let orphan = |number| {
        let issuer = name(&[attribute(CN, UTF8, format!("Issuer {number:06}").as_bytes())]);
        Certificate { issuer, ..Certificate::ca(&format!("Orphan {number:06}")) }.pem()
    };
    (0..count).map(orphan).collect()
}

/// In the bundle in another order than the directory's.
fn with_others(root: &Path, count: usize) {
    with(debian, root, &distinct(1));
    let mut bundle = String::new();
    for number in 0..count {
        let pem = Certificate::ca(&format!("Other {number}")).pem();
        write(root, &format!("usr/local/share/ca-certificates/{number}.crt"), pem.as_bytes());
        bundle += &pem;
    }
    write(root, "etc/ssl/certs/ca-certificates.crt", bundle.as_bytes());
}
