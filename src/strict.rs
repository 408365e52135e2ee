//! The form that OpenSSL insists on.
//!
//! OpenSSL loads nothing of a bundle in which it can't read one certificate, and x509-parser reads
//! some that it can't: with bytes left over inside, object identifiers cut short, values of types
//! that a name can't have. Such a certificate would take every other one out of the store.
//!
//! Source: the templates in OpenSSL's `crypto/x509/x_x509.c`, `x_name.c` and `x_pubkey.c`, and
//! `asn1_ex_c2i` in `crypto/asn1/tasn_dec.c`.

#![forbid(unsafe_code)]

use x509_parser::asn1_rs::Any;
use x509_parser::asn1_rs::Class;
use x509_parser::asn1_rs::FromDer;
use x509_parser::asn1_rs::Tag;

/// Whether `der` is a certificate to OpenSSL, as far as its structure goes (RFC 5280, section 4.1).
pub(crate) fn is_certificate(der: &[u8]) -> bool {
    Reader(der).only(|file| {
        file.sequence(|certificate| {
            certificate.sequence(to_be_signed)?;
            certificate.algorithm()?;
            certificate.value(Tag::BitString)
        })
    })
}

fn to_be_signed(tbs: &mut Reader<'_>) -> Option<()> {
    if tbs.is_next(Class::ContextSpecific, Tag(0)) {
        tbs.explicit(|version| version.value(Tag::Integer))?;
    }
    tbs.value(Tag::Integer)?;
    tbs.algorithm()?;
    tbs.name()?;
    tbs.sequence(|validity| {
        validity.any_value(&[Tag::UtcTime, Tag::GeneralizedTime])?;
        validity.any_value(&[Tag::UtcTime, Tag::GeneralizedTime])
    })?;
    tbs.name()?;
    tbs.sequence(|key| {
        key.algorithm()?;
        key.value(Tag::BitString)
    })?;
    for unique_id in [Tag(1), Tag(2)] {
        if tbs.is_next(Class::ContextSpecific, unique_id) {
            let unique_id = tbs.next()?;
            is_value(Tag::BitString, unique_id.data).then_some(())?;
        }
    }
    if tbs.is_next(Class::ContextSpecific, Tag(3)) {
        tbs.explicit(|extensions| extensions.sequence(|extensions| extensions.all(extension)))?;
    }
    Some(())
}

fn extension(extensions: &mut Reader<'_>) -> Option<()> {
    extensions.sequence(|extension| {
        extension.value(Tag::Oid)?;
        if extension.is_next(Class::Universal, Tag::Boolean) {
            extension.value(Tag::Boolean)?;
        }
        extension.value(Tag::OctetString)
    })
}

