//! Section 4.1: how the Docker executor starts the helper.

use std::collections::BTreeSet;
use std::fs;

use crate::executor::Container;
use crate::executor::ONE_ADDED;
use crate::executor::helper;
use crate::executor::host_directory;
use crate::executor::script;

/// In front of the command where the runner lets its helper proxy it.
const PROXY: [&str; 3] = ["gitlab-runner-helper", "proxy-exec", "--bootstrap"];

/// A line of a program whose every line is 64 bytes long.
const COUNT: &str = "count=$((count + 1)) # ........................................\n";

/// The engine closes stdin after the first client, who attached before the start.
#[test]
fn s4_1_the_container_is_made_as_the_executor_makes_it() {
    let container = helper().ca("root.crt").create();
    let template = "{{.Config.OpenStdin}} {{.Config.StdinOnce}} {{.Config.Tty}} {{json .Config.Entrypoint}} \
        {{json .Config.Cmd}}";
    assert_eq!(
        container.inspect(template),
        r#"true true false ["/usr/bin/dumb-init","/entrypoint"] ["gitlab-runner-build"]"#
    );
}

#[test]
fn s4_1_the_stage_script_on_stdin_arrives_whole() {
    let setup = helper().ca("root.crt");
    for lines in [1, 1 << 14] {
        let text = format!("count=0\n{}echo $count\nexit 7\n", COUNT.repeat(lines));
        let run = setup.start(text.as_bytes()).expect_code(7);
        assert_eq!(run.stdout(), format!("{lines}\n"));
        assert_eq!(run.stderr, ONE_ADDED);
    }
}

