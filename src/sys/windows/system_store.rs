//! The machine's certificate stores, by crypt32.

use std::ffi::CStr;
use std::ffi::OsString;
use std::ffi::c_void;
use std::io;
use std::os::windows::ffi::OsStringExt;
use std::ptr;
use std::slice;

use windows_sys::Win32::Foundation::CRYPT_E_EXISTS;
use windows_sys::Win32::Foundation::CRYPT_E_NOT_FOUND;
use windows_sys::Win32::Foundation::FALSE;
use windows_sys::Win32::Security::Cryptography::CERT_CONTEXT;
use windows_sys::Win32::Security::Cryptography::CERT_DISALLOWED_ENHKEY_USAGE_PROP_ID;
use windows_sys::Win32::Security::Cryptography::CERT_DISALLOWED_FILETIME_PROP_ID;
use windows_sys::Win32::Security::Cryptography::CERT_FRIENDLY_NAME_PROP_ID;
use windows_sys::Win32::Security::Cryptography::CERT_NOT_BEFORE_FILETIME_PROP_ID;
use windows_sys::Win32::Security::Cryptography::CERT_STORE_ADD_NEW;
use windows_sys::Win32::Security::Cryptography::CERT_STORE_CTRL_COMMIT;
use windows_sys::Win32::Security::Cryptography::CERT_STORE_PROV_SYSTEM_W;
use windows_sys::Win32::Security::Cryptography::CERT_STORE_READONLY_FLAG;
use windows_sys::Win32::Security::Cryptography::CERT_SYSTEM_STORE_LOCAL_MACHINE;
use windows_sys::Win32::Security::Cryptography::CRYPT_INTEGER_BLOB;
use windows_sys::Win32::Security::Cryptography::CTL_USAGE;
use windows_sys::Win32::Security::Cryptography::CertAddCertificateContextToStore;
use windows_sys::Win32::Security::Cryptography::CertCloseStore;
use windows_sys::Win32::Security::Cryptography::CertControlStore;
use windows_sys::Win32::Security::Cryptography::CertCreateCertificateContext;
use windows_sys::Win32::Security::Cryptography::CertDeleteCertificateFromStore;
use windows_sys::Win32::Security::Cryptography::CertDuplicateCertificateContext;
use windows_sys::Win32::Security::Cryptography::CertEnumCertificatesInStore;
use windows_sys::Win32::Security::Cryptography::CertFreeCertificateContext;
use windows_sys::Win32::Security::Cryptography::CertGetCertificateContextProperty;
use windows_sys::Win32::Security::Cryptography::CertGetEnhancedKeyUsage;
use windows_sys::Win32::Security::Cryptography::CertOpenStore;
use windows_sys::Win32::Security::Cryptography::CertSetCertificateContextProperty;
use windows_sys::Win32::Security::Cryptography::HCERTSTORE;
use windows_sys::Win32::Security::Cryptography::X509_ASN_ENCODING;

use super::wide::wide;
use crate::system_store::Entry;

/// Tells why this user may not write to a store.
pub(crate) fn open_system_store(name: &'static str) -> io::Result<()> {
    Store::open(name, 0).map(drop)
}

/// All certificates of a store.
pub(crate) fn read_system_store(name: &'static str) -> io::Result<Vec<Entry>> {
    let store = Store::open(name, CERT_STORE_READONLY_FLAG)?;
    let mut entries = Vec::new();
    store.for_each(|certificate| {
        entries.push(Entry {
            der: der(certificate).to_vec(),
            name: name_of(certificate),
            is_for_servers: is_for_servers(certificate),
        });
    });
    Ok(entries)
}

