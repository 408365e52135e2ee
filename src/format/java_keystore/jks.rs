//! JKS, Java's own format: the default until Java 8, and still what the tools of Debian, Fedora and
//! openSUSE make.
//!
//! Source: `sun/security/provider/JavaKeyStore.java` of the JDK. A number has its most significant
//! byte first, and a text is in the UTF-8 of `java.io.DataInput`, behind its length.

#![forbid(unsafe_code)]

use super::Entry;
use super::Wanted;
use super::integrity::jks_digest;
use super::review::Review;
use crate::error::Unusable;

/// The keystore with what is wanted in it, and without the certificates that aren't; `None` when it is
/// so already. Every other entry stays as it is and where it is.
///
/// # Errors
/// When it isn't understood, or is protected by another password.
pub(super) fn update(keystore: &[u8], wanted: &Wanted) -> Result<Option<Vec<u8>>, Unusable> {
    let (data, digest) = keystore.split_last_chunk::<20>().ok_or(Unusable::Malformed)?;
    let file = File::read(data).ok_or(Unusable::Malformed)?;
    let mut review = Review::new(wanted, modified_utf8);
    let mut entries = Vec::with_capacity(data.len());
    let mut count = 0;
    for item in &file.items {
        let stays =
            item.certificate.is_none_or(|der| review.keeps(&item.alias.to_ascii_lowercase(), der));
        if stays {
            entries.extend_from_slice(item.whole);
            count += 1;
        }
    }
    let missing = review.missing();
    if missing.is_empty() && count == file.items.len() {
        return Ok(None);
    }
    if jks_digest(data) != digest {
        return Err(Unusable::Password);
    }
    count += missing.len();
    for entry in &missing {
        write(entry, file.version, &mut entries);
    }
    let mut updated =
        [MAGIC, &file.version.to_be_bytes(), &(count as u32).to_be_bytes(), &entries].concat();
    updated.extend_from_slice(&jks_digest(&updated));
    Ok(Some(updated))
}

/// What `present` looks like at the end of a keystore of today's version, before the digest.
pub(super) fn encode(present: &[Entry]) -> Vec<u8> {
    let mut entries = Vec::new();
    for entry in present {
        write(entry, VERSION, &mut entries);
    }
    entries
}

/// A keystore without its digest.
struct File<'a> {
    version: u32,
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    alias: &'a [u8],
    /// The one that is trusted; `None` for a private key with its certificates.
    certificate: Option<&'a [u8]>,
    /// All bytes of it.
    whole: &'a [u8],
}

impl<'a> File<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(data.strip_prefix(MAGIC)?);
        let version = reader.number()?;
        if !matches!(version, 1 | VERSION) {
            return None;
        }
        let count = reader.number()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(reader.item(version)?);
        }
        reader.0.is_empty().then_some(Self { version, items })
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn item(&mut self, version: u32) -> Option<Item<'a>> {
        let start = self.0;
        let tag = self.number()?;
        let alias = self.text()?;
        // When it was made.
        self.bytes(8)?;
        let certificate = match tag {
            TAG_PRIVATE_KEY => {
                self.block()?;
                for _ in 0..self.number()? {
                    self.certificate(version)?;
                }
                None
            }
            TAG_CERTIFICATE => Some(self.certificate(version)?),
            _ => return None,
        };
        let whole = start.get(..start.len() - self.0.len())?;
        Some(Item { alias, certificate, whole })
    }

    fn certificate(&mut self, version: u32) -> Option<&'a [u8]> {
        if version == VERSION {
            self.text()?;
        }
        self.block()
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let (&length, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        self.bytes(u16::from_be_bytes(length).into())
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.bytes(length as usize)
    }

    fn number(&mut self) -> Option<u32> {
        let (&number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(number))
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

fn write(entry: &Entry, version: u32, to: &mut Vec<u8>) {
    let milliseconds = entry.created.saturating_mul(1000);
    to.extend_from_slice(&TAG_CERTIFICATE.to_be_bytes());
    write_text(&modified_utf8(&entry.alias), to);
    to.extend_from_slice(&milliseconds.to_be_bytes());
    if version == VERSION {
        write_text(b"X.509", to);
    }
    to.extend_from_slice(&(entry.der.len() as u32).to_be_bytes());
    to.extend_from_slice(&entry.der);
}

/// An alias is made of a file's name, or cut to a length that fits.
fn write_text(text: &[u8], to: &mut Vec<u8>) {
    to.extend_from_slice(&(text.len() as u16).to_be_bytes());
    to.extend_from_slice(text);
}

/// UTF-8 in which a character outside the basic plane is two surrogates of three bytes each. No
/// alias has a NUL, which is the other difference.
fn modified_utf8(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let [first, second, third] =
            [0xe0 | unit >> 12, 0x80 | unit >> 6 & 0x3f, 0x80 | unit & 0x3f].map(|byte| byte as u8);
        match unit {
            ..0x80 => bytes.push(unit as u8),
            0x80..0x800 => bytes.extend_from_slice(&[second | 0xc0, third]),
            _ => bytes.extend_from_slice(&[first, second, third]),
        }
    }
    bytes
}