/// To the byte: 1 MiB of all values, at a first start and a later one.
#[test]
fn s4_1_any_input_arrives_whole() {
    let input: Vec<u8> =
        (0..1_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let container = helper().ca("root.crt").command(&["cat"]).create();
    for said in [ONE_ADDED, ""] {
        let run = container.start(&input).expect_success();
        assert!(run.stdout == input, "{} bytes: {}", run.stdout.len(), run.stderr);
        assert_eq!(run.stderr, said);
    }
    // Nor is the end of the input lost.
    let run = container.start(b"").expect_success();
    assert_eq!((run.stdout(), run.stderr), (String::new(), String::new()));
}

#[test]
fn s4_1_one_container_is_started_for_each_stage() {
    let container = helper().ca("root.crt").create();
    let stages = [
        ("mkdir -p /builds/group/project; echo 1 >/builds/group/project/file", 0, ""),
        ("cd /builds/group/project; echo 2 >>file; cat file", 0, "1\n2\n"),
        // (bash makes 1 of 127 here.)
        ("no-such-command", 1, ""),
        ("exit 3", 3, ""),
        ("cat /builds/group/project/file", 0, "1\n2\n"),
    ];
    let mut bundle = None;
    for (number, (body, code, stdout)) in stages.into_iter().enumerate() {
        let run = container.stage(body).expect_code(code);
        assert_eq!(run.stdout(), stdout, "{run}");
        let said: Vec<&str> =
            run.stderr.lines().filter(|line| line.starts_with("ca-entrypoint")).collect();
        assert_eq!(said, if number == 0 { vec![ONE_ADDED.trim_end()] } else { vec![] }, "{run}");
        let archive = container.read("/etc/ssl/certs/ca-certificates.crt");
        assert!(bundle.replace(archive.clone()).is_none_or(|before| before == archive), "{number}");
    }
    assert_eq!(container.trusted(), ["root.crt"]);
    assert_eq!(container.inspect("{{.RestartCount}} {{.State.Running}}"), "0 false");
}

/// An empty command is the image's, a shell; and the others are what they say.
#[test]
fn s4_1_each_of_the_runner_s_commands_reads_the_script() {
    let commands: [&[&str]; 5] = [
        &[],
        &["gitlab-runner-build"],
        &["/bin/bash"],
        &["gitlab-runner-helper", "proxy-exec", "--bootstrap", "gitlab-runner-build"],
        &["gitlab-runner-helper", "proxy-exec", "--bootstrap", "/bin/bash"],
    ];
    for command in commands {
        let run =
            helper().ca("root.crt").command(command).start(b"readlink /proc/$$/exe; exit 7\n");
        let run = run.expect_code(7);
        let shell = if command.is_empty() { "/usr/bin/dash\n" } else { "/usr/bin/bash\n" };
        assert_eq!((run.stdout().as_str(), run.stderr.as_str()), (shell, ONE_ADDED), "{run}");
    }
}

/// PowerShell's vectors arrive word by word, at a program that prints them.
#[test]
fn s4_1_powershell_s_arguments_arrive_as_they_are() {
    let directory = host_directory("pwsh");
    let program = "#!/bin/bash\nprintf '<%s>' \"$0\" \"$@\"\ncat\n";
    fs::write(format!("{directory}/pwsh"), program).expect("it was just made");
    let options = ["--entrypoint=/bin/chmod", &format!("--volume={directory}:/pwsh")];
    helper().options(&options).command(&["0755", "/pwsh/pwsh"]).start(b"").expect_success();
    let vectors: [&[&str]; 2] = [
        &[
            "-NoProfile",
            "-NoLogo",
            "-InputFormat",
            "text",
            "-OutputFormat",
            "text",
            "-NonInteractive",
            "-ExecutionPolicy",
            "Bypass",
            "-Command",
            "-",
        ],
        &[
            "-NoProfile",
            "-NonInteractive",
            "-EncodedCommand",
            "ZQBjAGgAbwAgACcAeAAnAA==",
            "",
            "a b",
        ],
    ];
    let setup =
        helper().ca("root.crt").option(format!("--volume={directory}/pwsh:/usr/bin/pwsh:ro"));
    for vector in vectors {
        let words = [&["pwsh"], vector].concat();
        for command in [words.clone(), [&PROXY[..], &words].concat()] {
            let run = setup.clone().command(&command).start(b"on stdin\n").expect_success();
            let words: String = vector.iter().map(|word| format!("<{word}>")).collect();
            assert_eq!(run.stdout(), format!("</usr/bin/pwsh>{words}on stdin\n"), "{run}");
            assert_eq!(run.stderr, ONE_ADDED);
        }
    }
}

/// The wait for a service: its output is shown to the job's author.
#[test]
fn s4_1_health_check() {
    let setup = helper().on_site().command(&["gitlab-runner-helper", "health-check"]);
    let variables =
        ["--env=WAIT_FOR_SERVICE_TCP_ADDR=127.0.0.1", "--env=WAIT_FOR_SERVICE_TCP_PORT=4431"];
    let run = setup.clone().options(&variables).start(b"").expect_success();
    assert_eq!(run.stdout(), "waiting for TCP connection to 127.0.0.1 on [4431]...\n");
    assert_eq!(run.stderr, "");
    let run = setup.start(b"").expect_code(1);
    assert_eq!(run.stderr, "FATAL: No HOST or PORT found\n", "{run}");
}

/// The permissions of a cache's volume are set in a container that has that volume alone.
#[test]
fn s4_1_cache_init_without_a_mounted_ca() {
    let setup = helper().option("--volume=/cache").command(&[
        "gitlab-runner-helper",
        "cache-init",
        "/cache",
    ]);
    let container = setup.create();
    let run = container.start(b"").expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("", ""));
    assert_eq!(container.diff(), BTreeSet::from(["A /cache".to_owned()]));
    let archive = setup.option("--entrypoint=/bin/stat");
    let archive = archive.option(format!("--volumes-from={}", container.name()));
    let run = archive.command(&["-c", "%a", "/cache"]).start(b"").expect_success();
    assert_eq!(run.stdout(), "777\n");
}

