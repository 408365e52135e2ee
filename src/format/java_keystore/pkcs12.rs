//! PKCS#12 (RFC 7292), Java's default since version 9, as it keeps trusted certificates.
//!
//! The certificates stand in groups, each of which is plain or encrypted as a whole. Java reads any
//! mixture of the two, so ours go into plain groups at the end, and nothing has to be decrypted.
//!
//! Source: `sun/security/pkcs12/PKCS12KeyStore.java` of the JDK.

#![forbid(unsafe_code)]

use super::Entry;
use super::Wanted;
use super::integrity;
use super::review::Review;
use crate::der::BMP_STRING;
use crate::der::CONTEXT_0;
use crate::der::INTEGER;
use crate::der::OCTET_STRING;
use crate::der::Reader;
use crate::der::SEQUENCE;
use crate::der::SET;
use crate::der::inside;
use crate::der::nested;
use crate::der::tagged;
use crate::error::Unusable;

/// The keystore with what is wanted in it, and without the plain certificates that aren't; `None` when
/// it is so already. Every other entry stays as it is and where it is.
///
/// # Errors
/// When it isn't understood, or is protected by another password.
pub(super) fn update(keystore: &[u8], wanted: &Wanted) -> Result<Option<Vec<u8>>, Unusable> {
    let file = File::read(keystore).ok_or(Unusable::Malformed)?;
    let mut review = Review::new(wanted, utf16);
    let mut groups = keep_groups(file.groups, &mut review).ok_or(Unusable::Malformed)?;
    let missing = review.missing();
    // Nothing is written anew but what has lost something.
    if missing.is_empty() && groups.len() == file.groups.len() {
        return Ok(None);
    }
    for entry in &missing {
        groups.extend_from_slice(&content_info(&bag(entry)));
    }
    let mac_data = match file.mac_data {
        [] => Vec::new(),
        mac_data => {
            integrity::renew(mac_data, &tagged(SEQUENCE, file.groups), &tagged(SEQUENCE, &groups))?
        }
    };
    Ok(Some(tagged(SEQUENCE, &[VERSION_3, &content_info(&groups), &mac_data].concat())))
}

/// What `present` looks like at the end of a keystore, before its message authentication code. Each
/// certificate has a group of its own, so that those of a later start are simply appended.
pub(super) fn encode(present: &[Entry]) -> Vec<u8> {
    let mut groups = Vec::new();
    for entry in present {
        groups.extend_from_slice(&content_info(&bag(entry)));
    }
    groups
}

/// A keystore (`PFX`).
struct File<'a> {
    /// The members of its `AuthenticatedSafe`.
    groups: &'a [u8],
    /// An element, or nothing.
    mac_data: &'a [u8],
}

impl<'a> File<'a> {
    fn read(keystore: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(inside(keystore, &[SEQUENCE])?.strip_prefix(VERSION_3)?);
        let groups = plain_members(rest.take(SEQUENCE)?)?;
        Some(Self { groups, mac_data: rest.0 })
    }
}

/// The members of the sequence that is in a plain `ContentInfo` of this content.
fn plain_members(content_info: &[u8]) -> Option<&[u8]> {
    inside(content_info.strip_prefix(OID_DATA)?, &[CONTEXT_0, OCTET_STRING, SEQUENCE])
}

/// A plain `ContentInfo` of a sequence with these members.
fn content_info(members: &[u8]) -> Vec<u8> {
    let content = nested(members, &[CONTEXT_0, OCTET_STRING, SEQUENCE]);
    tagged(SEQUENCE, &[OID_DATA, &content].concat())
}

/// The groups without the certificates that go, and without the groups that have nothing else.
fn keep_groups(groups: &[u8], review: &mut Review<'_>) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(groups.len());
    let mut groups = Reader(groups);
    while !groups.0.is_empty() {
        let group = groups.next()?;
        if !group.content.starts_with(OID_DATA) {
            kept.extend_from_slice(group.whole);
            continue;
        }
        let bags = plain_members(group.content)?;
        let kept_bags = keep_bags(bags, review)?;
        if kept_bags.len() == bags.len() {
            kept.extend_from_slice(group.whole);
        } else if !kept_bags.is_empty() {
            kept.extend_from_slice(&content_info(&kept_bags));
        }
    }
    Some(kept)
}

fn keep_bags(bags: &[u8], review: &mut Review<'_>) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(bags.len());
    let mut bags = Reader(bags);
    while !bags.0.is_empty() {
        let bag = bags.next()?;
        let certificate = trusted_certificate(bag.content);
        if certificate.is_none_or(|(alias, der)| review.keeps(&alias, der)) {
            kept.extend_from_slice(bag.whole);
        }
    }
    Some(kept)
}

