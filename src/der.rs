//! DER (X.690) as it is taken apart and put together: elements whose length has its one shortest
//! form, with tags of one byte.

#![forbid(unsafe_code)]

/// One element.
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// The content with its tag and length.
    pub(crate) whole: &'a [u8],
}

/// What is left to read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// Takes the next element off the front.
    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let (&[tag, first], after) = self.0.split_first_chunk()?;
        let (length, after) = match first {
            ..0x80 => (usize::from(first), after),
            0x81..=0x84 => {
                let (bytes, after) = after.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
                let is_shortest = length >= 0x80 && bytes.first() != Some(&0);
                (is_shortest.then_some(length)?, after)
            }
            // Indefinite, or of more than there can be.
            0x80 | 0x85.. => return None,
        };
        let (content, after) = after.split_at_checked(length)?;
        let (whole, _) = self.0.split_at_checked(self.0.len() - after.len())?;
        self.0 = after;
        Some(Element { tag, content, whole })
    }

    /// Takes the next element, which has to be of this type, for its content.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|element| element.tag == tag).map(|element| element.content)
    }
}

/// The content of the last of these elements, each of which is all that is in the one before it.
pub(crate) fn inside<'a>(mut der: &'a [u8], tags: &[u8]) -> Option<&'a [u8]> {
    for &tag in tags {
        let mut reader = Reader(der);
        der = reader.take(tag)?;
        if !reader.0.is_empty() {
            return None;
        }
    }
    Some(der)
}

/// Undoes [`inside`].
pub(crate) fn nested(content: &[u8], tags: &[u8]) -> Vec<u8> {
    let mut der = content.to_vec();
    for &tag in tags.iter().rev() {
        der = tagged(tag, &der);
    }
    der
}

/// One element of this type and content.
pub(crate) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant =
        &length[length.iter().position(|&byte| byte != 0).unwrap_or(length.len() - 1)..];
    let mut der = vec![tag];
    if content.len() >= 0x80 {
        der.push(0x80 | significant.len() as u8);
    }
    der.extend_from_slice(significant);
    der.extend_from_slice(content);
    der
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0] EXPLICIT`.
pub(crate) const CONTEXT_0: u8 = 0xa0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let content = vec![7; length];
            let der = tagged(OCTET_STRING, &content);
            let element = Reader(&der).next().expect("one element");
            assert_eq!((element.tag, element.content), (OCTET_STRING, &content[..]));
            assert_eq!(element.whole, der);
            let der = nested(&content, &[SEQUENCE, SET]);
            assert_eq!(inside(&der, &[SEQUENCE, SET]), Some(&content[..]));
            assert_eq!(inside(&[&der[..], &[0]].concat(), &[SEQUENCE, SET]), None);
        }
    }

    #[test]
    fn a_length_has_one_form() {
        for der in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80, 0, 0],
            &[4, 0x81, 1, 0],
            &[4, 0x82, 0, 0x80],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff, 0],
            &[4, 0x85, 0, 0, 0, 0, 1, 0],
            &[4, 0xff],
        ] {
            assert!(Reader(der).next().is_none(), "{der:x?}");
        }
    }
}
