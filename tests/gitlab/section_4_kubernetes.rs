//! Section 4.2: how the Kubernetes executor starts the helper, without a cluster: a container with
//! the same command, arguments, volumes and restrictions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::os::unix::fs::symlink;

use crate::certificates;
use crate::executor::ONE_ADDED;
use crate::executor::Setup;
use crate::executor::helper;
use crate::executor::host_directory;
use crate::images;
use crate::images::Image;
use crate::site::GITLAB;
use crate::site::STORAGE;

/// The runner's: the first of the shells that there are.
const DETECT_SHELL: &str = "if [ -x /usr/local/bin/bash ]; then
\texec /usr/local/bin/bash $@
elif [ -x /usr/bin/bash ]; then
\texec /usr/bin/bash $@
elif [ -x /bin/bash ]; then
\texec /bin/bash $@
elif [ -x /usr/local/bin/sh ]; then
\texec /usr/local/bin/sh $@
elif [ -x /usr/bin/sh ]; then
\texec /usr/bin/sh $@
elif [ -x /bin/sh ]; then
\texec /bin/sh $@
elif [ -x /busybox/sh ]; then
\texec /busybox/sh $@
else
\techo shell not found
\texit 1
fi

";

/// What is typed into the shell for a stage, whose script and log are in volumes of the pod's.
const TYPED: &str =
    "gitlab-runner-build <<< \"source /scripts/stage\" 2>&1 | tee -a /logs/output.log; echo end\n";

/// With the pod's volumes, and a stage.
fn pod(stage: &str) -> Setup {
    let (scripts, logs) = (host_directory("scripts"), host_directory("logs"));
    fs::write(format!("{scripts}/stage"), stage).expect("it was just made");
    helper().options(&[&format!("--volume={scripts}:/scripts"), &format!("--volume={logs}:/logs")])
}

/// As one who may do as little as a pod can be made to.
const RESTRICTED: [&str; 5] = [
    "--user=1000650000:0",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--env=HOME=/logs",
];

/// By default the container's command is set, which takes the place of the image's entrypoint.
#[test]
fn s4_2_a_pod_s_command_overrides_the_entrypoint() {
    let setup = pod("printenv CI_SERVER_TLS_CA_FILE; true").ca("root.crt");
    let container = setup.option("--entrypoint=sh").command(&["-c", DETECT_SHELL]).create();
    let mut attached = container.attach();
    attached.write(TYPED);
    attached.expect_line("end");
    let run = attached.end().expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("end\n", ""), "{run}");
    assert!(container.trusted().is_empty());
}

/// With FF_KUBERNETES_HONOR_ENTRYPOINT the same words are the entrypoint's arguments, and what is
/// typed into the shell inherits the exports.
#[test]
fn s4_2_with_the_feature_flag_the_typed_stages_inherit_the_exports() {
    let upload = format!(
        "echo $CI_SERVER_TLS_CA_FILE
        umask
        git ls-remote --quiet {STORAGE}/module.git HEAD | wc -l
        gitlab-runner-helper cache-archiver --file /scripts/stage --url {STORAGE}/cache/kubernetes
        env -u SSL_CERT_FILE gitlab-runner-helper artifacts-uploader --file /scripts/stage --url {GITLAB} --id 42\n"
    );
    for (options, file) in [
        (&[][..], "/etc/gitlab-runner/certs/ca.crt"),
        (&RESTRICTED, "/etc/gitlab-runner/certs/ca.crt"),
    ] {
        let setup = pod(&upload).ca("chain.crt").on_site().options(options);
        let container = setup.command(&["sh", "-c", DETECT_SHELL]).create();
        let mut attached = container.attach();
        for _ in 0..2 {
            attached.write(TYPED);
            attached.expect_line("end");
        }
        let run = attached.end().expect_success();
        assert_eq!(run.stdout(), format!("{file}\n0000\n1\nend\n").repeat(2), "{run}");
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
    }
}

/// The shell has to be there in time, or the job hangs: it is, and knows nothing of a wait.
#[test]
fn s4_2_the_shell_is_the_first_process_with_dumb_init_in_front_too() {
    let setup = pod("true").ca("root.crt").command(&["dumb-init", "--", "sh", "-c", DETECT_SHELL]);
    let container = setup.create();
    let mut attached = container.attach();
    attached.write("readlink /proc/$$/exe; cat /proc/$PPID/comm; echo end\n");
    attached.expect_line("end");
    let run = attached.end().expect_success();
    assert_eq!(run.stdout(), "/usr/bin/bash\ndumb-init\nend\n", "{run}");
    assert_eq!(run.stderr, ONE_ADDED);
}

