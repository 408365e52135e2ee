//! `--print-env`: the variables for a shell, which reads exactly what a command would be given.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::command::Command;
use crate::container::CA;
use crate::container::SHM;
use crate::container::USER;
use crate::container::command;
use crate::container::container;
use crate::container::corp;
use crate::container::message;
use crate::container::start;
use crate::skeletons::BUNDLE;
use crate::skeletons::scratch;
use crate::skeletons::with_programs;
use crate::util::Root;

/// As other shells have it.
const EVALUATE: &str = "eval \"$(/bin/ca-entrypoint --print-env --ca \"$1\")\"";

fn with_shells() -> Root {
    let root = container();
    with_programs(&root, &["/usr/bin/dash", "/usr/bin/bash"]);
    root
}

/// The environment that `env -0` prints, without what shells set of themselves, sorted.
fn environment(stdout: &[u8]) -> Vec<&[u8]> {
    let is_shell_s = |entry: &&[u8]| {
        [&b"PWD="[..], b"OLDPWD=", b"SHLVL=", b"_="].iter().any(|name| entry.starts_with(name))
    };
    let mut entries: Vec<_> =
        stdout.split(|&byte| byte == 0).filter(|entry| !is_shell_s(entry)).collect();
    entries.sort_unstable();
    entries
}

#[test]
fn the_lines_are_assignments_that_export() {
    let root = container();
    let outcome = command(&root, &["--print-env"]).run();
    outcome.ok().assert_stderr(&message(SHM));
    let of_command = start(&root).out();
    let mut expected: Vec<String> = of_command
        .lines()
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| format!("export {name}='{value}'"))
        .collect();
    expected.sort_unstable();
    let out = outcome.out();
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, expected);
    assert!(out.ends_with("'\n"));
    for arguments in [&["--print-env=sh"][..], &["-q", "--print-env"], &["--print-env", "--"]] {
        command(&root, arguments).run().ok().prints(&out).assert_stderr("");
    }
}

#[test]
fn every_shell_reads_what_a_command_is_given_whatever_is_in_a_path() {
    let paths: [&[u8]; 12] = [
        b"/ca/plain.crt",
        b"/ca/with space.crt",
        b"/ca/it's.crt",
        b"/ca/'''.crt",
        b"/ca/\"quoted\".crt",
        b"/ca/$HOME ${x} $(exit 1) `exit 1`.crt",
        b"/ca/back\\slash\\.crt",
        b"/ca/line\nfeed\n.crt",
        b"/ca/not \xff\xfe text.crt",
        b"/ca/*?[a-z]{a,b}~!#&;|<>().crt",
        b"/ca/\x1b[31m\t\r\x07.crt",
        b"/ca/'\n'export X='1.crt",
    ];
    let root = with_shells();
    root.directory("/ca");
    for bytes in paths {
        let path = OsStr::from_bytes(bytes);
        fs::write(root.path().join(OsStr::from_bytes(&bytes[1..])), corp().pem()).unwrap();
        let mut direct = command(&root, &["--ca"]);
        direct.inner.arg(path).args(["/bin/env", "-0"]);
        let direct = direct.run();
        direct.ok();
        let named = [b"NODE_EXTRA_CA_CERTS=", bytes].concat();
        assert!(environment(&direct.stdout).contains(&named.as_slice()), "{}", direct.out());
        for shell in ["/bin/dash", "/bin/bash"] {
            let script = format!("{EVALUATE}; exec /bin/env -0");
            let mut evaluated = Command::of(shell, &["-euc", &script, "sh"]).enter(&root).by(USER);
            evaluated.inner.arg(path);
            let evaluated = evaluated.run();
            evaluated.ok().assert(
                environment(&evaluated.stdout) == environment(&direct.stdout),
                &format!("in {shell} the same as {}", direct.out()),
            );
        }
    }
}

#[test]
fn what_is_evaluated_twice_is_evaluated_once() {
    let root = with_shells();
    let once = format!("{EVALUATE}; exec /bin/env -0");
    let twice = format!("{EVALUATE}; {once}");
    let again = format!("{EVALUATE}; exec /bin/ca-entrypoint --print-env");
    let run = |script: &str| {
        let arguments = ["-euc", script, "sh", CA];
        Command::of("/bin/dash", &arguments)
            .enter(&root)
            .by(USER)
            .env("GIT_CONFIG_COUNT", "0")
            .run()
    };
    let (once, twice) = (run(&once), run(&twice));
    assert_eq!(environment(&once.ok().stdout), environment(&twice.ok().stdout));
    run(&again).ok().is_silent();
}

