//! Java's keystores, with more entries than any has.

use std::path::Path;

use sha1::Digest;
use sha1::Sha1;

use crate::Case;
use crate::Input;
use crate::anchors::INSTALL;
use crate::anchors::distinct;
use crate::stores::debian;
use crate::stores::rhel;
use crate::stores::write;
use crate::x509::Certificate;
use crate::x509::SEQUENCE;
use crate::x509::SET;
use crate::x509::tlv;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "Debian: a JKS, installed",
        unit: "entries",
        size: 20_000,
        input: Input::Root(|root, size| {
            with(debian, root, "etc/ssl/certs/java/cacerts", &jks(size))
        }),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "Debian: a PKCS#12, installed",
        unit: "entries",
        size: 20_000,
        input: Input::Root(|root, size| {
            with(debian, root, "etc/ssl/certs/java/cacerts", &pkcs12(size));
        }),
        before: &[],
        arguments: INSTALL,
    },
    Case {
        name: "RHEL: a JKS and as many anchors, removed",
        unit: "entries",
        size: 5_000,
        input: Input::Root(|root, size| {
            let path = "etc/pki/ca-trust/extracted/java/cacerts";
            with(rhel, root, path, &jks(size));
            write(root, "ca.crt", distinct(size).as_bytes());
        }),
        before: &[INSTALL],
        arguments: &["-q", "--remove"],
    },
    Case {
        name: "Java runtimes",
        unit: "directories",
        size: 10_000,
        input: Input::Root(|root, size| {
            with(debian, root, "etc/ssl/certs/java/cacerts", &jks(1));
            for number in 0..size {
                let path = format!("usr/lib/jvm/jdk-{number}/lib/security/cacerts");
                write(root, &path, &jks(1));
            }
        }),
        before: &[INSTALL],
        arguments: INSTALL,
    },
];

fn with(image: fn(&Path), root: &Path, path: &str, keystore: &[u8]) {
    image(root);
    write(root, path, keystore);
    write(root, "ca.crt", distinct(1).as_bytes());
}

fn jks(count: usize) -> Vec<u8> {
    let number = |number: usize| (number as u32).to_be_bytes();
    let text = |text: &str| [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat();
    let mut store = [[0xfe, 0xed, 0xfe, 0xed], number(2), number(count)].concat();
    for entry in 0..count {
        let der = Certificate::ca(&format!("Entry {entry}")).der();
        store.extend([&number(2), &text(&format!("entry{entry}"))[..], &[0; 8]].concat());
        store.extend([&text("X.509"), &number(der.len())[..], &der].concat());
    }
    let password: Vec<u8> = "changeit".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let digest = Sha1::digest([&password, &b"Mighty Aphrodite"[..], &store].concat());
    [store, digest.to_vec()].concat()
}

/// Without a code, as Java makes it when told so. Each certificate has a group of its own.
fn pkcs12(count: usize) -> Vec<u8> {
    let data = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let group = |members: &[u8]| {
        let content = tlv(0xa0, &tlv(4, &tlv(SEQUENCE, members)));
        tlv(SEQUENCE, &[&data[..], &content].concat())
    };
    let bag = |entry: usize| {
        let der = Certificate::ca(&format!("Entry {entry}")).der();
        let kind = [6, 10, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1];
        let certificate = tlv(SEQUENCE, &[&kind[..], &tlv(0xa0, &tlv(4, &der))].concat());
        let alias: Vec<u8> =
            format!("entry{entry}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        let name = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 20];
        let name = tlv(SEQUENCE, &[&name[..], &tlv(SET, &tlv(0x1e, &alias))].concat());
        let usage = [6, 12, 0x60, 0x86, 0x48, 1, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 1, 1];
        let usage = tlv(SEQUENCE, &[&usage[..], &tlv(SET, &[6, 4, 0x55, 0x1d, 0x25, 0])].concat());
        let attributes = tlv(SET, &[name, usage].concat());
        let kind = [6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 3];
        tlv(SEQUENCE, &[&kind[..], &tlv(0xa0, &certificate), &attributes].concat())
    };
    let groups: Vec<u8> = (0..count).flat_map(|entry| group(&bag(entry))).collect();
    tlv(SEQUENCE, &[&[2, 1, 3][..], &group(&groups)].concat())
}