/// Puts a certificate into a store, with its friendly name. One that another start has put there
/// meanwhile is there.
#[expect(unsafe_code, reason = "crypt32's calls")]
pub(crate) fn add_to_system_store(store: &str, der: &[u8], name: &str) -> io::Result<()> {
    let store = Store::open(store, 0)?;
    let size = u32::try_from(der.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the certificate is `size` bytes, and is copied.
    let certificate =
        unsafe { CertCreateCertificateContext(X509_ASN_ENCODING, der.as_ptr(), size) };
    if certificate.is_null() {
        return Err(last_error());
    }
    let certificate = Certificate(certificate);
    let mut name = wide(name);
    let name = CRYPT_INTEGER_BLOB {
        cbData: (name.len() * size_of::<u16>()) as u32,
        pbData: name.as_mut_ptr().cast(),
    };
    // SAFETY: the certificate is there; the property is a blob, whose text ends with a NUL, and is
    // copied.
    let is_named = unsafe {
        CertSetCertificateContextProperty(
            certificate.0,
            CERT_FRIENDLY_NAME_PROP_ID,
            0,
            (&raw const name).cast(),
        )
    };
    if is_named == FALSE {
        return Err(last_error());
    }
    // SAFETY: both are there, and nobody asks for the copy in the store.
    let is_added = unsafe {
        CertAddCertificateContextToStore(
            store.0,
            certificate.0,
            CERT_STORE_ADD_NEW,
            ptr::null_mut(),
        )
    };
    match last_error() {
        _ if is_added != FALSE => store.commit(),
        error if error.raw_os_error() == Some(CRYPT_E_EXISTS) => Ok(()),
        error => Err(error),
    }
}

/// Takes a certificate of this name out of a store; one that isn't there is out already.
#[expect(unsafe_code, reason = "crypt32's calls")]
pub(crate) fn remove_from_system_store(store: &str, wanted: &[u8], name: &str) -> io::Result<()> {
    let store = Store::open(store, 0)?;
    let mut found = Vec::new();
    store.for_each(|certificate| {
        if der(certificate) == wanted && name_of(certificate).as_deref() == Some(name) {
            // SAFETY: the certificate is of an open store. Who walks through it gives its own
            // reference back.
            found.push(unsafe { CertDuplicateCertificateContext(certificate) });
        }
    });
    // Not on the walk, which would not go on from one that is gone.
    let mut result = Ok(());
    for certificate in found {
        // SAFETY: the reference is given back by the call, whatever comes of it.
        if unsafe { CertDeleteCertificateFromStore(certificate) } == FALSE {
            result = Err(last_error());
        }
    }
    result.and_then(|()| store.commit())
}

/// An open store.
struct Store(HCERTSTORE);

impl Store {
    #[expect(unsafe_code, reason = "crypt32's call")]
    fn open(name: &str, flags: u32) -> io::Result<Self> {
        let name = wide(name);
        let flags = CERT_SYSTEM_STORE_LOCAL_MACHINE | flags;
        // SAFETY: this provider takes a name that a NUL ends.
        let store =
            unsafe { CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, name.as_ptr().cast()) };
        if store.is_null() { Err(last_error()) } else { Ok(Self(store)) }
    }

    #[expect(unsafe_code, reason = "crypt32's call")]
    fn for_each(&self, mut act: impl FnMut(*const CERT_CONTEXT)) {
        let mut certificate = ptr::null();
        loop {
            // SAFETY: the store is open, and the call gives the certificate back that it is given.
            certificate = unsafe { CertEnumCertificatesInStore(self.0, certificate) };
            if certificate.is_null() {
                return;
            }
            act(certificate);
        }
    }

    /// Has what was changed written down, where that isn't done yet.
    #[expect(unsafe_code, reason = "crypt32's call")]
    fn commit(&self) -> io::Result<()> {
        // SAFETY: the store is open, and the order takes nothing with it.
        let is_written =
            unsafe { CertControlStore(self.0, 0, CERT_STORE_CTRL_COMMIT, ptr::null()) };
        if is_written == FALSE { Err(last_error()) } else { Ok(()) }
    }
}

