//! The programs that the distribution's tool runs when the store has changed.

use crate::container::Container;
use crate::container::Image;
use crate::side::Comparison;
use crate::side::Side;
use crate::side::Step;
use crate::side::install;
use crate::side::update;

/// A script that makes a hook of this name and content.
fn hook(name: &str, content: &str) -> String {
    format!(
        "printf '%s\\n' '#!/bin/sh' '{content}' >/etc/ca-certificates/update.d/{name}
        chmod +x /etc/ca-certificates/update.d/{name}\n"
    )
}

const RECORD: &str = "{ cat; pwd; } >>/tmp/hook.log; env >/tmp/hook.env";

fn log(container: &Container) -> String {
    container.sh("cat /tmp/hook.log 2>/dev/null || true").stdout()
}

/// Debian's hooks are told of each link. The order is that of the files on both sides.
#[test]
fn debian_tells_of_links() {
    let preparation = hook("record", RECORD) + &hook("a.dotted-name", "echo never >>/tmp/hook.log");
    let comparison = Comparison::new(Image::Bookworm, &preparation);
    comparison.take(&[Step::Install("chain.crt")]);
    let [ours, theirs] = [Side::Ours, Side::Theirs].map(|side| log(comparison.container(side)));
    assert_eq!(ours, theirs);
    assert_eq!(ours.matches("+/etc/ssl/certs/ca-entrypoint-").count(), 3, "{ours}");

    // The second start changes nothing. Their tool runs the hooks all the same.
    comparison.container(Side::Ours).sh("/ca-entrypoint");
    assert_eq!(log(comparison.container(Side::Ours)), ours);
    update(comparison.container(Side::Theirs), "");
    assert_ne!(log(comparison.container(Side::Theirs)), theirs);

    comparison.container(Side::Ours).sh("rm /tmp/hook.log; /ca-entrypoint --remove");
    let removal = log(comparison.container(Side::Ours));
    assert_eq!(removal.matches("-/etc/ssl/certs/ca-entrypoint-").count(), 3, "{removal}");
    assert!(removal.ends_with("\n/etc/ssl/certs\n"), "{removal}");
}

/// The variables are a job's author's, who shall not steer what runs as root.
#[test]
fn the_environment_is_clean() {
    for image in [Image::Bookworm, Image::Alpine] {
        let container = Container::start(image);
        container.sh(&hook("record", RECORD));
        container.sh("mkdir -p /etc/gitlab-runner/certs
            cp /fixtures/root.crt /etc/gitlab-runner/certs/ca.crt
            export PATH=/tmp/evil:$PATH LD_LIBRARY_PATH=/tmp/evil ENV=/tmp/evil SECRET=1
            /ca-entrypoint");
        let environment = container.sh("cat /tmp/hook.env").stdout();
        let names: Vec<&str> = environment
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0))
            .filter(|name| !["PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(name))
            .collect();
        assert!(names.is_empty() && !environment.contains("evil"), "{environment}");
    }
}

/// Theirs reports it and exits with 0. So does ours, and the command runs.
#[test]
fn a_hook_that_fails() {
    let container = Container::start(Image::Bookworm);
    container.sh(&hook("broken", "exit 3"));
    install(&container, "root.crt").expect_success();
    let run = container.sh("/ca-entrypoint --remove");
    assert!(
        run.stderr
            .contains("program '/etc/ca-certificates/update.d/broken' failed: exit status: 3"),
        "{run}"
    );
    assert_eq!(run.stdout(), "");
    let run = container.sh("/ca-entrypoint echo from the command");
    assert_eq!(run.stdout(), "from the command\n");
}

/// The command's output is nobody else's.
#[test]
fn a_hook_that_prints() {
    for image in [Image::Bookworm, Image::Alpine] {
        let container = Container::start(image);
        container.sh(&hook("talkative", "echo from the hook"));
        let run = container.sh("mkdir -p /etc/gitlab-runner/certs
            cp /fixtures/root.crt /etc/gitlab-runner/certs/ca.crt
            /ca-entrypoint echo from the command");
        assert_eq!(run.stdout(), "from the command\n", "{run}");
        assert!(run.stderr.contains("from the hook\n"), "{run}");
    }
}

/// Alpine's own makes hash links, which are made already.
#[test]
fn alpine_runs_all_but_certhash() {
    let container = Container::start(Image::Alpine);
    container.sh("echo 'echo certhash >>/tmp/hook.log' >>/etc/ca-certificates/update.d/certhash");
    container.sh("sed -i '/^exec/d' /etc/ca-certificates/update.d/certhash");
    container.sh(&hook("other", "{ echo other; cat; } >>/tmp/hook.log"));
    install(&container, "root.crt").expect_success();
    assert_eq!(log(&container), "other\n");
    container.sh("/ca-entrypoint");
    assert_eq!(log(&container), "other\n");
}
