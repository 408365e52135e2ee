//! Names in certificates (RFC 5280, section 4.1.2.4), as text.

#![forbid(unsafe_code)]

use x509_parser::asn1_rs::Any;
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

/// Attribute types by the bytes of their object identifiers (RFC 4514, section 3).
const LABELS: &[(&[u8], &str)] = &[
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
];

/// Characters of a name that are shown.
const SHOWN_MAX: usize = 120;
