//! Section 4.1: how the Docker executor ends a job.

use crate::engine::docker;
use crate::executor::Container;
use crate::executor::ONE_ADDED;
use crate::executor::helper;

/// The runner's own, in effect: TERM to every process but itself and the first, the youngest first.
const CANCEL: &str = "for pid in $(ls /proc | grep '^[0-9]*$' | sort -rn); do
        [ $pid = 1 ] || [ $pid = $$ ] || kill -TERM $pid 2>/dev/null || true
    done";

/// A stage that says how it ends, with a child that does too.
const STAGE: &str = "trap 'wait $child; echo ended by TERM; exit 5' TERM
    bash -c 'trap \"echo child ended by TERM; exit 0\" TERM; echo ready; sleep 600 & wait' &
    child=$!
    wait\n";

fn start(container: &Container) -> crate::executor::Attached {
    let mut attached = container.attach();
    attached.write(STAGE);
    attached.expect_line("ready");
    attached
}

#[test]
fn s4_1_a_cancelled_job_s_processes_get_term() {
    let container = helper().ca("root.crt").create();
    let attached = start(&container);
    container.exec(&["bash", "-c", CANCEL]);
    let run = attached.end().expect_code(5);
    let stdout = run.stdout();
    assert_eq!(stdout, "ready\nchild ended by TERM\nended by TERM\n", "{run}");
    assert_eq!(run.stderr, ONE_ADDED, "{run}");
}

/// dumb-init passes the engine's signal on to the group, and nothing of ours is in the way.
#[test]
fn s4_1_docker_stop_ends_the_group_within_its_grace_time() {
    let container = helper().ca("root.crt").create();
    let attached = start(&container);
    docker(&["stop", "--time", "60", container.name()]).expect_success();
    let run = attached.end().expect_code(5);
    let stdout = run.stdout();
    assert_eq!(stdout, "ready\nchild ended by TERM\nended by TERM\n", "{run}");
    assert_eq!(container.inspect("{{.State.ExitCode}} {{.State.OOMKilled}}"), "5 false");
    // The same container goes on with the next stage.
    let run = container.stage("echo next stage").expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("next stage\n", ""), "{run}");
}

/// A command without a handler dies of the signal, and the engine is told so by dumb-init.
#[test]
fn s4_1_a_signal_is_the_command_s_to_handle() {
    for (signal, code) in [("INT", 130), ("QUIT", 131), ("TERM", 143), ("HUP", 129), ("USR1", 138)]
    {
        let command = ["sh", "-c", "echo ready; exec sleep 600"];
        let container = helper().ca("root.crt").command(&command).create();
        let mut attached = container.attach();
        attached.expect_line("ready");
        docker(&["kill", "--signal", signal, container.name()]).expect_success();
        assert_eq!(attached.end().expect_code(code).stderr, ONE_ADDED);
    }
}

/// Dispositions and mask are those that the command would have had without us.
#[test]
fn s4_1_no_signal_is_blocked_or_ignored() {
    let command = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"];
    let ours = helper().ca("root.crt").command(&command).start(b"").expect_success();
    let without = helper().option("--entrypoint=/usr/bin/dumb-init").command(&command);
    let without = without.start(b"").expect_success();
    assert_eq!(ours.stdout(), without.stdout());
    assert_eq!(ours.stderr, ONE_ADDED);
    assert_eq!(ours.stdout().matches("0000000000000000").count(), 2, "{ours}");
}

/// No descriptor of ours is left open.
#[test]
fn s4_1_no_descriptor_is_left_open() {
    for options in [&[][..], &["--user=1000"]] {
        let command = ["ls", "/proc/self/fd"];
        let run = helper().ca("root.crt").options(options).command(&command).start(b"");
        // The last is the listed directory's.
        let run = run.expect_success();
        assert_eq!(run.stdout(), "0\n1\n2\n3\n", "{run}");
        assert!(run.stderr.contains("1 added"), "{run}");
    }
}