pub(super) const MAGIC: &[u8] = &[0xfe, 0xed, 0xfe, 0xed];
/// Of the versions that there are, the one in which each certificate tells its type.
const VERSION: u32 = 2;
const TAG_PRIVATE_KEY: u32 = 1;
const TAG_CERTIFICATE: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn update(
        keystore: &[u8],
        present: &[Entry],
        absent: &[String],
    ) -> Result<Option<Vec<u8>>, Unusable> {
        super::update(keystore, &Wanted::by_alias(present, absent))
    }

    fn entry(alias: &str, der: &[u8]) -> Entry {
        Entry { alias: alias.to_owned(), der: der.to_vec(), created: 1_700_000_000 }
    }

    fn file(version: u32, items: &[&[u8]]) -> Vec<u8> {
        let count = items.len() as u32;
        let mut file =
            [MAGIC, &version.to_be_bytes(), &count.to_be_bytes(), &items.concat()].concat();
        file.extend(jks_digest(&file));
        file
    }

    /// A private key with a chain of one, under the alias that a certificate of ours has too.
    fn private_key() -> Vec<u8> {
        let certificate = b"\0\x05X.509\0\0\0\x04leaf";
        [b"\0\0\0\x01\0\x03key\0\0\0\0\0\0\0\x07\0\0\0\x06secret\0\0\0\x01", &certificate[..]]
            .concat()
    }

    fn store() -> Vec<u8> {
        let other = encode(&[entry("other", b"other certificate")]);
        file(VERSION, &[&private_key(), &other])
    }

    fn absent(aliases: &[&str]) -> Vec<String> {
        aliases.iter().map(|&alias| alias.to_owned()).collect()
    }

    #[test]
    fn what_was_added_is_taken_out() {
        let present = [entry("first", b"1"), entry("zweite-ü☃😀", b"2")];
        let updated = update(&store(), &present, &[]).unwrap().unwrap();
        let expected = file(
            VERSION,
            &[&private_key(), &store()[12 + private_key().len()..store().len() - 20]],
        );
        assert_eq!(expected, store());
        assert!(updated[..updated.len() - 20].ends_with(&encode(&present)));
        assert_eq!(updated[12..store().len() - 20], store()[12..store().len() - 20]);
        assert_eq!(update(&updated, &present, &absent(&["gone"])), Ok(None));
        let removed = update(&updated, &[], &absent(&["first", "zweite-ü☃😀"]));
        assert_eq!(removed, Ok(Some(store())));
        assert_eq!(update(&store(), &[], &absent(&["first", "key"])), Ok(None));
    }

    #[test]
    fn an_alias_stands_for_one_certificate() {
        let [old, new, other] =
            [("A", b"old"), ("a", b"new"), ("b", b"oth")].map(|(alias, der)| entry(alias, der));
        let [was, is, beside] =
            [&old, &new, &other].map(|entry| encode(&[self::entry(&entry.alias, &entry.der)]));
        let updated = update(&file(VERSION, &[&was, &beside, &was]), &[new], &absent(&["a"]));
        assert_eq!(updated, Ok(Some(file(VERSION, &[&beside, &is]))));
        let twice = [entry("a", b"new"), entry("a", b"old")];
        assert_eq!(update(&file(VERSION, &[&is, &beside]), &twice, &[]), Ok(None));
    }

    #[test]
    fn the_first_version_has_no_types() {
        let mut entries = Vec::new();
        write(&entry("a", b"1"), 1, &mut entries);
        assert!(!entries.windows(5).any(|window| window == b"X.509"));
        let updated = update(&file(1, &[]), &[entry("a", b"1")], &[]);
        assert_eq!(updated, Ok(Some(file(1, &[&entries]))));
        assert_eq!(update(&file(3, &[]), &[entry("a", b"1")], &[]), Err(Unusable::Malformed));
    }

    #[test]
    fn text_is_as_java_writes_it() {
        assert_eq!(modified_utf8("aü☃😀"), b"a\xc3\xbc\xe2\x98\x83\xed\xa0\xbd\xed\xb8\x80");
    }

    #[test]
    fn what_is_damaged_is_not_touched() {
        let (store, present) = (store(), [entry("first", b"1")]);
        for length in 0..store.len() {
            update(&store[..length], &present, &[]).unwrap_err();
        }
        for bit in 0..store.len() * 8 {
            let mut damaged = store.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            update(&damaged, &present, &[]).unwrap_err();
        }
        let longer = [&store[..], b"x"].concat();
        update(&longer, &present, &[]).unwrap_err();
    }

    #[test]
    fn another_password() {
        let mut store = store();
        *store.last_mut().unwrap() ^= 1;
        assert_eq!(update(&store, &[entry("first", b"1")], &[]), Err(Unusable::Password));
    }
}
