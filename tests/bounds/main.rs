//! What the worst inputs cost: instructions and system calls at three sizes, each twice the one
//! before, and memory at the largest. More than linear growth is a failure. What was measured is in `docs/bounds.md`.
//!
//! `make bounds` provides the binary (`CA_ENTRYPOINT_BIN`), valgrind, strace and time(1).

// Only the functions marked as tests are exempt by clippy.toml, and these are all called by tests.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod anchors;
mod databases;
mod files;
mod keystores;
mod measure;
mod stores;
#[allow(dead_code)] // The integration tests use all of it.
#[path = "../integration/x509.rs"]
mod x509;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::measure::Cost;
use crate::measure::Peak;

/// An input that grows.
#[derive(Clone)]
struct Case {
    name: &'static str,
    /// What there is as many of as the size says, in the largest.
    unit: &'static str,
    size: usize,
    input: Input,
    /// What is run before, and isn't measured.
    before: &'static [&'static [&'static str]],
    arguments: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Input {
    /// Fills a root with so many.
    Root(fn(&Path, usize)),
    /// Fills a home directory with so many, for a run that changes nothing.
    Home(fn(&Path, usize)),
    /// Makes a CA file, for Debian's root.
    CaFile(fn(usize) -> Vec<u8>),
}

#[test]
fn no_input_costs_more_than_in_proportion_to_its_size() {
    let only = std::env::var("BOUNDS_ONLY").unwrap_or_default();
    let mut table = String::new();
    let mut failures = String::new();
    let cases = [files::CASES, stores::CASES, keystores::CASES, databases::CASES, anchors::CASES];
    let cases = cases.concat();
    for case in cases.iter().filter(|case| case.name.contains(&only)) {
        let costs = [16, 8, 4].map(|part| {
            let root = root(case, case.size / part);
            measure::cost(root.path(), case.arguments)
        });
        let peak = measure::peak(root(case, case.size).path(), case.arguments);
        let row = row(case, &costs, peak);
        eprint!("{row}");
        table += &row;
        let is_more = |less: usize, more: usize| more as f64 > GROWTH_MAX * less as f64;
        // Over both doublings: a sort takes one of its shortcuts at one size and not at another.
        let [first, _, third] = &costs;
        let is_steep = is_more(first.instructions, third.instructions)
            || is_more(first.system_calls, third.system_calls);
        let limit = MEMORY_MAX * peak.input / 1024 + peak.files + MEMORY_BASE_KIB;
        if is_steep || peak.kib > limit {
            failures += &row;
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() && only.is_empty() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bounds.md");
        let document = fs::read_to_string(&path).unwrap();
        let (head, rest) = document.split_once(HEAD).unwrap();
        let (_, tail) = rest.split_once("\n\n").unwrap();
        fs::write(&path, format!("{head}{HEAD}{table}\n{tail}")).unwrap();
    }
    assert!(failures.is_empty(), "more than in proportion:\n{failures}");
}

fn root(case: &Case, size: usize) -> TempDir {
    let root = directory();
    match case.input {
        Input::Root(make) | Input::Home(make) => make(root.path(), size),
        Input::CaFile(content) => {
            stores::debian(root.path());
            stores::write(root.path(), "ca.crt", &content(size));
        }
    }
    for arguments in case.before {
        measure::run(root.path(), arguments);
    }
    root
}

/// In memory: a hundred thousand files take their time on a disk.
fn directory() -> TempDir {
    TempDir::new_in("/dev/shm").unwrap()
}

fn row(case: &Case, costs: &[Cost; 3], peak: Peak) -> String {
    let Peak { kib, input, .. } = peak;
    let Case { name, unit, size, .. } = case;
    let growth = |of: fn(&Cost) -> usize| {
        let factor = |less, more| of(more) as f64 / of(less) as f64;
        let [first, second, third] = costs;
        format!("{:.2}, {:.2}", factor(first, second), factor(second, third))
    };
    let third = &costs[2];
    format!(
        "| {name} | {size} {unit}, {} KiB | {} | {:.1} | {} | {kib} KiB, {:.1} |\n",
        input / 1024,
        growth(|cost| cost.instructions),
        third.instructions as f64 / third.input as f64,
        growth(|cost| cost.system_calls),
        kib as f64 * 1024.0 / input as f64,
    )
}

/// Of the table in the document.
const HEAD: &str = "\
| what | size, and bytes of all files | instructions: growth | for each byte | system calls: growth | peak memory, times the input |
|---|---|---|---|---|---|
";

/// From one size to four times as much: a sort may have its logarithm.
const GROWTH_MAX: f64 = 5.0;

/// Times the size of the input, which RHEL's outputs are five times as large as; besides, a KiB for
/// each file.
const MEMORY_MAX: usize = 16;
const MEMORY_BASE_KIB: usize = 8192;
