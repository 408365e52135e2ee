//! OpenSSL's hash of a name, which names the links of a hash directory (`openssl x509
//! -subject_hash`).
//!
//! Source: `x509_name_canon` and `asn1_string_canon` in OpenSSL's `crypto/x509/x_name.c`, and
//! `X509_NAME_hash_ex`.

#![forbid(unsafe_code)]

use md5::Md5;
use sha1::Digest;
use sha1::Sha1;
use x509_parser::asn1_rs::Tag;
use x509_parser::x509::AttributeTypeAndValue;
use x509_parser::x509::X509Name;

use crate::der;
use crate::der::tagged;
use crate::distinguished_name::NotText;
use crate::distinguished_name::text;

/// The hash of `name`; `None` where OpenSSL can't read the name either (a string that isn't what
/// its type says).
pub(crate) fn subject_hash(name: &X509Name<'_>) -> Option<u32> {
    let mut canonical = Vec::new();
    for rdn in name.iter_rdn() {
        let mut attributes = rdn.iter().map(canonical_attribute).collect::<Option<Vec<_>>>()?;
        // DER orders a SET OF by its members' encodings, and OpenSSL encodes the canonical members
        // anew.
        attributes.sort_unstable();
        canonical.extend(tagged(der::SET, &attributes.concat()));
    }
    let digest: [u8; 20] = Sha1::digest(&canonical).into();
    Some(u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

/// The hash of a name, as it stands in the DER, that OpenSSL had before 1.0 (`openssl x509
/// -subject_hash_old`, `X509_NAME_hash_old`).
pub(crate) fn old_subject_hash(name: &[u8]) -> u32 {
    let digest: [u8; 16] = Md5::digest(name).into();
    u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])
}

fn canonical_attribute(attribute: &AttributeTypeAndValue<'_>) -> Option<Vec<u8>> {
    let value = attribute.attr_value();
    let value = match text(value) {
        Ok(text) => tagged(der::UTF8_STRING, &fold(text.as_bytes())),
        // Neither converted nor folded. It is primitive: `strict` lets no other value through.
        Err(NotText::OtherType) => {
            let mut content = value.data.to_vec();
            // OpenSSL clears the bits that don't count (`c2i_ASN1_BIT_STRING`).
            if value.tag() == Tag::BitString
                && let [unused @ 0..8, .., last] = content.as_mut_slice()
            {
                *last &= 0xff << *unused;
            }
            tagged(u8::try_from(value.tag().0).ok()?, &content)
        }
        Err(NotText::Malformed) => return None,
    };
    let oid = tagged(der::OID, attribute.attr_type().as_bytes());
    Some(tagged(der::SEQUENCE, &[oid, value].concat()))
}

/// White space trimmed and collapsed, ASCII letters in lower case, every other byte as it is.
fn fold(text: &[u8]) -> Vec<u8> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r');
    text.split(is_space)
        .filter(|word| !word.is_empty())
        .map(<[u8]>::to_ascii_lowercase)
        .collect::<Vec<_>>()
        .join(&b' ')
}
