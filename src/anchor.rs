//! From the bytes of a CA file to trust anchors.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::path::Path;
use std::path::PathBuf;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::blocklist::Blocklist;
use crate::certificate::Certificate;
use crate::concern::Concern;
use crate::concern::date;
use crate::envelope::is_for_servers;
use crate::envelope::pkcs7_certificates;
use crate::error::BrokenBlock;
use crate::error::Error;
use crate::error::Lookalike;
use crate::pem;
use crate::places::Places;
use crate::platform::Collection;
use crate::platform::Platform;
use crate::purpose::Purpose;
use crate::source::Source;

/// A certificate to be trusted, with the source that it came from.
pub(crate) struct Anchor {
    pub(crate) certificate: Certificate,
    /// The source's name, as in [`Source::name`].
    pub(crate) source: String,
    /// Where it stands: in which file, and as which certificate of it, counted from 1.
    pub(crate) path: PathBuf,
    pub(crate) number: usize,
    pub(crate) concerns: Vec<Concern>,
}

/// The anchors of all sources in their order: unique by DER, and never none.
pub(crate) struct TrustAnchors {
    anchors: Vec<Anchor>,
    /// Names of the sources that were read whole, so that an anchor they don't have any more has
    /// gone.
    replaced: Places,
    file: Option<PathBuf>,
    blocklist: Blocklist,
}

/// What a platform takes of anchors.
#[derive(Default)]
pub(crate) struct Admission {
    pub(crate) anchors: Option<TrustAnchors>,
    /// Names of sources of which it takes nothing any more.
    pub(crate) withdrawn: Places,
    /// Of each anchor that is blocked.
    pub(crate) errors: Vec<Error>,
}

impl TrustAnchors {
    /// The anchors of `contents`, and what is to be said of them at a time in seconds since 1970;
    /// `None` when there are none. A source with errors, or of which a file is `unread`, adds
    /// anchors and replaces none: it may have been read while it was written.
    pub(crate) fn new(contents: &[Contents], unread: &Places, now: i64) -> Option<Self> {
        let file = match contents {
            [only] if only.is_clean_pem => Some(only.path.clone()),
            _ => None,
        };
        let mut broken = Places::default();
        for contents in contents.iter().filter(|contents| !contents.errors.is_empty()) {
            broken.add(contents.source.as_bytes());
        }
        let mut replaced = Places::default();
        for source in contents.iter().map(|contents| contents.source.as_bytes()) {
            if !broken.contains(source) && !unread.contains(source) {
                replaced.add(source);
            }
        }
        let mut places = Places::default();
        let mut anchors: Vec<Anchor> = Vec::new();
        for contents in contents {
            let mut subjects = Places::default();
            for certificate in &contents.certificates {
                subjects.add(&certificate.subject_der);
            }
            for (index, certificate) in contents.certificates.iter().enumerate() {
                let Some(place) = places.enter(&certificate.fingerprint.0, anchors.len()) else {
                    anchors.push(Anchor {
                        certificate: certificate.clone(),
                        source: contents.source.clone(),
                        path: contents.path.clone(),
                        number: index + 1,
                        concerns: concerns(certificate, &subjects, now),
                    });
                    continue;
                };
                // Of several sources the one that it is named by is the same in any order.
                if contents.source < anchors[place].source {
                    anchors[place].source.clone_from(&contents.source);
                }
            }
        }
        let blocklist = Blocklist::default();
        if anchors.is_empty() { None } else { Some(Self { anchors, replaced, file, blocklist }) }
    }

    /// The anchors that a platform's administrator hasn't blocked, with what is to be said of them
    /// there.
    pub(crate) fn admitted(mut self, platform: &Platform, blocklist: Blocklist) -> Admission {
        let mut errors = Vec::new();
        let mut subjects = Places::default();
        for anchor in &self.anchors {
            subjects.add(&anchor.certificate.subject_der);
        }
        self.anchors.retain_mut(|anchor| {
            let Anchor { certificate, path, number, concerns, .. } = anchor;
            if let Some(by) = blocklist.blocks(certificate) {
                let (path, by) = (path.clone(), by.to_owned());
                let subject = certificate.subject.clone();
                errors.push(Error::Blocked { path, number: *number, subject, by });
                return false;
            }
            let is_leaf_of_chain =
                !certificate.is_self_issued() && subjects.contains(&certificate.issuer_der);
            if let Some(Collection { tool, .. }) = platform.collection
                && !certificate.purposes.contains(&Purpose::ServerAuth)
                && !is_leaf_of_chain
            {
                concerns.push(Concern::LeftOut { tool });
            }
            true
        });
        if !errors.is_empty() {
            self.file = None;
        }
        self.blocklist = blocklist;
        let (anchors, withdrawn) = match self.anchors.as_slice() {
            [] => (None, self.replaced),
            _ => (Some(self), Places::default()),
        };
        Admission { anchors, withdrawn, errors }
    }

