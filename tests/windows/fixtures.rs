//! The certificates of the compliance tests, which are in `C:\fixtures` of each machine.

use data_encoding::BASE64;

use crate::certificates;
use crate::machine::Machine;
use crate::store::Entry;
use crate::x509;

/// The first certificate of one of the files, as DER.
pub(crate) fn der(name: &str) -> Vec<u8> {
    ders(name).swap_remove(0)
}

/// The certificates of one of the files, as DER.
pub(crate) fn ders(name: &str) -> Vec<Vec<u8>> {
    let text = certificates::text(name);
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks
        .map(|block| {
            let base64 = block.split("-----END").next().unwrap().replace('\n', "");
            BASE64.decode(base64.as_bytes()).unwrap()
        })
        .collect()
}

/// The SHA-256 of the first certificate of one of the files, in hexadecimal.
pub(crate) fn fingerprint(name: &str) -> String {
    x509::fingerprint(&der(name))
}

/// Where GitLab's documentation has the CA mounted.
pub(crate) const CA: &str = r"C:\GitLab-Runner\certs\ca.crt";

/// How the anchors from there are called.
pub(crate) const CA_SLUG: &str = "C=3a_GitLab-Runner_certs_ca.crt";

/// The entry that an anchor of ours gets in a store.
pub(crate) fn entry(store: &str, name: &str, slug: &str) -> Entry {
    named_entry(store, &fingerprint(name), slug)
}

/// The same of a certificate that is in none of the files.
pub(crate) fn named_entry(store: &str, fingerprint: &str, slug: &str) -> Entry {
    let name = format!("ca-entrypoint-{slug}-{}", &fingerprint[..12]);
    Entry::new(store, fingerprint, Some(&name))
}

/// Puts one of the files where the CA is mounted.
pub(crate) fn mount<'a>(machine: &'a Machine, name: &str) -> &'a Machine {
    machine.write(CA, certificates::text(name))
}
