//! How many system calls a start makes, and which.

use std::env;

use crate::calls::Made;
use crate::points::C_LIBRARY;
use crate::rootfs;
use crate::scenario::Scenario;
use crate::scenario::Stage;

/// What a start makes of its own: after the C library's, up to the one that makes it the command.
#[track_caller]
fn assert_at_most(limit: usize, scenario: Scenario) {
    let stage = scenario.stage();
    let calls = &stage.calls[C_LIBRARY..];
    assert_eq!(calls.last().map(|made| made.name), Some("execve"));
    let calls = &calls[..calls.len() - 1];
    let shown = list(&stage);
    if env::var_os("CA_ENTRYPOINT_FAULTS_LIST").is_some() {
        println!("{} calls\n{shown}", calls.len());
    }
    assert!(calls.len() <= limit, "{} calls, at most {limit}\n{shown}", calls.len());
}

/// All calls, with what each returned.
fn list(stage: &Stage) -> String {
    let line = |(number, made): (usize, &Made)| {
        let result = match stage.end.results.get(number) {
            Some(&result @ -4095..0) => {
                format!(" = {:?}", nix::errno::Errno::from_raw(-result as i32))
            }
            Some(&result @ 0..0x1_0000) => format!(" = {result}"),
            _ => String::new(),
        };
        format!("{number:4} {}{result}\n", made.shown)
    };
    stage.calls.iter().enumerate().map(line).collect()
}

const NO_CA: Scenario = Scenario {
    image: rootfs::debian,
    user: None,
    earlier: &[],
    mounted: None,
    options: &[],
    finds_command: true,
};

#[test]
fn a_start_without_a_ca_makes_at_most_12_system_calls() {
    assert_at_most(12, NO_CA);
}

#[test]
fn a_start_with_nothing_to_do_makes_at_most_40_system_calls() {
    assert_at_most(40, Scenario { earlier: &["Corp CA"], mounted: Some("Corp CA"), ..NO_CA });
}
