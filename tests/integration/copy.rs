//! `--copy-to`: the program in a directory that another container has too.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::command::Command;
use crate::skeletons::copy_program;
use crate::skeletons::with_programs;
use crate::util::BINARY;
use crate::util::Root;

fn copy_to(directory: &Path) -> Command {
    Command::new(&["--copy-to", directory.to_str().unwrap()])
}

#[test]
fn the_copy_is_the_program_and_runs() {
    let root = Root::new();
    let directory = root.at("/made/for/it");
    copy_to(&directory).run().ok().is_silent();
    let copy = directory.join("ca-entrypoint");
    assert_eq!(fs::read(&copy).unwrap(), fs::read(BINARY).unwrap());
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o7777, 0o755);
    let version = Command::of(copy.to_str().unwrap(), &["--version"]).run();
    version.ok().prints(concat!("ca-entrypoint ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn everybody_may_run_it_whatever_the_umask() {
    let root = Root::new();
    let command = copy_to(root.path()).before_exec(|| {
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
        Ok(())
    });
    command.run().ok();
    let copy = root.at("/ca-entrypoint");
    assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn an_older_copy_is_replaced_in_one_step() {
    let root = Root::new();
    root.write("/ca-entrypoint", "an older one");
    let older = fs::File::open(root.at("/ca-entrypoint")).unwrap();
    copy_to(root.path()).run().ok();
    let newer = fs::metadata(root.at("/ca-entrypoint")).unwrap();
    assert_ne!(older.metadata().unwrap().ino(), newer.ino(), "a reader keeps the file that it has");
    assert_eq!(root.names("/"), ["ca-entrypoint"]);
}

#[test]
fn a_program_that_was_removed_while_it_runs_copies_itself() {
    let root = Root::new();
    let program = root.at("/program");
    copy_program(BINARY.as_ref(), &program);
    // The shell holds it open, removes its name and runs it by the descriptor.
    let script = "exec 9<\"$0\"; rm \"$0\"; exec /proc/self/fd/9 --copy-to \"$1\"";
    let target = root.at("/copies").display().to_string();
    let arguments = ["-c", script, program.to_str().unwrap(), &target];
    Command::of("/bin/sh", &arguments).run().ok().is_silent();
    assert_eq!(root.read("/copies/ca-entrypoint"), fs::read(BINARY).unwrap());
}

#[test]
fn what_cannot_be_written_is_reported() {
    let root = Root::new();
    root.write("/file", "");
    let under_a_file = root.at("/file/directory");
    let outcome = copy_to(&under_a_file).run();
    outcome.code(125).says("cannot copy this program to '").says("hint: ");
    let closed = root.directory("/closed").mode("/closed", 0o555).at("/closed");
    let outcome = copy_to(&closed).by_nobody().run();
    outcome.code(125).complains_once_of("/closed").says("Permission denied");
    assert!(root.names("/closed").is_empty());
    let without_proc = Root::new();
    with_programs(&without_proc, &[]);
    let outcome = Command::inside(&without_proc, &["--copy-to", "/copies"]).run();
    outcome.code(125).says("cannot read this program: ").says("hint: ");
}

#[test]
fn nothing_else_is_done() {
    let root = Root::new();
    let directory = root.path().to_str().unwrap().to_owned();
    let others: [&[&str]; 5] =
        [&["echo"], &["--root", "/"], &["--dry-run"], &["--print-env"], &["--remove"]];
    for other in others {
        let arguments = [&["--copy-to", &directory], other].concat();
        let outcome = Command::new(&arguments).run();
        outcome.code(125).prints("").says("'--copy-to' takes no command and nothing else to do");
    }
    assert!(root.names("/").is_empty());
    Command::new(&["--ca", "/dev/zero", "--copy-to", &directory]).run().ok().is_silent();
}
