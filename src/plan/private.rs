//! The plan for where the system's store can't be written: files that variables name.

#![forbid(unsafe_code)]

use std::path::Path;
use std::path::PathBuf;

use super::Counts;
use super::Plan;
use super::TrustFiles;
use crate::anchor::TrustAnchors;
use crate::change::Change;
use crate::error::Error;
use crate::format::java_keystore;
use crate::format::pem_bundle;
use crate::private::Content;
use crate::private::Copy;
use crate::private::State;

/// Makes the plan that gives `state`'s directory the files which it lacks.
pub(crate) fn plan_private(state: State, anchors: &TrustAnchors) -> Plan {
    let mut changes = Vec::new();
    let merged_bundle = state.bundle.and_then(|copy| {
        file(copy, &mut changes, |base| pem_bundle::with_anchors(base, &anchors.to_pem()))
    });
    let mut errors = state.errors;
    let keystore = state.keystore.and_then(|copy| {
        let original = copy.original.clone();
        file(copy, &mut changes, |base| {
            let unusable = |why| errors.push(Error::Keystore { path: original, why });
            java_keystore::with_anchors(base, anchors).map_err(unusable).ok()
        })
    });
    // Made even where the source itself will do: a directory that has it was told of.
    let copy = state.anchors.and_then(|copy| file(copy, &mut changes, |_| Some(anchors.to_pem())));
    let anchors_file = anchors.file().map(Path::to_owned).or(copy);
    if let (Some(path), false) = (state.directory, changes.is_empty()) {
        changes.insert(0, Change::PrivateDirectory { path });
    }
    let trust = TrustFiles {
        merged_bundle,
        anchors: anchors_file,
        keystore,
        is_private: true,
        image_bundle: state.image_bundle,
        ..TrustFiles::default()
    };
    let counts = Counts { added: anchors.as_slice().len(), removed: 0 };
    Plan { changes, trust, counts, errors, closed_keystore: None }
}

/// The path of a copy, with the change that makes it where it isn't there; `None` where `make` finds
/// its original unfit.
fn file(
    copy: Copy,
    changes: &mut Vec<Change>,
    make: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Option<PathBuf> {
    if let Content::Of(original) = &copy.content {
        let content = make(original)?;
        changes.push(Change::File { path: copy.path.clone(), content, mode: 0o644 });
    }
    Some(copy.path)
}
