//! A directory of certificates that OpenSSL searches by the hash of the subject.

#![forbid(unsafe_code)]

mod bucket;
mod files;
mod links;

use std::path::Path;
use std::path::PathBuf;

use crate::change::Change;
use crate::error::Error;
use crate::local::LocalAnchor;
use crate::platform::DirectoryEntries;
use crate::platform::HashDirectory;
use crate::platform::Platform;
use crate::root::Root;

/// What a hash directory holds, as far as it concerns the anchors.
pub(crate) enum State {
    Files(files::State),
    Links(links::State),
}

/// What a hash directory lacks or has too much.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) changes: Vec<Change>,
    /// The links to anchors' files that come and go, as hooks are told of them.
    pub(crate) added: Vec<PathBuf>,
    pub(crate) removed: Vec<PathBuf>,
}

impl Changes {
    pub(crate) fn extend(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.added.extend(other.added);
        self.removed.extend(other.removed);
    }
}

/// # Errors
/// When the directory exists and can't be read.
pub(crate) fn observe(
    root: &Root,
    platform: &Platform,
    directory: &'static HashDirectory,
    locals: &[LocalAnchor],
) -> Result<State, Error> {
    let path = Path::new(directory.path);
    match &directory.entries {
        &DirectoryEntries::Links { prefix, hash_links } => {
            links::observe(root, platform, (path, prefix, hash_links), locals).map(State::Links)
        }
        DirectoryEntries::Files { form, mirror } => {
            files::observe(root, path, *form, mirror.as_ref(), locals).map(State::Files)
        }
    }
}

/// Makes the directory hold the wanted anchors.
pub(crate) fn changes(
    state: &State,
    platform: &Platform,
    locals: &[LocalAnchor],
    was_cut_short: bool,
) -> Changes {
    match state {
        State::Links(state) => links::changes(state, platform, locals, was_cut_short),
        State::Files(state) => Changes { changes: files::changes(state), ..Changes::default() },
    }
}
