//! What certificates come wrapped in: PKCS#7, and OpenSSL's trust settings.

#![forbid(unsafe_code)]

use x509_parser::asn1_rs::Any;
use x509_parser::asn1_rs::Class;
use x509_parser::asn1_rs::FromDer;
use x509_parser::asn1_rs::Oid;
use x509_parser::asn1_rs::Tag;

use crate::certificate::Certificate;

/// The certificates of a PKCS#7 SignedData (RFC 2315, section 9.1), one more than `limit` at most;
/// `None` when it isn't one, holds none, or one of them is broken.
pub(crate) fn pkcs7_certificates(der: &[u8], limit: usize) -> Option<Vec<Certificate>> {
    let content_info = any(der).filter(|any| any.tag() == Tag::Sequence)?;
    let (rest, content_type) = Oid::from_der(content_info.data).ok()?;
    if content_type.as_bytes() != OID_SIGNED_DATA {
        return None;
    }
    let explicit = any(rest).filter(|any| is_context(any, 0))?;
    let signed_data = any(explicit.data).filter(|any| any.tag() == Tag::Sequence)?;
    let certificates = members(signed_data.data).find(|member| is_context(member, 0))?;
    let mut rest = certificates.data;
    let mut parsed = Vec::new();
    while !rest.is_empty() && parsed.len() <= limit {
        let (certificate, after) = Certificate::parse_prefix(rest)?;
        parsed.push(certificate);
        rest = after;
    }
    if parsed.is_empty() { None } else { Some(parsed) }
}

/// Whether the trust settings that follow a certificate in a `TRUSTED CERTIFICATE`
/// (`X509_CERT_AUX`: the purposes that it is trusted for, those that it is rejected for) let it
/// vouch for TLS servers. None at all leave that to the reader.
pub(crate) fn is_for_servers(trust: &[u8]) -> bool {
    let Some(settings) = any(trust) else {
        return trust.is_empty();
    };
    let names_servers = |purposes: &Any<'_>| {
        members(purposes.data).any(|oid| oid.data == EKU_SERVER_AUTH || oid.data == EKU_ANY)
    };
    let trusted = members(settings.data).find(|member| member.tag() == Tag::Sequence);
    let rejected = members(settings.data).find(|member| is_context(member, 0));
    trusted.is_none_or(|purposes| names_servers(&purposes))
        && !rejected.is_some_and(|purposes| names_servers(&purposes))
}

fn any(der: &[u8]) -> Option<Any<'_>> {
    Any::from_der(der).ok().map(|(_, any)| any)
}

fn members(mut der: &[u8]) -> impl Iterator<Item = Any<'_>> {
    std::iter::from_fn(move || {
        let (rest, any) = Any::from_der(der).ok()?;
        der = rest;
        Some(any)
    })
}

fn is_context(any: &Any<'_>, number: u32) -> bool {
    any.class() == Class::ContextSpecific && any.tag() == Tag(number)
}

/// 1.2.840.113549.1.7.2, encoded.
const OID_SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.3.6.1.5.5.7.3.1, encoded.
const EKU_SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// 2.5.29.37.0, encoded.
const EKU_ANY: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
