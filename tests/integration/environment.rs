//! The command's variables after an installation on `/`, which here is a root of the test's own.

use std::os::unix::fs::MetadataExt;

use crate::command::Command;
use crate::container::CA;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::debian;
use crate::skeletons::distroless;
use crate::skeletons::scratch;
use crate::skeletons::with_programs;
use crate::util::Root;
use crate::x509::Certificate;

/// Those that take a file with the anchors alone.
pub(crate) const ANCHORS_ALONE: [&str; 3] =
    ["CI_SERVER_TLS_CA_FILE", "DENO_CERT", "NODE_EXTRA_CA_CERTS"];

/// Those that take the whole bundle in place of a program's own roots.
const WHOLE_BUNDLE: [&str; 9] = [
    "AWS_CA_BUNDLE",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "HEX_CACERTS_PATH",
    "HTTPLIB2_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];

/// Somebody's value of the first is read by the programs of the others too, and stays theirs.
const KEPT_BY: [(&str, &[&str]); 3] = [
    ("CURL_CA_BUNDLE", &["PIP_CERT", "REQUESTS_CA_BUNDLE"]),
    ("REQUESTS_CA_BUNDLE", &["AWS_CA_BUNDLE", "PIP_CERT"]),
    ("PERL_LWP_SSL_CA_PATH", &["PERL_LWP_SSL_CA_FILE"]),
];

const ANCHOR_FILE: &str = "ca-entrypoint-etc_gitlab-runner_certs_ca.crt-";

fn with_env(root: Root) -> Root {
    with_programs(&root, &["/usr/bin/env"]);
    root
}

/// The variables that `env` has as our command, sorted, when it is given `given`.
#[track_caller]
fn variables(root: &Root, given: &[(&str, &str)]) -> Vec<String> {
    let mut command = Command::inside(root, &["/bin/env"]);
    for (name, value) in given {
        command = command.env(name, value);
    }
    let mut lines: Vec<String> = command.run().ok().out().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The variables with these values, sorted.
fn expected(anchors: &str, bundle: Option<&str>) -> Vec<String> {
    let mut lines: Vec<String> =
        ANCHORS_ALONE.iter().map(|name| format!("{name}={anchors}")).collect();
    if let Some(bundle) = bundle {
        lines.extend(WHOLE_BUNDLE.iter().map(|name| format!("{name}={bundle}")));
        lines.push("DENO_TLS_CA_STORE=system,mozilla".to_owned());
    }
    lines.sort_unstable();
    lines
}

fn ca(name: &str) -> String {
    Certificate::ca(name).pem()
}

#[test]
fn an_installation_sets_just_these() {
    for image in [debian, distroless] {
        let root = with_env(image());
        root.write(CA, ca("Corp CA"));
        assert_eq!(variables(&root, &[]), expected(CA, Some(BUNDLE)));
        // And so does a start that finds all done.
        assert_eq!(variables(&root, &[]), expected(CA, Some(BUNDLE)));
    }
}

#[test]
fn without_a_ca_none_is_set() {
    let root = with_env(debian());
    assert_eq!(variables(&root, &[("HOME", "/root")]), ["HOME=/root"]);
}

#[test]
fn without_roots_but_ours_no_program_s_own_are_replaced() {
    let root = with_env(scratch());
    root.write(CA, ca("Corp CA"));
    assert_eq!(variables(&root, &[]), expected(CA, None));
    assert_eq!(variables(&root, &[]), expected(CA, None));
}

#[test]
fn a_value_is_never_overridden_and_an_empty_one_is() {
    let root = with_env(debian());
    root.write(CA, ca("Corp CA"));
    let others = ["CURL_CA_BUNDLE", "DENO_TLS_CA_STORE", "PERL_LWP_SSL_CA_PATH"];
    for name in ANCHORS_ALONE.iter().chain(&WHOLE_BUNDLE).chain(&others) {
        let given = format!("{name}=/somebody's/decision.crt");
        let kept = KEPT_BY.iter().find(|(by, _)| by == name).map_or(&[][..], |(_, kept)| kept);
        let is_kept = |line: &String| kept.iter().any(|kept| line.starts_with(&format!("{kept}=")));
        let mut lines = expected(CA, Some(BUNDLE));
        lines.retain(|line| !is_kept(line) && !line.starts_with(&format!("{name}=")));
        lines.push(given);
        lines.sort_unstable();
        assert_eq!(variables(&root, &[(name, "/somebody's/decision.crt")]), lines);
        let mut unset = variables(&root, &[(name, "")]);
        unset.retain(|line| !line.ends_with('='));
        assert_eq!(unset, expected(CA, Some(BUNDLE)));
    }
}

#[test]
fn names_that_begin_alike_are_other_variables() {
    let root = with_env(debian());
    root.write(CA, ca("Corp CA"));
    let lines = variables(&root, &[("SSL_CERT_FILE_OLD", "x"), ("XSSL_CERT_FILE", "y")]);
    assert!(lines.contains(&format!("SSL_CERT_FILE={BUNDLE}")), "{lines:?}");
    assert_eq!(lines.len(), expected(CA, Some(BUNDLE)).len() + 2);
}

#[test]
fn a_source_that_is_no_clean_pem_is_replaced_by_our_copy() {
    let one = Certificate::ca("Corp CA");
    let key = crate::x509::pem("PRIVATE KEY", b"secret");
    let trusted = crate::x509::pem("X509 CERTIFICATE", &one.der());
    let anchor = format!("{ANCHORS}/{ANCHOR_FILE}{}.crt", &one.fingerprint()[..12]);
    for unclean in [
        one.der(),
        [key, one.pem()].concat().into_bytes(),
        format!("\u{feff}{}", one.pem()).into_bytes(),
        trusted.into_bytes(),
        one.pem().lines().map(|line| format!("  {line}\n")).collect::<String>().into_bytes(),
    ] {
        let root = with_env(debian());
        root.write(CA, &unclean);
        assert_eq!(variables(&root, &[]), expected(&anchor, Some(BUNDLE)));
    }
}

#[test]
fn anchors_of_several_files_are_put_into_one() {
    let root = with_env(debian());
    root.write("/a.crt", ca("A")).write("/b.crt", Certificate::ca("B").der());
    let lines = variables(&root, &[("CA_CERTIFICATES_PATH", "/a.crt:/b.crt")]);
    let file = lines.iter().find_map(|line| line.strip_prefix("NODE_EXTRA_CA_CERTS="));
    assert_eq!(root.read(file.unwrap()), (ca("A") + &ca("B")).as_bytes());
    let again = variables(&root, &[("CA_CERTIFICATES_PATH", "/a.crt:/b.crt")]);
    assert_eq!(again, lines);
    root.run(&["--remove"]).ok();
    assert!(!root.at(file.unwrap()).exists());
}

#[test]
fn what_is_named_exists_and_can_be_read_by_everybody() {
    let root = with_env(debian());
    root.write("/a.crt", ca("A")).write("/b.crt", Certificate::ca("B").der());
    let lines = variables(&root, &[("CA_CERTIFICATES_PATH", "/a.crt:/b.crt")]);
    let given = |line: &&String| !line.starts_with("CA_CERTIFICATES_PATH");
    for path in lines.iter().filter(given).filter_map(|line| line.split("=/").nth(1)) {
        let metadata = root.at(path).metadata().unwrap_or_else(|e| panic!("/{path}: {e}"));
        assert_eq!(metadata.mode() & 0o444, 0o444, "/{path}");
    }
}

#[test]
fn the_runner_s_preset_of_a_file_that_is_not_there_yet_stays() {
    let root = with_env(debian());
    root.write(CA, ca("Corp CA"));
    let preset = "/builds/group/project.tmp/CI_SERVER_TLS_CA_FILE";
    let lines = variables(&root, &[("CI_SERVER_TLS_CA_FILE", preset)]);
    assert!(lines.contains(&format!("CI_SERVER_TLS_CA_FILE={preset}")), "{lines:?}");
}

#[test]
fn with_a_prefix_the_runner_s_variable_is_not_set() {
    let root = with_env(debian());
    root.write(CA, ca("Corp CA"));
    let command = Command::inside(&root, &[]).env("CA_ENTRYPOINT_PREFIX", "/bin/env");
    let out = command.run().ok().out();
    assert!(
        !out.contains("CI_SERVER_TLS_CA_FILE") && out.contains("NODE_EXTRA_CA_CERTS="),
        "{out}"
    );
}

#[test]
fn nix_is_told_where_there_is_nix() {
    let root = with_env(debian());
    root.write(CA, ca("Corp CA"));
    root.directory("/nix");
    let lines = variables(&root, &[]);
    assert!(lines.contains(&format!("NIX_SSL_CERT_FILE={BUNDLE}")), "{lines:?}");
}

#[test]
fn variables_that_break_something_are_never_set() {
    let root = with_env(debian());
    root.write(CA, ca("Corp CA")).directory("/nix");
    let never = [
        "SSL_CERT_DIR=",
        "YARN_",
        "NPM_CONFIG_CAFILE=",
        "npm_config_",
        "NODE_OPTIONS=",
        "HTTPS_CA_FILE=",
        "GIT_SSL_CAINFO=",
        "GIT_SSL_CAPATH=",
        "GIT_CONFIG_",
        "CURL_CA_BUNDLE=",
        "JAVA_TOOL_OPTIONS=",
    ];
    for line in variables(&root, &[]) {
        assert!(!never.iter().any(|name| line.starts_with(name)), "{line}");
    }
}

#[test]
fn a_bad_ca_sets_nothing_and_hides_no_good_one() {
    let root = with_env(debian());
    root.write(CA, "no certificate");
    assert_eq!(variables(&root, &[]), Vec::<String>::new());
    root.write(CA, [ca("Corp CA"), "-----BEGIN CERTIFICATE-----\nMIIB\n".to_owned()].concat());
    let lines = variables(&root, &[]);
    let file = lines.iter().find_map(|line| line.strip_prefix("NODE_EXTRA_CA_CERTS="));
    assert_eq!(root.read(file.unwrap()), ca("Corp CA").as_bytes(), "{lines:?}");
}
