//! `--placement`, and the variable that stands for it.

use crate::command::Command;
use crate::command::Outcome;
use crate::container::CA;
use crate::container::SHM;
use crate::container::STRANGER;
use crate::container::USER;
use crate::container::bundle;
use crate::container::command;
use crate::container::container;
use crate::container::corp;
use crate::container::files;
use crate::container::message;
use crate::container::variable;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::copy_program;
use crate::skeletons::debian;
use crate::skeletons::public_bundle;
use crate::util::BINARY;
use crate::util::Root;

const LEFT_ALONE: &str = "ca-entrypoint: trust store left alone: 1 added in \
    '/run/ca-entrypoint', for programs that read variables\n";

fn by_root(root: &Root, arguments: &[&str]) -> Outcome {
    Command::inside(root, arguments).run()
}

#[test]
fn a_private_placement_leaves_the_store_alone_even_for_root() {
    let root = container();
    let before = root.tree_with_inodes();
    let outcome = by_root(&root, &["--placement", "private", "/bin/env"]);
    outcome.ok().assert_stderr(LEFT_ALONE);
    assert_eq!(root.read(&bundle(&outcome)), (public_bundle() + &corp().pem()).as_bytes());
    by_root(&root, &["--placement=private", "/bin/env"]).ok().assert_stderr("");
    std::fs::remove_dir_all(root.at("/run/ca-entrypoint")).unwrap();
    let time = |line: &&str| !line.contains(" /run ");
    let rest = |tree: &str| tree.lines().filter(time).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rest(&root.tree_with_inodes()), rest(&before));
}

#[test]
fn a_private_placement_is_one_even_where_the_store_has_all() {
    let root = container();
    by_root(&root, &[]).ok();
    by_root(&root, &["--placement=private", "/bin/env"]).ok().assert_stderr(LEFT_ALONE);
    let outcome = command(&root, &["--placement=private", "/bin/env"]).run();
    outcome.ok().says("trust store left alone: 1 added in").says(SHM);
}

#[test]
fn a_system_placement_is_one_or_fails() {
    let root = container();
    let before = root.tree_with_inodes();
    let arguments = ["--placement", "system", "/bin/env"];
    let outcome = command(&root, &arguments).run();
    outcome.ok().says("cannot write '/usr/local/share/ca-certificates/").says("\nhint: ");
    outcome.assert(!outcome.out().contains("SSL_CERT_FILE"), "no bundle");
    command(&root, &["--on-error=fail", "--placement=system", "/bin/env"]).run().code(125);
    command(&root, &["--placement=system"]).run().code(125);
    assert_eq!(root.tree_with_inodes(), before);
    let outcome = by_root(&root, &arguments);
    outcome.ok().assert_stderr("ca-entrypoint: trust store updated: 1 added, 0 removed\n");
    assert_eq!(bundle(&outcome), BUNDLE);
}

/// As of root without `CAP_DAC_OVERRIDE`.
#[test]
fn a_store_that_cannot_be_read_gives_the_user_files_of_its_own() {
    let root = container();
    let team = &format!("{ANCHORS}/team");
    root.owner(ANCHORS, USER).directory(team).owner(team, STRANGER).mode(team, 0o700);
    let error = format!("ca-entrypoint: cannot read '{team}': Permission denied\nhint: ");
    let planned = command(&root, &["--dry-run", "/bin/env"]).run();
    planned.ok().says(&error).assert(planned.out().contains(SHM), SHM);
    let outcome = command(&root, &["/bin/env"]).run();
    outcome.ok().says(&error).says(&LEFT_ALONE.replace("/run/ca-entrypoint", SHM));
    assert_eq!(root.read(&bundle(&outcome)), (public_bundle() + &corp().pem()).as_bytes());
    let again = command(&root, &["/bin/env"]).run();
    again.ok().assert(again.err().starts_with(&error), "the error alone");
    assert_eq!(bundle(&again), bundle(&outcome));
    for arguments in [&["--on-error=fail", "/bin/env"][..], &["--on-error=fail", "--dry-run"], &[]]
    {
        command(&root, arguments).run().code(125).says(&error);
    }
    let outcome = command(&root, &["--placement=system", "/bin/env"]).run();
    outcome.ok().says(&error).assert(variable(&outcome, "SSL_CERT_FILE").is_none(), "no bundle");
    // What can't be read for the copy either is told once.
    root.owner(team, USER).mode(BUNDLE, 0o600);
    let outcome = command(&root, &["/bin/env"]).run();
    outcome.ok().says(&format!("cannot read '{BUNDLE}': "));
    outcome.assert(outcome.err().matches("cannot read").count() == 1, "one message");
}

#[test]
fn the_default_is_the_store_where_it_can_be_written() {
    for arguments in [&["/bin/env"][..], &["--placement", "auto", "/bin/env"]] {
        let root = container();
        assert_eq!(bundle(by_root(&root, arguments).ok()), BUNDLE);
        let root = container();
        command(&root, arguments).run().ok().assert_stderr(&message(SHM));
    }
}