    /// Whether a certificate that somebody else has put into the anchors directory isn't to be
    /// trusted.
    pub(crate) fn is_blocked(&self, certificate: &Certificate) -> bool {
        self.blocklist.blocks(certificate).is_some()
    }

    pub(crate) fn as_slice(&self) -> &[Anchor] {
        &self.anchors
    }

    /// Whether these are all anchors that there are, by now, at the source of this name.
    pub(crate) fn replace(&self, source: &str) -> bool {
        self.replaced.contains(source.as_bytes())
    }

    /// A file that holds just these anchors, as PEM, already.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The anchors as one PEM file.
    pub(crate) fn to_pem(&self) -> Vec<u8> {
        to_pem(self.anchors.iter().map(|anchor| &anchor.certificate))
    }
}

/// What a CA file turned out to hold.
pub(crate) struct Contents {
    /// The source's name, as in [`Source::name`].
    pub(crate) source: String,
    pub(crate) path: PathBuf,
    pub(crate) encoding: Encoding,
    pub(crate) certificates: Vec<Certificate>,
    /// What could not be used, and why.
    pub(crate) errors: Vec<Error>,
    /// A private key, which goes nowhere.
    pub(crate) has_private_key: bool,
    /// Every program that reads PEM, whoever runs it, finds these certificates in the file, all of
    /// them and nothing else.
    pub(crate) is_clean_pem: bool,
}

impl Contents {
    fn new(source: &Source, encoding: Encoding) -> Self {
        Self {
            source: source.name.clone(),
            path: source.path.clone(),
            encoding,
            certificates: Vec::new(),
            errors: Vec::new(),
            has_private_key: false,
            is_clean_pem: false,
        }
    }
}

/// What will keep clients from trusting a certificate, at a time in seconds since 1970: its own
/// concerns, what the time adds to them, and what its neighbours, of these subjects, take away.
fn concerns(certificate: &Certificate, subjects: &Places, now: i64) -> Vec<Concern> {
    let mut concerns = Vec::new();
    if now > *certificate.validity.end() {
        concerns.push(Concern::Expired { on: date(*certificate.validity.end()) });
    } else if now < *certificate.validity.start() {
        concerns.push(Concern::NotYetValid { until: date(*certificate.validity.start()) });
    }
    let is_self_issued = certificate.is_self_issued();
    let has_issuer = is_self_issued || subjects.contains(&certificate.issuer_der);
    // GitLab's documentation has people mount the server's certificate, its intermediate and its
    // root in one file. The first is no CA and needs not be one, as the last is there.
    let is_leaf_of_chain = has_issuer && !is_self_issued;
    let own = certificate.concerns.iter();
    concerns
        .extend(own.filter(|&concern| *concern != Concern::NotCa || !is_leaf_of_chain).cloned());
    if !has_issuer && !concerns.contains(&Concern::NotCa) {
        concerns.push(Concern::IssuerAbsent);
    }
    concerns
}

/// How the certificates were written down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Encoding {
    Der,
    Pem,
    PemUtf16,
    Pkcs7,
}

impl Encoding {
    /// The encoding's name in a message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Der => "DER",
            Self::Pem => "PEM",
            Self::PemUtf16 => "PEM in UTF-16",
            Self::Pkcs7 => "PKCS#7",
        }
    }
}

/// Finds the certificates in all sources, [`CERTIFICATES_MAX`] at most.
pub(crate) fn parse_all(sources: &[Source]) -> Vec<Contents> {
    let mut limit = CERTIFICATES_MAX;
    let parse_next = |source| {
        let contents = parse(source, limit);
        limit -= contents.certificates.len();
        contents
    };
    sources.iter().map(parse_next).collect()
}

/// Finds the certificates in a source's bytes, in whatever encoding they are. A broken one hides no
/// good one.
fn parse(source: &Source, limit: usize) -> Contents {
    let (text, is_utf16) = decode_utf16(&source.bytes);
    let blocks: Vec<_> = pem::blocks(&text).take(limit + 1).collect();
    let mut contents = if blocks.is_empty() {
        parse_der(source, limit)
    } else {
        parse_pem(source, &blocks, limit, if is_utf16 { Encoding::PemUtf16 } else { Encoding::Pem })
    };
    if blocks.len() > limit || contents.certificates.len() > limit {
        contents.certificates.clear();
        contents.is_clean_pem = false;
        let path = source.path.clone();
        contents.errors = vec![Error::TooManyCertificates { path, limit: CERTIFICATES_MAX }];
    }
    contents
}

