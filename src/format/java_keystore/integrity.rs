//! What ties a keystore to its password: the digest of a JKS, and the message authentication code of
//! a PKCS#12 file (RFC 7292, section 4 and appendix B).

#![forbid(unsafe_code)]

use sha1::Digest;
use sha1::Sha1;
use sha2::Sha256;

use crate::der::INTEGER;
use crate::der::OCTET_STRING;
use crate::der::Reader;
use crate::der::SEQUENCE;
use crate::der::inside;
use crate::der::tagged;
use crate::error::Unusable;

/// The digest at the end of a JKS of which `data` is all the rest (`getPreKeyedHash` in
/// `JavaKeyStore.java`).
pub(super) fn jks_digest(data: &[u8]) -> Vec<u8> {
    Hash::Sha1.digest(&[PASSWORD, b"Mighty Aphrodite", data].concat())
}

/// Authenticates `new` as `mac_data`, the element at a file's end, authenticates `old`: by the same
/// algorithm, salt and number of iterations.
///
/// # Errors
/// When the element isn't understood, or was made with another password.
pub(super) fn renew(mac_data: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>, Unusable> {
    let mac = MacData::read(mac_data).ok_or(Unusable::Malformed)?;
    let key = mac.hash.key(mac.salt, mac.iterations);
    if mac.hash.hmac(&key, old) != mac.code {
        return Err(Unusable::Password);
    }
    let code = tagged(OCTET_STRING, &mac.hash.hmac(&key, new));
    let digest_info = tagged(SEQUENCE, &[mac.algorithm, &code].concat());
    Ok(tagged(SEQUENCE, &[&digest_info, mac.parameters].concat()))
}

struct MacData<'a> {
    /// The element that names the hash.
    algorithm: &'a [u8],
    hash: Hash,
    code: &'a [u8],
    /// The elements after the code: of the salt and the iterations.
    parameters: &'a [u8],
    salt: &'a [u8],
    iterations: usize,
}

impl<'a> MacData<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut mac_data = Reader(inside(der, &[SEQUENCE])?);
        let mut digest_info = Reader(mac_data.take(SEQUENCE)?);
        let algorithm = digest_info.next()?.whole;
        let code = inside(digest_info.0, &[OCTET_STRING])?;
        let parameters = mac_data.0;
        let salt = mac_data.take(OCTET_STRING)?;
        let iterations = match mac_data.0 {
            [] => 1,
            iterations => number(inside(iterations, &[INTEGER])?)?,
        };
        let hash = Hash::of(inside(algorithm, &[SEQUENCE])?)?;
        Some(Self { algorithm, hash, code, parameters, salt, iterations })
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    let number = bytes.iter().try_fold(0, |number: usize, &byte| {
        (number <= ITERATIONS_MAX).then_some(number << 8 | usize::from(byte))
    })?;
    (1..=ITERATIONS_MAX).contains(&number).then_some(number)
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    fn of(algorithm: &[u8]) -> Option<Self> {
        // Its parameters are NULL or left out.
        let identifier = algorithm.strip_suffix(NULL).unwrap_or(algorithm);
        match identifier {
            OID_SHA1 => Some(Self::Sha1),
            OID_SHA256 => Some(Self::Sha256),
            _ => None,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
        }
    }

    /// The derivation of appendix B.2, for a key that is as long as the hash: then there is one round.
    fn key(self, salt: &[u8], iterations: usize) -> Vec<u8> {
        let password = [PASSWORD, &[0, 0]].concat();
        let mut key = [&[ID_MAC; BLOCK], &fill_blocks(salt)[..], &fill_blocks(&password)].concat();
        for _ in 0..iterations {
            key = self.digest(&key);
        }
        key
    }

    /// HMAC (RFC 2104) with a key that is no longer than a block. Over the two hashes that are here
    /// anyway it is less code than a crate that is generic in them.
    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut inner = [0x36; BLOCK];
        let mut outer = [0x5c; BLOCK];
        for ((inner, outer), byte) in inner.iter_mut().zip(&mut outer).zip(key) {
            *inner ^= byte;
            *outer ^= byte;
        }
        let digest = self.digest(&[&inner, message].concat());
        self.digest(&[&outer, &digest[..]].concat())
    }
}

/// As often as it takes to fill whole blocks.
fn fill_blocks(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len().next_multiple_of(BLOCK);
    let mut blocks = Vec::with_capacity(length + bytes.len());
    while blocks.len() < length {
        blocks.extend_from_slice(bytes);
    }
    blocks.truncate(length);
    blocks
}

/// `changeit` in UTF-16: everybody's truststore is protected by it, which is to say against
/// accidents.
const PASSWORD: &[u8] = b"\0c\0h\0a\0n\0g\0e\0i\0t";
/// Of both hashes.
const BLOCK: usize = 64;
/// What a key is derived for.
const ID_MAC: u8 = 3;
/// As many as Java ever made by default (`keystore.pkcs12.legacy`): 65 ms.
const ITERATIONS_MAX: usize = 100_000;
/// 1.3.14.3.2.26, encoded.
const OID_SHA1: &[u8] = &[0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// 2.16.840.1.101.3.4.2.1, encoded.
const OID_SHA256: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const NULL: &[u8] = &[0x05, 0x00];
