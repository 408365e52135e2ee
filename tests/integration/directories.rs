//! Where CA files are looked for: directories, Kubernetes volumes, variables, options.

use crate::command::Outcome;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::debian;
use crate::skeletons::public_bundle;
use crate::util::Root;
use crate::x509::Certificate;

const DEFAULT: &str = "/etc/gitlab-runner/certs/ca.crt";

fn ca(name: &str) -> String {
    Certificate::ca(name).pem()
}

/// The bundle holds the image's roots and these, whatever their order.
#[track_caller]
fn holds(root: &Root, outcome: &Outcome, names: &[&str]) {
    let bundle = String::from_utf8(root.read(BUNDLE)).unwrap();
    let found = bundle.strip_prefix(&public_bundle()).unwrap().len();
    let expected = names.iter().map(|name| ca(name));
    let is_all = expected.clone().all(|pem| bundle.matches(&pem).count() == 1);
    let is_only = found == expected.map(|pem| pem.len()).sum::<usize>();
    outcome.assert(is_all && is_only, &format!("{names:?} in the bundle"));
}

#[test]
fn certificate_files_of_a_directory_are_read_and_others_are_not() {
    let root = debian();
    root.write("/cas/b.pem", ca("B"))
        .write("/cas/a.crt", ca("A"))
        .write("/cas/c.cer", Certificate::ca("C").der())
        .write("/cas/D.CRT", ca("D"))
        .write("/cas/README", ca("README"))
        .write("/cas/notes.txt", "nothing")
        .write("/cas/key.key", "no certificate")
        .write("/cas/sub/e.crt", ca("E"));
    let outcome = root.run(&["--ca", "/cas"]);
    holds(&root, outcome.ok(), &["A", "B", "C", "D"]);
}

#[test]
fn files_of_a_directory_are_read_in_the_order_of_their_names() {
    let root = debian();
    for name in ["m.crt", "b.pem", "z.cer", "a.crt", "k.pem"] {
        root.write(&format!("/cas/{name}"), "no certificate");
    }
    let err = root.run(&["--ca", "/cas"]).code(125).err();
    let names: Vec<&str> =
        err.lines().filter_map(|line| line.split("/cas/").nth(1)?.split('\'').next()).collect();
    assert_eq!(names, ["a.crt", "b.pem", "k.pem", "m.crt", "z.cer"]);
}

#[test]
fn a_directory_without_certificate_files_is_reported() {
    let root = debian();
    root.write("/cas/README", ca("A"));
    let before = root.tree();
    root.run(&["--ca", "/cas"]).code(125).complains_once_of("/cas");
    assert_eq!(root.tree(), before);
}

#[test]
fn a_bad_file_of_a_directory_hides_no_good_one() {
    let root = debian();
    root.write("/cas/a.crt", "garbage").write("/cas/b.crt", ca("B"));
    let outcome = root.run(&["--ca", "/cas"]);
    holds(&root, outcome.code(125).says("/cas/a.crt"), &["B"]);
}

/// As the kubelet lays it out: files are links through `..data` to a directory with a date.
fn kubernetes_volume(root: &Root, directory: &str) {
    let stamped = "..2024_05_01_12_00_00.123456789";
    root.write(&format!("{directory}/{stamped}/ca.crt"), ca("Corp CA"))
        .write(&format!("{directory}/{stamped}/extra.pem"), ca("Extra CA"))
        .link(&format!("{directory}/..data"), stamped)
        .link(&format!("{directory}/ca.crt"), "..data/ca.crt")
        .link(&format!("{directory}/extra.pem"), "..data/extra.pem");
}

#[test]
fn a_kubernetes_volume_is_read_once_as_a_directory_and_as_a_file() {
    let root = debian();
    kubernetes_volume(&root, "/cas");
    let outcome = root.run(&["--ca", "/cas"]);
    holds(&root, outcome.ok(), &["Corp CA", "Extra CA"]);

    let root = debian();
    kubernetes_volume(&root, "/etc/gitlab-runner/certs");
    let outcome = root.run(&[]);
    holds(&root, outcome.ok(), &["Corp CA"]);
}