#[test]
fn what_is_set_is_not_printed() {
    let root = container();
    let all = command(&root, &["--print-env"]).run().ok().out();
    let given = command(&root, &["--print-env"]).env("SSL_CERT_FILE", "/own.pem");
    let given = given.env("NODE_EXTRA_CA_CERTS", "").run().ok().out();
    assert!(all.contains("export SSL_CERT_FILE=") && !given.contains("SSL_CERT_FILE"), "{given}");
    // An empty value counts as none, and a default of the image's is replaced.
    assert!(given.contains(&format!("export NODE_EXTRA_CA_CERTS='{CA}'\n")), "{given}");
    let image = command(&root, &["--print-env"]).env("SSL_CERT_FILE", BUNDLE);
    image.run().ok().prints(all);
}

#[test]
fn root_has_the_system_s_bundle_printed() {
    let root = container();
    let outcome = Command::inside(&root, &["--print-env"]).run();
    outcome.ok().assert_stderr("ca-entrypoint: trust store updated: 1 added, 0 removed\n");
    let out = outcome.out();
    assert!(out.contains(&format!("export SSL_CERT_FILE='{BUNDLE}'\n")), "{out}");
    assert!(!out.contains("GIT_CONFIG") && !out.contains("CURL_CA_BUNDLE"), "{out}");
    Command::inside(&root, &["--print-env"]).run().ok().prints(out).assert_stderr("");
}

#[test]
fn without_a_ca_nothing_is_printed() {
    let root = container();
    root.remove(CA);
    command(&root, &["--print-env"]).run().ok().is_silent();
    Command::inside(&root, &["--print-env"]).run().ok().is_silent();
}

#[test]
fn without_a_bundle_only_what_adds_is_printed() {
    let root = crate::container::prepared(scratch());
    let out = command(&root, &["--print-env"]).run().ok().out();
    let mut names: Vec<&str> = out.lines().map(|line| line.split('=').next().unwrap()).collect();
    names.sort_unstable();
    let additive = ["CI_SERVER_TLS_CA_FILE", "DENO_CERT", "NODE_EXTRA_CA_CERTS"];
    assert_eq!(names, additive.map(|name| format!("export {name}")));
}

#[test]
fn a_failure_is_one_when_that_is_asked_for() {
    let root = container();
    root.write("/bad.crt", "no certificate");
    let run = |arguments: &[&str]| command(&root, arguments).run();
    run(&["--ca", "/bad.crt", "--print-env", "--on-error=fail"])
        .code(125)
        .prints("")
        .says("/bad.crt");
    run(&["--ca", "/bad.crt", "--print-env"]).ok().prints("").says("/bad.crt");
    root.mode("/dev/shm", 0o755).mode("/tmp", 0o755);
    let failed = run(&["--print-env", "--on-error=fail"]);
    failed.code(125).prints("").says("cannot install the CA");
    // The source itself can be named, and a shell can go on with that.
    let warned = run(&["--print-env"]);
    warned.ok().says("cannot install the CA").prints(format!(
        "export CI_SERVER_TLS_CA_FILE='{CA}'\nexport NODE_EXTRA_CA_CERTS='{CA}'\n\
         export DENO_CERT='{CA}'\n"
    ));
}

#[test]
fn a_shell_goes_on_after_a_failure() {
    let root = with_shells();
    root.write("/bad.crt", "no certificate");
    let script = format!("{EVALUATE}; echo \"went on with $?\"");
    let outcome = Command::of("/bin/dash", &["-c", &script, "sh", "/bad.crt"]).enter(&root);
    outcome.by(USER).run().ok().prints("went on with 0\n").says("/bad.crt");
}

#[test]
fn what_makes_no_sense_is_125() {
    for (arguments, part) in [
        (
            &["--print-env=csh"][..],
            "invalid value 'csh' for option '--print-env': it takes sh, fish, powershell, cmd, dotenv or json",
        ),
        (&["--print-env="], "invalid value '' for option '--print-env': it takes sh, fish"),
        (&["--print-env=SH"], "invalid value 'SH' for option '--print-env': it takes sh, fish"),
        (&["--print-env", "sh"], "'--print-env' takes no command"),
        (&["--print-env", "--", "env"], "'--print-env' takes no command"),
        (&["--print-env", "--root", "/tmp"], "'--root' takes no '--print-env'"),
    ] {
        Command::new(arguments).run().code(125).complains_once_of(part);
    }
}

#[test]
fn all_arguments_of_a_prefix_are_its_own() {
    let command = Command::new(&["--print-env"]).env("CA_ENTRYPOINT_PREFIX", "/bin/echo");
    command.run().ok().prints("--print-env\n");
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let root = with_shells();
    root.write("/closed", "");
    let script = "/bin/ca-entrypoint --print-env >&-; echo $?";
    let outcome = Command::of("/bin/dash", &["-c", script]).enter(&root).by(USER).run();
    outcome.ok().assert(!outcome.out().contains("export"), "nothing on another descriptor");
}