fn parse_pem(
    source: &Source,
    blocks: &[pem::Block<'_>],
    limit: usize,
    encoding: Encoding,
) -> Contents {
    let mut contents = Contents::new(source, encoding);
    for (index, block) in blocks.iter().take(limit).enumerate() {
        // One block may hold as many as all together may be.
        if contents.certificates.len() > limit {
            break;
        }
        contents.has_private_key |= block.label.ends_with(b"PRIVATE KEY");
        match parse_block(block, limit) {
            Ok(certificates) => contents.certificates.extend(certificates),
            Err(why) => contents.errors.push(Error::BrokenBlock {
                path: source.path.clone(),
                number: index + 1,
                line: block.line,
                why,
            }),
        }
    }
    if contents.certificates.is_empty() && contents.errors.is_empty() {
        let looks_like =
            if contents.has_private_key { Lookalike::PrivateKey } else { Lookalike::OtherPem };
        contents.errors.push(Error::NoCertificate { path: source.path.clone(), looks_like });
    }
    contents.is_clean_pem = source.is_public
        && contents.errors.is_empty()
        && blocks.iter().all(|block| block.label == b"CERTIFICATE")
        && is_read_as(&source.bytes, &contents.certificates);
    contents
}

/// Whether a reader that forgives nothing, not even indentation or a byte order mark, finds just
/// `certificates` in `text`.
fn is_read_as(text: &[u8], certificates: &[Certificate]) -> bool {
    // As this program and openssl write it; the common case, and the cheap one.
    if text == to_pem(certificates.iter()) {
        return true;
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    found.is_ok_and(|found| {
        found
            .iter()
            .map(|der| der.as_ref())
            .eq(certificates.iter().map(|certificate| certificate.der.as_slice()))
    })
}

fn to_pem<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> Vec<u8> {
    let mut pem = Vec::new();
    for certificate in certificates {
        pem.extend_from_slice(&certificate.to_pem());
    }
    pem
}

/// The certificates of one block: none of another kind's, one of a certificate's, all of a
/// PKCS#7's.
fn parse_block(block: &pem::Block<'_>, limit: usize) -> Result<Vec<Certificate>, BrokenBlock> {
    let kind = match block.label {
        b"CERTIFICATE" | b"X509 CERTIFICATE" => BlockKind::Certificate,
        b"TRUSTED CERTIFICATE" => BlockKind::TrustedCertificate,
        b"PKCS7" | b"PKCS #7 SIGNED DATA" | b"CMS" => BlockKind::Pkcs7,
        _ => return Ok(Vec::new()),
    };
    let body = block.body.ok_or(BrokenBlock::Truncated)?;
    let der = pem::decode(body).ok_or(BrokenBlock::Base64)?;
    match kind {
        BlockKind::Pkcs7 => pkcs7_certificates(&der, limit).ok_or(BrokenBlock::Pkcs7),
        BlockKind::Certificate => match Certificate::parse_prefix(&der) {
            Some((certificate, [])) => Ok(vec![certificate]),
            Some((_, rest)) => Err(BrokenBlock::TrailingBytes { count: rest.len() }),
            None => Err(BrokenBlock::NotX509),
        },
        BlockKind::TrustedCertificate => match Certificate::parse_prefix(&der) {
            Some((certificate, trust)) if is_for_servers(trust) => Ok(vec![certificate]),
            Some(_) => Err(BrokenBlock::Distrusted),
            None => Err(BrokenBlock::NotX509),
        },
    }
}

enum BlockKind {
    Certificate,
    Pkcs7,
    TrustedCertificate,
}

fn parse_der(source: &Source, limit: usize) -> Contents {
    let bytes = source.bytes.as_slice();
    let mut contents = Contents::new(source, Encoding::Der);
    let path = source.path.clone();
    match Certificate::parse_prefix(bytes) {
        Some((certificate, [])) => contents.certificates.push(certificate),
        Some((_, rest)) => contents.errors.push(Error::TrailingBytes { path, count: rest.len() }),
        None => match pkcs7_certificates(bytes, limit) {
            Some(certificates) => {
                contents.encoding = Encoding::Pkcs7;
                contents.certificates = certificates;
            }
            None => contents
                .errors
                .push(Error::NoCertificate { path, looks_like: Lookalike::of(bytes) }),
        },
    }
    contents
}

/// PowerShell's `>` and Notepad write UTF-16. UTF-8's byte order mark is left out.
fn decode_utf16(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => return (Cow::Borrowed(text), false),
        [0xff, 0xfe, ..] | [b'-', 0, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] | [0, b'-', ..] => u16::from_be_bytes,
        _ => return (Cow::Borrowed(bytes), false),
    };
    let units = bytes.as_chunks().0.iter().map(|&pair| unit(pair)).filter(|&unit| unit != 0xfeff);
    let text: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    (Cow::Owned(text.into_bytes()), true)
}

/// Blocks or certificates in all CA files together. All public CAs together are fewer than 200.
const CERTIFICATES_MAX: usize = 5_000;
