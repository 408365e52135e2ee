//! Plans for a system whose store is no file, made wherever the tests run. Golden files of
//! `tests/golden` have them; `UPDATE_GOLDEN=1` rewrites them.

#![forbid(unsafe_code)]

#[allow(dead_code, reason = "most of it is for the other tests")]
#[path = "../../tests/integration/x509.rs"]
mod x509;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::anchor::TrustAnchors;
use crate::anchor::parse_all;
use crate::cli::Format;
use crate::format::java_keystore;
use crate::golden::assert_golden;
use crate::local;
use crate::local::Whose;
use crate::plan::Plan;
use crate::plan::plan;
use crate::plan::render::render;
use crate::platform;
use crate::source;
use crate::source::Location;
use crate::store;
use crate::store::Look;

type Named = (Vec<u8>, Option<String>);

/// A system's files, and what its own stores hold.
struct Machine {
    directory: TempDir,
    /// By store: the certificates with their names.
    stores: BTreeMap<&'static str, Vec<Named>>,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { directory: tempfile::tempdir().unwrap(), stores: BTreeMap::new() };
        machine.write("/Windows/System32/kernel32.dll", b"MZ");
        machine
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.directory.path().join(path.trim_start_matches('/'));
        sys::create_directory(path.parent().unwrap()).unwrap();
        sys::write_file(&path, content, 0o644, "temporary".as_ref()).unwrap();
    }

    fn read(&self, path: &str) -> String {
        let path = self.directory.path().join(path.trim_start_matches('/'));
        String::from_utf8(fs::read(path).unwrap()).unwrap()
    }

    fn add(&mut self, store: &'static str, certificate: &x509::Certificate, name: Option<&str>) {
        let entry = (certificate.der(), name.map(str::to_owned));
        self.stores.entry(store).or_default().push(entry);
    }

    /// The plan with the CA file's anchors, or without any, and as text.
    fn plan(&self, is_removal: bool) -> (Plan, String) {
        let root = Root::open(self.directory.path()).unwrap();
        let detected = platform::detect(&root);
        assert_eq!(detected.platform.name, "windows");
        let found = source::read(&root, &[Location::Path(PathBuf::from(CA))]);
        assert!(found.errors.is_empty(), "{:?}", found.errors);
        let anchors = TrustAnchors::new(&parse_all(&found.sources), &found.unread, NOW);
        let goal = match &anchors {
            Some(anchors) if !is_removal => Goal::Install(anchors),
            _ => Goal::Remove(Whose::All),
        };
        let listing = store::list_local_files(&root, detected.platform).unwrap();
        let locals = local::anchors(detected.platform, listing.files, goal);
        let mut state = store::observe(&root, detected.platform, &locals, Look::Whole).unwrap();
        assert!(state.system_store.is_none(), "the store of a system that doesn't run was read");
        state.system_store = Some(self.state(detected.platform.system_stores.unwrap()));
        let keystores = java_keystore::States::default();
        let plan = plan(detected.platform, &locals, &state, keystores, goal);
        let text = render(&root, &detected, anchors.as_ref(), Some(&plan), Format::Text);
        (plan, text)
    }

    fn state(&self, stores: &'static SystemStores) -> State {
        let entries = |store: &str| {
            let entries = self.stores.get(store).into_iter().flatten();
            entries.map(|(der, name)| entry(der, name.as_deref())).collect()
        };
        let (roots, intermediates) = (entries(stores.roots), entries(stores.intermediates));
        State { stores, roots, intermediates }
    }

    /// Carries a plan out, and gives its text.
    fn converge(&mut self, is_removal: bool) -> String {
        let (plan, text) = self.plan(is_removal);
        for change in plan.changes() {
            match change {
                Change::Directory { path } => {
                    sys::create_directory(&self.real(path)).unwrap();
                }
                Change::File { path, content, mode } => {
                    sys::write_file(&self.real(path), content, *mode, "temporary".as_ref())
                        .unwrap();
                }
                Change::Remove { path } | Change::Forget { path } => {
                    sys::remove(&self.real(path)).unwrap();
                }
                Change::AddToStore { store, der, name } => {
                    let entries = self.stores.entry(store).or_default();
                    assert!(entries.iter().all(|(present, _)| present != der), "added twice");
                    entries.push((der.clone(), Some(name.clone())));
                }
                Change::RemoveFromStore { store, der, name } => {
                    let entries = self.stores.get_mut(store).unwrap();
                    let count = entries.len();
                    entries.retain(|entry| *entry != (der.clone(), Some(name.clone())));
                    assert_eq!(entries.len() + 1, count, "not there, or not ours");
                }
                other => panic!("{other:?} has no place in such a plan"),
            }
        }
        let (next, _) = self.plan(is_removal);
        assert!(next.is_empty(), "applying a plan makes the next one empty: {:?}", next.changes());
        text
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.directory.path().join(path.strip_prefix("/").unwrap())
    }

    fn names(&self, store: &str) -> Vec<Option<&str>> {
        let entries = self.stores.get(store).into_iter().flatten();
        entries.map(|(_, name)| name.as_deref()).collect()
    }
}

fn entry(der: &[u8], name: Option<&str>) -> Entry {
    Entry { der: der.to_vec(), name: name.map(str::to_owned), is_for_servers: true }
}

fn intermediate(name: &str, issuer: &x509::Certificate) -> x509::Certificate {
    x509::Certificate { issuer: issuer.subject.clone(), ..x509::Certificate::ca(name) }
}

