//! Where a CA may be named, and in which of Windows' ways a path may be written.

use crate::certificates;
use crate::fixtures::CA_SLUG;
use crate::fixtures::der;
use crate::fixtures::entry;
use crate::fixtures::mount;
use crate::machine::Machine;
use crate::store::Entry;

/// What a start of these options and variables installs.
#[track_caller]
fn installs(machine: &Machine, options: &[&str], variables: &[(&str, &str)], expected: &[Entry]) {
    let mut command = machine.ca_entrypoint(options);
    for (name, value) in variables {
        command = command.env(name, value);
    }
    let outcome = command.run();
    outcome.ok();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let added = machine.added().entries;
    outcome.assert(added == expected, &format!("{expected:#?}"));
}

fn root(slug: &str) -> Entry {
    entry("Root", "root.crt", slug)
}

fn second(slug: &str) -> Entry {
    entry("Root", "second.crt", slug)
}

/// The first root at a path, which has to be named so.
#[track_caller]
fn finds(path: &str, name: &str, slug: &str) {
    let machine = Machine::new();
    machine.write(path, certificates::text("root.crt"));
    installs(&machine, &["--ca", name], &[], &[root(slug)]);
}

#[test]
fn the_default_path_is_that_of_gitlab_s_documentation() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    installs(&machine, &[], &[], &[root(CA_SLUG)]);
}

#[test]
fn the_variable_for_ca_paths_takes_the_place_of_the_default() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let variable = [("CA_CERTIFICATES_PATH", r"C:\fixtures\second.crt")];
    installs(&machine, &[], &variable, &[second("C=3a_fixtures_second.crt")]);
}

#[test]
fn the_variable_of_gitlab_s_own_script_takes_the_place_of_the_default() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let variable = [("LOCAL_CA_PATH", r"C:\fixtures\second.crt")];
    installs(&machine, &[], &variable, &[second("C=3a_fixtures_second.crt")]);
}

