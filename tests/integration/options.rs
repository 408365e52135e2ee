//! Options, the variables beside them, and where the command begins.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use nix::unistd;

use crate::command::Command;
use crate::command::Outcome;
use crate::skeletons::BUNDLE;
use crate::skeletons::copy_program;
use crate::skeletons::debian;
use crate::util::BINARY;
use crate::util::Root;
use crate::util::count_pem;
use crate::x509::Certificate;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

fn run(arguments: &[&str]) -> Outcome {
    Command::new(arguments).env("PATH", "/usr/bin:/bin").run()
}

#[test]
fn options_end_where_the_command_begins() {
    run(&["echo", "--ca", "-v", "--help", "--", "x"]).ok().prints("--ca -v --help -- x\n");
    run(&["--", "echo", "x", "--help"]).ok().prints("x --help\n");
    run(&["-q", "--", "echo", "--", "x"]).ok().prints("-- x\n");
    run(&["--ca", "/none", "echo", "x"]).ok().prints("x\n");
    run(&["--ca=/none", "echo", "x"]).ok().prints("x\n");
}

#[test]
fn a_command_that_looks_like_an_option_follows_two_dashes() {
    run(&["--", "--version"]).code(127).says("cannot run '--version'");
    run(&["--", "-"]).code(127).says("cannot run '-'");
    run(&["-"]).code(127).says("cannot run '-'");
}

#[test]
fn words_that_other_programs_take_for_sub_commands_are_commands() {
    for word in ["install", "env", "help", "version"] {
        run(&["--", "sh", "-c", "echo $0", word]).ok().prints(format!("{word}\n"));
    }
    run(&["env"]).ok().prints("PATH=/usr/bin:/bin\n");
}

#[test]
fn what_makes_no_sense_is_125_with_a_hint() {
    for (arguments, part) in [
        (vec!["--no-such-option", "echo"], "--no-such-option"),
        (vec!["-x", "echo"], "-x"),
        (vec!["--ca"], "--ca"),
        (vec!["--on-error=maybe", "echo"], "invalid value 'maybe' for option '--on-error'"),
        (vec!["--on-error"], "--on-error"),
        (vec!["--dry-run", "--format=xml"], "invalid value 'xml' for option '--format'"),
        (vec!["--remove=yes"], "--remove"),
        (vec!["--root", "/tmp", "echo"], "'--root' takes no command"),
    ] {
        let outcome = run(&arguments);
        outcome.code(125).complains_once_of(part).says("--help");
    }
}

