//! Jobs of GitLab Runner: its scripts, as `shells/bash.go` of gitlab-runner 19.4 makes them, in
//! containers as its Docker executor starts them, with what the documentation puts into its
//! configuration.

use crate::certificates;
use crate::engine::Run;
use crate::engine::binary;
use crate::engine::docker;
use crate::engine::docker_with_input;
use crate::engine::unique_name;
use crate::image::Image;
use crate::markdown;
use crate::server::CURL;
use crate::server::CURL_REFUSES;
use crate::server::HELLO;
use crate::server::Server;
use crate::stand_ins;
use crate::tree::Tree;
use crate::workspace::Workspace;

/// A container of a job's: image, user, and the shell that is on the other end of stdin.
pub(crate) type Kind = (&'static str, &'static str, &'static str);

/// Debian with both of its shells, Alpine and BusyBox, a store of RHEL's; root and others. The
/// runner takes bash where there is one.
const KINDS: &[Kind] = &[
    ("ca-entrypoint-test:bookworm", "0", "bash"),
    ("ca-entrypoint-test:bookworm", "0", "dash"),
    ("ca-entrypoint-test:bookworm", "1000", "bash"),
    ("ca-entrypoint-test:bookworm-bare", "0", "bash"),
    ("ca-entrypoint-test:alpine", "0", "sh"),
    ("ca-entrypoint-test:alpine-base", "1000", "sh"),
    ("ca-entrypoint-test:ubi", "0", "bash"),
    ("ca-entrypoint-test:ubi", "1001", "bash"),
];

/// One for each shell.
const SHELLS: &[Kind] = &[KINDS[0], KINDS[1], KINDS[5]];

/// A container that goes on, in which scripts are run one after the other.
pub(crate) struct Job {
    name: String,
    shell: &'static str,
}

impl Job {
    pub(crate) fn start(kind: Kind, volumes: &[String]) -> Self {
        let (image, user, shell) = kind;
        let name = unique_name("job");
        let mut arguments =
            vec!["run", "--detach", "--rm", "--init", "--name", &name, "--user", user];
        let network = Server::network();
        arguments.push(&network);
        for volume in volumes {
            arguments.extend(["--volume", volume]);
        }
        // It ends by itself when this process is killed before it can remove it.
        arguments.extend(["--tmpfs=/noexec:noexec,mode=1777", "--entrypoint=sleep", image, "600"]);
        let run = docker(&arguments);
        assert_eq!(run.code, 0, "cannot start a container: make recipes\n{run}");
        Self { name, shell }
    }

    /// Runs a script as the runner does, on the shell's stdin.
    pub(crate) fn run(&self, commands: &[&str]) -> Run {
        let script = script(commands);
        docker_with_input(&["exec", "--interactive", &self.name, self.shell], script.as_bytes())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = docker(&["rm", "--force", &self.name]);
    }
}

/// What the runner makes of commands: errors end it, stdin is empty, and all of it is evaluated at
/// once, after the job's variables. GitLab's own chain is among these, in a file.
pub(crate) fn script(commands: &[&str]) -> String {
    let chain = certificates::text("root.crt");
    let mut body = format!(
        "mkdir -p /tmp/project.tmp\n\
         printf '%s' {} > /tmp/project.tmp/CI_SERVER_TLS_CA_FILE\n\
         export CI_SERVER_TLS_CA_FILE=/tmp/project.tmp/CI_SERVER_TLS_CA_FILE\n\
         export CI_SERVER_HOST=gitlab.example.com\n",
        quoted(&chain)
    );
    for command in commands {
        body.push_str(&format!(
            "echo {} >&2\n{}\n",
            quoted(&format!("$ {command}")),
            command.trim()
        ));
    }
    format!(
        "trap 'exit 1' TERM\n\
         case \"$(set -o)\" in *pipefail*) set -o pipefail ;; esac\n\
         set -o errexit\n\
         set +o noclobber\n\
         (trap 'exit 1' TERM; eval {}) </dev/null\n\
         exit 0\n",
        quoted(&body)
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A runner's configuration, with its paths on the host as they are here.
struct Configuration {
    pre_build_script: String,
    volumes: Vec<String>,
}

fn configuration(tree: &Tree, workspace: &Workspace, program: &str) -> Configuration {
    let volumes = tree.texts("runners[0].docker.volumes");
    let volumes = volumes.iter().filter_map(|volume| stand_ins::volume(volume, workspace, program));
    Configuration {
        pre_build_script: tree.want("runners[0].pre_build_script").to_owned(),
        volumes: volumes.collect(),
    }
}

/// The configuration files for the Docker executor: one that lets a job go on, and one that doesn't.
fn trees(is_strict: bool) -> Vec<Tree> {
    let blocks = markdown::of_kind("config.toml");
    let wanted =
        blocks.iter().filter(|b| b.has_word("docker") && b.has_word("strict") == is_strict);
    let trees: Vec<Tree> =
        wanted.map(|block| Tree::of_toml(&block.to_string(), &block.text)).collect();
    assert!(!trees.is_empty(), "there is such a file");
    trees
}

#[test]
fn jobs_trust_the_ca_in_every_image() {
    for tree in trees(false).iter().chain(&trees(true)) {
        let workspace = Workspace::new();
        let Configuration { pre_build_script, volumes } = configuration(tree, &workspace, binary());
        assert_eq!(volumes.len(), 2, "{volumes:?}");
        for &kind in KINDS {
            let job = Job::start(kind, &volumes);
            let refused = job.run(&[CURL]);
            assert!(CURL_REFUSES.contains(&refused.code), "{kind:?} {refused}");
            let run = job.run(&[&pre_build_script, CURL]);
            assert_eq!((run.code, run.stdout().as_str()), (0, HELLO), "{kind:?} {run}");
        }
    }
}

/// What can be wrong, and what is said about it.
fn mishaps(workspace: &Workspace) -> Vec<(&'static str, Vec<String>, String, &'static str)> {
    let ca = format!("{}:/etc/gitlab-runner/certs/ca.crt:ro", workspace.path("ca.crt"));
    let program = format!("{}:/ca-entrypoint:ro", binary());
    let directory = workspace.directory("empty");
    let garbage = workspace.write("garbage.crt", "<!DOCTYPE html>\n");
    let mut foreign = std::fs::read(binary()).expect("make build");
    // The processor in an ELF file's header: AArch64.
    foreign[18] = 0xb7;
    workspace.binary("foreign");
    std::fs::write(workspace.file("foreign"), foreign).expect("it was just made");
    let foreign = format!("{}:/ca-entrypoint:ro", workspace.path("foreign"));
    let nothing = String::new();
    vec![
        ("no binary", vec![ca.clone()], nothing.clone(), "not found|No such file"),
        (
            "a directory in the binary's place",
            vec![ca.clone(), format!("{directory}:/ca-entrypoint")],
            nothing.clone(),
            "Permission denied|Is a directory",
        ),
        (
            "a binary that may not be executed",
            vec![ca.clone(), format!("{}:/given:ro", binary())],
            "cp /given /noexec/ca-entrypoint".to_owned(),
            "Permission denied",
        ),
        // BusyBox takes what isn't for its processor for a script.
        (
            "a binary for another processor",
            vec![ca, foreign],
            nothing.clone(),
            "Exec format error|syntax error|not found",
        ),
        ("no CA", vec![program.clone()], nothing.clone(), ""),
        (
            "a web page in the CA's place",
            vec![program.clone(), format!("{garbage}:/etc/gitlab-runner/certs/ca.crt:ro")],
            nothing.clone(),
            "ca-entrypoint: cannot use CA file",
        ),
        (
            "a directory in the CA's place",
            vec![program, format!("{directory}:/etc/gitlab-runner/certs/ca.crt:ro")],
            nothing,
            "ca-entrypoint: cannot read CA file '/etc/gitlab-runner/certs/ca.crt': it is a directory",
        ),
    ]
}

#[test]
fn nothing_that_is_wrong_with_it_breaks_a_job() {
    let workspace = Workspace::new();
    for tree in trees(false) {
        let pre_build_script = configuration(&tree, &workspace, binary()).pre_build_script;
        for (what, volumes, prelude, message) in mishaps(&workspace) {
            for &kind in SHELLS {
                let script = if prelude.is_empty() {
                    pre_build_script.clone()
                } else {
                    pre_build_script.replace("/ca-entrypoint", "/noexec/ca-entrypoint")
                };
                let refused = format!("{CURL} || echo refused: $?");
                let job = Job::start(kind, &volumes);
                let run = job.run(&[&prelude, &script, "echo the job goes on", &refused]);
                let expected = format!("the job goes on\nrefused: {}\n", CURL_REFUSES[0]);
                assert_eq!((run.code, run.stdout()), (0, expected), "{what}, {kind:?}: {run}");
                let is_said = message.split('|').any(|text| run.stderr.contains(text));
                assert!(is_said, "{what}, {kind:?}: '{message}' isn't said: {run}");
                let is_ours = run.stderr.contains("ca-entrypoint: ");
                assert!(!message.is_empty() || !is_ours, "{what}, {kind:?}: {run}");
            }
        }
    }
}

#[test]
fn a_strict_job_ends_before_its_first_command() {
    let workspace = Workspace::new();
    for tree in trees(true) {
        let pre_build_script = configuration(&tree, &workspace, binary()).pre_build_script;
        for (what, volumes, prelude, message) in mishaps(&workspace) {
            if !prelude.is_empty() {
                continue;
            }
            for &kind in SHELLS {
                let run = Job::start(kind, &volumes).run(&[&pre_build_script, "echo it runs"]);
                let goes_on = what == "no CA";
                assert_eq!(run.stdout() == "it runs\n", goes_on, "{what}, {kind:?}: {run}");
                assert_eq!(run.code == 0, goes_on, "{what}, {kind:?}: {run}");
                if message.starts_with("ca-entrypoint: ") {
                    assert_eq!(run.code, 125, "{what}, {kind:?}: {run}");
                }
            }
        }
    }
}

/// What the page says of a shorter way to do it.
#[test]
fn eval_of_nothing_succeeds() {
    for &kind in SHELLS {
        let job = Job::start(kind, &[]);
        let run = job.run(&["eval \"$(/no-such-program)\" || exit 3", "echo it runs"]);
        assert_eq!((run.code, run.stdout().as_str()), (0, "it runs\n"), "{run}");
    }
}

#[test]
fn jobs_of_a_project_trust_the_ca() {
    let workspace = Workspace::new();
    let docker_file = trees(false).remove(0);
    let volumes = configuration(&docker_file, &workspace, binary()).volumes;
    let mut stages = 0;
    for block in markdown::of_kind("gitlab-ci.yml") {
        let tree = Tree::of_yaml(&block.to_string(), &block.text);
        let mut jobs: Vec<&str> =
            tree.entries.iter().map(|(path, _)| path.split('.').next().unwrap_or(path)).collect();
        jobs.dedup();
        for job in jobs.iter().map(|name| tree.at(name)) {
            let services = job.list("services");
            for service in &services {
                let image = Image::stand_in(service.want("name"));
                let entrypoint = service.texts("entrypoint");
                let (program, rest) =
                    entrypoint.split_first().expect("a service has an entrypoint");
                let volumes: Vec<String> =
                    volumes.iter().map(|volume| format!("--volume={volume}")).collect();
                let program = format!("--entrypoint={program}");
                let options: Vec<&str> =
                    volumes.iter().map(String::as_str).chain([program.as_str()]).collect();
                let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
                let run = image.run(&options, &rest);
                assert_eq!(run.stdout(), HELLO, "{run}\n{block}");
                let run = image.run(&["--entrypoint="], &rest);
                assert!(CURL_REFUSES.contains(&run.code), "{run}\n{block}");
                stages += 1;
            }
            // A job with a service talks to it, and to nothing that is here.
            if !services.is_empty() {
                continue;
            }
            Image::stand_in(job.want("image"));
            let script = [job.texts("before_script"), job.texts("script")].concat();
            for &kind in KINDS {
                let container = Job::start(kind, &volumes);
                let alone = job.texts("script");
                let alone: Vec<&str> = alone.iter().map(String::as_str).collect();
                // Without its first line it isn't trusted.
                assert!(CURL_REFUSES.contains(&container.run(&alone).code), "{kind:?}");
                for commands in [&script, &job.texts("after_script")] {
                    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
                    let run = container.run(&commands);
                    assert_eq!((run.code, run.stdout().as_str()), (0, HELLO), "{kind:?} {run}");
                    stages += 1;
                }
            }
        }
    }
    assert!(stages > 2, "there are jobs");
}

#[test]
fn commands_of_a_job_succeed() {
    let workspace = Workspace::new();
    let volumes = configuration(&trees(false)[0], &workspace, binary()).volumes;
    for block in markdown::of_kind("job") {
        let kinds = if block.has_word("openssl") { &KINDS[..3] } else { SHELLS };
        for &kind in kinds {
            let has_binary = block.has_word("dry-run");
            let job = Job::start(kind, if has_binary { &volumes } else { &[] });
            let run = job.run(&[&block.text]).expect_success();
            let stdout = run.stdout();
            if block.has_word("chain") {
                assert_eq!(stdout, HELLO, "{kind:?} {run}");
            } else if block.has_word("openssl") {
                // The last one's issuer.
                let mut issuers =
                    stdout.lines().map(str::trim).filter(|line| line.starts_with("i:"));
                assert_eq!(issuers.next_back(), Some("i:CN = Compliance Root"), "{kind:?} {run}");
            } else {
                assert!(run.stderr.contains("PEM, certificates: 1"), "{kind:?} {run}");
                assert!(stdout.contains("Compliance Root"), "{kind:?} {run}");
            }
            assert!(CURL_REFUSES.contains(&job.run(&[CURL]).code), "{kind:?}: nothing is changed");
        }
    }
}