#[test]
fn a_kubernetes_volume_on_the_anchors_directory_is_installed_once() {
    let root = debian();
    kubernetes_volume(&root, ANCHORS);
    root.write(DEFAULT, ca("Other CA"));
    let outcome = root.run(&[]);
    // `extra.pem` is no name that the distribution's tool looks at.
    holds(&root, outcome.ok(), &["Corp CA", "Other CA"]);
}

#[test]
fn without_a_ca_nothing_is_said_and_nothing_is_touched() {
    for root in [debian(), Root::new()] {
        let before = root.tree_with_inodes();
        root.run(&[]).ok().is_silent();
        root.run(&["--ca", "/no/such.crt"]).ok().is_silent();
        root.run(&["--ca", "/etc/os-release/ca.crt"]).ok().is_silent();
        root.command(&[]).env("CA_CERTIFICATES_PATH", "/none:/neither").run().ok().is_silent();
        assert_eq!(root.tree_with_inodes(), before);
    }
}

#[test]
fn the_default_path_is_read_when_nothing_else_is_named() {
    let root = debian();
    root.write(DEFAULT, ca("Default"));
    let outcome = root.command(&[]).env("CA_CERTIFICATES_PATH", "").run();
    holds(&root, outcome.ok(), &["Default"]);
}

#[test]
fn a_list_of_paths_in_the_variable_takes_the_default_path_s_place() {
    let root = debian();
    root.write(DEFAULT, ca("Default"))
        .write("/one.crt", ca("One"))
        .write("/two/two.crt", ca("Two"));
    let outcome =
        root.command(&[]).env("CA_CERTIFICATES_PATH", "/one.crt::/two:/missing.crt").run();
    holds(&root, outcome.ok(), &["One", "Two"]);
}

#[test]
fn the_analyzers_variable_is_text_or_a_path_and_adds_to_the_rest() {
    let text = [ca("Text"), ca("Text 2")].concat();
    for (value, names) in
        [(text.as_str(), vec!["Default", "Text", "Text 2"]), ("/one.crt", vec!["Default", "One"])]
    {
        let root = debian();
        root.write(DEFAULT, ca("Default")).write("/one.crt", ca("One"));
        let outcome = root.command(&[]).env("ADDITIONAL_CA_CERT_BUNDLE", value).run();
        holds(&root, outcome.ok(), &names);
    }
}

#[test]
fn broken_text_in_the_variable_is_reported_by_its_name() {
    let root = debian();
    let before = root.tree();
    let text = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    let outcome = root.command(&[]).env("ADDITIONAL_CA_CERT_BUNDLE", text).run();
    outcome.code(125).complains_once_of("$ADDITIONAL_CA_CERT_BUNDLE");
    assert_eq!(root.tree(), before);
}

#[test]
fn the_option_turns_both_variables_and_the_default_off() {
    let root = debian();
    root.write(DEFAULT, ca("Default"))
        .write("/one.crt", ca("One"))
        .write("/two.crt", ca("Two"))
        .write("/three.crt", ca("Three"));
    let outcome = root
        .command(&["--ca", "/one.crt", "--ca=/two.crt"])
        .env("CA_CERTIFICATES_PATH", "/three.crt")
        .env("ADDITIONAL_CA_CERT_BUNDLE", &ca("Text"))
        .run();
    holds(&root, outcome.ok(), &["One", "Two"]);
}

#[test]
fn a_relative_path_begins_at_the_top_of_the_other_root() {
    let root = debian();
    root.write("/cas/one.crt", ca("One"));
    let outcome = root.run(&["--ca", "cas/one.crt"]);
    holds(&root, outcome.ok(), &["One"]);
}

#[test]
fn the_same_certificate_from_two_places_is_installed_once() {
    let root = debian();
    root.write("/one.crt", ca("One")).write("/two.crt", Certificate::ca("One").der());
    let outcome = root.run(&["--ca", "/one.crt", "--ca", "/two.crt"]);
    holds(&root, outcome.ok(), &["One"]);
}
