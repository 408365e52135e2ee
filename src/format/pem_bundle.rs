//! One file with all certificates, which most programs read.

#![forbid(unsafe_code)]

#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod index;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::path::Path;
use std::path::PathBuf;

use index::Index;

use crate::change::Change;
use crate::error::Error;
use crate::format::labelled;
use crate::local;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::platform::BundleEntries;
use crate::platform::Platform;
use crate::platform::Separator;
use crate::root::Root;

/// A bundle as it was found, or where one is to be made.
pub(crate) struct State {
    /// As programs know it.
    pub(crate) path: PathBuf,
    /// The file itself, where `path` is a link.
    pub(crate) file: PathBuf,
    /// All of it, nothing where there is no bundle yet; or as much of its end as shows that nothing
    /// needs be done.
    content: Vec<u8>,
    mode: u32,
    entries: BundleEntries,
    /// It is the one that programs look for.
    is_main: bool,
}

impl State {
    /// Whether it holds any certificate but those of `locals`: the image's own roots. Without them
    /// it must not replace a program's.
    pub(crate) fn has_other_roots(&self, locals: &[LocalAnchor]) -> bool {
        has_certificate(strip_tail(&self.content, &entries(self.entries, locals)).0)
    }
}

/// An anchor's part of a bundle.
struct Entry<'a> {
    text: Cow<'a, [u8]>,
    /// The certificate that it is, under whatever label and with whatever trust settings; `None` where
    /// only the same text is the same entry.
    der: Option<&'a [u8]>,
    /// A comment and an empty line before it are parts of it.
    has_label: bool,
    /// It may stand at the end, where an earlier start put it.
    existed: bool,
    fate: Fate,
}

impl Entry<'_> {
    /// The text of an entry that has none before it: without the empty line between two.
    fn first_text(&self) -> &[u8] {
        if self.has_label { self.text.trim_ascii_start() } else { &self.text }
    }
}

fn entries(kind: BundleEntries, locals: &[LocalAnchor]) -> Vec<Entry<'_>> {
    match kind {
        BundleEntries::Files(separator) => locals
            .iter()
            .map(|local| {
                let mut text = Cow::Borrowed(local.text.as_slice());
                if separator == Separator::LineFeed || !text.ends_with(b"\n") {
                    text.to_mut().push(b'\n');
                }
                Entry {
                    text,
                    der: None,
                    has_label: false,
                    existed: local.existed,
                    fate: local.fate,
                }
            })
            .collect(),
        BundleEntries::Certificates { form, has_labels } => local::members(locals, form.filter)
            .iter()
            .map(|member| Entry {
                text: Cow::Owned(if has_labels {
                    labelled::with_label(form, member.certificate)
                } else {
                    labelled::encode(form, member.certificate)
                }),
                der: Some(&member.certificate.der),
                has_label: has_labels,
                existed: !member.is_known,
                fate: member.fate,
            })
            .collect(),
    }
}

/// The bundles that exist, those that are to be written once however many links lead to them; else
/// the place for the first.
///
/// # Errors
/// When a bundle exists and can't be read.
pub(crate) fn observe(
    root: &Root,
    platform: &Platform,
    locals: &[LocalAnchor],
) -> Result<Vec<State>, Error> {
    let mut states: Vec<State> = Vec::new();
    for (number, bundle) in platform.bundles.iter().enumerate() {
        let is_main = number == 0;
        let entries = entries(bundle.entries, locals);
        for path in bundle.paths {
            let path = Path::new(path);
            let state = |file, content, mode| {
                let (path, entries) = (path.to_owned(), bundle.entries);
                State { path, file, content, mode, entries, is_main }
            };
            match read_current_end(root, path, &entries) {
                // It isn't written, wherever it is.
                Some(end) => states.push(state(path.to_owned(), end, MODE)),
                None => {
                    let Some((content, mode)) = root.read_store_file_with_mode(path)? else {
                        continue;
                    };
                    let file = file(root, platform, path)?;
                    if !states.iter().any(|state| state.file == file) {
                        states.push(state(file, content, mode));
                    }
                }
            }
        }
        // Programs read the first one.
        if states.is_empty()
            && platform.makes_bundle
            && let Some(path) = bundle.paths.first()
        {
            let path = PathBuf::from(path);
            let file = file(root, platform, &path)?;
            let (content, entries) = (Vec::new(), bundle.entries);
            states.push(State { path, file, content, mode: MODE, entries, is_main });
        }
    }
    Ok(states)
}