/// The legacy strategy executes each stage in the running container: a process of its own, which has
/// the store and not the exports.
#[test]
fn s4_2_an_executed_stage_has_the_store_alone() {
    let setup = pod("").ca("chain.crt").on_site().command(&["sh", "-c", DETECT_SHELL]);
    let container = setup.create();
    let mut attached = container.attach();
    attached.write("echo ready\n");
    attached.expect_line("ready");
    let upload = format!(
        "gitlab-runner-helper cache-archiver --file /etc/hostname --url {STORAGE}/cache/legacy"
    );
    container.exec(&["sh", "-c", &upload]).expect_success();
    container.exec(&["printenv", "CI_SERVER_TLS_CA_FILE"]).expect_code(1);
    attached.end().expect_success();
}

/// A Secret's or a ConfigMap's volume, as the kubelet makes it: `NAME -> ..data/NAME`, and
/// `..data -> ..TIME`.
struct Volume {
    path: String,
    version: u32,
}

impl Volume {
    fn new(mode: u32, files: &[(&str, &str)]) -> Self {
        let mut volume = Self { path: host_directory("volume"), version: 0 };
        volume.publish(mode, files);
        for (name, _) in files {
            symlink(format!("..data/{name}"), format!("{}/{name}", volume.path))
                .expect("it is new");
        }
        volume
    }

    /// All at once, by a rename.
    fn publish(&mut self, mode: u32, files: &[(&str, &str)]) {
        self.version += 1;
        let name = format!("..2026_01_01_00_00_00.{}", self.version);
        let directory = format!("{}/{name}", self.path);
        fs::create_dir(&directory).expect("each version has a name of its own");
        for (name, content) in files {
            let path = format!("{directory}/{name}");
            fs::write(&path, content).expect("it was just made");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it was just made");
            chown(&path, Some(0), Some(0)).expect("the suite is run by root");
        }
        let link = format!("{}/..data_tmp", self.path);
        symlink(&name, &link).expect("it was renamed");
        fs::rename(&link, format!("{}/..data", self.path)).expect("both are in one directory");
    }
}

/// A whole volume in the place of the directory; a new version is seen by the next start.
#[test]
fn s4_2_a_secret_as_the_directory() {
    let [root, second] = ["root.crt", "second.crt"].map(certificates::text);
    let mut volume = Volume::new(0o644, &[("ca.crt", &root), ("gitlab.example.com.crt", &second)]);
    let container = helper().ca_directory(&volume.path).create();
    assert_eq!(container.stage("true").expect_success().stderr, ONE_ADDED);
    assert_eq!(container.trusted(), ["root.crt"]);
    volume.publish(0o644, &[("ca.crt", &second), ("gitlab.example.com.crt", &root)]);
    let run = container.stage("true").expect_success();
    assert_eq!(run.stderr, "ca-entrypoint: trust store updated: 1 added, 1 removed\n");
    assert_eq!(container.trusted(), ["second.crt"]);
}

/// While the container runs, a new version changes nothing but what the mounted path shows.
#[test]
fn s4_2_a_secret_that_is_swapped_while_a_stage_runs() {
    let [root, second] = ["root.crt", "second.crt"].map(certificates::text);
    let mut volume = Volume::new(0o644, &[("ca.crt", &root)]);
    let container = helper().ca_directory(&volume.path).create();
    let mut attached = container.attach();
    attached.write("echo ready\n");
    attached.expect_line("ready");
    volume.publish(0o644, &[("ca.crt", &second)]);
    attached
        .write("cat $CI_SERVER_TLS_CA_FILE; cat /etc/ssl/certs/ca-certificates.crt | tail -n 1\n");
    let run = attached.end().expect_success();
    assert!(run.stdout().contains(second.trim()), "{run}");
    assert_eq!(container.trusted(), ["root.crt"]);
}