/// The alias and the certificate of a `SafeBag` that Java takes for a trusted entry; `None` when it
/// is anything else, such as a certificate that belongs to a private key.
fn trusted_certificate(bag: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut bag = Reader(bag.strip_prefix(OID_CERT_BAG)?);
    let certificate = inside(bag.take(CONTEXT_0)?, &[SEQUENCE])?;
    let der = inside(certificate.strip_prefix(OID_X509_CERTIFICATE)?, &[CONTEXT_0, OCTET_STRING])?;
    let mut attributes = Reader(inside(bag.0, &[SET])?);
    let mut alias = None;
    let mut is_trusted = false;
    while let Some(attribute) = attributes.next() {
        is_trusted |= attribute.content.starts_with(OID_TRUSTED_KEY_USAGE);
        if let Some(values) = attribute.content.strip_prefix(OID_FRIENDLY_NAME) {
            alias = inside(values, &[SET, BMP_STRING]);
        }
    }
    is_trusted.then_some((lower_case(alias?), der))
}

/// A `SafeBag` as keytool makes it.
fn bag(entry: &Entry) -> Vec<u8> {
    let der = nested(&entry.der, &[CONTEXT_0, OCTET_STRING]);
    let certificate = nested(&[OID_X509_CERTIFICATE, &der].concat(), &[CONTEXT_0, SEQUENCE]);
    let name = nested(&utf16(&entry.alias), &[SET, BMP_STRING]);
    let name = tagged(SEQUENCE, &[OID_FRIENDLY_NAME, &name].concat());
    let usage = nested(OID_ANY_EXTENDED_KEY_USAGE, &[SET]);
    let usage = tagged(SEQUENCE, &[OID_TRUSTED_KEY_USAGE, &usage].concat());
    let attributes = tagged(SET, &[name, usage].concat());
    tagged(SEQUENCE, &[OID_CERT_BAG, &certificate, &attributes].concat())
}

fn utf16(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() * 2);
    for unit in text.encode_utf16() {
        bytes.extend_from_slice(&unit.to_be_bytes());
    }
    bytes
}

/// UTF-16 with its ASCII letters in lower case. An alias of ours has no others that Java would fold.
fn lower_case(utf16: &[u8]) -> Vec<u8> {
    let mut folded = utf16.to_vec();
    for unit in folded.chunks_exact_mut(2) {
        if let [0, low] = unit {
            low.make_ascii_lowercase();
        }
    }
    folded
}

// The object identifiers are elements: with tag and length.

/// 1.2.840.113549.1.7.1.
const OID_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 1.2.840.113549.1.12.10.1.3.
const OID_CERT_BAG: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
/// 1.2.840.113549.1.9.22.1.
const OID_X509_CERTIFICATE: &[u8] = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
/// 1.2.840.113549.1.9.20.
const OID_FRIENDLY_NAME: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14";
/// 2.16.840.1.113894.746875.1.1, Oracle's: without it Java takes a certificate for part of a chain.
const OID_TRUSTED_KEY_USAGE: &[u8] = b"\x06\x0c\x60\x86\x48\x01\x86\xf9\x66\xad\xca\x7b\x01\x01";
/// 2.5.29.37.0.
const OID_ANY_EXTENDED_KEY_USAGE: &[u8] = b"\x06\x04\x55\x1d\x25\x00";