impl Drop for Store {
    #[expect(unsafe_code, reason = "crypt32's call")]
    fn drop(&mut self) {
        // SAFETY: the store is open, and closed once.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// A reference to a certificate that is to be given back.
struct Certificate(*const CERT_CONTEXT);

impl Drop for Certificate {
    #[expect(unsafe_code, reason = "crypt32's call")]
    fn drop(&mut self) {
        // SAFETY: the reference is given back once.
        unsafe { CertFreeCertificateContext(self.0) };
    }
}

#[expect(unsafe_code, reason = "crypt32's structure")]
fn der<'a>(certificate: *const CERT_CONTEXT) -> &'a [u8] {
    // SAFETY: crypt32 gave the certificate, whose bytes are there as long as it is: until the walk
    // goes on, which is longer than anybody here looks at them.
    unsafe {
        slice::from_raw_parts((*certificate).pbCertEncoded, (*certificate).cbCertEncoded as usize)
    }
}

/// The friendly name.
#[expect(unsafe_code, reason = "crypt32's call")]
fn name_of(certificate: *const CERT_CONTEXT) -> Option<String> {
    let property = |buffer: *mut c_void, size: &mut u32| {
        // SAFETY: the certificate is there, and the buffer is `size` bytes, or none to learn that.
        unsafe {
            CertGetCertificateContextProperty(certificate, CERT_FRIENDLY_NAME_PROP_ID, buffer, size)
        }
    };
    let mut size = 0;
    if property(ptr::null_mut(), &mut size) == FALSE {
        return None;
    }
    let mut text = vec![0_u16; (size as usize).div_ceil(size_of::<u16>())];
    if property(text.as_mut_ptr().cast(), &mut size) == FALSE {
        return None;
    }
    let length = text.iter().position(|&unit| unit == 0).unwrap_or(text.len());
    OsString::from_wide(&text[..length]).into_string().ok()
}

/// Whether neither the certificate nor what an administrator or Windows' list of roots says of it
/// keeps it from being a root of TLS servers.
#[expect(unsafe_code, reason = "crypt32's calls")]
fn is_for_servers(certificate: *const CERT_CONTEXT) -> bool {
    let has_restriction = |property| {
        let mut size = 0;
        // SAFETY: the certificate is there, and nothing but the size is asked for.
        let has_it = unsafe {
            CertGetCertificateContextProperty(certificate, property, ptr::null_mut(), &mut size)
        };
        has_it != FALSE
    };
    if RESTRICTIONS.into_iter().any(has_restriction) {
        return false;
    }
    let mut size = 0;
    // SAFETY: the certificate is there, and nothing but the size is asked for.
    let is_told = unsafe { CertGetEnhancedKeyUsage(certificate, 0, ptr::null_mut(), &mut size) };
    if is_told == FALSE {
        return false;
    }
    // Aligned as the structure at its beginning.
    let mut buffer = vec![0_usize; (size as usize).div_ceil(size_of::<usize>()).max(1)];
    let usage = buffer.as_mut_ptr().cast::<CTL_USAGE>();
    // SAFETY: the buffer is `size` bytes at least. What the call puts at its beginning leads to names
    // in it, each ended by a NUL.
    unsafe {
        if CertGetEnhancedKeyUsage(certificate, 0, usage, &mut size) == FALSE {
            return false;
        }
        let count = (*usage).cUsageIdentifier as usize;
        if count == 0 {
            // For all, or for none at all.
            return last_error().raw_os_error() == Some(CRYPT_E_NOT_FOUND);
        }
        let names = slice::from_raw_parts((*usage).rgpszUsageIdentifier, count);
        names.iter().any(|&name| SERVER_USAGES.contains(&CStr::from_ptr(name.cast())))
    }
}

/// crypt32 wraps other parts' codes into those of COM.
fn last_error() -> io::Error {
    let error = io::Error::last_os_error();
    match error.raw_os_error().map(i32::cast_unsigned) {
        Some(code) if code & 0xffff_0000 == FACILITY_WIN32 => {
            io::Error::from_raw_os_error((code & 0xffff).cast_signed())
        }
        _ => error,
    }
}

/// `HRESULT_FROM_WIN32` puts it before a code.
const FACILITY_WIN32: u32 = 0x8007_0000;

/// What a store can say against a certificate: not trusted since a day, not for some purposes, not
/// for what was issued since a day.
const RESTRICTIONS: [u32; 3] = [
    CERT_DISALLOWED_FILETIME_PROP_ID,
    CERT_DISALLOWED_ENHKEY_USAGE_PROP_ID,
    CERT_NOT_BEFORE_FILETIME_PROP_ID,
];

/// RFC 5280, 4.2.1.12: id-kp-serverAuth, anyExtendedKeyUsage.
const SERVER_USAGES: [&CStr; 2] = [c"1.3.6.1.5.5.7.3.1", c"2.5.29.37.0"];
