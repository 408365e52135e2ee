//! One file with all certificates, which most programs read.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::change::Change;
use crate::error::Error;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::pem;
use crate::platform::PemBundle;
use crate::platform::Separator;
use crate::root::Root;
use crate::sys;

/// A bundle as it was found, or where one is to be made.
pub(crate) struct State {
    /// As programs know it.
    pub(crate) path: PathBuf,
    /// The file itself, where `path` is a link.
    file: PathBuf,
    /// All of it, nothing where there is no bundle yet; or as much of its end as shows that nothing
    /// needs be done.
    content: Vec<u8>,
    mode: u32,
}

impl State {
    /// Whether it holds any certificate but those of `locals`: the image's own roots. Without them
    /// it must not replace a program's.
    pub(crate) fn has_other_roots(&self, locals: &[LocalAnchor]) -> bool {
        has_certificate(strip_tail(&self.content, locals).0)
    }
}

/// The bundles that exist, each once however many links lead to it; else the place for one.
///
/// # Errors
/// When a bundle exists and can't be read.
pub(crate) fn observe(
    root: &Root,
    bundle: &PemBundle,
    locals: &[LocalAnchor],
) -> Result<Vec<State>, Error> {
    let mut states: Vec<State> = Vec::new();
    for path in bundle.paths {
        let path = Path::new(path);
        let current_end = read_current_end(root, path, locals);
        let Some(content) =
            current_end.map_or_else(|| root.read_store_file(path), |end| Ok(Some(end)))?
        else {
            continue;
        };
        let file = root
            .without_links(path)
            .map_err(|cause| Error::ReadStore { path: path.to_owned(), cause })?;
        if states.iter().any(|state| state.file == file) {
            continue;
        }
        let metadata = root.metadata(path).ok().flatten();
        let mode = metadata.map_or(MODE, |metadata| sys::permissions(&metadata));
        states.push(State { path: path.to_owned(), file, content, mode });
    }
    if states.is_empty() {
        let path = bundle.paths.first().map(PathBuf::from).unwrap_or_default();
        states.push(State { file: path.clone(), path, content: Vec::new(), mode: MODE });
    }
    Ok(states)
}

/// The end of a bundle that is as it shall be: what most starts find. It is a fiftieth of the
/// whole.
fn read_current_end(root: &Root, path: &Path, locals: &[LocalAnchor]) -> Option<Vec<u8>> {
    let existing = locals.iter().filter(|local| local.existed);
    let length: usize = existing.map(|local| local.text.len() + 1).sum();
    let end = root.read_end(path, length + END_MARKER.len() + 2).ok()?;
    let (rest, in_tail) = strip_tail(&end, locals);
    let is_current = |(local, in_tail): (&LocalAnchor, bool)| in_tail && local.fate != Fate::Absent;
    let is_enough = has_certificate(rest) && locals.iter().zip(in_tail).all(is_current);
    is_enough.then_some(end)
}

/// A copy of a bundle with the anchors at its end; `None` when there is no certificate in it, as a
/// bundle without the image's own roots must not replace a program's.
pub(crate) fn with_anchors(bundle: &[u8], anchors: &[u8]) -> Option<Vec<u8>> {
    if !has_certificate(bundle) {
        return None;
    }
    let mut content = Vec::with_capacity(bundle.len() + 1 + anchors.len());
    content.extend_from_slice(bundle);
    if !bundle.ends_with(b"\n") {
        content.push(b'\n');
    }
    content.extend_from_slice(anchors);
    Some(content)
}

fn has_certificate(pem: &[u8]) -> bool {
    pem.windows(END_MARKER.len()).rev().any(|window| window == END_MARKER)
}

/// What makes a bundle hold the wanted anchors. No certificate goes but those of the unwanted ones.
pub(crate) fn changes(
    state: &State,
    locals: &[LocalAnchor],
    separator: Separator,
    was_cut_short: bool,
) -> Option<Change> {
    let content = update(&state.content, locals, separator, !was_cut_short)?;
    if content.is_empty() {
        // Go takes the first bundle that exists, an empty one too.
        return Some(Change::Remove { path: state.file.clone() });
    }
    Some(Change::File { path: state.file.clone(), content, mode: state.mode })
}