fn pem(certificates: &[&x509::Certificate]) -> Vec<u8> {
    certificates.iter().map(|certificate| certificate.pem()).collect::<String>().into_bytes()
}

#[test]
fn a_chain_file_goes_to_two_stores() {
    let mut machine = Machine::new();
    let root = x509::Certificate::ca("Corp CA");
    machine.write(CA, &pem(&[&intermediate("Corp Issuing CA", &root), &root]));
    assert_golden("plan-windows.txt", &machine.converge(false));
    assert_eq!((machine.names("Root").len(), machine.names("CA").len()), (1, 1));
}

#[test]
fn with_git_its_bundle_is_kept_up_to_date() {
    let mut machine = Machine::new();
    let bundle = "/Program Files/Git/mingw64/etc/ssl/certs/ca-bundle.crt";
    let public = pem(&[&x509::Certificate::ca("Public Root")]);
    let corp = pem(&[&x509::Certificate::ca("Corp CA")]);
    machine.write(bundle, &public);
    machine.write(CA, &corp);
    assert_golden("plan-windows-git.txt", &machine.converge(false));
    assert_eq!(machine.read(bundle).into_bytes(), [public.clone(), corp].concat());
    machine.converge(true);
    assert_eq!(machine.read(bundle).into_bytes(), public);
}

#[test]
fn a_new_ca_takes_the_place_of_the_old_one() {
    let mut machine = Machine::new();
    machine.write(CA, &pem(&[&x509::Certificate::ca("Corp CA")]));
    machine.converge(false);
    machine.write(CA, &pem(&[&x509::Certificate::ca("Corp CA 2")]));
    assert_golden("plan-windows-rotation.txt", &machine.converge(false));
    assert_eq!(machine.names("Root").len(), 1);
}

#[test]
fn a_removal_takes_out_what_is_ours() {
    let mut machine = Machine::new();
    let root = x509::Certificate::ca("Corp CA");
    machine.add("Root", &x509::Certificate::ca("Public Root"), Some("Public Root"));
    machine.add("Root", &x509::Certificate::ca("Another"), Some("ca-entrypoint"));
    machine.add("CA", &intermediate("Their Issuing CA", &root), None);
    machine.write(CA, &pem(&[&intermediate("Corp Issuing CA", &root), &root]));
    machine.converge(false);
    assert_golden("plan-windows-remove.txt", &machine.converge(true));
    assert_eq!(machine.names("Root"), [Some("Public Root"), Some("ca-entrypoint")]);
    assert_eq!(machine.names("CA"), [None]);
}

#[test]
fn what_somebody_else_has_put_in_is_theirs() {
    for name in [None, Some("Corp CA"), Some("")] {
        let mut machine = Machine::new();
        let root = x509::Certificate::ca("Corp CA");
        machine.add("Root", &root, name);
        machine.write(CA, &pem(&[&root]));
        machine.converge(false);
        assert_eq!(machine.names("Root"), [name]);
        machine.converge(true);
        assert_eq!(machine.names("Root"), [name]);
    }
}

#[test]
fn an_entry_whose_anchor_s_file_is_lost_goes_with_its_source() {
    let mut machine = Machine::new();
    let old = x509::Certificate::ca("Corp CA");
    let short = &old.fingerprint()[..12];
    machine.add("Root", &old, Some(&format!("ca-entrypoint-ca_ca.crt-{short}")));
    machine.add("Root", &x509::Certificate::ca("Of another"), Some("ca-entrypoint-b-0123456789ab"));
    machine.write(CA, &pem(&[&x509::Certificate::ca("Corp CA 2")]));
    machine.converge(false);
    let names = machine.names("Root");
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&Some("ca-entrypoint-b-0123456789ab")), "{names:?}");
    machine.converge(true);
    assert!(machine.names("Root").is_empty());
}

#[test]
fn an_image_of_another_system_is_planned_for_without_its_store() {
    let machine = Machine::new();
    machine.write(CA, &pem(&[&x509::Certificate::ca("Corp CA")]));
    let root = Root::open(machine.directory.path()).unwrap();
    let platform = platform::detect(&root).platform;
    assert!(observe(&root, platform).unwrap().is_none());
}

#[test]
fn a_private_bundle_has_the_machine_s_roots_but_not_ours() {
    let mut machine = Machine::new();
    let public = x509::Certificate::ca("Public Root");
    let ours = x509::Certificate::ca("Corp CA");
    machine.add("Root", &public, None);
    machine.add("Root", &ours, Some("ca-entrypoint-ca_ca.crt-0123456789ab"));
    machine.add("CA", &intermediate("Issuing CA", &public), None);
    let root = Root::open(machine.directory.path()).unwrap();
    let stores = platform::detect(&root).platform.system_stores.unwrap();
    let mut state = machine.state(stores);
    for (name, is_for_servers) in [("Code Signing Root", false), ("Distrusted Root", true)] {
        let der = x509::Certificate::ca(name).der();
        state.roots.push(Entry { is_for_servers, ..entry(&der, None) });
    }
    let distrusted = [entry(&x509::Certificate::ca("Distrusted Root").der(), None)];
    assert_eq!(roots_to_pem(&state.roots, &distrusted), pem(&[&public]));
}

const CA: &str = "/ca/ca.crt";

/// 2024-01-01, in seconds since 1970.
const NOW: i64 = 1_704_067_200;
