//! The command's environment: what the CA adds to it, and that all else arrives as it was.

use crate::certificates;
use crate::command::Outcome;
use crate::fixtures::CA;
use crate::fixtures::der;
use crate::fixtures::mount;
use crate::machine::CA_ENTRYPOINT;
use crate::machine::Machine;
use crate::machine::program;

/// The bundle of Git for Windows, with two roots in it.
const GIT_BUNDLE: &str = r"C:\Program Files\Git\mingw64\etc\ssl\certs\ca-bundle.crt";

fn with_git(machine: &Machine) -> &Machine {
    machine.write(GIT_BUNDLE, certificates::text("others.crt"))
}

#[track_caller]
fn echo(machine: &Machine) -> Outcome<'_> {
    let outcome = machine.ca_entrypoint(&["echo"]).run();
    outcome.ok();
    outcome
}

/// The names, sorted, of the variables that the command has and we haven't.
fn added(outcome: &Outcome<'_>, machine: &Machine) -> Vec<String> {
    let before = machine.program("echo", &[]).run().seen().variables();
    let mut after = outcome.seen().variables();
    after.retain(|variable| !before.contains(variable));
    after.sort_unstable();
    after
}

#[test]
fn the_ca_file_itself_is_named_to_what_adds_to_its_own_roots() {
    let machine = Machine::new();
    mount(&machine, "chain.crt");
    let names = ["CI_SERVER_TLS_CA_FILE", "DENO_CERT", "NODE_EXTRA_CA_CERTS"];
    let expected = names.map(|name| format!("{name}={CA}"));
    assert_eq!(added(&echo(&machine), &machine), expected);
}