/// The distributions' tools write their own certificates first and the anchors directory's last, so
/// an anchor's place is the end of the bundle, in the order of the names. What stands before it is
/// the image's and stays as it is, even when the files that the tool would make it of are gone.
fn update(
    bundle: &[u8],
    locals: &[LocalAnchor],
    separator: Separator,
    is_base_ours: bool,
) -> Option<Vec<u8>> {
    let (base, in_tail) = strip_tail(bundle, locals);
    let mut index = None;
    let mut cuts = Vec::new();
    let mut tail = Vec::new();
    let mut is_changed = false;
    for (local, &in_tail) in locals.iter().zip(&in_tail) {
        // Somebody may have added to the end since, or a tool have written another order.
        let in_base = if in_tail || !local.existed || !is_base_ours {
            None
        } else {
            index.get_or_insert_with(|| Index::new(base)).find(&local.text)
        };
        match local.fate {
            Fate::Present | Fate::AsFound if in_tail => tail.push(local),
            Fate::Present if in_base.is_none() => {
                tail.push(local);
                is_changed = true;
            }
            Fate::Absent if in_tail => is_changed = true,
            Fate::Absent => {
                cuts.extend(in_base.map(|at| at..at + entry_length(&base[at..], &local.text)));
            }
            Fate::Present | Fate::AsFound => {}
        }
    }
    if !is_changed && cuts.is_empty() {
        return None;
    }
    let mut content = base.to_vec();
    cuts.sort_unstable_by_key(|cut| cut.start);
    for cut in cuts.into_iter().rev() {
        content.drain(cut);
    }
    if !content.is_empty() && !content.ends_with(b"\n") {
        content.push(b'\n');
    }
    for local in tail {
        content.extend_from_slice(&local.text);
        if separator == Separator::LineFeed || !local.text.ends_with(b"\n") {
            content.push(b'\n');
        }
    }
    Some(content)
}

/// Takes the existing anchors' texts off the end of the bundle, in whatever order they stand there.
/// Tells what is left, and which of them were found. An anchor that was never there before isn't
/// looked for: a bundle that happens to hold the same certificate holds it on the image's own
/// account, and keeps it when ours goes.
fn strip_tail<'a>(bundle: &'a [u8], locals: &[LocalAnchor]) -> (&'a [u8], Vec<bool>) {
    let mut rest = bundle;
    let mut in_tail = vec![false; locals.len()];
    let mut candidates: Vec<usize> = (0..locals.len())
        .filter(|&index| locals[index].existed && !locals[index].text.is_empty())
        .collect();
    while let Some((at, base)) = candidates
        .iter()
        .enumerate()
        .rev()
        .find_map(|(at, &index)| Some((at, strip_entry(rest, &locals[index].text)?)))
    {
        in_tail[candidates.remove(at)] = true;
        rest = base;
    }
    (rest, in_tail)
}

fn strip_entry<'a>(bundle: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    bundle.strip_suffix(text).or_else(|| bundle.strip_suffix(b"\n")?.strip_suffix(text))
}

fn entry_length(bundle: &[u8], text: &[u8]) -> usize {
    text.len() + usize::from(bundle.get(text.len()) == Some(&b'\n'))
}

/// Where each PEM block of a bundle begins, the last of those that are alike.
struct Index<'a> {
    bundle: &'a [u8],
    starts: BTreeMap<&'a [u8], usize>,
}

impl<'a> Index<'a> {
    fn new(bundle: &'a [u8]) -> Self {
        let starts = pem::blocks(bundle).filter_map(|block| Some((block.body?, block.start)));
        Self { bundle, starts: starts.collect() }
    }

    /// Where a text of PEM blocks stands.
    fn find(&self, text: &[u8]) -> Option<usize> {
        let first = pem::blocks(text).next()?;
        let at = self.starts.get(first.body?)?.checked_sub(first.start)?;
        self.bundle[at..].starts_with(text).then_some(at)
    }
}

const END_MARKER: &[u8] = b"-----END CERTIFICATE-----";

const MODE: u32 = 0o644;
