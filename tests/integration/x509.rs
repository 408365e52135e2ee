//! Certificates by hand: the same bytes in every run, any name and any fault, thousands a second.
//! Their signatures are bogus, which nobody checks who only installs them.

use data_encoding::BASE64;
use sha2::Digest;
use sha2::Sha256;

/// A CA that gives no reason for a warning, until one is made.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) serial: u64,
    pub(crate) not_before: &'static str,
    pub(crate) not_after: &'static str,
    pub(crate) signature: &'static [u8],
    /// Bits of an RSA key; a key on P-256 when there are none.
    pub(crate) rsa_bits: Option<usize>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Certificate {
    /// Self-issued, by the name `CN=common_name`.
    pub(crate) fn ca(common_name: &str) -> Self {
        Self::with_subject(name(&[attribute(CN, UTF8, common_name.as_bytes())]))
    }

    pub(crate) fn with_subject(subject: Vec<u8>) -> Self {
        let digest = Sha256::digest(&subject);
        Self {
            issuer: subject.clone(),
            subject,
            serial: u64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])),
            not_before: "20200101000000Z",
            not_after: "20991231235959Z",
            signature: ECDSA_SHA256,
            rsa_bits: None,
            extensions: vec![
                extension(BASIC_CONSTRAINTS, true, &tlv(SEQUENCE, &[1, 1, 0xff])),
                extension(KEY_USAGE, true, &[3, 2, 1, 6]),
                extension(SUBJECT_KEY_ID, false, &tlv(4, &digest[..20])),
            ],
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let algorithm = tlv(SEQUENCE, &tlv(OID, self.signature));
        let validity =
            [tlv(0x18, self.not_before.as_bytes()), tlv(0x18, self.not_after.as_bytes())];
        let serial = self.serial.to_be_bytes();
        let mut to_be_signed = [
            tlv(0xa0, &[2, 1, 2]),
            integer(&serial),
            algorithm.clone(),
            self.issuer.clone(),
            tlv(SEQUENCE, &validity.concat()),
            self.subject.clone(),
            self.key(),
        ]
        .concat();
        if !self.extensions.is_empty() {
            to_be_signed.extend(tlv(0xa3, &tlv(SEQUENCE, &self.extensions.concat())));
        }
        let signature = tlv(SEQUENCE, &[integer(&[1; 32]), integer(&[2; 32])].concat());
        let signature = tlv(3, &[&[0], signature.as_slice()].concat());
        tlv(SEQUENCE, &[tlv(SEQUENCE, &to_be_signed), algorithm, signature].concat())
    }

    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der())
    }

    /// The SHA-256 of the DER, in hexadecimal.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.der())
    }

    fn key(&self) -> Vec<u8> {
        let (algorithm, key) = match self.rsa_bits {
            Some(bits) => {
                let parameters = [integer(&vec![0xc5; bits / 8]), integer(&[1, 0, 1])].concat();
                ([tlv(OID, RSA), vec![5, 0]].concat(), tlv(SEQUENCE, &parameters))
            }
            None => ([tlv(OID, EC), tlv(OID, P256)].concat(), P256_G.to_vec()),
        };
        let key = [&[0], key.as_slice()].concat();
        tlv(SEQUENCE, &[tlv(SEQUENCE, &algorithm), tlv(3, &key)].concat())
    }
}

pub(crate) fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A name of one attribute each level.
pub(crate) fn name(attributes: &[Vec<u8>]) -> Vec<u8> {
    let rdns: Vec<u8> = attributes.iter().flat_map(|attribute| tlv(SET, attribute)).collect();
    tlv(SEQUENCE, &rdns)
}

/// An attribute of a name; `tag` is the type of its string.
pub(crate) fn attribute(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[tlv(OID, oid), tlv(tag, value)].concat())
}

pub(crate) fn extension(oid: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[1, 1, 0xff] } else { &[] };
    tlv(SEQUENCE, &[&tlv(OID, oid), critical, &tlv(4, value)].concat())
}

/// A tag, the length, and the content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = vec![tag];
    match length {
        0..0x80 => der.push(length as u8),
        0x80..0x100 => der.extend([0x81, length as u8]),
        0x100..0x1_0000 => der.extend([0x82, (length >> 8) as u8, length as u8]),
        _ => der.extend([0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
    }
    der.extend(content);
    der
}

/// A positive INTEGER, without the leading zeros of `bytes`.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let at = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len() - 1);
    let mut content = bytes[at..].to_vec();
    if content[0] >= 0x80 {
        content.insert(0, 0);
    }
    tlv(INTEGER, &content)
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const UTF8: u8 = 0x0c;
pub(crate) const NUMERIC: u8 = 0x12;
pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const T61: u8 = 0x14;
pub(crate) const IA5: u8 = 0x16;
pub(crate) const VISIBLE: u8 = 0x1a;
pub(crate) const UNIVERSAL: u8 = 0x1c;
pub(crate) const BMP: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
const OID: u8 = 0x06;

pub(crate) const CN: &[u8] = &[0x55, 0x04, 0x03];
pub(crate) const C: &[u8] = &[0x55, 0x04, 0x06];
pub(crate) const O: &[u8] = &[0x55, 0x04, 0x0a];
pub(crate) const OU: &[u8] = &[0x55, 0x04, 0x0b];
/// The attribute whose values are strings of bits (RFC 4519, section 2.40).
pub(crate) const UNIQUE_ID: &[u8] = &[0x55, 0x04, 0x2d];
pub(crate) const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
pub(crate) const DC: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19];

pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub(crate) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

pub(crate) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
pub(crate) const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
pub(crate) const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
pub(crate) const RSA_MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// The base point of P-256, which is a public key as good as any.
const P256_G: &[u8] = &[
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
    0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
    0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
    0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51,
    0xf5,
];
