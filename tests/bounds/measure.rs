//! What a run costs.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;

pub(crate) struct Cost {
    /// In this program, which nothing else on the machine changes.
    pub(crate) instructions: usize,
    pub(crate) system_calls: usize,
    /// Bytes of all files in the root.
    pub(crate) input: usize,
}

pub(crate) fn cost(root: &Path, arguments: &[&str]) -> Cost {
    let log = log_of(root);
    let log_file = format!("--log-file={log}");
    let cachegrind =
        ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
    measured(&[&cachegrind[..], &[&log_file]].concat(), root, arguments);
    // Those of instructions come first.
    let report = fs::read_to_string(&log).unwrap().replace(',', "");
    let instructions = number_after(&report, " refs:");
    measured(&["strace", "-f", "-qq", "-c", "-o", &log], root, arguments);
    let report = fs::read_to_string(&log).unwrap();
    let total = report.lines().find(|line| line.trim_end().ends_with("total")).unwrap();
    let system_calls = total.split_whitespace().nth(3).unwrap().parse().unwrap();
    fs::remove_file(log).unwrap();
    Cost { instructions, system_calls, input: sizes(root).iter().sum() }
}

/// The memory that a run takes.
#[derive(Clone, Copy)]
pub(crate) struct Peak {
    /// Resident at most.
    pub(crate) kib: usize,
    /// Bytes of all files in the root.
    pub(crate) input: usize,
    pub(crate) files: usize,
}

pub(crate) fn peak(root: &Path, arguments: &[&str]) -> Peak {
    let log = log_of(root);
    measured(&["time", "-o", &log, "-f", "peak %M"], root, arguments);
    let kib = number_after(&fs::read_to_string(&log).unwrap(), "peak ");
    fs::remove_file(log).unwrap();
    let sizes = sizes(root);
    Peak { kib, input: sizes.iter().sum(), files: sizes.len() }
}

fn log_of(root: &Path) -> String {
    root.with_extension("log").display().to_string()
}

/// On a copy of the root, as a run changes it.
fn measured(tool: &[&str], root: &Path, arguments: &[&str]) {
    let copy = crate::directory();
    let status = Command::new("cp").arg("-a").arg(root.join(".")).arg(copy.path()).status();
    assert!(status.unwrap().success());
    output(tool, copy.path(), arguments);
}

/// Runs the program on a root, whatever it says.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Output {
    output(&[], root, arguments)
}

fn output(tool: &[&str], root: &Path, arguments: &[&str]) -> Output {
    let binary = std::env::var("CA_ENTRYPOINT_BIN").expect("CA_ENTRYPOINT_BIN: run make bounds");
    let words = [tool, &[&binary]].concat();
    let (program, rest) = words.split_first().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let mut command = Command::new(program);
    command.args(rest).env_clear().env("PATH", path);
    if root.join(".pki").is_dir() {
        command.env("HOME", root).current_dir(root);
    } else {
        command.arg("--root").arg(root);
    }
    command.args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}: run make bounds"))
}

fn number_after(text: &str, what: &str) -> usize {
    let (_, rest) = text.split_once(what).unwrap_or_else(|| panic!("no {what} in {text}"));
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

/// Of each file.
fn sizes(directory: &Path) -> Vec<usize> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let sizes = entries.flat_map(|entry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => sizes(&entry.path()),
        kind if kind.is_file() => vec![entry.metadata().unwrap().len() as usize],
        _ => Vec::new(),
    });
    sizes.collect()
}
