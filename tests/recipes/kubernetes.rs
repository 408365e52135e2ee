//! The examples for Kubernetes, carried out by Docker: a Secret or ConfigMap is a directory of links as
//! the kubelet makes it, and the containers of a pod are started one after the other.

use std::fs;
use std::path::Path;

use crate::certificates;
use crate::engine::docker_with_input;
use crate::image::Image;
use crate::jobs;
use crate::jobs::Job;
use crate::keys;
use crate::manifests;
use crate::pod::Volume;
use crate::pod::Volumes;
use crate::pod::options;
use crate::pod::run_init;
use crate::server::CURL;
use crate::server::CURL_REFUSES;
use crate::server::HELLO;
use crate::server::Server;
use crate::tree::Tree;
use crate::workspace::Workspace;

/// A pod of a job, as the runner's configuration makes it.
struct Pod {
    configuration: Tree,
    volumes: Volumes,
    /// Of every container: volume, and where it is mounted.
    mounts: Vec<String>,
    workspace: Workspace,
}

impl Pod {
    fn new(configuration: &Tree, carrier: &Image, has_ca: bool) -> Self {
        let configuration = configuration.at("runners[0]");
        let kubernetes = configuration.at("kubernetes");
        let workspace = Workspace::new();
        let mut volumes = Volumes::new();
        let mut mounts = Vec::new();
        for volume in kubernetes.list("volumes.empty_dir") {
            let name = volume.want("name");
            volumes.add_empty_dir(name);
            mounts.push(format!("--volume={}:{}", volumes.of(name), volume.want("mount_path")));
        }
        for kind in ["secret", "config_map"] {
            for volume in kubernetes.list(&format!("volumes.{kind}")) {
                assert!(
                    volume.is("name", "corp-ca") && volume.is("read_only", "true"),
                    "{volume:?}"
                );
                let file = ("ca.crt", certificates::text("root.crt").into_bytes());
                let files = if has_ca { vec![file] } else { Vec::new() };
                let mut path = workspace.kubernetes_volume("corp-ca", &files);
                // The one item that is given keeps its name.
                for (key, value) in &volume.at("items").entries {
                    assert_eq!((key.as_str(), value.as_str()), ("ca.crt", "ca.crt"));
                }
                match volume.get("sub_path") {
                    Some(_) if !has_ca => continue,
                    Some(name) => path = format!("{path}/{name}"),
                    None => {}
                }
                mounts.push(format!("--volume={path}:{}:ro", volume.want("mount_path")));
            }
        }
        for patch in kubernetes.list("pod_spec") {
            assert!(
                configuration.is("feature_flags.FF_USE_ADVANCED_POD_SPEC_CONFIGURATION", "true")
            );
            let pod = Tree::of_yaml("patch", patch.want("patch"));
            for container in pod.list("initContainers") {
                run_init(&pod, &container, &volumes, carrier, &[]).expect_success();
            }
        }
        Self { configuration, volumes, mounts, workspace }
    }

    fn script(&self, name: &str) -> Option<&str> {
        self.configuration.get(name)
    }

