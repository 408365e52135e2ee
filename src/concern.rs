//! What will keep a client from trusting a certificate that is installed all the same.

#![forbid(unsafe_code)]

use std::fmt;

use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_X509_EXT_KEY_USAGE;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Version;

use crate::purpose::basic_constraints;
use crate::purpose::extended_key_usage;
use crate::purpose::extension;

/// One reason; its text, a predicate, says who refuses the certificate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Concern {
    Expired { on: String },
    IssuerAbsent,
    IssuerUnnamed,
    LeftOut { tool: &'static str },
    NotCa,
    NotForServers,
    NotStrict { missing: String },
    NotYetValid { until: String },
    WeakKey { bits: usize },
    WeakSignature { algorithm: &'static str },
}

/// What the certificate itself gives reason for.
pub(crate) fn of(x509: &X509Certificate<'_>) -> Vec<Concern> {
    let mut concerns = Vec::new();
    let is_ca = basic_constraints(x509).is_some_and(|(constraints, _)| constraints.ca);
    // OpenSSL and p11-kit take a version 1 certificate for a CA when it is self-signed.
    if !is_ca && x509.version() == X509Version::V3 {
        concerns.push(Concern::NotCa);
    }
    if x509.issuer().iter_rdn().next().is_none() {
        concerns.push(Concern::IssuerUnnamed);
    }
    if let Some(Some(usage)) = extended_key_usage(x509)
        && !usage.any
        && !usage.server_auth
    {
        concerns.push(Concern::NotForServers);
    }
    if let Ok(PublicKey::RSA(key)) = x509.public_key().parsed()
        && key.key_size() < RSA_BITS_MIN
    {
        concerns.push(Concern::WeakKey { bits: key.key_size() });
    }
    let algorithm = x509.signature_algorithm.algorithm.as_bytes();
    if let Some((_, algorithm)) = WEAK_SIGNATURES.iter().find(|(oid, _)| *oid == algorithm) {
        concerns.push(Concern::WeakSignature { algorithm });
    }
    let missing = missing_for_strict(x509);
    if is_ca && !missing.is_empty() {
        concerns.push(Concern::NotStrict { missing: missing.join(", ") });
    }
    concerns
}

impl Concern {
    /// Whether it comes and goes with the time.
    pub(crate) fn is_of_time(&self) -> bool {
        matches!(self, Self::Expired { .. } | Self::NotYetValid { .. })
    }

    /// What the reader can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "mount its successor",
            Self::IssuerAbsent => "add the root to the CA file",
            Self::IssuerUnnamed => "reissue it with a subject",
            Self::LeftOut { .. } => {
                "mount the CA that issues your servers' certificates; until then, let ca-entrypoint run last"
            }
            Self::NotCa => "mount the certificate of the CA that issues your servers' certificates",
            Self::NotForServers => "mount a CA that may issue server certificates",
            Self::NotStrict { .. } => "reissue it with the extensions of RFC 5280",
            Self::NotYetValid { .. } => "check the clock, or wait",
            Self::WeakKey { .. } => "reissue it with a longer key",
            Self::WeakSignature { .. } => "reissue it with SHA-256",
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { on } => write!(f, "expired on {on}: every client refuses it"),
            Self::IssuerAbsent => f.write_str(
                "is an intermediate without its root: OpenSSL and GnuTLS refuse it unless the store has the root",
            ),
            Self::IssuerUnnamed => f.write_str(
                "has no issuer's name: Java reads no keystore with such a certificate, so Java's are without it",
            ),
            Self::LeftOut { tool } => write!(
                f,
                "is not a CA for TLS servers: it is trusted as a server's own certificate at most, and {tool} leaves it out",
            ),
            Self::NotCa => {
                f.write_str("is not a CA: it is trusted as a server's own certificate at most")
            }
            Self::NotForServers => {
                f.write_str("has an extended key usage without serverAuth: TLS clients refuse what it signs")
            }
            Self::NotStrict { missing } => {
                write!(f, "lacks {missing}: Python 3.13 and other users of OpenSSL's strict mode refuse it")
            }
            Self::NotYetValid { until } => write!(f, "is not valid before {until}: every client refuses it until then"),
            Self::WeakKey { bits } => {
                write!(f, "has an RSA key of {bits} bits: OpenSSL 3 and RHEL's policies refuse less than 2048")
            }
            Self::WeakSignature { algorithm } => write!(
                f,
                "is signed with {algorithm}: OpenSSL 3, Go and RHEL 9 accept that on a self-signed root at most",
            ),
        }
    }
}

/// What RFC 5280, and with it `X509_V_FLAG_X509_STRICT` (`check_extensions` in OpenSSL's
/// `x509_vfy.c`), asks of a CA certificate.
fn missing_for_strict(x509: &X509Certificate<'_>) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if basic_constraints(x509).is_some_and(|(_, is_critical)| !is_critical) {
        missing.push("critical basic constraints");
    }
    if extension(x509, &OID_X509_EXT_KEY_USAGE).is_none() {
        missing.push("a key usage");
    }
    if extension(x509, &OID_X509_EXT_SUBJECT_KEY_IDENTIFIER).is_none() {
        missing.push("a subject key identifier");
    }
    missing
}

/// The day of a time in seconds since 1970, as `2026-11-21`.
pub(crate) fn date(timestamp: i64) -> String {
    ASN1Time::from_timestamp(timestamp)
        .map_or_else(|_| timestamp.to_string(), |time| time.to_datetime().date().to_string())
}

/// OpenSSL's security level 1 and NIST SP 800-131A.
const RSA_BITS_MIN: usize = 2048;

/// Signature algorithms by MD2, MD5 and SHA-1, by the bytes of their object identifiers (RFC 3279,
/// section 2.2).
const WEAK_SIGNATURES: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x02], "MD2"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], "MD5"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], "SHA-1"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03], "SHA-1"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], "SHA-1"),
];
