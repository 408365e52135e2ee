//! Lives of images at random: installations, replacements and removals, the tool's runs in between,
//! and somebody's own anchors. The same in every run.

use std::collections::BTreeSet;

use crate::collections::ARCH;
use crate::collections::Family;
use crate::collections::Labelled;
use crate::collections::RHEL;
use crate::collections::SUSE;
use crate::collections::entries;
use crate::collections::labelled;
use crate::collections::list;
use crate::collections::roots;
use crate::collections::twin;
use crate::random::Random;
use crate::util::Root;
use crate::util::contains;
use crate::x509::fingerprint;

/// One of several sources of ours, with what is there now.
struct Source {
    path: String,
    given: Vec<usize>,
}

struct Life<'a> {
    family: &'a Family,
    root: Root,
    pool: Vec<Labelled>,
    sources: Vec<Source>,
    /// Somebody's own anchors, each a file.
    own: BTreeSet<usize>,
    history: Vec<String>,
}

impl Life<'_> {
    fn start(&mut self, source: usize) {
        let path = self.sources[source].path.clone();
        let outcome = self.root.run(&["--ca", &path]);
        outcome.assert(outcome.err().is_empty() || outcome.err().contains("trust store"), "news");
        outcome.ok();
        let before = self.root.tree_with_inodes();
        self.root.run(&["--ca", &path]).ok().is_silent();
        assert_eq!(self.root.tree_with_inodes(), before, "{:#?}", self.history);
    }

    /// Runs the tool: its own anchors by their names, then the image's roots.
    fn rerun(&self) {
        let mut names = self.root.names(self.family.anchors);
        names.retain(|name| !name.starts_with(".ca-entrypoint"));
        let mut all: Vec<Labelled> = Vec::new();
        for name in names {
            let text = self.root.read(&format!("{}/{name}", self.family.anchors));
            let known = |entry: &&Labelled| entry.certificate.pem().as_bytes() == text;
            let entry = self.pool.iter().find(known).unwrap();
            let is_it = |other: &Labelled| other.certificate.der() == entry.certificate.der();
            if !all.iter().any(is_it) {
                all.push(entry.clone());
            }
        }
        for root in roots() {
            if !all.iter().any(|other| other.certificate.der() == root.certificate.der()) {
                all.push(root);
            }
        }
        self.family.extract(&self.root, &all);
    }

    /// What the bundle holds, and what it shall.
    fn check(&self) {
        let text = String::from_utf8(self.root.read(self.family.bundle)).unwrap();
        let given: BTreeSet<usize> =
            self.sources.iter().flat_map(|source| source.given.iter().copied()).collect();
        for (at, entry) in self.pool.iter().enumerate() {
            let is_root = roots().iter().any(|root| root.label == entry.label);
            let expected = is_root || given.contains(&at) || self.own.contains(&at);
            let count = text.matches(&entry.certificate.pem()).count();
            assert_eq!(
                count,
                usize::from(expected),
                "{} {at}: {:#?}",
                self.family.name,
                self.history
            );
        }
    }
}

#[test]
fn whatever_was_done_an_image_of_rhel_s_is_in_the_end_what_it_was() {
    (1..=LIVES).for_each(|seed| live(&RHEL, seed));
}

#[test]
fn whatever_was_done_an_image_of_suse_s_is_in_the_end_what_it_was() {
    (1..=LIVES).for_each(|seed| live(&SUSE, seed));
}

#[test]
fn whatever_was_done_an_image_of_arch_s_is_in_the_end_what_it_was() {
    (1..=LIVES).for_each(|seed| live(&ARCH, seed));
}

