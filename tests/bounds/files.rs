//! CA files of the largest size that is taken, with anything but CAs in them.

use crate::Case;
use crate::Input;
use crate::anchors::INSTALL;
use crate::stores::debian;
use crate::stores::write;
use crate::x509::Certificate;
use crate::x509::SEQUENCE;
use crate::x509::SET;
use crate::x509::UTF8;
use crate::x509::extension;
use crate::x509::pem;
use crate::x509::tlv;

pub(crate) const CASES: &[Case] = &[
    of("garbage", |size| noise(size)),
    of("one line", |size| vec![b'A'; size]),
    of("begin markers", |size| repeated("-----BEGIN CERTIFICATE-----\n", size)),
    of("begin markers, one long label", |size| {
        [b"-----BEGIN ".to_vec(), vec![b'A'; size], b"-----\n".to_vec()].concat()
    }),
    of("a block without base64", |size| {
        let begin = "-----BEGIN CERTIFICATE-----\n";
        [begin, &"!".repeat(size), "\n-----END CERTIFICATE-----\n"].concat().into_bytes()
    }),
    of("empty blocks", |size| {
        repeated("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", size)
    }),
    of("UTF-16 of anything", |size| [&[0xff, 0xfe][..], &noise(size)].concat()),
    of("sequences in sequences", |size| nested(size, &[SEQUENCE])),
    of("PKCS#7 in PKCS#7", |size| signed_data(&nested(size - 64, &[0xa0, SEQUENCE]))),
    of("PKCS#7 of certificates", |size| {
        let der = Certificate::ca("Packed").der();
        signed_data(&der.repeat(size / der.len()))
    }),
    of("blocks of PKCS#7, each of certificates", |size| {
        let der = Certificate::ca("Packed").der();
        let block = pem("PKCS7", &signed_data(&der.repeat(1000)));
        block.repeat(size / block.len()).into_bytes()
    }),
    of("a certificate with many empty names", |size| {
        let issuer = tlv(SEQUENCE, &[SET, 0].repeat(size / 2));
        Certificate { issuer, ..Certificate::ca("x") }.der()
    }),
    of("a certificate with many attributes", |size| {
        // An identifier of one byte, and an empty string.
        let rdn = [SET, 7, SEQUENCE, 5, 6, 1, 0x2a, UTF8, 0];
        let issuer = tlv(SEQUENCE, &rdn.repeat(size / rdn.len()));
        Certificate { issuer, ..Certificate::ca("x") }.der()
    }),
    of("a certificate with many extensions", |size| {
        let one = extension(&[0x2a], false, &[]);
        let mut ca = Certificate::ca("x");
        ca.extensions = vec![one.repeat(size / one.len())];
        ca.der()
    }),
    Case {
        name: "a directory of garbage",
        unit: "files",
        size: 100_000,
        input: Input::Root(|root, size| {
            debian(root);
            for number in 0..size {
                write(root, &format!("cas/{number}.crt"), b"no certificate\n");
            }
        }),
        before: &[],
        arguments: &["-q", "--ca", "/cas"],
    },
    Case {
        name: "os-release",
        unit: "bytes",
        size: LARGEST,
        input: Input::Root(|root, size| {
            write(root, "etc/os-release", &repeated("ID=debian\n", size));
            write(root, "ca.crt", Certificate::ca("One").pem().as_bytes());
        }),
        before: &[],
        arguments: INSTALL,
    },
];

/// A CA file of these bytes.
const fn of(name: &'static str, content: fn(usize) -> Vec<u8>) -> Case {
    let input = Input::CaFile(content);
    Case { name, unit: "bytes", size: LARGEST, input, before: &[], arguments: INSTALL }
}

fn repeated(text: &str, size: usize) -> Vec<u8> {
    text.repeat(size / text.len()).into_bytes()
}

/// The same bytes in every run.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

/// Elements of these types in turn, each all that is in the one before it.
fn nested(size: usize, tags: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(size);
    for tag in tags.iter().cycle() {
        let rest = size - der.len();
        if rest < 0x1_0000 + HEADER {
            break;
        }
        let length = (rest - HEADER).to_be_bytes();
        der.extend([&[*tag, 0x83], &length[length.len() - 3..]].concat());
    }
    let rest = size - der.len() - HEADER;
    [der, tlv(SEQUENCE, &vec![0; rest])].concat()
}

/// PKCS#7 with these certificates.
fn signed_data(certificates: &[u8]) -> Vec<u8> {
    let data = tlv(SEQUENCE, &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]);
    let content = [&[2, 1, 1, SET, 0][..], &data, &tlv(0xa0, certificates), &[SET, 0]].concat();
    let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    tlv(SEQUENCE, &[&oid[..], &tlv(0xa0, &tlv(SEQUENCE, &content))].concat())
}

/// Less than what is refused.
const LARGEST: usize = (16 << 20) - (64 << 10);

/// Bytes of a type and a length of three.
const HEADER: usize = 5;
