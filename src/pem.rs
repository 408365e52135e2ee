//! PEM as text (RFC 7468, read leniently): where its blocks begin and end, and what they are
//! labelled.

#![forbid(unsafe_code)]

use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::der;

/// One `-----BEGIN LABEL-----` … `-----END LABEL-----` of a text.
#[derive(Debug, PartialEq)]
pub(crate) struct Block<'a> {
    pub(crate) label: &'a [u8],
    /// The lines between the two markers; `None` when the text, or the next block, came before the
    /// end marker.
    pub(crate) body: Option<&'a [u8]>,
    /// Line of the begin marker, counted from 1.
    pub(crate) line: usize,
    /// Offset of that line.
    pub(crate) start: usize,
}

/// The blocks of `text`, in order. Whatever stands around them is ignored, and so are indentation
/// and trailing blanks.
pub(crate) fn blocks(text: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut lines = Lines { text, offset: 0, number: 0 };
    let mut pending = None;
    std::iter::from_fn(move || {
        let begin = pending.take().or_else(|| lines.find_map(|line| Begin::at(&line)))?;
        let Begin { label, line, start, body } = begin;
        for next in lines.by_ref() {
            if marker(next.text, b"-----END ") == Some(label) {
                return Some(Block { label, body: Some(&text[body..next.start]), line, start });
            }
            pending = Begin::at(&next);
            if pending.is_some() {
                break;
            }
        }
        Some(Block { label, body: None, line, start })
    })
}

/// The bytes that a block's body stands for; `None` when it isn't base64.
pub(crate) fn decode(body: &[u8]) -> Option<Vec<u8>> {
    let block = [BEGIN_CERTIFICATE, body, b"\n", END_CERTIFICATE].concat();
    let der = CertificateDer::from_pem_slice(&block).ok()?;
    Some(der.to_vec())
}

/// The certificates that stand in blocks of `text`; where there is no block, the bytes themselves.
pub(crate) fn certificates(text: &[u8]) -> Vec<Vec<u8>> {
    let mut blocks = blocks(text).peekable();
    if blocks.peek().is_none() {
        return vec![text.to_vec()];
    }
    blocks
        .filter(|block| block.label.ends_with(b"CERTIFICATE"))
        .filter_map(|block| certificate(block.body?))
        .collect()
}

/// The certificate that a block's body begins with: trust settings may follow it.
pub(crate) fn certificate(body: &[u8]) -> Option<Vec<u8>> {
    let bytes = decode(body)?;
    Some(der::Reader(&bytes).next()?.whole.to_vec())
}

/// The one form in which this program writes a certificate: 64 columns, line feeds, a final one too
/// (RFC 7468, section 3).
pub(crate) fn encode(der: &[u8]) -> Vec<u8> {
    encode_as("CERTIFICATE", der)
}

/// A block of another label, in the same form.
pub(crate) fn encode_as(label: &str, der: &[u8]) -> Vec<u8> {
    let base64 = BASE64.encode(der);
    let mut text = Vec::with_capacity(base64.len() + base64.len() / 64 + 80);
    text.extend_from_slice(b"-----BEGIN ");
    text.extend_from_slice(label.as_bytes());
    text.extend_from_slice(b"-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(b"-----END ");
    text.extend_from_slice(label.as_bytes());
    text.extend_from_slice(b"-----\n");
    text
}

/// A begin marker, and the offset of what follows it.
struct Begin<'a> {
    label: &'a [u8],
    line: usize,
    start: usize,
    body: usize,
}

impl<'a> Begin<'a> {
    fn at(line: &Line<'a>) -> Option<Self> {
        let label = marker(line.text, b"-----BEGIN ")?;
        Some(Self { label, line: line.number, start: line.start, body: line.end })
    }
}

struct Line<'a> {
    text: &'a [u8],
    start: usize,
    end: usize,
    number: usize,
}

struct Lines<'a> {
    text: &'a [u8],
    offset: usize,
    number: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.text.get(self.offset..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
        let start = self.offset;
        self.offset += length;
        self.number += 1;
        Some(Line {
            text: rest[..length].trim_ascii(),
            start,
            end: self.offset,
            number: self.number,
        })
    }
}

fn marker<'a>(line: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let label = line.strip_prefix(prefix)?.strip_suffix(b"-----")?;
    // RFC 7468 has no hyphens side by side in a label. A whole PEM on one line has.
    (!label.windows(2).any(|pair| pair == b"--")).then_some(label)
}

const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----\n";
const END_CERTIFICATE: &[u8] = b"-----END CERTIFICATE-----\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<(String, usize, bool)> {
        blocks(text.as_bytes())
            .map(|block| {
                (
                    String::from_utf8_lossy(block.label).into_owned(),
                    block.line,
                    block.body.is_some(),
                )
            })
            .collect()
    }

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = "junk\n-----BEGIN A-----\nx\n-----END A-----\nmore\r\n  -----BEGIN B----- \r\ny\r\n -----END B-----";
        assert_eq!(labels(text), [("A".into(), 2, true), ("B".into(), 6, true)]);
    }

    #[test]
    fn a_missing_end_hides_no_later_block() {
        let text =
            "-----BEGIN A-----\nx\n-----BEGIN B-----\ny\n-----END B-----\n-----BEGIN C-----\nz\n";
        assert_eq!(
            labels(text),
            [("A".into(), 1, false), ("B".into(), 3, true), ("C".into(), 6, false)]
        );
    }

    #[test]
    fn an_end_of_another_label_ends_nothing() {
        assert_eq!(
            labels("-----BEGIN A-----\n-----END B-----\n-----END A-----\n"),
            [("A".into(), 1, true)]
        );
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        for length in [0, 1, 47, 48, 49, 200] {
            let der: Vec<u8> = (0..=255).cycle().take(length).collect();
            let text = encode(&der);
            assert!(text.split(|&byte| byte == b'\n').all(|line| line.len() <= 64));
            let block = blocks(&text).next().expect("one block");
            assert_eq!(decode(block.body.expect("an end marker")), Some(der));
        }
    }

    #[test]
    fn what_is_not_base64_is_not_decoded() {
        assert_eq!(decode(b"MII!"), None);
        assert_eq!(decode(b"MIIB\nx"), None);
    }
}