fn live(family: &Family, seed: u64) {
    let mut random = Random(seed * 0x9e37_79b9);
    let pool: Vec<Labelled> = [labelled("Corp CA"), labelled("Ä CA"), labelled("Third, (odd) CA")]
        .into_iter()
        .chain((1..=4).map(|serial| twin("Twin", serial)))
        .chain(roots())
        .collect();
    let sources = ["/one/ca.crt", "/two.crt", "/three.pem"];
    let sources =
        sources.map(|path| Source { path: path.to_owned(), given: Vec::new() }).into_iter();
    let mut life = Life {
        family,
        root: family.image(&roots()),
        pool,
        sources: sources.collect(),
        own: BTreeSet::new(),
        history: vec![format!("{} {seed}", family.name)],
    };
    for directory in ["/one", "/usr/local/share"] {
        life.root.directory(directory);
    }
    let before = contents(family, &life.root);
    for _ in 0..12 {
        match random.below(6) {
            0..3 => {
                let source = random.below(3);
                let count = 1 + random.below(4);
                let given: BTreeSet<usize> =
                    (0..count).map(|_| random.below(life.pool.len())).collect();
                let text: String =
                    given.iter().map(|&at| life.pool[at].certificate.pem()).collect();
                life.history.push(format!("{source} has {given:?}"));
                life.sources[source].given = given.into_iter().collect();
                life.root.write(&life.sources[source].path, text);
                life.start(source);
            }
            3 => {
                life.history.push("rerun".to_owned());
                life.rerun();
            }
            4 => {
                let at = random.below(life.pool.len() - 3);
                let path = format!("{}/own-{at}.pem", family.anchors);
                life.history.push(format!("own {at}, rerun"));
                if life.own.insert(at) {
                    life.root.write(&path, life.pool[at].certificate.pem());
                } else {
                    life.own.remove(&at);
                    life.root.remove(&path);
                }
                life.rerun();
                // Where somebody's own served, there was none of ours.
                for source in 0..3 {
                    if !life.sources[source].given.is_empty() {
                        life.start(source);
                    }
                }
            }
            _ => {
                life.history.push("remove".to_owned());
                life.root.run(&["--remove"]).ok();
                life.sources.iter_mut().for_each(|source| source.given.clear());
                life.root.run(&["--remove"]).ok().is_silent();
            }
        }
        life.check();
    }
    for at in std::mem::take(&mut life.own) {
        life.root.remove(&format!("{}/own-{at}.pem", family.anchors));
    }
    life.rerun();
    life.root.run(&["--remove"]).ok();
    for source in &life.sources {
        if life.root.at(&source.path).exists() {
            life.root.remove(&source.path);
        }
    }
    life.history.push("all removed".to_owned());
    let after = contents(family, &life.root);
    let changed: Vec<String> = after.symmetric_difference(&before).cloned().collect();
    assert!(changed.is_empty(), "{:#?}\n{}", life.history, changed.join("\n"));
}

/// All that there is, in whatever order the outputs have it: the tool puts the anchors first, the
/// image's own roots among them.
fn contents(family: &Family, root: &Root) -> BTreeSet<String> {
    let outputs = [&[family.bundle, family.keystore], family.other_bundles].concat();
    let outputs: Vec<&str> =
        outputs.into_iter().chain(family.trusted_bundle).chain(family.database).collect();
    let tree = root.tree();
    let is_output =
        |line: &&str| outputs.iter().any(|path| line.contains(path) && !line.contains("->"));
    let mut contents: BTreeSet<String> =
        tree.lines().filter(|line| !is_output(line)).map(str::to_owned).collect();
    let bundles = [&[family.bundle], family.other_bundles].concat();
    for path in bundles.into_iter().chain(family.trusted_bundle) {
        let text = String::from_utf8(root.read(path)).unwrap();
        let blocks = text.split("-----BEGIN ").skip(1).map(|block| {
            let body = block.split("-----END").next().unwrap();
            format!("{path} {body}")
        });
        let blocks: Vec<String> = blocks.collect();
        contents.insert(format!("{path} {} blocks", blocks.len()));
        contents.extend(blocks);
        // A header's comments are another test's.
        let is_label = |line: &&str| family.has_labels && line.starts_with('#');
        let labels = text.lines().filter(is_label);
        contents.extend(labels.map(|line| format!("{path} {line}")));
    }
    let keystore = entries(&root.read(family.keystore));
    contents
        .extend(keystore.into_iter().map(|(alias, der)| format!("{alias} {}", fingerprint(&der))));
    if let Some(path) = family.database {
        let database = root.read(path);
        contents.insert(format!("{} bytes", database.len()));
        for entry in
            roots().iter().filter(|root| contains(&database, &list(&root.certificate.der())))
        {
            contents.insert(format!("{path} {}", entry.label));
        }
    }
    contents
}

const LIVES: u64 = 6;
