//! Properties of the sources that no compiler checks.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::command::Command;
use crate::util::walk;

/// Path below `src`, text without what is behind `#[cfg(test)]`, and the whole text; but of tests in
/// files of their own.
fn sources() -> Vec<(String, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_source =
        |path: &PathBuf| path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs");
    let files = walk(&src).into_iter().filter(is_source);
    files
        .map(|path| {
            let whole = fs::read_to_string(&path).unwrap();
            let code = whole.split("#[cfg(test)]").next().unwrap().to_owned();
            (path.strip_prefix(&src).unwrap().display().to_string(), code, whole)
        })
        .collect()
}

/// Nothing of `patterns` stands in code, comments left out, of files that `is_allowed` doesn't name.
#[track_caller]
fn nowhere_but(is_allowed: impl Fn(&str) -> bool, patterns: &[&str]) {
    for (path, code, _) in sources().iter().filter(|(path, _, _)| !is_allowed(path)) {
        for (line, text) in (1..).zip(code.lines()) {
            let text = text.split("//").next().unwrap();
            for pattern in patterns {
                assert!(!text.contains(pattern), "{pattern} in src/{path}:{line}");
            }
        }
    }
}

#[test]
fn distributions_are_named_in_the_table_alone() {
    let names = [
        "debian",
        "ubuntu",
        "void",
        "gentoo",
        "alpine",
        "wolfi",
        "chainguard",
        "rhel",
        "fedora",
        "centos",
        "rocky",
        "alma",
        "amzn",
        "amazon",
        "azurelinux",
        "mariner",
        "suse",
        "sles",
        "arch",
        "photon",
        "nixos",
        "distroless",
        "busybox",
    ];
    for (path, code, _) in
        sources().iter().filter(|(path, _, _)| !path.starts_with("platform/table/"))
    {
        for (line, text) in (1..).zip(code.lines()) {
            let text = text.split("//").next().unwrap();
            // A type of C's, a kind of processor, and a distribution each.
            let lower = text.to_lowercase().replace("c_void", "").replace("target_arch", "");
            let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
            let named = names.iter().find(|name| words.contains(name));
            // What a message says about who refuses a certificate is no decision.
            let is_message = text.trim_start().starts_with('"') || text.contains("write!(");
            assert!(named.is_none() || is_message, "{named:?} in src/{path}:{line}");
        }
    }
}

#[test]
fn unsafe_code_is_in_sys_alone() {
    // What the C library calls isn't called by it as Rust would.
    let may_be = |path: &str| path.starts_with("sys/") || path == "main.rs";
    nowhere_but(may_be, &["unsafe ", "unsafe{"]);
}

#[test]
fn every_module_but_sys_forbids_unsafe_code() {
    let forbids = |code: &str| code.contains("#![forbid(unsafe_code)]");
    let without: Vec<String> = sources()
        .into_iter()
        .filter(|(path, code, _)| !path.starts_with("sys/") && !forbids(code))
        .map(|(path, _, _)| path)
        .collect();
    // In the crate's root it would be for `sys` too; the others list modules or call one function.
    assert_eq!(without, ["format/mod.rs", "lib.rs", "main.rs"]);
}

#[test]
fn operating_systems_are_told_apart_in_sys_alone() {
    let patterns = [
        "cfg(unix",
        "cfg(windows",
        "target_os",
        "target_family",
        "not(unix",
        "not(windows",
        "os::unix",
    ];
    nowhere_but(|path| path.starts_with("sys/"), &patterns);
}

#[test]
fn sys_alone_writes() {
    let patterns = [
        "fs::write",
        "File::create",
        "remove_file",
        "remove_dir",
        "fs::rename",
        "fs::symlink(",
        "fs::hard_link",
        "fs::create_dir",
        "fs::set_permissions",
        "OpenOptions",
        ".truncate(true",
        "set_len",
        "fs::copy",
    ];
    nowhere_but(|path| path.starts_with("sys/"), &patterns);
}

#[test]
fn the_environment_and_the_arguments_are_read_in_one_place_each() {
    let is_reader = |path: &str| path == "cli.rs" || path.starts_with("environment/");
    nowhere_but(|path| is_reader(path) || path == WINDOWS_PROCESS, &["env::vars"]);
    nowhere_but(is_reader, &["env::var(", "env::var_os", "set_var", "remove_var"]);
    nowhere_but(|path| path == "sys/windows/start.rs", &["env::args"]);
}

#[test]
fn stdout_is_written_by_stop_alone_and_stdin_by_nobody() {
    nowhere_but(|path| path == "stop.rs", &["stdout()", "println!", "print!("]);
    nowhere_but(
        |_| false,
        &["stdin()", "eprintln!", "eprint!(", "dbg!(", "todo!(", "unimplemented!("],
    );
}

#[test]
fn processes_end_where_they_should() {
    // Windows has no exec: who waits for the command ends as it ends.
    nowhere_but(|path| path.starts_with("sys/windows/"), &["process::exit"]);
    nowhere_but(|_| false, &["process::abort", "panic!("]);
    nowhere_but(|path| path.starts_with("sys/") || path == "exec.rs", &["execve(", "Command::new"]);
}

#[test]
fn files_are_short_enough_to_be_read() {
    for (path, code, _) in sources() {
        let lines = code.lines().count();
        assert!(lines <= 400, "src/{path} has {lines} lines");
    }
    assert!(
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs"))
            .unwrap()
            .lines()
            .count()
            <= 25
    );
}

#[test]
fn the_help_fits_a_terminal() {
    let help = Command::new(&["--help"]).run().ok().out();
    for line in help.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let mut is_dependency = false;
    let mut before = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dependency = line.contains("dependencies");
        } else if is_dependency && line.contains('=') {
            assert!(before.starts_with('#'), "no reason for {line}");
        }
        before = line;
    }
}

const WINDOWS_PROCESS: &str = "sys/windows/process.rs";
