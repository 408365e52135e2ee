//! What else a distribution's tool makes the store of: who holds a certificate besides the anchors
//! directory keeps it in the store.

#![forbid(unsafe_code)]

use std::path::Path;

use crate::certificate::Certificate;
use crate::error::Error;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::pem;
use crate::places::Places;
use crate::places::key;
use crate::platform::Collection;
use crate::platform::Platform;
use crate::root::Root;

/// Has regard to what the image trusts on its own account: that stays when ours goes. Tells what keeps
/// ours from going, as that can't be told from it.
///
/// # Errors
/// When the bundle can't be read.
pub(crate) fn respect(
    root: &Root,
    platform: &Platform,
    locals: &mut [LocalAnchor],
) -> Result<Option<Error>, Error> {
    mark_known(root, platform, locals)?;
    let collection = platform.collection.as_ref();
    Ok(collection.and_then(|collection| keep_held(root, platform, collection, locals).err()))
}

/// Whether the tool has more to make the outputs of than the anchors directory.
pub(crate) fn exist(root: &Root, platform: &Platform) -> bool {
    let directories = platform.collection.iter().flat_map(|collection| collection.sources);
    // That for legacy certificates is empty by now.
    let is_file = |path: &Path| {
        let metadata = root.metadata(path).ok().flatten();
        metadata.is_some_and(|metadata| metadata.is_file() && metadata.len() > 0)
    };
    directories.map(Path::new).any(|directory| {
        let names = root.names(directory).unwrap_or_default();
        names.iter().any(|name| name != "README" && is_file(&directory.join(name)))
    })
}

/// Marks what a store trusts already that has lost its sources, or was added to by hand: nothing else
/// would tell it from ours when ours go. In a bundle of files that is the end alone.
fn mark_known(root: &Root, platform: &Platform, locals: &mut [LocalAnchor]) -> Result<(), Error> {
    let is_new = |local: &LocalAnchor| local.is_ours && !local.existed;
    if !locals.iter().any(is_new) {
        return Ok(());
    }
    let mut known = Places::default();
    for path in platform.main_bundles() {
        let Some(bundle) = root.read_store_file(Path::new(path))? else {
            continue;
        };
        if platform.collection.is_some() {
            add_certificates(&bundle, &mut known);
            break;
        }
        let length: usize = locals.iter().map(|local| local.text.len() + END_MAX).sum();
        add_certificates(&bundle[bundle.len().saturating_sub(length)..], &mut known);
    }
    let is_in = |certificates: &Places, local: &LocalAnchor| {
        local.certificate().is_some_and(|certificate| certificates.contains(&certificate.der))
    };
    if !locals.iter().any(|local| is_new(local) && is_in(&known, local)) {
        return Ok(());
    }
    // What the tool finds elsewhere needs no mark, and what another file of ours put in gets none.
    // One too many takes nothing from the image.
    let collection = platform.collection.as_ref();
    let held = collection.and_then(|collection| held(root, platform, collection, locals).ok());
    let mut others = held.unwrap_or_default();
    for local in locals.iter().filter(|local| local.is_ours && local.existed && !local.is_known()) {
        local.certificates.iter().for_each(|certificate| _ = others.add(&certificate.der));
    }
    for local in locals.iter_mut().filter(|local| is_new(local)) {
        if is_in(&known, local) && !is_in(&others, local) {
            local.mark_known();
        }
    }
    Ok(())
}

/// Lets the outputs keep those certificates that the tool would find elsewhere, too. Where that can't
/// be told, all stays as it is until a later start.
fn keep_held(
    root: &Root,
    platform: &Platform,
    collection: &Collection,
    locals: &mut [LocalAnchor],
) -> Result<(), Error> {
    let is_absent = |local: &LocalAnchor| local.fate == Fate::Absent;
    if !locals.iter().any(is_absent) {
        return Ok(());
    }
    let held = held(root, platform, collection, locals);
    for local in locals.iter_mut().filter(|local| is_absent(local)) {
        // What is no CA the tool would take from nobody.
        let is_held = |held: &Places, certificate: &Certificate| {
            !certificate.purposes.is_empty() && held.contains(&certificate.der)
        };
        local.fate = match (&held, local.certificate()) {
            _ if local.is_known() => Fate::AbsentHere,
            (Err(_), _) => Fate::AsFound,
            (Ok(held), Some(certificate)) if is_held(held, certificate) => Fate::AbsentHere,
            (Ok(_), _) => Fate::Absent,
        };
    }
    held.map(drop)
}

/// What the tool finds besides our own files.
///
/// # Errors
/// When a directory or a file in it can't be read.
fn held(
    root: &Root,
    platform: &Platform,
    collection: &Collection,
    locals: &[LocalAnchor],
) -> Result<Places, Error> {
    let mut held = Places::default();
    let mut ours = Places::default();
    for local in locals.iter().filter(|local| local.is_ours) {
        ours.add(key(&local.path));
    }
    // The tool takes files of the anchors directory that this program doesn't.
    let directories = collection.sources.iter().chain([&platform.anchors_directory]);
    for directory in directories.map(Path::new) {
        let failed = |cause| Error::ReadStore { path: root.shown(directory), cause };
        for name in root.names(directory).map_err(failed)? {
            let path = directory.join(name);
            if !ours.contains(key(&path)) {
                let bytes = root.read_store_file(&path)?.unwrap_or_default();
                add_trusted(&bytes, directory.ends_with("anchors"), &mut held);
            }
        }
    }
    Ok(held)
}

/// Adds what a file makes p11-kit trust (`populate_trust` in its `trust/parser.c`): in a directory of
/// anchors all, in another one what comes with trust settings. An object of a file in p11-kit's own
/// format has settings, which may be of distrust.
fn add_trusted(text: &[u8], is_of_anchors: bool, held: &mut Places) {
    let mut objects = split(text, OBJECT).peekable();
    let first = objects.next().unwrap_or_default();
    if objects.peek().is_some() {
        objects
            .filter(|object| split(object, DISTRUST).nth(1).is_none())
            .for_each(|object| add_certificates(object, held));
    } else if is_of_anchors || pem::blocks(first).any(|block| block.label == TRUSTED) {
        add_certificates(first, held);
    }
}

fn add_certificates(text: &[u8], known: &mut Places) {
    for der in pem::certificates(text) {
        known.add(&der);
    }
}

/// The parts of a text between the occurrences of a word.
fn split<'a>(text: &'a [u8], word: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = text.windows(word.len()).position(|window| window == word);
        rest = at.map(|at| &text[at + word.len()..]);
        Some(&text[..at.unwrap_or(text.len())])
    })
}

/// What may stand behind an anchor's text: line feeds, one of them by the tool.
const END_MAX: usize = 2;

/// How an object begins in p11-kit's own format.
const OBJECT: &[u8] = b"[p11-kit-object-v1]";

const DISTRUST: &[u8] = b"\nx-distrusted: true";

const TRUSTED: &[u8] = b"TRUSTED CERTIFICATE";