const VERSION_3: &[u8] = &[INTEGER, 1, 3];

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn update(
        keystore: &[u8],
        present: &[Entry],
        absent: &[String],
    ) -> Result<Option<Vec<u8>>, Unusable> {
        super::update(keystore, &Wanted::by_alias(present, absent))
    }

    /// An empty keystore as keytool makes it, with HmacPBESHA256 in three iterations.
    const EMPTY_SHA256: &str = "3064020103301106092a864886f70d010701a00404023000304c3031300d0609608648016503040201050004202d921ba001e71356f15297946b337d93440b84ec727999d8fa07c28c007d92880414cff8e395b3cae0c5b4053efa2c372d236c6a4cf3020103";
    /// The same with HmacPBESHA1.
    const EMPTY_SHA1: &str = "3054020103301106092a864886f70d010701a00404023000303c3021300906052b0e03021a05000414f7a259e0481d9143127532e0a9c6e44a0eddce630414f5db26035eb57653809ee1f48feccbf6e1414585020103";
    /// The same without a code.
    const EMPTY: &str = "3016020103301106092a864886f70d010701a00404023000";

    fn entry(alias: &str, der: &[u8]) -> Entry {
        Entry { alias: alias.to_owned(), der: der.to_vec(), created: 0 }
    }

    fn absent(aliases: &[&str]) -> Vec<String> {
        aliases.iter().map(|&alias| alias.to_owned()).collect()
    }

    fn empty(hex: &str) -> Vec<u8> {
        HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    fn file(groups: &[&[u8]]) -> Vec<u8> {
        tagged(SEQUENCE, &[VERSION_3, &content_info(&groups.concat())].concat())
    }

    /// A group of two certificates, an encrypted one, and a plain one.
    fn store() -> Vec<u8> {
        let bags = [bag(&entry("other", &[7; 300])), bag(&entry("Third", b"third"))].concat();
        // 1.2.840.113549.1.7.6.
        let encrypted = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06\xa0\x02\x30\x00";
        let last = encode(&[entry("last", b"last")]);
        file(&[&content_info(&bags), &tagged(SEQUENCE, encrypted), &last])
    }

    #[test]
    fn what_was_added_is_taken_out() {
        let present = [entry("first", b"1"), entry("zweite-ü☃😀", b"2")];
        let stores = [store(), empty(EMPTY), empty(EMPTY_SHA1), empty(EMPTY_SHA256)];
        for (store, code) in stores.iter().zip([0, 0, 62, 78]) {
            let updated = update(store, &present, &[]).unwrap().unwrap();
            assert!(updated[..updated.len() - code].ends_with(&encode(&present)));
            assert_eq!(update(&updated, &present, &absent(&["gone"])), Ok(None));
            let one_more = [entry("zweite-ü☃😀", b"2"), entry("more", &[3; 200])];
            let larger = update(&updated, &one_more, &[]).unwrap().unwrap();
            assert!(larger[..larger.len() - code].ends_with(&encode(&one_more)));
            let removed = update(&larger, &[], &absent(&["first", "zweite-ü☃😀", "more"]));
            assert_eq!(removed, Ok(Some(store.clone())));
        }
    }

    #[test]
    fn an_alias_stands_for_one_certificate() {
        let present = [entry("third", b"new"), entry("other", &[7; 300]), entry("third", b"x")];
        let updated = update(&store(), &present, &absent(&["third"])).unwrap().unwrap();
        let encrypted = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06\xa0\x02\x30\x00";
        let groups = [
            encode(&[entry("other", &[7; 300])]),
            tagged(SEQUENCE, encrypted),
            encode(&[entry("last", b"last"), entry("third", b"new")]),
        ];
        assert_eq!(updated, file(&[&groups.concat()]));
        assert_eq!(update(&updated, &present, &[]), Ok(None));
    }

    #[test]
    fn a_certificate_of_a_chain_is_not_ours() {
        let trusted = bag(&entry("a", b"1"));
        let (_, usage) = trusted.split_at(trusted.len() - 24);
        assert!(
            usage.starts_with(&[SEQUENCE, 22]) && usage[2..].starts_with(OID_TRUSTED_KEY_USAGE)
        );
        let content = inside(&trusted, &[SEQUENCE]).unwrap();
        let attributes = nested(
            &[OID_FRIENDLY_NAME, &nested(&utf16("a"), &[SET, BMP_STRING])].concat(),
            &[SET, SEQUENCE],
        );
        let rest = content.len() - 24 - (attributes.len() - 2) - 2;
        let chain = tagged(SEQUENCE, &[&content[..rest], &attributes].concat());
        assert!(trusted_certificate(inside(&chain, &[SEQUENCE]).unwrap()).is_none());
        let store = file(&[&content_info(&chain)]);
        assert_eq!(update(&store, &[], &absent(&["a"])), Ok(None));
        let updated = update(&store, &[entry("a", b"1")], &[]);
        assert_eq!(updated, Ok(Some(file(&[&content_info(&chain), &content_info(&trusted)]))));
    }

    #[test]
    fn only_letters_have_two_cases() {
        assert_eq!(lower_case(&utf16("AZÄ[䅁")), utf16("azÄ[䅁"));
    }

    #[test]
    fn what_is_damaged_is_not_touched() {
        let present = [entry("first", b"1")];
        for hex in [EMPTY_SHA1, EMPTY_SHA256] {
            let store = update(&empty(hex), &[entry("other", &[7; 200])], &[]).unwrap().unwrap();
            for length in 0..store.len() {
                update(&store[..length], &present, &[]).unwrap_err();
            }
            for bit in 0..store.len() * 8 {
                let mut damaged = store.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                update(&damaged, &present, &[]).unwrap_err();
            }
            update(&[&store[..], &[0]].concat(), &present, &[]).unwrap_err();
        }
        // Nothing tells that the bytes of an entry are others.
        let store = store();
        for bit in 0..store.len() * 8 {
            let mut damaged = store.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let _ = update(&damaged, &present, &absent(&["other"]));
        }
        for length in 0..store.len() {
            update(&store[..length], &present, &[]).unwrap_err();
        }
    }

    #[test]
    fn what_is_not_understood() {
        let present = [entry("first", b"1")];
        let sha256 = EMPTY_SHA256;
        for (from, to, expected) in [
            // SHA-512.
            ("65030402010500", "65030402030500", Unusable::Malformed),
            // Another number of iterations, and none.
            ("f3020103", "f3020102", Unusable::Password),
            ("f3020103", "f3020100", Unusable::Malformed),
            ("2d921b", "2d921c", Unusable::Password),
            // Version 4.
            ("3064020103", "3064020104", Unusable::Malformed),
            // An indefinite length.
            ("a00404023000", "a08004023000", Unusable::Malformed),
        ] {
            let hex = sha256.replace(from, to);
            assert_ne!(hex, sha256);
            assert_eq!(update(&empty(&hex), &present, &[]), Err(expected), "{to}");
        }
    }
}