#[test]
fn quotes_around_a_variable_s_path_are_no_part_of_it() {
    let machine = Machine::new();
    machine.write(r"C:\my cas\ca.crt", certificates::text("root.crt"));
    let variable = [("LOCAL_CA_PATH", r#""C:\my cas\ca.crt""#)];
    installs(&machine, &[], &variable, &[root("C=3a_my=20cas_ca.crt")]);
}

#[test]
fn semicolons_divide_a_variable_s_paths_unless_they_are_quoted() {
    let machine = Machine::new();
    machine.write(r"C:\a;b\ca.crt", certificates::text("root.crt"));
    let variable =
        [("CA_CERTIFICATES_PATH", r#""C:\a;b\ca.crt";;C:\none.crt;C:\fixtures\second.crt"#)];
    let expected = [root("C=3a_a=3bb_ca.crt"), second("C=3a_fixtures_second.crt")];
    installs(&machine, &[], &variable, &expected);
}

#[test]
fn both_variables_count() {
    let machine = Machine::new();
    let variables = [
        ("CA_CERTIFICATES_PATH", r"C:\fixtures\root.crt"),
        ("LOCAL_CA_PATH", r"C:\fixtures\second.crt"),
    ];
    let expected = [root("C=3a_fixtures_root.crt"), second("C=3a_fixtures_second.crt")];
    installs(&machine, &[], &variables, &expected);
}

#[test]
fn an_option_turns_the_variables_off() {
    let machine = Machine::new();
    mount(&machine, "twin-a.crt");
    let pem = certificates::text("other-1.crt");
    let variables = [
        ("CA_CERTIFICATES_PATH", r"C:\fixtures\root.crt"),
        ("LOCAL_CA_PATH", r"C:\fixtures\root.crt"),
        ("ADDITIONAL_CA_CERT_BUNDLE", pem.as_str()),
    ];
    let options = ["--ca", r"C:\fixtures\second.crt"];
    installs(&machine, &options, &variables, &[second("C=3a_fixtures_second.crt")]);
}

#[test]
fn the_option_can_be_given_more_than_once() {
    let machine = Machine::new();
    let options = [r"--ca=C:\fixtures\root.crt", "--ca", r"C:\fixtures\second.crt"];
    let expected = [root("C=3a_fixtures_root.crt"), second("C=3a_fixtures_second.crt")];
    installs(&machine, &options, &[], &expected);
}

#[test]
fn a_variable_s_text_is_installed_beside_the_ca_file() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let pem = certificates::text("second.crt");
    let slug = "ADDITIONAL=5fCA=5fCERT=5fBUNDLE";
    installs(&machine, &[], &[("ADDITIONAL_CA_CERT_BUNDLE", &pem)], &[root(CA_SLUG), second(slug)]);
}

#[test]
fn a_variable_s_bundle_can_be_a_path() {
    let machine = Machine::new();
    let variable = [("ADDITIONAL_CA_CERT_BUNDLE", r"C:\fixtures\second.crt")];
    installs(&machine, &[], &variable, &[second("C=3a_fixtures_second.crt")]);
}

#[test]
fn names_of_variables_are_found_in_any_case() {
    let machine = Machine::new();
    let variable = [("ca_certificates_path", r"C:\fixtures\second.crt")];
    installs(&machine, &[], &variable, &[second("C=3a_fixtures_second.crt")]);
}

#[test]
fn a_path_may_have_spaces_and_letters_of_any_script() {
    finds(r"C:\CA für alle\ца 😀.crt", r"C:\CA für alle\ца 😀.crt", SCRIPTS);
}

/// The bytes of the name in UTF-8.
const SCRIPTS: &str = "C=3a_CA=20f=c3=bcr=20alle_=d1=86=d0=b0=20=f0=9f=98=80.crt";

#[test]
fn a_path_may_be_written_with_slashes() {
    finds(r"C:\certs\ca.crt", "C:/certs/ca.crt", "C=3a_certs_ca.crt");
}

#[test]
fn a_path_without_a_drive_is_on_the_current_one() {
    finds(r"C:\certs\ca.crt", r"\certs\ca.crt", "C=3a_certs_ca.crt");
}

#[test]
fn a_relative_path_begins_in_the_working_directory() {
    finds(r"C:\certs\ca.crt", r"certs\ca.crt", "C=3a_certs_ca.crt");
    finds(r"C:\certs\ca.crt", r".\x\..\certs\ca.crt", "C=3a_certs_ca.crt");
}

#[test]
fn a_path_may_be_a_verbatim_one() {
    let machine = Machine::new();
    machine.write(r"C:\certs\ca.crt", certificates::text("root.crt"));
    let outcome = machine.ca_entrypoint(&["--ca", r"\\?\C:\certs\ca.crt"]).run();
    outcome.ok().says("1 added");
    assert_eq!(machine.added().entries[0].fingerprint, root(CA_SLUG).fingerprint);
}

#[test]
fn a_path_may_be_relative_to_a_drive_s_working_directory() {
    finds(r"C:\ca.crt", "C:ca.crt", "C=3a_ca.crt");
}

#[test]
fn a_path_may_be_one_of_the_host() {
    // As a mount on Windows is, it is of no drive.
    let machine = Machine::new();
    let path = format!(r"\\?\unix{}/root.crt", certificates::directory());
    machine.ca_entrypoint(&["--ca", &path]).run().ok().says("1 added");
    assert_eq!(machine.added().entries[0].fingerprint, root(CA_SLUG).fingerprint);
}

#[test]
fn a_share_that_is_not_there_is_no_error() {
    let machine = Machine::shared();
    for path in [r"\\localhost\share\ca.crt", r"\\?\UNC\localhost\share\ca.crt"] {
        machine.ca_entrypoint(&["--ca", path]).run().ok().is_silent();
    }
}

#[test]
fn a_path_may_be_on_another_drive() {
    let machine = Machine::new();
    let on_host = certificates::directory();
    let path = format!("Z:{}\\root.crt", on_host.replace('/', "\\"));
    machine.ca_entrypoint(&["--ca", &path]).run().ok().says("1 added");
    let entries = machine.added().entries;
    assert_eq!(entries[0].fingerprint, root(CA_SLUG).fingerprint);
    assert!(entries[0].name.as_ref().unwrap().starts_with("ca-entrypoint-Z=3a_"), "{entries:?}");
}

#[test]
fn a_case_of_letters_that_the_file_hasn_t_is_no_obstacle() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    machine.ca_entrypoint(&["--ca", r"c:\gitlab-runner\CERTS\Ca.Crt"]).run().ok().says("1 added");
}

#[test]
fn the_ca_files_of_a_directory_are_installed_and_no_others() {
    let machine = Machine::new();
    for (name, content) in [
        ("a.crt", certificates::text("root.crt").into_bytes()),
        ("b.pem", certificates::text("second.crt").into_bytes()),
        ("c.cer", der("other-1.crt")),
        ("d.CRT", certificates::text("other-2.crt").into_bytes()),
        ("e.txt", certificates::text("other-3.crt").into_bytes()),
        ("..f.crt", certificates::text("other-3.crt").into_bytes()),
        (r"deeper\g.crt", certificates::text("other-3.crt").into_bytes()),
    ] {
        machine.write(&format!(r"C:\cas\{name}"), content);
    }
    let slug = "C=3a_cas";
    let expected = ["root.crt", "second.crt", "other-1.crt", "other-2.crt"];
    let expected = expected.map(|name| entry("Root", name, slug));
    installs(&machine, &["--ca", r"C:\cas"], &[], &expected);
    machine.ca_entrypoint(&["--ca", r"C:\cas"]).run().ok().is_silent();
}

#[test]
fn a_directory_may_be_written_with_a_backslash_at_its_end() {
    let machine = Machine::new();
    machine.write(r"C:\cas\a.crt", certificates::text("root.crt"));
    machine.ca_entrypoint(&["--ca", r"C:\cas\"]).run().ok().says("1 added");
}
