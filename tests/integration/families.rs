//! What an installation makes of the images of each family, and a removal of that.

use crate::golden::assert_golden;
use crate::skeletons::EXTRACTED;
use crate::skeletons::OTHERS;
use crate::skeletons::extracted::public;
use crate::skeletons::public_bundle;
use crate::util::Root;
use crate::x509::Certificate;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

type Maker = Box<dyn Fn() -> Root>;

/// All of them, as they come.
fn images() -> impl Iterator<Item = (&'static str, Maker)> {
    let extracted = EXTRACTED.into_iter().map(|(name, image)| {
        let image: Maker = Box::new(move || image(&public()));
        (name, image)
    });
    extracted.chain(OTHERS.into_iter().map(|(name, image)| {
        let image: Maker = Box::new(image);
        (name, image)
    }))
}

fn with_ca(root: Root, names: &[&str]) -> Root {
    let text: String = names.iter().map(|name| Certificate::ca(name).pem()).collect();
    root.write(CA, text);
    root
}

const CORP: &[&str] = &["Corp CA", "Corp CA 2"];

/// Without the directories that an installation may leave.
fn files(root: &Root) -> String {
    let is_file = |line: &&str| !line.starts_with('d');
    root.tree().lines().filter(is_file).map(|line| format!("{line}\n")).collect()
}

#[test]
fn trees() {
    for (name, image) in images() {
        let root = with_ca(image(), CORP);
        let outcome = root.run(&[]);
        outcome.ok().assert_stderr("ca-entrypoint: trust store updated: 2 added, 0 removed\n");
        assert_golden(&format!("tree-{name}.txt"), &root.tree());
    }
}

#[test]
fn plans() {
    for (name, image) in images() {
        let root = with_ca(image(), CORP);
        let plan = root.run(&["--dry-run"]);
        plan.ok().assert_stderr("");
        assert_golden(&format!("plan-{name}.txt"), &plan.out());
        // Of two forms of a plan one is enough, but for one platform of each kind.
        if ["rhel", "nixos"].contains(&name) {
            let json = root.run(&["--dry-run", "--format=json"]);
            json.ok().assert_stderr("");
            assert_golden(&format!("plan-{name}.json"), &json.out());
        }
    }
}

#[test]
fn plans_of_a_removal() {
    for (name, image) in images() {
        let root = with_ca(image(), CORP);
        root.run(&[]).ok();
        let plan = root.run(&["--dry-run", "--remove"]);
        assert_golden(&format!("plan-{name}-remove.txt"), &plan.ok().out());
    }
}

#[test]
fn a_second_start_says_nothing_and_writes_nothing() {
    for (name, image) in images() {
        let root = with_ca(image(), CORP);
        root.run(&[]).ok();
        let before = root.tree_with_inodes();
        root.run(&[]).ok().is_silent();
        assert_eq!(root.tree_with_inodes(), before, "{name}");
        assert!(root.run(&["--dry-run"]).out().ends_with("\nnothing to do\n"));
    }
}

/// A tree in which the digests of keystores and signature databases are left out: a new entry goes
/// to their end, so that after a rotation they may have another order. Nobody searches them by it.
fn without_order(root: &Root) -> String {
    let line = |line: &str| match line.rsplit_once(", ") {
        Some((start, _)) if line.contains("cacerts") => format!("{start}\n"),
        _ => format!("{line}\n"),
    };
    root.tree().lines().map(line).collect()
}

#[test]
fn a_rotation_in_steps_ends_where_a_fresh_start_does() {
    let steps = [&["A"][..], &["A", "B"], &["B"], &["C", "B", "A"], &["D"], &["D", "A"]];
    for (name, image) in images() {
        let root = image();
        for names in steps {
            let fresh = with_ca(image(), names);
            root.write(CA, fresh.read(CA));
            root.run(&[]).ok();
            fresh.run(&[]).ok();
            assert_eq!(without_order(&root), without_order(&fresh), "{name} after {names:?}");
        }
    }
}

#[test]
fn a_removal_leaves_the_image_as_it_was() {
    for (name, image) in images() {
        let root = with_ca(image(), CORP);
        let before = files(&root);
        root.run(&[]).ok();
        let removal = root.run(&["--remove"]);
        removal.ok().assert_stderr("ca-entrypoint: trust store updated: 0 added, 2 removed\n");
        if ["nixos", "nixos-image", "suse-factory", "flatcar"].contains(&name) {
            // A file that took the place of a link into a directory that never changes stays. It
            // holds what the link led to.
            let (after, fresh) = (files(&root), image());
            for line in before.lines().filter(|line| !after.contains(line)) {
                let path = line.split(' ').find(|word| word.starts_with('/')).unwrap();
                assert!(line.starts_with("l ") && line.contains(" -> "), "{name}: {line}");
                let original = match name {
                    "suse-factory" => fresh.read(&format!("/usr/share/factory{path}")),
                    "flatcar" => fresh.read("/usr/share/ca-certificates/ca-certificates.crt"),
                    _ => public_bundle().into_bytes(),
                };
                assert_eq!(root.read(path), original, "{name}: {path}");
            }
        } else {
            assert_eq!(files(&root), before, "{name}");
        }
        root.run(&["--remove"]).ok().is_silent();
    }
}

#[test]
fn a_removal_where_nothing_was_installed_touches_nothing() {
    for (name, image) in images() {
        let root = image();
        let before = root.tree_with_inodes();
        root.run(&["--remove"]).ok().is_silent();
        assert_eq!(root.tree_with_inodes(), before, "{name}");
    }
}

#[test]
fn a_plan_changes_nothing_and_announces_every_change() {
    for (name, image) in images() {
        let root = with_ca(image(), CORP);
        let before = root.tree_with_inodes();
        let plan = root.run(&["--dry-run"]).ok().out();
        assert_eq!(root.tree_with_inodes(), before, "{name}");
        let before = root.tree();
        root.run(&[]).ok();
        for line in root.tree().lines().filter(|line| !before.contains(line)) {
            let path = line.split(' ').find(|word| word.starts_with('/')).unwrap();
            assert!(plan.contains(path), "{name}: {path} isn't announced in\n{plan}");
        }
    }
}

#[test]
fn no_installation_touches_a_directory_that_never_changes() {
    for (name, image) in images().filter(|(name, _)| name.starts_with("nixos")) {
        let root = with_ca(image(), CORP);
        let store = |root: &Root| -> Vec<String> {
            let tree = root.tree_with_inodes();
            let is_inside = |line: &&str| line.split_whitespace().any(|word| word == "/nix");
            let below = tree.lines().skip_while(|line| !is_inside(line));
            below.take_while(|line| line.contains("/nix")).map(str::to_owned).collect()
        };
        let before = store(&root);
        root.run(&[]).ok();
        assert_eq!(store(&root), before, "{name}");
        root.run(&["--remove"]).ok();
        assert_eq!(store(&root), before, "{name}");
    }
}

#[test]
fn starts_at_the_same_time_end_as_one_start() {
    for (name, image) in images() {
        let root = with_ca(image(), CORP);
        let starts: Vec<_> = (0..4).map(|_| root.command(&[]).spawn()).collect();
        for start in starts {
            start.end().ok();
        }
        let alone = with_ca(image(), CORP);
        alone.run(&[]).ok();
        assert_eq!(root.tree(), alone.tree(), "{name}");
    }
}
