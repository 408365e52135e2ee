//! One X.509 certificate, parsed (RFC 5280).

#![forbid(unsafe_code)]

use std::fmt;
use std::ops::RangeInclusive;

use sha2::Digest;
use sha2::Sha256;
use x509_parser::certificate::X509CertificateParser;
use x509_parser::nom::Parser;

use crate::concern;
use crate::concern::Concern;
use crate::distinguished_name::printable;
use crate::pem;
use crate::purpose;
use crate::purpose::Purpose;
use crate::strict::is_certificate;
use crate::subject_hash::subject_hash;

/// A certificate that was parsed whole, with what the rest of the program asks about it.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) fingerprint: Fingerprint,
    /// OpenSSL's hash of the subject, which names its hash link.
    pub(crate) subject_hash: u32,
    /// The subject as text without control characters, fit for a log.
    pub(crate) subject: String,
    /// The names as they stand in the DER, to tell who signed whom.
    pub(crate) subject_der: Vec<u8>,
    pub(crate) issuer_der: Vec<u8>,
    /// Seconds since 1970 between which it is valid, both included.
    pub(crate) validity: RangeInclusive<i64>,
    /// Whether p11-kit takes it for a CA, and what for.
    pub(crate) is_authority: bool,
    pub(crate) purposes: Vec<Purpose>,
    /// What keeps some clients from trusting it, whatever the time.
    pub(crate) concerns: Vec<Concern>,
}

impl Certificate {
    /// Parses one certificate; `None` when `der` isn't one, or has bytes after it.
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        match Self::parse_prefix(der)? {
            (certificate, []) => Some(certificate),
            _ => None,
        }
    }

    /// Parses the certificate at the start of `der` and returns what follows it.
    pub(crate) fn parse_prefix(der: &[u8]) -> Option<(Self, &[u8])> {
        // The extensions that matter are parsed by those who ask for them.
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let bounded = der.get(..SIZE_MAX).unwrap_or(der);
        let (rest, x509) = parser.parse(bounded).ok()?;
        let (der, rest) = der.split_at(bounded.len() - rest.len());
        // OpenSSL reads no certificate whose names it can't make canonical.
        let is_self_issued = x509.issuer().as_raw() == x509.subject().as_raw();
        if !is_certificate(der) || !is_self_issued && subject_hash(x509.issuer()).is_none() {
            return None;
        }
        let certificate = Self {
            fingerprint: Fingerprint::of(der),
            subject_hash: subject_hash(x509.subject())?,
            subject: printable(x509.subject()),
            subject_der: x509.subject().as_raw().to_vec(),
            issuer_der: x509.issuer().as_raw().to_vec(),
            validity: x509.validity().not_before.timestamp()
                ..=x509.validity().not_after.timestamp(),
            is_authority: purpose::is_authority(&x509),
            purposes: purpose::of(&x509),
            concerns: concern::of(&x509),
            der: der.to_vec(),
        };
        Some((certificate, rest))
    }

    /// Issued by the name that it bears. Whether the signature is its own is for the clients to
    /// check.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }

    /// Whether the issuer's name isn't empty.
    pub(crate) fn has_issuer_name(&self) -> bool {
        self.issuer_der != EMPTY_NAME
    }

    pub(crate) fn to_pem(&self) -> Vec<u8> {
        pem::encode(&self.der)
    }
}

/// Bytes of a certificate. Go takes no more in a handshake, and OpenSSL less; while they are looked at,
/// names and extensions of no length take fifty times what they are written in.
const SIZE_MAX: usize = 256 << 10;

/// A `SEQUENCE` of nothing.
const EMPTY_NAME: [u8; 2] = [0x30, 0];

/// SHA-256 of a certificate's DER.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

impl Fingerprint {
    /// The SHA-256 of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The first 12 hexadecimal digits, as they stand in file names.
    pub(crate) fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