#[test]
fn the_variable_stands_for_the_option_which_wins() {
    let placed = |arguments: &[&str], value: &str| {
        let root = container();
        let arguments = [arguments, &["/bin/env"]].concat();
        let command = Command::inside(&root, &arguments);
        let outcome = command.env("CA_ENTRYPOINT_PLACEMENT", value).run();
        let bundle = bundle(outcome.ok());
        (if bundle == BUNDLE { "system" } else { "private" }, outcome)
    };
    assert_eq!(placed(&[], "private").0, "private");
    assert_eq!(placed(&[], "system").0, "system");
    assert_eq!(placed(&[], "auto").0, "system");
    assert_eq!(placed(&["--placement=system"], "private").0, "system");
    assert_eq!(placed(&["--placement=private"], "system").0, "private");
    assert_eq!(placed(&["--placement=auto"], "private").0, "system");
    assert_eq!(placed(&["--placement=private", "--placement=system"], "").0, "system");
    for value in ["Private", "nonsense", " private", "private,system"] {
        let (placement, outcome) = placed(&[], value);
        assert_eq!(placement, "system");
        let message = format!(
            "ignoring variable CA_ENTRYPOINT_PLACEMENT='{value}': it takes auto, system or private"
        );
        outcome.says(&message).says("\nhint: ");
    }
    placed(&[], "").1.says_nothing_of("ignoring");
    // What an option decides, no variable is asked for.
    placed(&["--placement=system"], "nonsense").1.says_nothing_of("ignoring");
}

#[test]
fn what_makes_no_sense_is_125() {
    let message = "invalid value 'x' for option '--placement': it takes auto, system or private";
    for (arguments, part) in [
        (&["--placement=x", "echo"][..], message),
        (&["--placement", "x", "echo"], message),
        (&["--placement", "", "echo"], "invalid value '' for option '--placement'"),
        (&["--placement"], "--placement"),
        (&["--root", "/tmp", "--placement", "private"], "'--root' takes no '--placement private'"),
    ] {
        Command::new(arguments).run().code(125).complains_once_of(part);
    }
}

#[test]
fn another_root_is_always_installed_in() {
    let root = debian();
    root.write(CA, corp().pem());
    let outcome = root.command(&[]).env("CA_ENTRYPOINT_PLACEMENT", "private").run();
    outcome.ok().assert_stderr("ca-entrypoint: trust store updated: 1 added, 0 removed\n");
    let root = debian();
    root.write(CA, corp().pem()).directory("/tmp").mode("/tmp", 0o1777);
    let before = root.tree_with_inodes();
    root.command(&[]).by_nobody().run().code(125).says("Permission denied");
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn an_error_of_private_placement_is_one_that_can_be_asked_to_fail() {
    let root = container();
    root.mode("/dev/shm", 0o755).mode("/tmp", 0o755);
    let what = "cannot install the CA: no directory is fit for a private copy, and trust store \
                cannot be written (Permission denied)";
    command(&root, &["--on-error=fail", "/bin/env"]).run().code(125).complains_once_of(what);
    command(&root, &["/bin/env"]).run().ok().says(what);
    command(&root, &["--print-env", "--on-error=fail"]).run().code(125).complains_once_of(what);
    command(&root, &["--print-env"]).run().ok().says(what);
    let what = "cannot install the CA: no directory is fit for a private copy";
    command(&root, &["--placement=private"]).run().code(125).says(what);
}

/// Whoever builds an image has nobody to tell of private files.
#[test]
fn without_a_command_a_store_that_cannot_be_written_is_an_error() {
    let root = container();
    let before = root.tree_with_inodes();
    for arguments in [&[][..], &["--placement=auto"], &["--dry-run"]] {
        let outcome = command(&root, arguments).run();
        outcome.code(125).says("Permission denied").prints("");
        command(&root, &[arguments, &["--on-error=warn"]].concat()).run();
    }
    assert_eq!(root.tree_with_inodes(), before);
    command(&root, &["--placement=private"]).run().ok();
    assert_eq!(files(&root, SHM).len(), 2);
}

#[test]
fn a_success_of_private_placement_is_no_error() {
    let root = container();
    command(&root, &["--on-error=fail", "/bin/env"]).run().ok().assert_stderr(&message(SHM));
    command(&root, &["/bin/env"]).run().ok().assert_stderr("");
    let quiet = container();
    command(&quiet, &["-q", "/bin/env"]).run().ok().assert_stderr("");
    let warned = container();
    let command = command(&warned, &["/bin/env"]).env("CA_ENTRYPOINT_LOG", "warn");
    command.run().ok().assert_stderr("");
}

#[test]
fn a_program_with_more_rights_than_its_caller_takes_no_directory_of_his() {
    let root = container();
    root.directory("/user").owner("/user", USER);
    // A copy: the link is to the file that all tests run.
    root.remove("/bin/ca-entrypoint");
    copy_program(BINARY.as_ref(), &root.at("/bin/ca-entrypoint"));
    root.mode("/bin/ca-entrypoint", 0o2755);
    let outcome = command(&root, &["/bin/env"]).env("XDG_RUNTIME_DIR", "/user").run();
    outcome.ok().assert_stderr(&message(SHM));
}