#[test]
fn a_copy_is_named_where_the_ca_file_is_no_pem() {
    let machine = Machine::new();
    machine.write(CA, der("root.crt"));
    let file = echo(&machine).seen().variable("CI_SERVER_TLS_CA_FILE").unwrap();
    assert!(file.starts_with(r"C:\Program Files\ca-entrypoint\"), "{file}");
    assert_eq!(String::from_utf8(machine.read(&file)).unwrap(), certificates::text("root.crt"));
    let again = machine.ca_entrypoint(&["echo"]).run();
    assert_eq!(again.seen().variable("CI_SERVER_TLS_CA_FILE"), Some(file));
    again.assert_stderr("");
}

#[test]
fn one_file_has_the_anchors_of_several() {
    let machine = Machine::new();
    let options = ["--ca", r"C:\fixtures\root.crt", "--ca", r"C:\fixtures\second.crt", "echo"];
    let file = machine.ca_entrypoint(&options).run().seen().variable("DENO_CERT").unwrap();
    let text = String::from_utf8(machine.read(&file)).unwrap();
    assert!(text.contains(&certificates::text("root.crt")), "{file}\n{text}");
    assert!(text.contains(&certificates::text("second.crt")), "{file}\n{text}");
}

#[test]
fn the_bundle_of_git_gets_the_anchors_and_keeps_its_own_roots() {
    let machine = Machine::new();
    mount(with_git(&machine), "chain.crt").ca_entrypoint(&[]).run().ok();
    let bundle = String::from_utf8(machine.read(GIT_BUNDLE)).unwrap();
    let roots = certificates::text("others.crt");
    assert!(bundle.starts_with(&roots), "{bundle}");
    for name in ["root.crt", "intermediate.crt", "second.crt"] {
        assert_eq!(bundle.matches(&certificates::text(name)).count(), 1, "{name}\n{bundle}");
    }
    assert_eq!(bundle.matches("-----BEGIN").count(), 5, "{bundle}");
    let tree = machine.tree();
    machine.ca_entrypoint(&[]).run().ok().is_silent();
    assert_eq!(machine.tree(), tree);
    machine.ca_entrypoint(&["--remove"]).run().ok();
    assert_eq!(String::from_utf8(machine.read(GIT_BUNDLE)).unwrap(), roots);
}

#[test]
fn the_bundle_of_git_follows_a_rotation() {
    let machine = Machine::new();
    mount(with_git(&machine), "root.crt").ca_entrypoint(&[]).run().ok();
    mount(&machine, "second.crt").ca_entrypoint(&[]).run().ok();
    let expected = [certificates::text("others.crt"), certificates::text("second.crt")].concat();
    assert_eq!(String::from_utf8(machine.read(GIT_BUNDLE)).unwrap(), expected);
}

#[test]
fn the_bundle_of_git_is_named_to_what_brings_its_own_roots() {
    let machine = Machine::new();
    mount(with_git(&machine), "root.crt");
    let seen = echo(&machine).seen();
    for name in ["REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "PIP_CERT"] {
        assert_eq!(seen.variable(name).as_deref(), Some(GIT_BUNDLE), "{name}");
    }
    // git reads the store, and the bundle; what else reads the store would leave it for the file.
    for name in ["GIT_CONFIG_COUNT", "SSL_CERT_FILE", "CURL_CA_BUNDLE"] {
        assert_eq!(seen.variable(name), None, "{name}");
    }
}

#[test]
fn deno_is_told_to_read_the_store_by_a_setting_that_is_no_path() {
    let machine = Machine::new();
    mount(with_git(&machine), "root.crt");
    let value = echo(&machine).seen().variable("DENO_TLS_CA_STORE");
    assert_eq!(value.as_deref(), Some("system,mozilla"));
}

#[test]
fn a_variable_with_a_value_stays_however_it_is_capitalized() {
    let machine = Machine::new();
    mount(with_git(&machine), "root.crt");
    let launch = machine.launch(format!("{CA_ENTRYPOINT} echo"));
    let launch = launch.variable(r"pip_Cert=C:\theirs.pem").variable("Node_Extra_CA_Certs=x");
    let seen = launch.variable("DENO_CERT=").run().seen();
    let of = |name: &str| -> Vec<String> {
        let is_of =
            |variable: &String| variable.split('=').next().unwrap().eq_ignore_ascii_case(name);
        seen.variables().into_iter().filter(is_of).collect()
    };
    assert_eq!(of("PIP_CERT"), [r"pip_Cert=C:\theirs.pem"]);
    assert_eq!(of("NODE_EXTRA_CA_CERTS"), ["Node_Extra_CA_Certs=x"]);
    assert_eq!(of("DENO_CERT"), [format!("DENO_CERT={CA}")]);
}

#[test]
fn the_prefix_of_a_manager_image_gets_no_file_to_write_into_its_configuration() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let seen = machine.ca_entrypoint(&[]).env("CA_ENTRYPOINT_PREFIX", "echo").run().seen();
    assert_eq!(seen.variable("CI_SERVER_TLS_CA_FILE"), None);
    assert_eq!(seen.variable("NODE_EXTRA_CA_CERTS").as_deref(), Some(CA));
}

/// Variables as no program of ours sets them.
const ODD: &[&str] = &[
    r"=C:=C:\Program Files",
    r"=Z:=Z:\",
    "=ExitCode=00000007",
    "EMPTY=",
    "SIGNS=a=b==c",
    "QUOTES=\"a\" 'b' \\\"",
    "SHELL_CODE=%PATH% & calc ^| $(x) `y`",
    "Ünï😀=ß 中国 \u{10ffff}",
    "lower=1",
    "MiXeD(x86)=2",
    "with space=3",
    "LINES=a\r\nb\n",
    " =blank",
];

/// The variables of an `echo` that is started by a line.
fn given(machine: &Machine, line: &str) -> Vec<String> {
    let mut launch = machine.launch(line);
    for variable in ODD {
        launch = launch.variable(variable);
    }
    let mut variables = launch.run().seen().variables();
    variables.sort_unstable();
    variables
}

#[test]
fn all_variables_arrive_unchanged_where_there_is_no_ca() {
    let machine = Machine::shared();
    let line = program("echo");
    let direct = given(&machine, &line);
    assert!(ODD.iter().all(|odd| direct.iter().any(|variable| variable == odd)), "{direct:#?}");
    assert_eq!(given(&machine, &format!("{CA_ENTRYPOINT} {line}")), direct);
}

#[test]
fn all_variables_arrive_unchanged_beside_ours() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    let line = program("echo");
    let direct = given(&machine, &line);
    let mut ours = given(&machine, &format!("{CA_ENTRYPOINT} {line}"));
    ours.retain(|variable| !variable.ends_with(&format!("={CA}")));
    assert_eq!(ours, direct);
}

#[test]
fn a_value_of_30_000_units_arrives_whole() {
    let machine = Machine::shared();
    let value = "x".repeat(30_000);
    let launch = machine.launch(format!("{CA_ENTRYPOINT} echo"));
    let seen = launch.variable(&format!("LONG={value}")).run().seen();
    assert_eq!(seen.variable("LONG"), Some(value));
}

#[test]
fn of_two_variables_whose_names_differ_in_case_the_one_counts_that_programs_find() {
    let machine = Machine::shared();
    let value = |line: String| {
        let launch =
            machine.launch(line).variable("Http_Proxy=first").variable("HTTP_PROXY=second");
        launch.run().ok().out()
    };
    let get = format!("{} HTTP_PROXY", program("variable"));
    assert_eq!(value(format!("{CA_ENTRYPOINT} {get}")), value(get));
}