#[test]
fn a_root_that_is_no_directory_is_125() {
    for path in ["/no/such/root", "/etc/passwd"] {
        run(&["--root", path]).code(125).complains_once_of(path);
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    let help = run(&["--help"]);
    help.ok().assert_stderr("").assert(help.out().starts_with("Usage: ca-entrypoint"), "usage");
    run(&["-h"]).ok().prints(&help.stdout);
    let version = concat!("ca-entrypoint ", env!("CARGO_PKG_VERSION"), "\n");
    run(&["-V"]).ok().prints(version);
    run(&["--ca", "/none", "--version", "echo"]).ok().prints(version);
}

#[test]
fn what_cannot_be_written_to_stdout_is_told() {
    let root = debian();
    root.write(CA, Certificate::ca("A").pem());
    let dry_run = root.command(&["--dry-run", "-q"]);
    let nobody = || OwnedFd::from(io::pipe().unwrap().1);
    let full = || File::create("/dev/full").unwrap().into();
    for (command, stdout, cause) in [
        (dry_run, full(), "No space left on device"),
        (Command::new(&["--help"]), full(), "No space left on device"),
        (Command::new(&["--version"]), nobody(), "Broken pipe"),
        (Command::new(&["--ca=/none", "--print-env=json"]), full(), "No space left on device"),
    ] {
        let outcome = command.before_exec(move || Ok(unistd::dup2_stdout(&stdout)?)).run();
        outcome.code(125).complains_once_of(&format!("cannot write to stdout: {cause}"));
    }
}

#[test]
fn all_arguments_belong_to_the_prefix() {
    for argument in ["--version", "--help", "--", "-q", "--ca"] {
        let outcome = Command::new(&[argument, "x"]).env("CA_ENTRYPOINT_PREFIX", "/bin/echo");
        // echo takes `--help` and `--version` for text when more follows.
        outcome.run().ok().prints(format!("{argument} x\n"));
    }
    Command::new(&["x"]).env("CA_ENTRYPOINT_PREFIX", "").env("PATH", "/bin").run().code(127);
    Command::new(&[]).env("CA_ENTRYPOINT_PREFIX", "/bin/echo").run().ok().prints("\n");
}

#[test]
fn a_program_with_more_rights_than_its_caller_takes_no_variables_of_his() {
    let root = Root::new();
    let program = root.at("/ca-entrypoint");
    copy_program(BINARY.as_ref(), &program);
    root.mode("/ca-entrypoint", 0o4755);
    let program = program.to_str().unwrap();
    let outcome = Command::of(program, &["--version"])
        .env("CA_ENTRYPOINT_PREFIX", "/bin/echo")
        .by_nobody()
        .run();
    outcome.ok().prints(concat!("ca-entrypoint ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_variable_for_errors_stands_for_its_option_which_wins() {
    let bad = |arguments: &[&str], value: &str| {
        let arguments = [&["--ca", "/dev/null"], arguments].concat();
        Command::new(&arguments).env("CA_ENTRYPOINT_ON_ERROR", value).env("PATH", "/bin").run()
    };
    bad(&["echo", "ran"], "fail").code(125).prints("");
    bad(&["echo", "ran"], "warn").ok().prints("ran\n");
    bad(&["echo", "ran"], "nonsense").ok().prints("ran\n");
    bad(&["echo", "ran"], "").ok().prints("ran\n");
    bad(&["--on-error=warn", "echo", "ran"], "fail").ok().prints("ran\n");
    bad(&["--on-error=fail", "echo", "ran"], "warn").code(125).prints("");
    bad(&[], "warn").ok().prints("");
    bad(&[], "nonsense").code(125);
}

#[test]
fn what_is_said_depends_on_the_level() {
    let chatty = |arguments: &[&str], filter: &str| {
        let root = debian();
        let expired = Certificate { not_after: "20210101000000Z", ..Certificate::ca("Old") };
        root.write(CA, expired.pem());
        root.command(arguments).env("CA_ENTRYPOINT_LOG", filter).run()
    };
    let (update, expired, platform) = ("trust store updated", "expired on", "platform debian");
    chatty(&[], "").ok().says(update).says(expired).says_nothing_of(platform);
    chatty(&["-q"], "").ok().is_silent();
    chatty(&["-v"], "").ok().says(update).says(expired).says(platform);
    chatty(&[], "warn").ok().says_nothing_of(update).says(expired);
    chatty(&[], "debug").ok().says(platform);
    chatty(&[], "off").ok().is_silent();
    chatty(&["-v"], "off").ok().says(platform);
    chatty(&["-q"], "debug").ok().is_silent();
    // One that makes no sense is told in our own words, and the rest is as without it.
    let forged = "x=\nca-entrypoint: all is well\u{1b}[2J";
    for (filter, shown) in [
        ("non=sense=/", "non=sense=/"),
        ("debug,a=b", "debug,a=b"),
        ("a/b/c", "a/b/c"),
        (forged, "x=\u{fffd}ca-entrypoint: all is well\u{fffd}[2J"),
    ] {
        let outcome = chatty(&[], filter);
        let said =
            format!("ca-entrypoint: ignoring variable CA_ENTRYPOINT_LOG='{shown}': it takes ");
        outcome.ok().says(&said).says(update).says(expired).says_nothing_of(platform);
        outcome.assert(outcome.err().starts_with("ca-entrypoint: ignoring"), "our words first");
    }
}

/// As root is given to us: where no command would hide how we ended.
#[test]
fn a_log_filter_that_makes_no_sense_and_cannot_be_told_of_changes_nothing_else() {
    let nobody = || OwnedFd::from(io::pipe().unwrap().1);
    for stderr in [nobody(), File::create("/dev/full").unwrap().into()] {
        let root = debian();
        root.write(CA, Certificate::ca("A").pem());
        let command = root.command(&[]).env("CA_ENTRYPOINT_LOG", "a=b");
        command.before_exec(move || Ok(unistd::dup2_stderr(&stderr)?)).run().ok();
        assert_eq!(count_pem(&root.read(BUNDLE)), 4);
    }
}

#[test]
fn the_last_word_on_a_repeated_option_counts_but_cas_add_up() {
    let root = debian();
    root.write("/a.crt", Certificate::ca("A").pem()).write("/b.crt", Certificate::ca("B").pem());
    root.run(&["--ca", "/a.crt", "--ca", "/b.crt"]).ok();
    assert_eq!(String::from_utf8(root.read(BUNDLE)).unwrap().matches("BEGIN").count(), 5);
    run(&["--on-error=fail", "--on-error=warn", "--ca", "/dev/null", "true"]).ok();
}

#[test]
fn nothing_on_stdout_is_ours_when_a_ca_is_installed() {
    let root = debian();
    root.write(CA, Certificate::ca("A").pem());
    root.run(&["-v", "-v"]).ok().prints("");
}

#[test]
fn a_variable_that_makes_no_sense_is_told_and_the_command_runs() {
    let outcome = Command::new(&["echo", "ran"]).env("CA_ENTRYPOINT_ON_ERROR", "panic").run();
    outcome
        .ok()
        .prints("ran\n")
        .says("ignoring variable CA_ENTRYPOINT_ON_ERROR='panic': it takes warn or fail")
        .says("hint: ");
}

#[test]
fn an_option_takes_the_words_that_the_help_has_for_it_and_no_others() {
    let help = run(&["--help"]).out();
    let mut choices = 0;
    for entry in help.lines().filter_map(|line| line.strip_prefix("  --")) {
        let usage = entry.split("  ").next().unwrap();
        let (option, words) = usage.split_once([' ', '[']).unwrap_or((usage, ""));
        let words = words.trim_matches(['=', ']']);
        if words.is_empty() || words.starts_with(|c: char| c.is_ascii_uppercase()) {
            continue;
        }
        choices += 1;
        for word in words.split('|') {
            let outcome = run(&[&format!("--{option}={word}"), "--ca=/none", "--dry-run"]);
            outcome.assert(!outcome.err().contains("invalid value"), "a known word");
        }
        let outcome = run(&[&format!("--{option}=other"), "--dry-run"]);
        outcome
            .code(125)
            .says(&format!("invalid value 'other' for option '--{option}': it takes "));
        for word in words.split('|') {
            outcome.says(word);
        }
    }
    assert!(choices >= 4, "{help}");
}