/// With subPath the file itself is mounted.
#[test]
fn s4_2_a_secret_s_file_by_sub_path() {
    let volume = Volume::new(0o644, &[("ca.crt", &certificates::text("root.crt"))]);
    let file = format!("{}/..data/ca.crt", volume.path);
    let mount = format!("--volume={file}:/etc/gitlab-runner/certs/ca.crt:ro");
    let container = helper().option(mount).create();
    assert_eq!(container.stage("true").expect_success().stderr, ONE_ADDED);
    assert_eq!(container.trusted(), ["root.crt"]);
}

/// A ConfigMap with a CA in each key, named as a directory: the links that lead to one file are one,
/// and `..data` is none of its own.
#[test]
fn s4_2_a_config_map_as_a_list_of_cas() {
    let [root, second, other] = ["root.crt", "second.crt", "other-1.crt"].map(certificates::text);
    let files = [("a.crt", root.as_str()), ("b.pem", &second), ("README", &other)];
    let volume = Volume::new(0o644, &files);
    let mount = format!("--volume={}:/certs:ro", volume.path);
    let setup = helper().options(&[&mount, "--env=CA_CERTIFICATES_PATH=/certs"]);
    let container = setup.create();
    let run = container.stage("grep -c BEGIN $CI_SERVER_TLS_CA_FILE").expect_success();
    assert_eq!(run.stdout(), "2\n", "{run}");
    assert_eq!(run.stderr, "ca-entrypoint: trust store updated: 2 added, 0 removed\n");
    assert_eq!(container.trusted(), ["root.crt", "second.crt"]);
    assert_eq!(container.stage("true").expect_success().stderr, "");
}

/// A Secret that only root may read, in front of another user.
#[test]
fn s4_2_a_secret_that_the_user_cannot_read() {
    let root = certificates::text("root.crt");
    let volume = Volume::new(0o600, &[("ca.crt", &root)]);
    let setup = helper().ca_directory(&volume.path).options(&RESTRICTED).option("--tmpfs=/logs");
    let run = setup.stage("printenv CI_SERVER_TLS_CA_FILE || true; exit 7").expect_code(7);
    assert_eq!(run.stdout(), "", "{run}");
    let said =
        "ca-entrypoint: cannot read CA file '/etc/gitlab-runner/certs/ca.crt': Permission denied\n";
    assert!(run.stderr.starts_with(said), "{run}");
    // With fsGroup it may, and what it may not give away it copies.
    let volume = Volume::new(0o640, &[("ca.crt", &root)]);
    let setup = helper().ca_directory(&volume.path).options(&RESTRICTED).option("--tmpfs=/logs");
    let run = setup.stage("cat $CI_SERVER_TLS_CA_FILE").expect_success();
    assert_eq!(run.stdout(), root, "{run}");
}

/// A pod whose images have no entrypoint of ours gets the program from an init container, which may do
/// as little as the others, and runs it before its command.
#[test]
fn s4_2_an_init_container_brings_the_program() {
    let volume = format!("--volume={}:/shared", host_directory("shared"));
    let restricted = Setup::of(images::binary_image()).options(&RESTRICTED).option(&volume);
    let run = restricted.command(&["--copy-to", "/shared"]).start(b"").expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("", ""), "{run}");
    let upload = format!(
        "stat -c %a /shared/*
        gitlab-runner-helper cache-archiver --file /etc/hostname --url {STORAGE}/cache/init"
    );
    for options in [&[][..], &RESTRICTED] {
        let setup = Setup::of(Image::Helper.theirs()).ca("chain.crt").on_site().options(options);
        let setup = setup.option(&volume).option("--entrypoint=/shared/ca-entrypoint");
        let run = setup.command(&["sh", "-c", DETECT_SHELL]).start(upload.as_bytes());
        assert_eq!(run.expect_success().stdout(), "755\n");
    }
}

/// Neither the root file system nor memory can be written to by name.
#[test]
fn s4_2_a_restricted_container_without_any_writable_directory() {
    let stage = format!(
        "gitlab-runner-helper cache-archiver --file /etc/hostname --url {STORAGE}/cache/memory
        git ls-remote --quiet {STORAGE}/module.git HEAD | wc -l"
    );
    let setup = helper().ca("chain.crt").on_site().options(&RESTRICTED).options(&["--ipc=none"]);
    let run = setup.stage(&stage).expect_success();
    assert_eq!(run.stdout(), "1\n", "{run}");
    assert!(run.stderr.contains("3 added in memory"), "{run}");
}
