//! What an installation makes of each kind of image, and the plan that announces it.

use crate::golden::assert_golden;
use crate::openssl;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::IMAGES;
use crate::skeletons::debian;
use crate::skeletons::public_bundle;
use crate::util::Root;
use crate::x509::Certificate;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

fn with_ca(image: fn() -> Root) -> Root {
    let root = image();
    let text = [Certificate::ca("Corp CA").pem(), Certificate::ca("Corp CA 2").pem()].concat();
    root.write(CA, text);
    root
}

#[test]
fn trees() {
    for (name, image) in IMAGES {
        let root = with_ca(image);
        let outcome = root.run(&[]);
        outcome.ok().assert_stderr("ca-entrypoint: trust store updated: 2 added, 0 removed\n");
        assert_golden(&format!("tree-{name}.txt"), &root.tree());
    }
}

#[test]
fn plans() {
    for (name, image) in IMAGES {
        let root = with_ca(image);
        let text = root.run(&["--dry-run"]);
        text.ok().assert_stderr("");
        assert_golden(&format!("plan-{name}.txt"), &text.out());
        let json = root.run(&["--dry-run", "--format", "json"]);
        json.ok().assert_stderr("");
        assert_golden(&format!("plan-{name}.json"), &json.out());
    }
}

#[test]
fn plans_of_a_removal() {
    for (name, image) in IMAGES {
        let root = with_ca(image);
        root.run(&[]).ok();
        let plan = root.run(&["--dry-run", "--remove"]);
        assert_golden(&format!("plan-{name}-remove.txt"), &plan.ok().out());
    }
}

#[test]
fn a_plan_changes_nothing() {
    for (_, image) in IMAGES {
        let root = with_ca(image);
        let before = root.tree_with_inodes();
        root.run(&["--dry-run"]).ok();
        root.run(&["--dry-run", "--remove", "--format=json"]).ok();
        assert_eq!(root.tree_with_inodes(), before);
    }
}

#[test]
fn a_plan_announces_every_change_and_no_other() {
    for (_, image) in IMAGES {
        let root = with_ca(image);
        let plan = root.run(&["--dry-run"]).out();
        let before = root.tree();
        root.run(&[]).ok();
        let after = root.tree();
        for line in after.lines().filter(|line| !before.contains(line)) {
            let path = line.split(' ').find(|word| word.starts_with('/')).unwrap();
            assert!(plan.contains(path), "{path} isn't announced in\n{plan}");
        }
        for step in plan.lines().filter(|line| line.starts_with("write ")) {
            let path = step["write ".len()..].split(',').next().unwrap();
            // The sign that a start is under way.
            if plan.contains(&format!("remove {path}\n")) {
                continue;
            }
            let line = after.lines().find(|line| line.contains(&format!(" {path} ")));
            assert!(!before.contains(line.unwrap()), "{path} was announced, and is as it was");
        }
    }
}

#[test]
fn an_anchor_is_a_file_of_its_own_named_by_its_source_and_fingerprint() {
    let root = with_ca(debian);
    root.run(&[]).ok();
    for name in ["Corp CA", "Corp CA 2"] {
        let ca = Certificate::ca(name);
        let slug = "ca-entrypoint-etc_gitlab-runner_certs_ca.crt";
        let file = format!("{ANCHORS}/{slug}-{}.crt", &ca.fingerprint()[..12]);
        assert_eq!(root.read(&file), ca.pem().as_bytes());
    }
}

#[test]
fn sources_with_like_names_share_no_file() {
    let root = debian();
    for (number, path) in
        ["/a/b.crt", "/a_b.crt", "/a=2fb.crt", "/a b.crt", "/a\\b.crt", "/ä.crt"].iter().enumerate()
    {
        root.write(path, Certificate::ca(&format!("CA {number}")).pem());
        root.run(&["--ca", path]).ok();
    }
    assert_eq!(root.names(ANCHORS).len(), 6, "{}", root.tree());
}

