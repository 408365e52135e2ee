//! What p11-kit's extractors let a trusted certificate vouch for.

#![forbid(unsafe_code)]

use x509_parser::asn1_rs::FromDer;
use x509_parser::asn1_rs::Oid;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::BasicConstraints;
use x509_parser::extensions::ExtendedKeyUsage;
use x509_parser::extensions::X509Extension;
use x509_parser::oid_registry::OID_X509_EXT_BASIC_CONSTRAINTS;
use x509_parser::oid_registry::OID_X509_EXT_EXTENDED_KEY_USAGE;
use x509_parser::x509::X509Version;

/// A purpose that a bundle can be for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Purpose {
    CodeSigning,
    Email,
    ServerAuth,
}

/// The purposes for which `trust extract --filter=ca-anchors` takes a certificate: none when it is
/// no CA, those of its extended key usage otherwise, and all without one
/// (`calc_certificate_category` in p11-kit's `trust/builder.c`, `extract_purposes` in its
/// `trust/enumerate.c`).
pub(crate) fn of(x509: &X509Certificate<'_>) -> Vec<Purpose> {
    if !is_authority(x509) {
        return Vec::new();
    }
    let usage = extended_key_usage(x509);
    let is_for = |purpose: &Purpose| match &usage {
        None => true,
        Some(None) => false,
        Some(Some(usage)) => {
            usage.any
                || match purpose {
                    Purpose::CodeSigning => usage.code_signing,
                    Purpose::Email => usage.email_protection,
                    Purpose::ServerAuth => usage.server_auth,
                }
        }
    };
    [Purpose::CodeSigning, Purpose::Email, Purpose::ServerAuth].into_iter().filter(is_for).collect()
}

/// Whether p11-kit takes a certificate for a CA. One of version 1 has no basic constraints, and is
/// taken for one when it is self-signed.
pub(crate) fn is_authority(x509: &X509Certificate<'_>) -> bool {
    match extension(x509, &OID_X509_EXT_BASIC_CONSTRAINTS) {
        Some(_) => basic_constraints(x509).is_some_and(|(constraints, _)| constraints.ca),
        None => {
            x509.version() == X509Version::V1 && x509.issuer().as_raw() == x509.subject().as_raw()
        }
    }
}

/// The basic constraints, and whether they are critical.
pub(crate) fn basic_constraints(x509: &X509Certificate<'_>) -> Option<(BasicConstraints, bool)> {
    let extension = extension(x509, &OID_X509_EXT_BASIC_CONSTRAINTS)?;
    let (_, constraints) = BasicConstraints::from_der(extension.value).ok()?;
    Some((constraints, extension.critical))
}

/// The extended key usage; `Some(None)` where it is there and can't be read.
pub(crate) fn extended_key_usage<'a>(
    x509: &'a X509Certificate<'_>,
) -> Option<Option<ExtendedKeyUsage<'a>>> {
    let extension = extension(x509, &OID_X509_EXT_EXTENDED_KEY_USAGE)?;
    Some(ExtendedKeyUsage::from_der(extension.value).ok().map(|(_, usage)| usage))
}

/// The first extension of this type.
pub(crate) fn extension<'a>(
    x509: &'a X509Certificate<'_>,
    oid: &Oid<'_>,
) -> Option<&'a X509Extension<'a>> {
    x509.extensions().iter().find(|extension| extension.oid == *oid)
}