/// Native steps: the CA is mounted, the root file system is read-only, there is no network, and a
/// failure would end the job.
#[test]
fn s4_1_steps_bootstrap_on_a_read_only_root_file_system() {
    for more in [&[][..], &["--ipc=none"], &["--user=1000"], &["--user=1000", "--ipc=none"]] {
        let volume = host_directory("steps");
        let setup =
            helper().ca("root.crt").options(more).options(&["--read-only", "--network=none"]);
        let setup = setup.option(format!("--volume={volume}:/opt/step-runner"));
        let command =
            ["gitlab-runner-helper", "steps", "bootstrap", "/opt/step-runner/step-runner"];
        let run = setup.command(&command).start(b"").expect_success();
        assert_eq!(run.stdout(), "", "{run}");
        let cause = if more.contains(&"--user=1000") {
            "Permission denied"
        } else {
            "Read-only file system"
        };
        let said = format!("ca-entrypoint: trust store cannot be written ({cause}): 1 added in ");
        assert!(run.stderr.starts_with(&said), "{more:?} {run}");
        let hints = usize::from(more.contains(&"--ipc=none"));
        assert_eq!(run.stderr.matches("\nhint: ").count(), hints, "{more:?} {run}");
        assert_eq!(run.stderr.lines().count(), 1 + hints, "{more:?} {run}");
        let size = fs::metadata(format!("{volume}/step-runner")).expect("it was put there").len();
        assert!(size > 1 << 20, "{size}");
    }
}

/// The runner takes the last line of stdout for a number.
#[test]
fn s4_1_the_user_s_id_is_all_there_is_on_stdout() {
    for (options, id) in [(&[][..], "0\n"), (&["--user=1000"], "1000\n"), (&["--read-only"], "0\n")]
    {
        let run = helper().ca("root.crt").options(options).command(&["id", "-u"]).start(b"");
        let run = run.expect_success();
        assert_eq!(run.stdout(), id, "{run}");
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
    }
    // Whatever is wrong with the CA.
    let run = helper().ca("root.key").command(&["id", "-u"]).start(b"").expect_success();
    assert_eq!(run.stdout(), "0\n", "{run}");
}

#[test]
fn s4_1_the_exit_code_is_the_stage_s() {
    for (body, code) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -TERM $$", 128 + 15),
        ("kill -KILL $$", 128 + 9),
        ("kill -SEGV $$", 128 + 11),
    ] {
        helper().ca("root.crt").start(body.as_bytes()).expect_code(code);
    }
    for (command, code, cause) in [
        ("no-such-command", 127, "command not found"),
        ("/no/such/command", 127, "No such file or directory"),
        ("/etc/passwd", 126, "Permission denied"),
        ("/etc", 126, "Permission denied"),
    ] {
        let run = helper().command(&[command]).start(b"").expect_code(code);
        let said = format!("ca-entrypoint: cannot run '{command}': {cause}\n");
        assert_eq!((run.stdout(), run.stderr), (String::new(), said));
    }
}

/// Neither job's author nor administrator finds our variables in what the engine knows.
#[test]
fn s4_1_docker_exec_inherits_no_exports() {
    let container = helper().ca("root.crt").create();
    let mut attached = container.attach();
    attached.write("env | grep -c ^CI_SERVER_TLS_CA_FILE=; echo ready\n");
    attached.expect_line("ready");
    let run = container.exec(&["env"]).expect_success();
    let names: Vec<String> =
        run.stdout().lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
    assert_eq!(names, ["PATH", "HOSTNAME", "HOME"], "{run}");
    // What asks for them has them.
    let run =
        container.exec(&["/entrypoint", "printenv", "CI_SERVER_TLS_CA_FILE"]).expect_success();
    assert_eq!(
        (run.stdout().as_str(), run.stderr.as_str()),
        ("/etc/gitlab-runner/certs/ca.crt\n", "")
    );
    assert_eq!(attached.end().expect_success().stdout(), "1\nready\n");
}

/// The container of another job at the same time has a store of its own.
#[test]
fn s4_1_stages_of_two_jobs_at_once() {
    let containers: Vec<Container> =
        ["root.crt", "second.crt"].iter().map(|name| helper().ca(name).create()).collect();
    let mut attached: Vec<_> = containers.iter().map(Container::attach).collect();
    for one in &mut attached {
        one.write("echo ready\n");
        one.expect_line("ready");
    }
    for one in attached {
        assert_eq!(one.end().expect_success().stderr, ONE_ADDED);
    }
    assert_eq!(containers[0].trusted(), ["root.crt"]);
    assert_eq!(containers[1].trusted(), ["second.crt"]);
}

#[test]
fn s4_1_a_script_that_reads_stdin_gets_nothing_of_the_next_lines() {
    let run = helper().ca("root.crt").start(&script("cat; echo end")).expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("end\n", ONE_ADDED), "{run}");
}
