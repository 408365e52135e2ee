//! From a CA file to certificates.

#![forbid(unsafe_code)]

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::x509;
use crate::anchor;
use crate::anchor::Contents;
use crate::anchor::Encoding;
use crate::anchor::TrustAnchors;
use crate::certificate::Certificate;
use crate::distinguished_name::label;
use crate::pem;
use crate::places::Places;
use crate::source::Source;
use crate::subject_hash::old_subject_hash;

/// A CA file. What is taken from it is written as PEM that says just that, to us and to a reader
/// that forgives nothing; what is in no encoding of its own is the same in PEM of any label.
pub fn source(bytes: &[u8]) {
    let contents = read(bytes);
    check(bytes, &contents);
    if !matches!(contents.encoding, Encoding::Der | Encoding::Pkcs7) {
        return;
    }
    for (label, encoding) in [
        ("CERTIFICATE", Encoding::Der),
        ("TRUSTED CERTIFICATE", Encoding::Der),
        ("PKCS7", Encoding::Pkcs7),
    ] {
        let text = pem::encode_as(label, bytes);
        let wrapped = read(&text);
        check(&text, &wrapped);
        if contents.encoding == encoding {
            // What follows a certificate is only known where trust settings may.
            let is_less = wrapped.certificates.len() < contents.certificates.len();
            assert!(!is_less, "{label}: less than in DER");
        }
    }
}

/// A certificate, or a name that is given one: its DER with our hashes of its subject, if we take it
/// for a certificate.
pub fn certificate(bytes: &[u8]) -> Option<(Vec<u8>, u32, u32)> {
    let certificate = Certificate::parse(bytes).or_else(|| {
        let subject = x509::tlv(x509::SEQUENCE, bytes);
        Certificate::parse(&x509::Certificate::with_subject(subject).der())
    })?;
    let old = old_subject_hash(&certificate.subject_der);
    Some((certificate.der, certificate.subject_hash, old))
}

fn read(bytes: &[u8]) -> Contents {
    let (name, path) = ("ca".to_owned(), "/ca".into());
    let source = Source { name, path, bytes: bytes.to_vec(), is_public: true };
    anchor::parse_all(&[source]).remove(0)
}

fn check(bytes: &[u8], contents: &Contents) {
    let ders: Vec<&[u8]> =
        contents.certificates.iter().map(|certificate| certificate.der.as_slice()).collect();
    assert!(!ders.is_empty() || !contents.errors.is_empty(), "neither certificates nor a reason");
    assert!(ders.iter().map(|der| der.len()).sum::<usize>() <= bytes.len(), "more than was there");
    let mut text = Vec::new();
    for certificate in &contents.certificates {
        assert!(Certificate::parse(&certificate.der).is_some(), "not read again");
        let shown = [certificate.subject.clone(), label(&certificate.subject_der)];
        assert!(!shown.concat().contains(char::is_control), "{shown:?}");
        text.extend(certificate.to_pem());
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    assert_eq!(found.unwrap().iter().map(|der| der.as_ref()).collect::<Vec<_>>(), ders);
    if ders.is_empty() {
        return;
    }
    let again = read(&text);
    assert!(again.is_clean_pem && again.errors.is_empty(), "{:?}", again.errors);
    assert!(
        again.certificates.iter().map(|certificate| certificate.der.as_slice()).eq(ders.clone())
    );
    if contents.is_clean_pem {
        assert!(!contents.has_private_key && contents.errors.is_empty());
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
        assert_eq!(found.unwrap().iter().map(|der| der.as_ref()).collect::<Vec<_>>(), ders);
    }
    let anchors = TrustAnchors::new(&[again], &Places::default(), 1_800_000_000).unwrap();
    let mut unique = Places::default();
    let count = ders.iter().filter(|der| unique.add(der)).count();
    assert_eq!(anchors.as_slice().len(), count);
}