/// The file that is written for `path`: where it leads, but nothing that never changes.
fn file(root: &Root, platform: &Platform, path: &Path) -> Result<PathBuf, Error> {
    root.without_links_into(path, platform.immutable)
        .map_err(|cause| Error::ReadStore { path: path.to_owned(), cause })
}

/// The end of a bundle that is as it shall be: what most starts find. It is a fiftieth of the
/// whole.
fn read_current_end(root: &Root, path: &Path, entries: &[Entry<'_>]) -> Option<Vec<u8>> {
    let existing = entries.iter().filter(|entry| entry.existed);
    let length: usize = existing.map(|entry| entry.text.len()).sum();
    let end = root.read_end(path, length + END_MAX).ok()?;
    let (rest, in_tail) = strip_tail(&end, entries);
    let is_current = |(entry, in_tail): (&Entry<'_>, bool)| in_tail && entry.fate != Fate::Absent;
    let is_enough = has_certificate(rest) && entries.iter().zip(in_tail).all(is_current);
    is_enough.then_some(end)
}

/// A copy of a bundle with the anchors at its end; `None` when there is no certificate in it, as a
/// bundle without the image's own roots must not replace a program's.
pub(crate) fn with_anchors(bundle: &[u8], anchors: &[u8]) -> Option<Vec<u8>> {
    has_certificate(bundle).then(|| joined(bundle, anchors))
}

/// One text behind the other, which begins on a line of its own.
pub(crate) fn joined(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(one.len() + 1 + other.len());
    text.extend_from_slice(one);
    if !one.is_empty() && !one.ends_with(b"\n") && !other.is_empty() {
        text.push(b'\n');
    }
    text.extend_from_slice(other);
    text
}

fn has_certificate(pem: &[u8]) -> bool {
    let has_marker = |marker: &[u8]| pem.windows(marker.len()).rev().any(|window| window == marker);
    END_MARKERS.iter().any(|marker| has_marker(marker))
}

/// What makes a bundle hold the wanted anchors. No certificate goes but those of the unwanted ones,
/// and in the middle of a bundle only those that `is_base_ours` lets go.
pub(crate) fn changes(state: &State, locals: &[LocalAnchor], is_base_ours: bool) -> Option<Change> {
    let entries = entries(state.entries, locals);
    let content = update(&state.content, &entries, is_base_ours)?;
    if content.is_empty() && state.is_main {
        // Go takes the first bundle that exists, an empty one too. Elsewhere an empty one is what
        // p11-kit makes of nothing.
        return Some(Change::Remove { path: state.file.clone() });
    }
    Some(Change::File { path: state.file.clone(), content, mode: state.mode })
}

/// The distributions' tools write their own certificates first and the anchors directory's last, or
/// all in an order of no meaning, so an anchor's place is the end of the bundle, in the order of the
/// names. What stands before it is the image's and stays as it is, even when the files that the tool
/// would make it of are gone.
fn update(bundle: &[u8], entries: &[Entry<'_>], is_base_ours: bool) -> Option<Vec<u8>> {
    let (base, in_tail) = strip_tail(bundle, entries);
    let mut index = None;
    let mut cuts = Vec::new();
    let mut tail = Vec::new();
    let mut is_changed = false;
    let mut in_base = vec![None; entries.len()];
    // Somebody may have added to the end since, or a tool have written another order.
    let may_be_in_base = |&place: &usize| match &entries[place] {
        _ if in_tail[place] => false,
        Entry { fate: Fate::Present, der: Some(_), .. } => true,
        entry => entry.existed && is_base_ours,
    };
    let mut sought: Vec<usize> = (0..entries.len()).filter(may_be_in_base).collect();
    // A text may be a part of another one, which is somebody's file of several certificates.
    sought.sort_by_key(|&place| Reverse(entries[place].text.len()));
    for place in sought {
        let entry = &entries[place];
        let index = index.get_or_insert_with(|| Index::new(base, entry.der.is_some()));
        in_base[place] = index.find(entry);
    }
    for ((entry, &in_tail), in_base) in entries.iter().zip(&in_tail).zip(in_base) {
        match entry.fate {
            Fate::Present | Fate::AsFound | Fate::AbsentHere if in_tail => tail.push(entry),
            Fate::Present if in_base.is_none() => {
                tail.push(entry);
                is_changed = true;
            }
            Fate::Absent if in_tail => is_changed = true,
            Fate::Absent => cuts.extend(in_base),
            Fate::Present | Fate::AsFound | Fate::AbsentHere => {}
        }
    }
    if !is_changed && cuts.is_empty() {
        return None;
    }
    cuts.sort_unstable_by_key(|cut| cut.start);
    let mut content = Vec::with_capacity(bundle.len());
    let mut from = 0;
    for cut in cuts {
        content.extend_from_slice(&base[from..cut.start]);
        from = cut.end;
    }
    content.extend_from_slice(&base[from..]);
    // Nothing parts the first entry from one before it.
    if entries.iter().any(|entry| entry.has_label) && !base.starts_with(b"\n") {
        let parting = content.len() - content.trim_ascii_start().len();
        content.drain(..parting);
    }
    if !content.is_empty() && !content.ends_with(b"\n") {
        content.push(b'\n');
    }
    for entry in tail {
        let is_first = content.is_empty();
        content.extend_from_slice(if is_first { entry.first_text() } else { &entry.text });
    }
    Some(content)
}

/// Takes the existing anchors' texts off the end of the bundle, in whatever order they stand there.
/// Tells what is left, and which of them were found. An anchor that was never there before isn't
/// looked for: a bundle that happens to hold the same certificate holds it on the image's own
/// account, and keeps it when ours goes.
fn strip_tail<'a>(bundle: &'a [u8], entries: &[Entry<'_>]) -> (&'a [u8], Vec<bool>) {
    let mut rest = bundle;
    let mut in_tail = vec![false; entries.len()];
    let mut candidates: Vec<usize> = (0..entries.len())
        .filter(|&index| entries[index].existed && entries[index].text.len() > 1)
        .collect();
    while let Some((at, base)) = candidates
        .iter()
        .enumerate()
        .rev()
        .find_map(|(at, &index)| Some((at, strip_entry(rest, &entries[index])?)))
    {
        in_tail[candidates.remove(at)] = true;
        rest = base;
    }
    (rest, in_tail)
}

fn strip_entry<'a>(bundle: &'a [u8], entry: &Entry<'_>) -> Option<&'a [u8]> {
    if bundle == entry.first_text() {
        return Some(&[]);
    }
    let text = entry.text.strip_suffix(b"\n").unwrap_or(&entry.text);
    let rest = bundle
        .strip_suffix(b"\n")
        .and_then(|bundle| bundle.strip_suffix(text))
        .or_else(|| bundle.strip_suffix(text));
    // Behind other text on its line it is no certificate to anybody, and none that we put there.
    rest.filter(|rest| rest.is_empty() || rest.ends_with(b"\n"))
}

const END_MARKERS: [&[u8]; 2] =
    [b"-----END CERTIFICATE-----", b"-----END TRUSTED CERTIFICATE-----"];

/// An end marker, and the line feeds around it.
const END_MAX: usize = 40;

const MODE: u32 = 0o644;
