//! The names of hash links, against OpenSSL's own for the same certificates.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::openssl;
use crate::random::Random;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::debian;
use crate::util::Root;
use crate::x509::*;

/// The hash that names a certificate's link, by the fingerprint of its text.
type Hashes = BTreeMap<String, String>;

/// What our program makes of the certificates in an image of Debian's.
fn ours(certificates: &[Certificate]) -> Hashes {
    let root = debian();
    let before: BTreeSet<String> = root.names(CERTS).into_iter().collect();
    root.write("/ca.crt", certificates.iter().map(Certificate::pem).collect::<String>());
    root.run(&["--ca", "/ca.crt", "-q"]).ok();
    let new = root.names(CERTS).into_iter().filter(|name| !before.contains(name));
    hashes(new, |name| {
        let link = root.at(&format!("{CERTS}/{name}")).read_link().unwrap();
        let target = root.at(CERTS).join(&link).read_link().unwrap();
        root.read(target.to_str().unwrap())
    })
}

/// What `openssl rehash` makes of a directory with the same certificates.
fn theirs(certificates: &[Certificate]) -> Hashes {
    let root = Root::new();
    for (number, certificate) in certificates.iter().enumerate() {
        root.write(&format!("{number}.pem"), certificate.pem());
    }
    openssl::rehash(root.path());
    hashes(root.names("/").into_iter(), |name| root.read(name))
}

/// Of the links `HHHHHHHH.N` among `names`.
fn hashes(names: impl Iterator<Item = String>, read: impl Fn(&str) -> Vec<u8>) -> Hashes {
    let mut hashes = Hashes::new();
    for name in names.filter(|name| name.as_bytes().get(8) == Some(&b'.') && name.len() < 13) {
        let other = hashes.insert(fingerprint(&read(&name)), name[..8].to_owned());
        assert!(other.is_none(), "{name} leads where another does");
    }
    hashes
}

fn distinct(hashes: &Hashes) -> usize {
    hashes.values().collect::<BTreeSet<_>>().len()
}

