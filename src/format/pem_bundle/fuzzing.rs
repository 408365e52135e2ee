//! Lives of a bundle, against a model of it: what was trusted stays so, what is nobody's business
//! stays as it is.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use super::State;
use super::changes;
use super::joined;
use crate::anchor;
use crate::anchor::TrustAnchors;
use crate::certificate::Certificate;
use crate::change::Change;
use crate::format::labelled;
use crate::fuzzing::Choices;
use crate::fuzzing::certificates;
use crate::local;
use crate::local::Fate;
use crate::local::Goal;
use crate::local::LocalAnchor;
use crate::local::LocalFile;
use crate::local::Whose;
use crate::pem;
use crate::places::Places;
use crate::platform::BundleEntries;
use crate::platform::Filter;
use crate::platform::Form;
use crate::platform::Platform;
use crate::platform::fuzzing::rows;
use crate::purpose::Purpose;
use crate::source::Source;

/// A platform, an image's bundle, and somebody's own files beside it; then what is installed, what is
/// written behind it by somebody, and what is installed after that, before all of it is removed.
pub fn bundle_merge(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let pool = certificates();
    let mut store = Store::new(&mut choices, pool);
    let image = store.bundle.clone();
    let mut others = Vec::new();
    for _ in 0..=choices.below(3) {
        let subset = choices.below(1 << pool.len());
        let is_wanted = |(number, _): &(usize, _)| subset >> number & 1 == 1;
        let wanted: Vec<_> =
            pool.iter().enumerate().filter(is_wanted).map(|(_, wanted)| wanted).collect();
        store.install(&wanted);
        if choices.below(2) == 1 {
            let text = text(&mut choices, pool, store.form());
            store.bundle = joined(&store.bundle, &text);
            others = joined(&others, &text);
            store.trusted.extend(found(&text));
        }
    }
    store.remove();
    // p11-kit's bundles have no order, and no empty line before the first label.
    let has_order = store.platform.collection.is_none();
    if store.files.is_empty() && others.is_empty() && has_order {
        assert_eq!(shown(&ended(&store.bundle)), shown(&ended(&image)));
    } else if store.files.is_empty() && (others.is_empty() || has_order) {
        assert_eq!(lines(&store.bundle), lines(&joined(&image, &others)));
    } else if !store.files.is_empty() {
        // Somebody's files are in the bundle from the first time on.
        let mut live = || {
            store.install(&pool.iter().collect::<Vec<_>>());
            store.remove();
            let mut lines = lines(&store.bundle);
            lines.dedup();
            lines
        };
        assert_eq!(live(), live());
    }
}

/// A bundle and the anchors directory.
struct Store {
    platform: &'static Platform,
    entries: BundleEntries,
    bundle: Vec<u8>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    others_files: usize,
    /// What somebody else than this program put into the bundle.
    trusted: Vec<Vec<u8>>,
    /// The image has the inputs of the distribution's tool, and these certificates are in them.
    has_holders: bool,
}

impl Store {
    fn new(choices: &mut Choices<'_>, pool: &[Certificate]) -> Self {
        let platforms: Vec<&Platform> = rows().filter(|row| !row.bundles.is_empty()).collect();
        let platform = platforms[choices.below(platforms.len())];
        let entries = platform.bundles[choices.below(platform.bundles.len())].entries;
        let has_holders = choices.below(2) == 1;
        let mut store = Self {
            platform,
            entries,
            bundle: Vec::new(),
            files: BTreeMap::new(),
            others_files: 0,
            trusted: Vec::new(),
            has_holders,
        };
        store.bundle = text(choices, pool, store.form());
        store.trusted = found(&store.bundle);
        for name in ["a", "ca-entrypoint-z", "b"].iter().take(choices.below(4)) {
            let path =
                Path::new(platform.anchors_directory).join(name.to_string() + platform.suffix);
            store.files.insert(path, text(choices, pool, None));
        }
        store.others_files = store.files.len();
        store
    }

    fn form(&self) -> Option<Form> {
        match self.entries {
            BundleEntries::Files(_) => None,
            BundleEntries::Certificates { form, .. } => Some(form),
        }
    }

    /// Installs certificates, all of one source, twice: the second time there is nothing to do.
    fn install(&mut self, wanted: &[&Certificate]) {
        let source = |certificate: &&Certificate| {
            let bytes = certificate.der.clone();
            Source { name: "source".into(), path: "/ca".into(), bytes, is_public: true }
        };
        let contents = anchor::parse_all(&wanted.iter().map(source).collect::<Vec<_>>());
        let Some(anchors) = TrustAnchors::new(&contents, &Places::default(), 0) else {
            return;
        };
        let goal = Goal::Install(&anchors);
        self.step(goal);
        let has_place = |certificate: &&&Certificate| match self.form().map(|form| form.filter) {
            Some(Filter::Purpose(purpose)) if purpose != Purpose::ServerAuth => {
                certificate.purposes.contains(&purpose)
            }
            _ => true,
        };
        let ders = wanted.iter().filter(has_place).map(|certificate| certificate.der.clone());
        self.assert_holds(ders);
        self.assert_done(goal);
    }