    /// Whether these stages of the helper's succeed, one after the other, in a container of this
    /// user's. The runner types their names into the shell that the container was started with.
    fn helper(&self, image: &Image, user: &str, stages: &[&str]) -> Vec<bool> {
        let git = "git ls-remote --quiet https://minio.example.com/group/project.git >&2";
        // Go reads the store, as the runner's cache-archiver does, and is told by nothing else.
        let cache = "go-https https://minio.example.com/hello >&2";
        let sources: Vec<&str> =
            self.script("pre_get_sources_script").into_iter().chain([git]).collect();
        let mut input = String::new();
        for stage in stages {
            let commands = if *stage == "get_sources" { sources.clone() } else { vec![cache] };
            self.workspace.write(&format!("scripts/{stage}"), jobs::script(&commands));
            input.push_str(&format!("bash </scripts/{stage}; echo {stage} $?\n"));
        }
        let network = Server::network();
        let scripts = format!("--volume={}:/scripts:ro", self.workspace.path("scripts"));
        let user = format!("--user={user}");
        let mut arguments = vec!["run", "--rm", "--interactive", &network, &scripts, &user];
        arguments.extend(self.mounts.iter().map(String::as_str));
        let shell = ["sh", "-c", "if [ -x /bin/bash ]; then exec /bin/bash; else exec /bin/sh; fi"];
        // The runner's `command` takes the entrypoint's place, and its `args` don't.
        let is_honoured =
            self.configuration.is("feature_flags.FF_KUBERNETES_HONOR_ENTRYPOINT", "true");
        if is_honoured {
            arguments.push(image.reference());
            arguments.extend(shell);
        } else {
            arguments.extend(["--entrypoint=sh", image.reference()]);
            arguments.extend(&shell[1..]);
        }
        let run = docker_with_input(&arguments, input.as_bytes()).expect_success();
        let stdout = run.stdout();
        let lines: Vec<&str> = stdout.lines().collect();
        assert_eq!(lines.len(), stages.len(), "{run}");
        let results = stages.iter().zip(lines).map(|(stage, line)| {
            let code = line.strip_prefix(stage).unwrap_or_else(|| panic!("{run}")).trim();
            code == "0"
        });
        results.collect()
    }
}

/// The ways of `docs/kubernetes.md`, in the order of its table's columns.
const WAYS: [&str; 3] = ["helper-entrypoint", "pre-get-sources", "init-container"];

