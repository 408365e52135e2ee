//! Certificates as p11-kit writes them, each known by its label: into a bundle or into a directory.
//!
//! Source: `trust/extract-pem.c`, `trust/extract-openssl.c` and `trust/enumerate.c` of p11-kit.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use crate::certificate::Certificate;
use crate::der;
use crate::distinguished_name::label;
use crate::pem;
use crate::platform::Block;
use crate::platform::Form;

/// A certificate in PEM. An anchor's trust settings, its `X509_CERT_AUX`, tell nothing but its
/// label: it is trusted for whatever it says itself.
pub(super) fn encode(form: Form, certificate: &Certificate) -> Vec<u8> {
    match form.block {
        Block::Plain => certificate.to_pem(),
        Block::Trusted => {
            let label = label(&certificate.subject_der);
            let alias = match label.as_bytes() {
                [] => Vec::new(),
                label => der::tagged(der::UTF8_STRING, label),
            };
            let settings = der::tagged(der::SEQUENCE, &alias);
            pem::encode_as(TRUSTED, &[&certificate.der[..], &settings].concat())
        }
    }
}

/// A certificate in a bundle, with its label as a comment and an empty line before that.
pub(super) fn with_label(form: Form, certificate: &Certificate) -> Vec<u8> {
    let label = label_or(certificate, "certificate");
    [b"\n# ", label.as_bytes(), b"\n", &encode(form, certificate)].concat()
}

/// The label, or what stands for it where there is none.
pub(super) fn label_or(certificate: &Certificate, otherwise: &'static str) -> Cow<'static, str> {
    match label(&certificate.subject_der) {
        label if label.is_empty() => Cow::Borrowed(otherwise),
        label => Cow::Owned(label),
    }
}

const TRUSTED: &str = "TRUSTED CERTIFICATE";