    fn remove(&mut self) {
        let goal = Goal::Remove(Whose::All);
        self.step(goal);
        self.assert_holds([]);
        self.assert_done(goal);
    }

    /// Nothing is left to do; but where somebody's files are texts that are parts of each other, which a
    /// later start may still put in order.
    fn assert_done(&mut self, goal: Goal<'_>) {
        let is_done = !self.step(goal) || self.others_files > 0;
        assert!(is_done, "there was something left to do");
    }

    /// Does what a plan does to the bundle and the anchors directory. Tells whether that was anything.
    fn step(&mut self, goal: Goal<'_>) -> bool {
        let files = self.files.iter();
        let files =
            files.map(|(path, bytes)| LocalFile { path: path.clone(), bytes: bytes.clone() });
        let mut locals = local::anchors(self.platform, files.collect(), goal);
        if self.platform.collection.is_some() {
            self.respect_holders(&mut locals);
        }
        let is_going = |local: &LocalAnchor| local.fate == Fate::Absent;
        let is_base_ours =
            self.platform.collection.is_none() || self.has_holders && locals.iter().any(is_going);
        let state = State {
            path: PathBuf::from("/bundle"),
            file: PathBuf::from("/bundle"),
            content: self.bundle.clone(),
            mode: 0o644,
            entries: self.entries,
            is_main: true,
        };
        let change = changes(&state, &locals, is_base_ours);
        let mut is_changed = change.is_some();
        match change {
            Some(Change::File { content, .. }) => self.bundle = content,
            Some(_) => self.bundle.clear(),
            None => {}
        }
        for local in locals {
            if local.is_removed() {
                is_changed |= self.files.remove(&local.path).is_some();
            } else if local.fate == Fate::Present && !local.is_current {
                is_changed = true;
                self.files.insert(local.path, local.text);
            }
        }
        is_changed
    }

    /// What `holders` finds in the directories of such an image.
    fn respect_holders(&self, locals: &mut [LocalAnchor]) {
        let known = found(&self.bundle);
        let is_in = |local: &LocalAnchor, ders: &[Vec<u8>]| {
            local.certificate().is_some_and(|certificate| ders.contains(&certificate.der))
        };
        for local in locals.iter_mut().filter(|local| local.is_ours) {
            if !local.existed && !self.has_holders && is_in(local, &known) {
                local.mark_known();
            }
            let is_held = self.has_holders && is_in(local, &self.trusted);
            if local.fate == Fate::Absent && (local.is_known() || is_held) {
                local.fate = Fate::AbsentHere;
            }
        }
    }

    /// Besides what it has to hold anyway.
    fn assert_holds(&self, certificates: impl IntoIterator<Item = Vec<u8>>) {
        let found = found(&self.bundle);
        for der in self.trusted.iter().cloned().chain(certificates) {
            assert!(found.contains(&der), "a certificate has gone:\n{}", shown(&self.bundle));
        }
    }
}

/// Certificates in many forms, good and bad, and any text.
fn text(choices: &mut Choices<'_>, pool: &[Certificate], form: Option<Form>) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..choices.below(6) {
        let certificate = &pool[choices.below(pool.len())];
        let pem = certificate.to_pem();
        let half = pem.len() / 2;
        match choices.below(10) {
            0 => text.extend(pem),
            1 => text.extend(form.map_or(pem, |form| labelled::with_label(form, certificate))),
            2 => text.extend(form.map_or(pem, |form| labelled::encode(form, certificate))),
            3 => text.extend([b"# a comment\n", &pem[..]].concat()),
            4 => text.extend(String::from_utf8_lossy(&pem).replace('\n', "\r\n").into_bytes()),
            5 => text.extend(pem.trim_ascii_end()),
            6 => text.extend_from_slice(&pem[..half]),
            7 => text.extend_from_slice(&pem[half..]),
            8 => text.extend([b"\n", choices.bytes()].concat()),
            _ => text.extend_from_slice(choices.bytes()),
        }
    }
    text
}

/// The certificates of a bundle.
fn found(bundle: &[u8]) -> Vec<Vec<u8>> {
    let is_any = pem::blocks(bundle).next().is_some();
    if is_any { pem::certificates(bundle) } else { Vec::new() }
}

fn ended(text: &[u8]) -> Vec<u8> {
    joined(text, b"\n").strip_suffix(b"\n").map(<[u8]>::to_vec).unwrap_or_default()
}

fn shown(text: &[u8]) -> String {
    text.escape_ascii().to_string().replace("\\n", "\n")
}

/// The lines in no order: of certificates that are alike any may go, and one that Alpine's tool put in
/// has an empty line behind it.
fn lines(text: &[u8]) -> Vec<String> {
    let text = shown(&ended(text));
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}
