//! git's configuration by variables, where the store is without the anchors: added to what is
//! there, and only where nobody decided.

use crate::command::Command;
use crate::command::Outcome;
use crate::container::USER;
use crate::container::bundle;
use crate::container::command;
use crate::container::container;
use crate::container::start;
use crate::container::variable;
use crate::skeletons::with_programs;
use crate::util::Root;

fn git_lines(outcome: &Outcome) -> Vec<String> {
    let out = outcome.out();
    let mut lines: Vec<String> =
        out.lines().filter(|line| line.starts_with("GIT_")).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn with(root: &Root, given: &[(&str, &str)]) -> Outcome {
    let add = |command: Command, &(name, value): &(&str, &str)| command.env(name, value);
    given.iter().fold(command(root, &["/bin/env"]), add).run()
}

#[test]
fn the_bundle_is_the_first_or_the_next_pair() {
    let root = container();
    let path = bundle(start(&root).ok());
    let ours = |number: u32| {
        [
            format!("GIT_CONFIG_COUNT={}", number + 1),
            format!("GIT_CONFIG_KEY_{number}=http.sslCAInfo"),
            format!("GIT_CONFIG_VALUE_{number}={path}"),
        ]
    };
    for count in ["", "0"] {
        assert_eq!(git_lines(with(&root, &[("GIT_CONFIG_COUNT", count)]).ok()), ours(0));
    }
    assert_eq!(git_lines(with(&root, &[]).ok()), ours(0));
    let theirs = [
        ("GIT_CONFIG_KEY_0", "user.name"),
        ("GIT_CONFIG_KEY_1", "http.https://host.sslCAInfo"),
        ("GIT_CONFIG_VALUE_0", "x"),
        ("GIT_CONFIG_VALUE_1", "/theirs.pem"),
    ];
    let outcome = with(&root, &[&theirs[..], &[("GIT_CONFIG_COUNT", "2")]].concat());
    let mut expected: Vec<String> = ours(2).to_vec();
    expected.extend(theirs.iter().map(|(name, value)| format!("{name}={value}")));
    expected.sort_unstable();
    assert_eq!(git_lines(outcome.ok()), expected);
}

#[test]
fn pairs_beyond_the_count_are_nobody_s_and_are_replaced() {
    let root = container();
    let stale = [("GIT_CONFIG_KEY_0", "http.sslCAInfo"), ("GIT_CONFIG_VALUE_0", "/stale.pem")];
    let outcome = with(&root, &stale);
    assert_eq!(variable(outcome.ok(), "GIT_CONFIG_COUNT").as_deref(), Some("1"));
    assert_eq!(variable(&outcome, "GIT_CONFIG_VALUE_0"), Some(bundle(&outcome)));
}

#[test]
fn a_count_that_git_refuses_stays() {
    let root = container();
    for count in ["x", "-1", "1x", "0x1", " ", "99999999999", "1.5", "1 "] {
        let outcome = with(&root, &[("GIT_CONFIG_COUNT", count)]);
        assert_eq!(git_lines(outcome.ok()), [format!("GIT_CONFIG_COUNT={count}")]);
    }
}

#[test]
fn the_highest_count_is_no_reason_to_lose_the_others() {
    let root = container();
    for count in ["65535", "65534", "1000"] {
        let outcome = with(&root, &[("GIT_CONFIG_COUNT", count)]);
        let next: u32 = variable(outcome.ok(), "GIT_CONFIG_COUNT").unwrap().parse().unwrap();
        let given: u32 = count.parse().unwrap();
        assert!(next == given || next == given + 1, "{count} became {next}");
    }
}

#[test]
fn somebody_s_key_stays_however_it_is_written() {
    let root = container();
    for key in ["http.sslCAInfo", "http.sslcainfo", "HTTP.SSLCAINFO", "http.SslCaInfo"] {
        for number in ["0", "1"] {
            let key_name = format!("GIT_CONFIG_KEY_{number}");
            let value_name = format!("GIT_CONFIG_VALUE_{number}");
            let given =
                [("GIT_CONFIG_COUNT", "2"), (&*key_name, key), (&*value_name, "/theirs.pem")];
            let outcome = with(&root, &given);
            let lines = git_lines(outcome.ok());
            assert_eq!(lines.len(), 3, "{lines:?}");
            assert!(lines.contains(&"GIT_CONFIG_COUNT=2".to_owned()), "{lines:?}");
        }
    }
}

/// In seconds of the processor: a look at all variables for each number takes minutes.
#[test]
fn the_highest_count_in_the_largest_environment_costs_no_time() {
    let root = container();
    with_programs(&root, &["/bin/sh"]);
    let script = "ulimit -t 20 && exec /bin/ca-entrypoint /bin/env";
    let mut command = Command::of("/bin/sh", &["-c", script]).enter(&root).by(USER);
    command.inner.envs((0..50_000).map(|number| (format!("V{number}"), "")));
    let outcome = command.env("GIT_CONFIG_COUNT", "65000").run();
    assert_eq!(variable(outcome.ok(), "GIT_CONFIG_COUNT").as_deref(), Some("65001"));
}

#[test]
fn an_entrypoint_that_starts_an_entrypoint_adds_it_once() {
    let root = container();
    let once = start(&root);
    let arguments = ["/bin/ca-entrypoint", "/bin/ca-entrypoint", "/bin/env"];
    command(&root, &arguments).run().ok().prints(&once.stdout).assert_stderr("");
}

#[test]
fn the_variable_that_beats_the_runner_s_own_is_left_alone() {
    let root = container();
    let outcome = with(&root, &[("GIT_SSL_CAINFO", "/theirs.pem")]);
    assert_eq!(variable(outcome.ok(), "GIT_SSL_CAINFO").as_deref(), Some("/theirs.pem"));
    assert_eq!(variable(start(&root).ok(), "GIT_SSL_CAINFO"), None);
}

#[test]
fn git_reads_it_and_a_url_s_own_setting_wins() {
    let root = container();
    let path = bundle(start(&root).ok());
    let out = start(&root).out();
    let git = |more: &[&str], arguments: &[&str]| {
        let mut command = Command::of("git", &[more, arguments].concat());
        for line in out.lines().filter(|line| line.starts_with("GIT_CONFIG_")) {
            let (name, value) = line.split_once('=').unwrap();
            command = command.env(name, value);
        }
        command.env("HOME", "/nonexistent").env("PATH", "/usr/local/bin:/usr/bin:/bin").run()
    };
    let url = ["config", "--get-urlmatch", "http.sslCAInfo", "https://gitlab.example/a/b.git"];
    git(&[], &url).ok().prints(format!("{path}\n"));
    let runner = ["-c", "http.https://gitlab.example.sslCAInfo=/runner.pem"];
    git(&runner, &url).ok().prints("/runner.pem\n");
}