/// What is left to read. Each method takes something off its front, or finds that it isn't there.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Any<'a>> {
        let (rest, any) = Any::from_der(self.0).ok()?;
        // Where nothing follows, OpenSSL reads no length of more than one byte that is zero.
        let header = self.0.len() - rest.len() - any.data.len();
        if header > 2 && any.data.is_empty() && rest.is_empty() {
            return None;
        }
        self.0 = rest;
        Some(any)
    }

    fn is_next(&self, class: Class, tag: Tag) -> bool {
        Any::from_der(self.0).is_ok_and(|(_, any)| any.class() == class && any.tag() == tag)
    }

    /// Whether `read` takes everything.
    fn only(mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> bool {
        read(&mut self).is_some() && self.0.is_empty()
    }

    /// What `read` takes, again and again to the end.
    fn all(&mut self, read: impl Fn(&mut Self) -> Option<()>) -> Option<()> {
        while !self.0.is_empty() {
            read(self)?;
        }
        Some(())
    }

    fn constructed(&mut self, tag: Tag, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let any = self.next()?;
        let is_it = any.class() == Class::Universal && any.tag() == tag;
        (is_it && any.header.is_constructed() && Reader(any.data).only(read)).then_some(())
    }

    fn sequence(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.constructed(Tag::Sequence, read)
    }

    fn explicit(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let any = self.next()?;
        (any.header.is_constructed() && Reader(any.data).only(read)).then_some(())
    }

    fn value(&mut self, tag: Tag) -> Option<()> {
        self.any_value(&[tag])
    }

    fn any_value(&mut self, tags: &[Tag]) -> Option<()> {
        let any = self.next()?;
        let is_it = any.class() == Class::Universal && tags.contains(&any.tag());
        (is_it && !any.header.is_constructed() && is_value(any.tag(), any.data)).then_some(())
    }

    /// An identifier, and parameters of any type.
    fn algorithm(&mut self) -> Option<()> {
        self.sequence(|algorithm| {
            algorithm.value(Tag::Oid)?;
            if algorithm.0.is_empty() {
                return Some(());
            }
            let parameters = algorithm.next()?;
            let (tag, is_constructed) = (parameters.tag(), parameters.header.is_constructed());
            let is_fit = match parameters.class() {
                // Strings may be made of strings, and nobody has seen that here.
                Class::Universal if is_constructed => matches!(tag, Tag::Sequence | Tag::Set),
                // No end of what has a length, and no primitive list.
                Class::Universal => {
                    matches!(tag.0, 0x01..=0x0f | 0x12..=0x1e) && is_value(tag, parameters.data)
                }
                _ => true,
            };
            is_fit.then_some(())
        })
    }

    fn name(&mut self) -> Option<()> {
        self.sequence(|name| {
            name.all(|name| {
                name.constructed(Tag::Set, |rdn| {
                    // OpenSSL reads one of nothing too, and x509-parser nothing that follows it.
                    (!rdn.0.is_empty()).then_some(())?;
                    rdn.all(|rdn| {
                        rdn.sequence(|attribute| {
                            attribute.value(Tag::Oid)?;
                            attribute.any_value(NAME_TYPES)
                        })
                    })
                })
            })
        })
    }
}

/// Whether these bytes are a value of a primitive type.
fn is_value(tag: Tag, bytes: &[u8]) -> bool {
    match tag {
        Tag::Boolean => bytes.len() == 1,
        Tag::Null => bytes.is_empty(),
        // Not longer than it needs be.
        Tag::Integer | Tag::Enumerated => match bytes {
            [] => false,
            [0x00, next, ..] => next & 0x80 != 0,
            [0xff, next, ..] => next & 0x80 == 0,
            _ => true,
        },
        // How many bits of the last byte don't count, and the bytes.
        Tag::BitString => match bytes {
            [unused, rest @ ..] => *unused == 0 || (*unused < 8 && !rest.is_empty()),
            [] => false,
        },
        Tag::Oid => is_object_identifier(bytes),
        Tag::BmpString => bytes.len().is_multiple_of(2),
        Tag::UniversalString => bytes.len().is_multiple_of(4),
        Tag::UtcTime => bytes.len() >= 13,
        Tag::GeneralizedTime => bytes.len() >= 15,
        _ => true,
    }
}

/// Numbers in base 128, of which none begins with a zero and the last has an end.
fn is_object_identifier(bytes: &[u8]) -> bool {
    let mut is_start = true;
    for &byte in bytes {
        if is_start && byte == 0x80 {
            return false;
        }
        is_start = byte & 0x80 == 0;
    }
    is_start && !bytes.is_empty()
}

/// The types that a name's value may have (`B_ASN1_PRINTABLE` in OpenSSL's `asn1.h`), but those that
/// nobody has seen there.
const NAME_TYPES: &[Tag] = &[
    Tag::BitString,
    Tag::Utf8String,
    Tag::NumericString,
    Tag::PrintableString,
    Tag::T61String,
    Tag::Ia5String,
    Tag::UniversalString,
    Tag::BmpString,
];
