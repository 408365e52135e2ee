//! A certificate in DER, or the content of a name that one is made for.
#![no_main]

use std::ffi::c_int;
use std::ffi::c_long;
use std::ffi::c_ulong;
use std::ffi::c_void;
use std::ptr::null_mut;

libfuzzer_sys::fuzz_target!(|bytes| {
    if let Some((der, hash, old_hash)) = ca_entrypoint::fuzzing::certificate(bytes) {
        assert_eq!(hashes(&der), Some((hash.into(), old_hash.into())), "{der:02x?}");
    }
});

/// OpenSSL's hashes of a certificate's subject; `None` if it is none to OpenSSL.
fn hashes(der: &[u8]) -> Option<(c_ulong, c_ulong)> {
    let mut end = der.as_ptr();
    // SAFETY: d2i_X509 reads as many bytes as it is told, and what it returns is freed once.
    unsafe {
        let certificate = d2i_X509(null_mut(), &mut end, der.len() as c_long);
        if certificate.is_null() {
            ERR_clear_error();
            return None;
        }
        let subject = X509_get_subject_name(certificate);
        let mut is_ok = 0;
        let hash = X509_NAME_hash_ex(subject, null_mut(), null_mut(), &mut is_ok);
        let old_hash = X509_NAME_hash_old(subject);
        X509_free(certificate);
        (is_ok == 1).then_some((hash, old_hash))
    }
}

// A crate for it would be compiled in each check.
#[link(name = "crypto")]
unsafe extern "C" {
    fn d2i_X509(to: *mut *mut c_void, from: *mut *const u8, length: c_long) -> *mut c_void;
    fn X509_free(certificate: *mut c_void);
    fn X509_get_subject_name(certificate: *const c_void) -> *const c_void;
    fn X509_NAME_hash_ex(
        name: *const c_void,
        library: *mut c_void,
        properties: *const u8,
        is_ok: *mut c_int,
    ) -> c_ulong;
    fn X509_NAME_hash_old(name: *const c_void) -> c_ulong;
    fn ERR_clear_error();
}
