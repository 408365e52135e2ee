//! Where things stand in a bundle.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::Entry;
use crate::pem;
use crate::places::Places;

/// Where each PEM block of a bundle begins.
pub(super) struct Index<'a> {
    bundle: &'a [u8],
    /// By the base64 of the block; where entries are certificates, by what it stands for. The place
    /// in `starts` of the last that wasn't found yet.
    places: Places,
    /// With the place of the one before that is alike.
    starts: Vec<(usize, Option<usize>)>,
    /// Which of them are parts of an entry that was found.
    is_taken: Vec<bool>,
}

impl<'a> Index<'a> {
    pub(super) fn new(bundle: &'a [u8], is_of_certificates: bool) -> Self {
        let mut index =
            Self { bundle, places: Places::default(), starts: Vec::new(), is_taken: Vec::new() };
        for block in pem::blocks(bundle) {
            match block.body {
                Some(body) if is_of_certificates => {
                    let certificate = pem::certificate(body).unwrap_or_default();
                    index.add(&certificate, block.start);
                }
                Some(body) => index.add(body, block.start),
                None => {}
            }
        }
        index
    }

    fn add(&mut self, key: &[u8], start: usize) {
        self.starts.push((start, self.places.get(key)));
        self.is_taken.push(false);
        self.places.put(key, self.starts.len() - 1);
    }

    /// Where a block begins; of several that are alike each is found once, the last one first.
    fn take(&mut self, key: &[u8]) -> Option<usize> {
        loop {
            let place = self.places.get(key).filter(|&place| place != NONE)?;
            let (start, previous) = self.starts[place];
            self.places.put(key, previous.unwrap_or(NONE));
            if !self.is_taken[place] {
                return Some(start);
            }
        }
    }

    /// Where an entry stands.
    pub(super) fn find(&mut self, entry: &Entry<'_>) -> Option<Range<usize>> {
        match entry.der {
            None => self.find_text(&entry.text),
            Some(der) => self.find_certificate(der, entry.has_label),
        }
    }

    fn find_text(&mut self, text: &[u8]) -> Option<Range<usize>> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let first = pem::blocks(text).next()?;
        // Somebody may have appended a copy that is written otherwise.
        while let Some(start) = self.take(first.body?) {
            if let Some(at) = start.checked_sub(first.start)
                && let Some(rest) = self.bundle[at..].strip_prefix(text)
            {
                let end = at + text.len();
                let first = self.starts.partition_point(|&(start, _)| start < at);
                let last = self.starts.partition_point(|&(start, _)| start < end);
                self.is_taken[first..last].fill(true);
                return Some(at..end + usize::from(rest.starts_with(b"\n")));
            }
        }
        None
    }

    /// The block of a certificate; if it has a label, with that comment and the empty line before
    /// it.
    fn find_certificate(&mut self, der: &[u8], has_label: bool) -> Option<Range<usize>> {
        let begin = self.take(der)?;
        let is_comment = |line: &&[u8]| has_label && line.starts_with(b"#");
        let before = self.bundle[..begin].split_inclusive(|&byte| byte == b'\n').rev();
        let comment: usize = before.take_while(is_comment).map(<[u8]>::len).sum();
        let start = begin - comment;
        let is_parted = has_label && self.bundle[..start].ends_with(b"\n\n");
        let start = if is_parted { start - 1 } else { start };
        let after = &self.bundle[begin..];
        let marker = after.windows(END.len()).position(|window| window == END)?;
        let line = after[marker..].iter().position(|&byte| byte == b'\n');
        let end = line.map_or(self.bundle.len(), |line| begin + marker + line + 1);
        Some(start..end)
    }
}

/// No place.
const NONE: usize = usize::MAX;

const END: &[u8] = b"-----END ";