#[test]
fn a_source_with_a_name_as_long_as_can_be_is_installed_and_removed() {
    let root = debian();
    let before = root.tree();
    let path = format!("/{}/{}.crt", "d".repeat(250), "ü".repeat(120));
    root.write(&path, Certificate::ca("Corp CA").pem());
    root.run(&["--ca", &path]).ok();
    root.run(&["--remove"]).ok();
    root.remove(&path);
    std::fs::remove_dir(root.at(&path).parent().unwrap()).unwrap();
    assert_eq!(root.tree(), before);
}

#[test]
fn openssl_trusts_a_real_ca_through_the_bundle_and_through_the_hash_directory() {
    let (ca, _) = openssl::self_signed("/O=Müller GmbH/CN= Corp  CA ", &["-utf8"]);
    let root = debian();
    root.write(CA, &ca);
    let [bundle, certs] = [BUNDLE, CERTS].map(|path| root.at(path).display().to_string());
    assert!(!openssl::verifies(["-CAfile", &bundle], &ca));
    root.run(&[]).ok();
    assert!(openssl::verifies(["-CAfile", &bundle], &ca));
    // Inside of the root the links lead to the anchors directory; from outside they don't.
    let copied = Root::new();
    for name in root.names(CERTS).iter().filter(|name| name.ends_with(".pem")) {
        let target = root.at(&format!("{CERTS}/{name}")).read_link().unwrap();
        copied.write(name, root.read(target.to_str().unwrap()));
    }
    for name in root.names(CERTS).iter().filter(|name| name.ends_with(".0")) {
        let target = root.at(&format!("{CERTS}/{name}")).read_link().unwrap();
        copied.link(name, target.to_str().unwrap());
    }
    assert!(openssl::verifies(["-CApath", copied.path().to_str().unwrap()], &ca), "{certs}");
}

#[test]
fn a_bundle_without_a_final_newline_gets_one() {
    for (_, image) in IMAGES.into_iter().filter(|(name, _)| *name != "scratch") {
        let root = with_ca(image);
        root.write(BUNDLE, public_bundle().trim_end());
        root.run(&[]).ok();
        let bundle = String::from_utf8(root.read(BUNDLE)).unwrap();
        assert!(bundle.starts_with(&public_bundle()), "{bundle}");
    }
}

#[test]
fn json_stays_json_whatever_the_names() {
    let root = debian();
    let name = "A \"quoted\" \\ name\n\u{1}\u{7f}é";
    root.write("/quo\"te\\.crt", Certificate::ca(name).pem());
    let json = root.run(&["--dry-run", "--format=json", "--ca", "/quo\"te\\.crt"]).ok().out();
    assert_eq!(after_value(json.trim_end()), Some(""), "{json}");
}

/// What follows a value at the start of `json` (RFC 8259, as far as plans go).
fn after_value(json: &str) -> Option<&str> {
    match json.chars().next()? {
        '{' => {
            after_members(json, '}', |member| after_value(after_string(member)?.strip_prefix(':')?))
        }
        '[' => after_members(json, ']', after_value),
        '"' => after_string(json),
        _ => Some(json.trim_start_matches(|c: char| c.is_ascii_digit())),
    }
}

fn after_members(json: &str, end: char, after: impl Fn(&str) -> Option<&str>) -> Option<&str> {
    let mut rest = &json[1..];
    if let Some(rest) = rest.strip_prefix(end) {
        return Some(rest);
    }
    loop {
        rest = after(rest)?;
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return rest.strip_prefix(end),
        }
    }
}

fn after_string(json: &str) -> Option<&str> {
    let mut chars = json.strip_prefix('"')?.chars();
    loop {
        match chars.next()? {
            '"' => return Some(chars.as_str()),
            '\\' if !"\"\\/bfnrtu".contains(chars.next()?) => return None,
            c if c < ' ' => return None,
            _ => {}
        }
    }
}
