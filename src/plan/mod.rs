//! What is to be done, as a value: made here without looking at anything, shown by `--dry-run`,
//! carried out by `apply`.

#![forbid(unsafe_code)]

mod private;
pub(crate) mod render;

use std::path::Path;
use std::path::PathBuf;

use crate::anchor::TrustAnchors;
use crate::change::Change;
use crate::change::PROGRAM_PATIENCE;
use crate::change::Program;
use crate::error::Error;
use crate::format::hash_directory;
use crate::format::java_keystore;
use crate::format::pem_bundle;
use crate::format::signature_database;
use crate::local::Fate;
use crate::local::Goal;
use crate::local::LocalAnchor;
use crate::nss;
use crate::platform::HookInput;
use crate::platform::Platform;
use crate::platform::SystemStores;
use crate::root::Root;
use crate::store;
use crate::store::StoreState;
use crate::system_store;

pub(crate) use private::plan_private;

/// The changes that bring the store to its goal; none when it is there. Made here only, and in the
/// modules below.
#[derive(Default)]
pub(crate) struct Plan {
    changes: Vec<Change>,
    trust: TrustFiles,
    counts: Counts,
    errors: Vec<Error>,
    closed_keystore: Option<PathBuf>,
}

/// How many anchors come and go.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) added: usize,
    pub(crate) removed: usize,
}

/// The files that programs are pointed at once the plan is carried out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TrustFiles {
    /// The image's own roots and the anchors. `None` where there are no roots but ours: a program
    /// pointed at it would trust less than before.
    pub(crate) merged_bundle: Option<PathBuf>,
    /// The anchors and nothing else.
    pub(crate) anchors: Option<PathBuf>,
    /// The CA of the GitLab server that a job came from.
    pub(crate) server_ca: Option<PathBuf>,
    /// A Java keystore with the anchors, where Java's own is without them.
    pub(crate) keystore: Option<PathBuf>,
    /// The files are this user's own, and the system's store is without the anchors.
    pub(crate) is_private: bool,
    /// The image's own bundle, without links, that a private one is a copy of.
    pub(crate) image_bundle: Option<PathBuf>,
    /// Where else the image has its own bundle, without the anchors for ever: the directories in
    /// which nothing changes, and how the bundle's path in them ends.
    pub(crate) immutable: &'static [&'static str],
    pub(crate) named_bundle: Option<&'static str>,
    /// The operating system's own stores, where it has such: programs read them.
    pub(crate) system_stores: Option<&'static SystemStores>,
}

impl TrustFiles {
    /// With the paths that the programs of a root know.
    pub(crate) fn shown(mut self, root: &Root) -> Self {
        let files = [&mut self.merged_bundle, &mut self.anchors, &mut self.keystore];
        for file in files.into_iter().flatten() {
            *file = root.shown(file);
        }
        self
    }
}

impl Plan {
    /// The steps, in the order in which they are taken.
    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(crate) fn trust(&self) -> &TrustFiles {
        &self.trust
    }

    /// What is left of it once it is carried out: the files, what can't be brought to the goal
    /// beside the rest that can, and a Java keystore that lacks an anchor and may not be written.
    pub(crate) fn into_rest(self) -> (TrustFiles, Vec<Error>, Option<PathBuf>) {
        (self.trust, self.errors, self.closed_keystore)
    }

    /// What can't be brought to the goal, beside the rest that can.
    pub(crate) fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// With an error that kept another plan from being made.
    pub(crate) fn with_error(mut self, error: Error) -> Self {
        tell_first(&mut self.errors, error);
        self
    }

