//! The command's variables where the CA is in a user's own files.

use crate::command::Command;
use crate::command::Outcome;
use crate::container::CA;
use crate::container::USER;
use crate::container::bundle;
use crate::container::command;
use crate::container::container;
use crate::container::corp;
use crate::container::start;
use crate::container::variable;
use crate::environment::ANCHORS_ALONE;
use crate::mounts::Mount;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::with_programs;
use crate::util::Root;
use crate::x509::Certificate;

const WHOLE_BUNDLE: [&str; 13] = [
    "AWS_CA_BUNDLE",
    "BUNDLE_SSL_CA_CERT",
    "CARGO_HTTP_CAINFO",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "COMPOSER_CAFILE",
    "CURL_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "HEX_CACERTS_PATH",
    "HTTPLIB2_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];

/// Somebody's value of the first is for the programs of the others too.
const KEPT_BY: [(&str, &[&str]); 6] = [
    (
        "SSL_CERT_FILE",
        &["BUNDLE_SSL_CA_CERT", "CARGO_HTTP_CAINFO", "COMPOSER_CAFILE", "CURL_CA_BUNDLE"],
    ),
    (
        "SSL_CERT_DIR",
        &[
            "BUNDLE_SSL_CA_CERT",
            "CARGO_HTTP_CAINFO",
            "COMPOSER_CAFILE",
            "CURL_CA_BUNDLE",
            "SSL_CERT_FILE",
        ],
    ),
    ("CURL_CA_BUNDLE", &["PIP_CERT", "REQUESTS_CA_BUNDLE"]),
    ("REQUESTS_CA_BUNDLE", &["AWS_CA_BUNDLE", "PIP_CERT"]),
    ("PERL_LWP_SSL_CA_PATH", &["PERL_LWP_SSL_CA_FILE"]),
    ("HTTPS_CA_DIR", &["PERL_LWP_SSL_CA_FILE"]),
];

fn with(root: &Root, given: &[(&str, &str)]) -> Outcome {
    let add = |command: Command, &(name, value): &(&str, &str)| command.env(name, value);
    given.iter().fold(command(root, &["/bin/env"]), add).run()
}

fn lines(outcome: &Outcome) -> Vec<String> {
    let mut lines: Vec<String> = outcome.ok().out().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// All that is set, but for these names, with what was given.
fn expected(bundle: &str, without: &[&str], given: &[(&str, &str)]) -> Vec<String> {
    let anchors = ANCHORS_ALONE.iter().map(|&name| (name, CA));
    let whole = WHOLE_BUNDLE.iter().map(|&name| (name, bundle));
    let settings = [
        ("DENO_TLS_CA_STORE", "system,mozilla"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "http.sslCAInfo"),
        ("GIT_CONFIG_VALUE_0", bundle),
    ];
    let all = anchors.chain(whole).chain(settings);
    let set = all.filter(|(name, _)| !without.contains(name)).chain(given.iter().copied());
    let mut lines: Vec<String> = set.map(|(name, value)| format!("{name}={value}")).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_private_placement_sets_just_these() {
    let root = container();
    let first = start(&root);
    assert_eq!(lines(&first), expected(&bundle(&first), &[], &[]));
    assert_eq!(lines(&start(&root)), expected(&bundle(&first), &[], &[]));
}

#[test]
fn a_value_is_never_overridden_and_an_empty_one_is() {
    let root = container();
    let path = bundle(&start(&root));
    let others = ["DENO_TLS_CA_STORE", "SSL_CERT_DIR", "PERL_LWP_SSL_CA_PATH", "HTTPS_CA_DIR"];
    for name in ANCHORS_ALONE.iter().chain(&WHOLE_BUNDLE).chain(&others) {
        let kept = KEPT_BY.iter().find(|(by, _)| by == name).map_or(&[][..], |(_, kept)| kept);
        let without = [kept, &[name]].concat();
        let given = [(*name, "/somebody's/decision.crt")];
        assert_eq!(lines(&with(&root, &given)), expected(&path, &without, &given), "{name}");
        let is_ours = !others[1..].contains(name);
        let rest: &[_] = if is_ours { &[] } else { &[(*name, "")] };
        assert_eq!(lines(&with(&root, &[(name, "")])), expected(&path, &[], rest), "{name}");
    }
}

#[test]
fn nix_is_told_where_there_is_nix() {
    let root = container();
    root.directory("/nix");
    let outcome = start(&root);
    assert_eq!(variable(&outcome, "NIX_SSL_CERT_FILE"), Some(bundle(&outcome)));
    let outcome = with(&root, &[("SSL_CERT_FILE", "/own.pem")]);
    assert_eq!(variable(&outcome, "NIX_SSL_CERT_FILE"), None);
}

#[test]
fn variables_that_break_something_are_never_set() {
    let root = container();
    root.directory("/nix").write("/etc/ssl/certs/java/cacerts", "no keystore");
    let never = [
        "SSL_CERT_DIR=",
        "YARN_",
        "NPM_CONFIG_CAFILE=",
        "npm_config_",
        "NODE_OPTIONS=",
        "NODE_TLS_REJECT_UNAUTHORIZED=",
        "NODE_USE_SYSTEM_CA=",
        "HTTPS_CA_FILE=",
        "GIT_SSL_CAINFO=",
        "GIT_SSL_CAPATH=",
        "GIT_SSL_NO_VERIFY=",
        "GIT_CONFIG_PARAMETERS=",
        "PYTHONHTTPSVERIFY=",
        "LD_",
    ];
    for line in lines(&start(&root)) {
        assert!(!never.iter().any(|name| line.starts_with(name)), "{line}");
    }
}

/// Images of distroless set such a variable for everybody, and nobody decided anything by it.
#[test]
fn a_variable_that_names_the_image_s_own_bundle_counts_as_unset() {
    let root = container();
    root.link("/etc/ssl/cert.pem", "certs/ca-certificates.crt").link("/etc/pki", "ssl");
    let path = bundle(&start(&root));
    let names = [BUNDLE, "/etc/ssl/cert.pem", "/etc/pki/certs/../cert.pem", "//etc//ssl/cert.pem"];
    for value in names {
        for name in WHOLE_BUNDLE {
            let outcome = with(&root, &[(name, value)]);
            assert_eq!(lines(&outcome), expected(&path, &[], &[]), "{name}={value}");
        }
        // Programs that add to their own roots were given the whole bundle, and have it still.
        for name in ["NODE_EXTRA_CA_CERTS", "DENO_CERT"] {
            let outcome = with(&root, &[(name, value)]);
            let given = [(name, path.as_str())];
            assert_eq!(lines(&outcome), expected(&path, &[name], &given), "{name}={value}");
        }
        // The runner's own, which it fills later on: whatever is there now.
        let given = [("CI_SERVER_TLS_CA_FILE", value)];
        assert_eq!(
            lines(&with(&root, &given)),
            expected(&path, &["CI_SERVER_TLS_CA_FILE"], &given)
        );
    }
}

#[test]
fn several_defaults_of_the_image_s_are_replaced_together() {
    let root = container();
    let path = bundle(&start(&root));
    let given: Vec<(&str, &str)> = WHOLE_BUNDLE.iter().map(|&name| (name, BUNDLE)).collect();
    assert_eq!(lines(&with(&root, &given)), expected(&path, &[], &[]));
}

/// The directory of the image's bundle is as little a decision as the bundle.
#[test]
fn the_image_s_directory_is_a_default_too() {
    let root = container();
    let path = bundle(&start(&root));
    let outcome = with(&root, &[("SSL_CERT_DIR", CERTS), ("REQUESTS_CA_BUNDLE", CERTS)]);
    assert_eq!(lines(&outcome), expected(&path, &[], &[("SSL_CERT_DIR", CERTS)]));
}

/// A shell that has the variables of an earlier CA gets those of the one that is there now.
#[test]
fn what_an_earlier_start_set_is_no_decision() {
    let root = container();
    let before = bundle(&start(&root));
    root.write(CA, Certificate::ca("Next CA").pem());
    let git = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "http.sslCAInfo"),
        ("GIT_CONFIG_VALUE_0", &*before),
    ];
    let given = [&git[..], &[("SSL_CERT_FILE", &*before), ("CURL_CA_BUNDLE", "/proc/7/fd/100")]];
    let outcome = with(&root, &given.concat());
    let path = bundle(&outcome);
    assert_ne!(path, before);
    assert_eq!(lines(&outcome), expected(&path, &[], &[]));
}

/// A descriptor of a shell's is named as our files in memory are.
#[test]
fn a_descriptor_of_somebody_s_is_a_decision() {
    let root = container();
    with_programs(&root, &["/usr/bin/bash"]);
    root.write("/own.pem", corp().pem());
    // The value that is given, and the one that the command has.
    let values = |user: u32, value: &str| {
        let script = format!(
            "exec 9</own.pem 100</own.pem; export SSL_CERT_FILE={value}; \
             echo $SSL_CERT_FILE; exec ca-entrypoint env"
        );
        let command = Command::of("/bin/bash", &["-c", &script]).env("PATH", "/bin");
        let outcome = command.enter_with(&root, &[Mount::Proc]).by(user).run();
        let given = outcome.ok().out().lines().next().unwrap().to_owned();
        (given, variable(&outcome, "SSL_CERT_FILE").unwrap())
    };
    for user in [0, USER] {
        for own in ["/proc/$$/fd/9", "/proc/$$/fd/100", "/proc/self/fd/9", "/proc/$$/fd/8"] {
            let (given, value) = values(user, own);
            assert_eq!(value, given, "{user}");
        }
    }
    // Of a process that is gone, or another user's, the number alone tells.
    for (value, is_ours) in [
        ("/proc/999999999/fd/100", true),
        ("/proc/999999999/fd/99", false),
        ("/proc/999999999/fd/own.pem", false),
        ("/proc/1/fd/100", true),
        ("/proc/1/fd/99", false),
        ("/proc/sys/fd/100", false),
    ] {
        let (given, value) = values(USER, value);
        assert_eq!(value != given, is_ours, "{given}");
    }
}

#[test]
fn a_name_of_another_file_is_a_decision() {
    let root = container();
    root.write("/copy.pem", root.read(BUNDLE)).link("/nowhere.pem", "/none");
    for value in ["/copy.pem", "/nowhere.pem", CA, "etc/ssl/certs/ca-certificates.crt", "-"] {
        let outcome = with(&root, &[("SSL_CERT_FILE", value)]);
        assert_eq!(variable(outcome.ok(), "SSL_CERT_FILE").as_deref(), Some(value));
        assert_eq!(variable(&outcome, "CURL_CA_BUNDLE"), None);
        // What has nothing to do with it is set.
        assert!(variable(&outcome, "REQUESTS_CA_BUNDLE").is_some());
    }
}

/// There the name stays good: the CA is in that bundle.
#[test]
fn in_the_system_s_placement_nothing_is_overridden() {
    let root = container();
    root.link("/etc/ssl/cert.pem", "certs/ca-certificates.crt");
    for value in [BUNDLE, "/etc/ssl/cert.pem"] {
        for name in ANCHORS_ALONE.iter().chain(&WHOLE_BUNDLE) {
            let command = Command::inside(&root, &["/bin/env"]).env(name, value);
            assert_eq!(variable(command.run().ok(), name).as_deref(), Some(value), "{name}");
        }
    }
}

#[test]
fn without_a_private_bundle_the_image_s_default_stays() {
    let root = container();
    root.write(BUNDLE, "# no certificate\n");
    for name in WHOLE_BUNDLE {
        let outcome = with(&root, &[(name, BUNDLE)]);
        assert_eq!(variable(outcome.ok(), name).as_deref(), Some(BUNDLE), "{name}");
    }
}

#[test]
fn with_a_prefix_the_runner_s_variable_is_not_set() {
    let root = container();
    let outcome = command(&root, &[]).env("CA_ENTRYPOINT_PREFIX", "/bin/env").run();
    let prefix = [("CA_ENTRYPOINT_PREFIX", "/bin/env")];
    let path = bundle(&outcome);
    assert_eq!(lines(&outcome), expected(&path, &["CI_SERVER_TLS_CA_FILE"], &prefix));
}

#[test]
fn what_is_named_is_there_and_readable_for_the_user() {
    let root = container();
    with_programs(&root, &["/usr/bin/cat"]);
    root.write(CA, corp().der());
    for line in lines(&start(&root)) {
        if let Some((_, path)) = line.split_once("=/") {
            let path = format!("/{path}");
            let read = Command::of("/bin/cat", &[&path]).enter(&root).by(USER);
            let read = read.run();
            read.ok().assert(!read.stdout.is_empty(), &line);
        }
    }
}