/// The words in a row of the table there.
fn row(title: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kubernetes.md");
    let text = fs::read_to_string(path).expect("the project has it");
    let line = text.lines().find(|line| line.starts_with(&format!("| {title} |")));
    let line = line.unwrap_or_else(|| panic!("no row '{title}' in docs/kubernetes.md"));
    let cells = line.trim_matches('|').split('|').skip(1);
    cells.map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn the_table_says_what_helpers_reach() {
    let carrier = Image::carrier();
    let titles = [
        "helper as root: git, artifacts, cache",
        "helper as another user: git",
        "helper as another user: cache",
        "jobs with `GIT_STRATEGY: none` or `empty`",
    ];
    let mut measured: Vec<Vec<String>> = titles.iter().map(|_| Vec::new()).collect();
    let word = |is_reached: bool| if is_reached { "yes" } else { "no" }.to_owned();
    let both = ["get_sources", "archive_cache"];
    for way in WAYS {
        let (name, text) = keys::examples(&format!("{way}.config.toml")).remove(0);
        let configuration = Tree::of_toml(&name, &text);
        let helper = configuration.get("runners[0].kubernetes.helper_image").unwrap_or_default();
        let helper = Image::stand_in(helper);
        let without = Pod::new(&configuration, &carrier, false);
        assert_eq!(without.helper(&helper, "0", &both), [false, false], "{way}, without the CA");
        // One start after the other, as the store and the copies of one aren't the next one's.
        let root = Pod::new(&configuration, &carrier, true).helper(&helper, "0", &both);
        let user = Pod::new(&configuration, &carrier, true).helper(&helper, "1001", &both);
        let alone = Pod::new(&configuration, &carrier, true).helper(&helper, "0", &both[1..]);
        measured[0].push(word(root[0] && root[1]));
        measured[1].push(word(user[0]));
        measured[2].push(word(user[1]));
        measured[3].push(word(alone[0]));
    }
    for (title, measured) in titles.iter().zip(&measured).take(3) {
        assert_eq!(&row(title), measured, "{title}");
    }
    // The last cell tells of the job's image besides.
    let expected = row(titles[3]);
    assert_eq!(expected[..2], measured[3][..2]);
    assert_eq!(expected[2], format!("the job's image: yes; the helper: {}", measured[3][2]));
}

#[test]
fn jobs_of_the_third_way_trust_the_ca() {
    let carrier = Image::carrier();
    for file in ["init-container.config.toml", "combined.config.toml"] {
        let (name, text) = keys::examples(file).remove(0);
        let pod = Pod::new(&Tree::of_toml(&name, &text), &carrier, true);
        assert_jobs_trust_the_ca(&pod);
        let helper = pod.configuration.get("kubernetes.helper_image").unwrap_or_default();
        let stages = ["get_sources", "archive_cache"];
        assert_eq!(pod.helper(&Image::stand_in(helper), "0", &stages), [true, true], "{name}");
    }
}

fn assert_jobs_trust_the_ca(pod: &Pod) {
    let script = pod.script("pre_build_script").expect("the third way has it");
    let volumes: Vec<String> = pod
        .mounts
        .iter()
        .filter_map(|mount| mount.strip_prefix("--volume="))
        .map(str::to_owned)
        .collect();
    for kind in [
        ("ca-entrypoint-test:bookworm", "0", "bash"),
        ("ca-entrypoint-test:ubi", "1001", "bash"),
        ("ca-entrypoint-test:alpine-base", "1000", "sh"),
    ] {
        let refused = Job::start(kind, &volumes).run(&[CURL]);
        assert!(CURL_REFUSES.contains(&refused.code), "{kind:?} {refused}");
        let run = Job::start(kind, &volumes).run(&[script, CURL]);
        assert_eq!((run.code, run.stdout().as_str()), (0, HELLO), "{kind:?} {run}");
    }
    assert_eq!(pod.volumes.made.len(), 1, "the binary is in a volume");
}

#[test]
fn an_application_behind_an_init_container_trusts_the_ca() {
    let carrier = Image::carrier();
    let pod = manifests::of("deployment.yaml", "Deployment").at("spec.template.spec");
    let workspace = Workspace::new();
    let mut volumes = Volumes::new();
    let ca = ("ca.crt", certificates::text("root.crt").into_bytes());
    for volume in pod.list("volumes") {
        let name = volume.want("name");
        if volume.get("configMap.name").is_some() {
            volumes.add(name, workspace.kubernetes_volume(name, std::slice::from_ref(&ca)));
        } else {
            volumes.add_empty_dir(name);
        }
    }
    for container in pod.list("initContainers") {
        let run = run_init(&pod, &container, &volumes, &carrier, &[]).expect_success();
        assert_eq!(run.stderr, "", "{run}");
    }
    for container in pod.list("containers") {
        let image = Image::stand_in(container.want("image"));
        let options = options(&pod, &container, &volumes);
        let command = container.texts("command");
        let ours: Vec<&str> =
            command.iter().map(String::as_str).take_while(|word| *word != "--").collect();
        assert!(
            ours.len() < command.len(),
            "the application stands behind two dashes: {command:?}"
        );
        let entrypoint = format!("--entrypoint={}", ours[0]);
        let mut with: Vec<&str> = options.iter().map(String::as_str).collect();
        let curl: Vec<&str> = CURL.split(' ').collect();
        let without = image.run(&[&with[..], &["--entrypoint="]].concat(), &curl);
        assert!(CURL_REFUSES.contains(&without.code), "{without}");
        with.push(&entrypoint);
        let run = image.run(&with, &[&ours[1..], &["--"], &curl].concat());
        assert_eq!((run.code, run.stdout().as_str()), (0, HELLO), "{run}");
        assert!(run.stderr.contains("1 added in '/dev/shm/ca-entrypoint-10001'"), "{run}");
        // It can't change what it is started by.
        let script = format!("rm {0} 2>&1 || echo stays; ! echo x 2>&1 >>{0}", ours[0]);
        let run = image.run(&with, &["--", "sh", "-c", &script]).expect_success();
        assert!(run.stdout().contains("stays"), "{run}");
    }
}

/// What the store holds: each entry, and the digest of each file.
const LISTING: &str = "find $DIRECTORIES ! -type d -printf '%p %y %m %l\\n' | sort
    find $DIRECTORIES -type f -exec sha256sum {} + | sort";

#[test]
fn nodes_trust_the_ca_as_if_it_were_installed_there() {
    let carrier = Image::carrier();
    for (file, image) in [
        ("nodes-debian.yaml", "ca-entrypoint-test:bookworm"),
        ("nodes-rhel.yaml", "ca-entrypoint-test:rhel"),
        ("nodes-rhel.yaml", "ca-entrypoint-test:fedora"),
    ] {
        let pod = manifests::of(file, "DaemonSet").at("spec.template.spec");
        let workspace = Workspace::new();
        let node = Image::of(image);
        let mut volumes = Volumes::new();
        let mut mounts = Vec::new();
        let mut directories = Vec::new();
        for volume in pod.list("volumes") {
            let (name, path) = (volume.want("name"), volume.want("hostPath.path"));
            let is_file = volume.is("hostPath.type", "File");
            node.run(&[], &["test", if is_file { "-f" } else { "-d" }, path]).expect_success();
            if is_file {
                let content = node.run(&[], &["cat", path]).expect_success().stdout;
                volumes.add(name, workspace.write(name, content));
            } else {
                // An empty volume is filled with what the image has there.
                let made = Volume::new();
                volumes.add(name, made.0.clone());
                mounts.push(format!("--volume={}:{path}", made.0));
                directories.push(path.to_owned());
                volumes.made.push(made);
            }
        }
        let directories = format!("--env=DIRECTORIES={}", directories.join(" "));
        let on_node = |command: &[&str]| {
            let options: Vec<&str> =
                mounts.iter().map(String::as_str).chain([directories.as_str()]).collect();
            node.run(&options, command)
        };
        let before = on_node(&["sh", "-c", LISTING]).expect_success().stdout();
        let bundle = if file.contains("debian") {
            "/etc/ssl/certs/ca-certificates.crt"
        } else {
            "/etc/pki/tls/certs/ca-bundle.crt"
        };
        let curl = CURL.replace("curl", &format!("curl --cacert {bundle}"));
        let curl: Vec<&str> = curl.split(' ').collect();
        assert!(CURL_REFUSES.contains(&on_node(&curl).code), "{image}");

        for container in pod.list("initContainers") {
            let run = run_init(&pod, &container, &volumes, &carrier, &[]).expect_success();
            let message = "ca-entrypoint: trust store updated: 1 added, 0 removed\n";
            assert_eq!(run.stderr, message, "{image} {run}");
            let run = run_init(&pod, &container, &volumes, &carrier, &[]).expect_success();
            assert_eq!(run.stderr, "", "{image} {run}");
        }
        on_node(&curl).expect_success();
        let after = on_node(&["sh", "-c", LISTING]).expect_success().stdout();

        // The same in a container of the whole image.
        let binary =
            format!("--volume={}:/usr/local/bin/ca-entrypoint:ro", crate::engine::binary());
        let text = format!("--env=ADDITIONAL_CA_CERT_BUNDLE={}", certificates::text("root.crt"));
        let script = format!("ca-entrypoint && {LISTING}");
        let run = node.run(&[&binary, &text, &directories, "--user=0"], &["sh", "-c", &script]);
        assert_eq!(
            run.expect_success().stdout(),
            after,
            "{image}: installed there, and from outside"
        );

        for container in pod.list("initContainers") {
            run_init(&pod, &container, &volumes, &carrier, &["--remove"]).expect_success();
        }
        let removed = on_node(&["sh", "-c", LISTING]).expect_success().stdout();
        assert_eq!(removed, before, "{image}: removed");
        assert!(CURL_REFUSES.contains(&on_node(&curl).code), "{image}");
    }
}