    /// With what another plan does, and can't do, before it.
    pub(crate) fn after(mut self, other: Self) -> Self {
        self.changes.splice(0..0, other.changes);
        self.errors.splice(0..0, other.errors);
        self
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether the store and the Java keystores are at their goal already.
    pub(crate) fn is_done(&self) -> bool {
        self.is_empty() && self.closed_keystore.is_none()
    }

    /// Whether the store is at its goal already.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Puts an error before others, one of which may say the same.
pub(crate) fn tell_first(errors: &mut Vec<Error>, error: Error) {
    let text = error.to_string();
    errors.retain(|other| other.to_string() != text);
    errors.insert(0, error);
}

/// Makes the plan that leads from `state` to the goal of each of `locals`. What programs read is
/// written before what keeps it up, and what an earlier start put in goes last: a start that is cut
/// short leaves a store that the next one mends, hooks included.
pub(crate) fn plan(
    platform: &Platform,
    locals: &[LocalAnchor],
    state: &StoreState,
    keystores: java_keystore::States,
    goal: Goal<'_>,
) -> Plan {
    let mut links = hash_directory::Changes::default();
    for directory in &state.hash_directories {
        links.extend(hash_directory::changes(directory, platform, locals, state.was_cut_short));
    }
    let (anchors_file, anchors) = match goal {
        Goal::Install(anchors) => anchors_file(platform, locals, state, anchors),
        Goal::Remove(_) => (remove_anchors_file(platform, state), None),
    };

    let keystores = java_keystore::changes(keystores, platform, locals);
    let mut changes: Vec<Change> = locals
        .iter()
        .filter(|local| local.fate == Fate::Present && !local.is_current)
        .map(|local| Change::File {
            path: local.path.clone(),
            content: local.text.clone(),
            mode: 0o644,
        })
        .collect();
    let stores = state.system_store.iter();
    changes.extend(stores.flat_map(|state| system_store::changes(state, platform, locals, goal)));
    let is_base_ours = state.may_be_rebuilt && !state.was_cut_short;
    let bundles = state.bundles.iter();
    changes.extend(bundles.filter_map(|bundle| pem_bundle::changes(bundle, locals, is_base_ours)));
    changes.extend(links.changes);
    let databases = state.signature_databases.iter();
    changes.extend(databases.filter_map(|state| signature_database::changes(state, locals)));
    changes.extend(anchors_file);
    // Once an anchor's file is gone, nothing tells of its entry in a keystore.
    let may_forget = !keystores.has_unwanted;
    let forgotten = locals.iter().filter(|local| may_forget && local.is_removed());
    changes.extend(forgotten.map(|local| Change::Forget { path: local.path.clone() }));
    if !changes.is_empty() || state.was_cut_short {
        let missing = state.missing_directories.iter();
        let needed = missing.filter(|directory| is_needed(directory, &changes));
        let mut begin: Vec<Change> =
            needed.map(|path| Change::Directory { path: path.clone() }).collect();
        let unfinished = store::unfinished(platform);
        let touches_anchors = locals
            .iter()
            .any(|local| local.is_removed() || (local.fate == Fate::Present && !local.is_current));
        if touches_anchors {
            let content = Vec::new();
            begin.push(Change::File { path: unfinished.clone(), content, mode: 0o644 });
        }
        changes.splice(0..0, begin);
        changes.extend(hook_changes(platform, state, &links.added, &links.removed));
        if may_forget && (touches_anchors || state.was_cut_short) {
            changes.push(Change::Forget { path: unfinished });
        }
    }
    let leftovers = state.leftovers.iter();
    changes.extend(leftovers.map(|path| Change::Remove { path: path.clone() }));

    changes.splice(0..0, keystores.changes);
    let merged_bundle = state
        .bundles
        .first()
        .filter(|bundle| bundle.has_other_roots(locals))
        .map(|bundle| bundle.path.clone());
    let counts = Counts {
        added: locals.iter().filter(|local| local.fate == Fate::Present && !local.existed).count(),
        removed: locals.iter().filter(|local| local.is_removed()).count(),
    };
    let trust = TrustFiles { merged_bundle, anchors, ..TrustFiles::default() };
    let mut errors = keystores.errors;
    if platform.system_stores.is_some() && state.system_store.is_none() {
        errors.push(Error::StoreElsewhere);
    }
    Plan { changes, trust, counts, errors, closed_keystore: keystores.closed }
}

/// Makes the plan for what is a user's own: NSS's databases, and private files that are to go.
pub(crate) fn plan_own(nss: nss::State, private_files: Vec<PathBuf>, goal: Goal<'_>) -> Plan {
    let mut changes = nss::changes(&nss, goal);
    changes.extend(private_files.into_iter().map(|path| Change::Remove { path }));
    Plan { changes, errors: nss.errors, ..Plan::default() }
}

/// A file with the anchors alone: the source itself, the only anchor's own file, or else a copy
/// that is made and kept for it.
fn anchors_file(
    platform: &Platform,
    locals: &[LocalAnchor],
    state: &StoreState,
    anchors: &TrustAnchors,
) -> (Option<Change>, Option<PathBuf>) {
    if let Some(path) = anchors.file() {
        return (remove_anchors_file(platform, state), Some(path.to_owned()));
    }
    if let [anchor] = anchors.as_slice() {
        let is_it = |local: &&LocalAnchor| {
            local.fate == Fate::Present
                && local.fingerprint() == Some(anchor.certificate.fingerprint)
        };
        if let Some(local) = locals.iter().find(is_it) {
            return (remove_anchors_file(platform, state), Some(local.path.clone()));
        }
    }
    let content = anchors.to_pem();
    let path = PathBuf::from(platform.anchors_file);
    let is_current = state.anchors_file.as_ref() == Some(&content);
    ((!is_current).then(|| Change::File { path: path.clone(), content, mode: 0o644 }), Some(path))
}

fn remove_anchors_file(platform: &Platform, state: &StoreState) -> Option<Change> {
    let path = || PathBuf::from(platform.anchors_file);
    state.anchors_file.as_ref().map(|_| Change::Remove { path: path() })
}

fn is_needed(directory: &Path, changes: &[Change]) -> bool {
    changes.iter().any(|change| match change {
        Change::File { path, .. } | Change::Link { path, .. } => path.parent() == Some(directory),
        Change::Directory { .. }
        | Change::AddToStore { .. }
        | Change::Keystore { .. }
        | Change::PrivateDirectory { .. }
        | Change::RemoveFromStore { .. }
        | Change::Remove { .. }
        | Change::Forget { .. }
        | Change::Run { .. } => false,
    })
}

/// Hooks are told of the links that came and went, where they ask for it.
fn hook_changes(
    platform: &Platform,
    state: &StoreState,
    added: &[PathBuf],
    removed: &[PathBuf],
) -> Vec<Change> {
    let Some(hooks) = &platform.hooks else {
        return Vec::new();
    };
    let mut input = Vec::new();
    if hooks.input == HookInput::ChangedLinks {
        for (sign, paths) in [(b'+', added), (b'-', removed)] {
            for path in paths {
                input.push(sign);
                input.extend_from_slice(path.as_os_str().as_encoded_bytes());
                input.push(b'\n');
            }
        }
    }
    state
        .hooks
        .iter()
        .map(|path| {
            let program = Program {
                path: path.clone(),
                arguments: Vec::new(),
                directory: hooks.working_directory.into(),
                environment: hooks.environment,
                patience: PROGRAM_PATIENCE,
            };
            Change::Run { program, input: input.clone() }
        })
        .collect()
}
