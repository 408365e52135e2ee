//! Names in certificates (RFC 5280, section 4.1.2.4), as text.

#![forbid(unsafe_code)]

use x509_parser::asn1_rs::Any;
use x509_parser::asn1_rs::FromDer;
use x509_parser::asn1_rs::Tag;
use x509_parser::x509::AttributeTypeAndValue;
use x509_parser::x509::X509Name;

/// A value that is no string, or whose bytes aren't what its type says.
#[derive(Debug, PartialEq)]
pub(crate) enum NotText {
    Malformed,
    OtherType,
}

/// The value of an attribute as UTF-8, where its type is one that OpenSSL makes canonical
/// (`ASN1_MASK_CANON` in `x_name.c`). A NumericString isn't among them. A VisibleString is, but
/// OpenSSL takes none in a name, and `strict` lets none through.
pub(crate) fn text(value: &Any<'_>) -> Result<String, NotText> {
    let text = match value.tag() {
        Tag::Utf8String => str::from_utf8(value.data).ok().map(str::to_owned),
        // T.61 is read as Latin-1, by OpenSSL and everybody else.
        Tag::PrintableString | Tag::T61String | Tag::Ia5String => {
            Some(value.data.iter().map(|&byte| char::from(byte)).collect())
        }
        Tag::BmpString => {
            wide(value.data, |&[high, low]| u32::from(u16::from_be_bytes([high, low])))
        }
        Tag::UniversalString => wide(value.data, |&unit| u32::from_be_bytes(unit)),
        _ => return Err(NotText::OtherType),
    };
    text.ok_or(NotText::Malformed)
}

/// A name for a log: `CN=Corp CA, O=Corp`, without control characters, since it comes from an
/// untrusted file.
pub(crate) fn printable(name: &X509Name<'_>) -> String {
    let attributes: Vec<String> = name.iter_attributes().map(printable_attribute).collect();
    let text = attributes.join(", ");
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .take(SHOWN_MAX)
        .collect();
    if text.is_empty() { "empty subject".to_owned() } else { text }
}

/// The label that p11-kit gives a certificate with this subject: the common name, else the
/// organizational unit, else the organization; nothing when there is none
/// (`certificate_value_attrs` in `trust/builder.c`). Of several the first, as before p11-kit 0.26.
/// Unlike p11-kit's it has no control character, which in a bundle could begin a line of its own.
pub(crate) fn label(subject: &[u8]) -> String {
    let Ok((_, name)) = X509Name::from_der(subject) else {
        return String::new();
    };
    let find = |oid: &&[u8]| {
        let mut attributes = name.iter_attributes();
        let attribute = attributes.find(|attribute| attribute.attr_type().as_bytes() == *oid)?;
        label_text(attribute.attr_value())
    };
    let label = [COMMON_NAME, ORGANIZATIONAL_UNIT, ORGANIZATION].iter().find_map(find);
    let label = label.unwrap_or_default();
    let label = label.split('\0').next().unwrap_or_default();
    label.chars().map(|c| if c.is_control() { '_' } else { c }).collect()
}

/// A value as p11-kit reads it (`p11_x509_parse_directory_string`): T.61 and the like as UTF-8.
fn label_text(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::BmpString | Tag::UniversalString => text(value).ok(),
        Tag::Utf8String
        | Tag::NumericString
        | Tag::Ia5String
        | Tag::T61String
        | Tag::PrintableString => str::from_utf8(value.data).ok().map(str::to_owned),
        _ => None,
    }
}

fn printable_attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type();
    let label = LABELS.iter().find(|(known, _)| *known == oid.as_bytes()).map(|(_, label)| *label);
    let label = label.map_or_else(|| oid.to_id_string(), str::to_owned);
    let value = attribute.attr_value();
    let value = text(value).unwrap_or_else(|_| String::from_utf8_lossy(value.data).into_owned());
    label + "=" + &value
}

fn wide<const WIDTH: usize>(
    bytes: &[u8],
    code_point: impl Fn(&[u8; WIDTH]) -> u32,
) -> Option<String> {
    let (units, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return None;
    }
    units.iter().map(|unit| char::from_u32(code_point(unit))).collect()
}

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 0x04, 0x0b];

/// Attribute types by the bytes of their object identifiers (RFC 4514, section 3).
const LABELS: &[(&[u8], &str)] = &[
    (COMMON_NAME, "CN"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (ORGANIZATION, "O"),
    (ORGANIZATIONAL_UNIT, "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
];

/// Characters of a name that are shown.
const SHOWN_MAX: usize = 120;