#[track_caller]
fn assert_equal(certificates: &[Certificate]) {
    let (ours, theirs) = (ours(certificates), theirs(certificates));
    assert_eq!(theirs.len(), certificates.len(), "OpenSSL passed some over");
    for certificate in certificates {
        let digest = fingerprint(certificate.pem().as_bytes());
        let subject = String::from_utf8_lossy(&certificate.subject);
        assert_eq!(ours.get(&digest), theirs.get(&digest), "subject {subject:?}");
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn thousands_of_names_are_hashed_as_openssl_hashes_them() {
    let mut random = Random(0x5eed);
    let with_serial = |(serial, subject)| {
        let certificate = Certificate::with_subject(subject);
        Certificate { serial, ..certificate }
    };
    let subjects: BTreeSet<Vec<u8>> = (0..3200).map(|_| random.name()).collect();
    let certificates: Vec<Certificate> = (1..).zip(subjects).map(with_serial).collect();
    assert!(certificates.len() > 3000);
    assert_equal(&certificates);
}

#[test]
fn spaces_and_case_are_folded_so_that_names_meet() {
    let spellings = ["Corp CA", "corp ca", " CORP  CA ", "\tcorp\n\u{b}\u{c}\r ca", "Corp\tCA"];
    let certificates: Vec<Certificate> = (1..)
        .zip(spellings)
        .map(|(serial, spelling)| Certificate { serial, ..Certificate::ca(spelling) })
        .collect();
    assert_eq!(distinct(&ours(&certificates)), 1);
    assert_equal(&certificates);
}

#[test]
fn members_of_a_level_are_sorted() {
    let [a, b] = [attribute(CN, UTF8, b"Corp CA"), attribute(O, PRINTABLE, b"Corp")];
    let name = |members: &[&[u8]]| tlv(SEQUENCE, &tlv(SET, &members.concat()));
    let both = [name(&[&a, &b]), name(&[&b, &a])].map(Certificate::with_subject);
    assert_eq!(distinct(&ours(&both)), 1);
    assert_equal(&both);
}

#[test]
fn long_values_take_long_lengths() {
    let lengths = [100, 127, 128, 129, 254, 255, 256, 257, 5_000, 65_500];
    let certificates = lengths.map(|length| Certificate::ca(&"x".repeat(length)));
    assert_equal(&certificates);
}

#[test]
fn an_empty_subject_has_a_hash() {
    let empty = Certificate::with_subject(name(&[]));
    assert_eq!(ours(&[empty]).into_values().collect::<Vec<_>>(), ["eea339da"]);
}

#[test]
fn only_ascii_letters_are_folded() {
    // A tool by Paketo lower-cases all of Unicode, so that OpenSSL doesn't find its links.
    for pair in [["Ärzte", "ärzte"], ["İstanbul", "i\u{307}stanbul"], ["ΣΊΣΥΦΟΣ", "σίσυφος"]]
    {
        let certificates = pair.map(Certificate::ca);
        assert_eq!(distinct(&ours(&certificates)), 2, "{pair:?}");
        assert_equal(&certificates);
    }
}

#[test]
fn string_types_meet_in_utf_8() {
    let utf16: Vec<u8> = "Ärzte".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let utf32: Vec<u8> = "Ärzte".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    let values: [(u8, &[u8]); 4] =
        [(UTF8, "Ärzte".as_bytes()), (T61, b"\xc4rzte"), (BMP, &utf16), (UNIVERSAL, &utf32)];
    let certificates =
        values.map(|(tag, value)| Certificate::with_subject(name(&[attribute(CN, tag, value)])));
    assert_eq!(distinct(&ours(&certificates)), 1);
    assert_equal(&certificates);
}

#[test]
fn bits_that_do_not_count_have_no_part_in_the_hash() {
    // Three of the last byte.
    let certificates = [[3, 0x8c, 0x70], [3, 0x8c, 0x77]]
        .map(|bits| Certificate::with_subject(name(&[attribute(UNIQUE_ID, BIT_STRING, &bits)])));
    assert_eq!(distinct(&ours(&certificates)), 1);
    assert_equal(&certificates);
}

#[test]
fn a_name_with_a_level_of_nothing_is_no_certificate() {
    // OpenSSL reads what follows it, and x509-parser doesn't.
    let levels =
        [tlv(SET, &attribute(CN, UTF8, b"A")), tlv(SET, &[]), tlv(SET, &attribute(O, UTF8, b"B"))];
    let certificate = Certificate::with_subject(tlv(SEQUENCE, &levels.concat()));
    let root = debian();
    root.write("/ca.crt", certificate.pem());
    root.run(&["--ca", "/ca.crt"]).code(125).says("not an X.509 certificate");
}

#[test]
fn a_long_length_of_nothing_keeps_a_certificate_out() {
    let attribute = tlv(SEQUENCE, &[&[6, 3], CN, &[UTF8, 0x81, 0]].concat());
    let certificate = Certificate::with_subject(name(&[attribute]));
    let root = debian();
    root.write("/ca.crt", certificate.pem());
    let outcome = root.run(&["--ca", "/ca.crt"]);
    assert!(openssl::loads(&root.at(BUNDLE)), "it breaks the bundle for OpenSSL");
    outcome.code(125).says("not an X.509 certificate");
}

#[test]
fn a_name_that_openssl_cannot_read_is_no_certificate() {
    // In a bundle it would cost OpenSSL the others.
    let bad: [(u8, &[u8]); 5] = [
        (UTF8, b"\xff\xfe"),
        (BMP, b"odd"),
        (UNIVERSAL, b"\0\0\0"),
        (VISIBLE, b"of no type that a name may have"),
        (INTEGER, b"\x01"),
    ];
    for (tag, value) in bad {
        let certificate = Certificate::with_subject(name(&[attribute(CN, tag, value)]));
        let root = debian();
        root.write("/ca.crt", certificate.pem());
        let outcome = root.run(&["--ca", "/ca.crt"]);
        assert!(openssl::loads(&root.at(BUNDLE)), "tag {tag:#x} breaks the bundle for OpenSSL");
        outcome.code(125).says("not an X.509 certificate");
    }
}
