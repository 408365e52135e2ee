//! A job from start to end, as the Docker executor runs it: a helper and a build container that share
//! a volume, and the helper started again for each of the stages that the runner generates.

use crate::certificates;
use crate::engine::Run;
use crate::executor::Container;
use crate::executor::ONE_ADDED;
use crate::executor::Setup;
use crate::executor::helper;
use crate::executor::host_directory;
use crate::site::GITLAB;
use crate::site::STORAGE;
use crate::site::Site;

/// What the server told of itself when the runner asked it for jobs: its own chain and no more.
fn chain() -> String {
    certificates::text("root.crt")
}

/// The beginning of each stage: the job's variables, of which one is a file.
fn stage(body: &str) -> String {
    format!(
        "mkdir -p /builds/group/project.tmp
        printf %s \"{}\" >/builds/group/project.tmp/CI_SERVER_TLS_CA_FILE
        export CI_SERVER_TLS_CA_FILE=/builds/group/project.tmp/CI_SERVER_TLS_CA_FILE
        export CI_PROJECT_DIR=/builds/group/project GIT_TERMINAL_PROMPT=0
        {body}",
        chain()
    )
}

/// The submodule is on a server that the chain says nothing of.
fn get_sources() -> String {
    format!(
        "git init --quiet $CI_PROJECT_DIR
        cd $CI_PROJECT_DIR
        git config http.{GITLAB}.sslCAInfo $CI_SERVER_TLS_CA_FILE
        git remote add origin {GITLAB}/project.git 2>/dev/null || true
        git fetch --quiet --depth 1 origin main
        git checkout --quiet --force --detach FETCH_HEAD
        git submodule --quiet sync
        git submodule --quiet update --init --depth 1
        cat file module/file"
    )
}

/// The stages in their order: name and script.
fn stages(job: u32, previous: u32) -> [(&'static str, String); 6] {
    let api = format!("--url {GITLAB}");
    let key = format!("{STORAGE}/cache/job-{}", previous.min(job));
    [
        ("prepare_script", "echo \"Running on a stand-in\"".to_owned()),
        ("get_sources", get_sources()),
        (
            "restore_cache",
            format!(
                "cd $CI_PROJECT_DIR
                gitlab-runner-helper cache-extractor --file ../cache.zip --url {key} || echo no cache yet"
            ),
        ),
        (
            "download_artifacts",
            format!(
                "cd $CI_PROJECT_DIR
                gitlab-runner-helper artifacts-downloader {api} --id {previous} --file artifacts || echo no artifacts yet"
            ),
        ),
        (
            "archive_cache",
            format!(
                "cd $CI_PROJECT_DIR
                gitlab-runner-helper cache-archiver --file built --url {key}"
            ),
        ),
        (
            "upload_artifacts_on_success",
            format!(
                "cd $CI_PROJECT_DIR
                gitlab-runner-helper artifacts-uploader {api} --id {job} --file built"
            ),
        ),
    ]
}

struct Job {
    helper: Container,
    build: Setup,
    number: u32,
    previous: u32,
}

impl Job {
    fn new(number: u32, previous: u32, options: &[&str]) -> Self {
        let volume = format!("--volume={}:/builds", host_directory("builds"));
        let variables = [
            "--env=CI_SERVER_URL=https://localhost:4431",
            "--env=CI_PROJECT_DIR=/builds/group/project",
            "--env=CI_SERVER_TLS_CA_FILE=/builds/group/project.tmp/CI_SERVER_TLS_CA_FILE",
        ];
        let setup = |setup: Setup| setup.option(&volume).options(&variables);
        let helper = setup(helper()).on_site().options(options).create();
        let image = Setup::of("ca-entrypoint-test:helper-base").command(&["bash"]);
        // The build's own image, with a user that isn't the helper's.
        let build = setup(image).option("--user=1234");
        Self { helper, build, number, previous }
    }

    fn stage(&self, name: &str) -> Run {
        let stages = stages(self.number, self.previous);
        let (_, body) = stages.iter().find(|(known, _)| *known == name).expect("one of the list");
        self.helper.stage(&stage(body))
    }

    /// Runs all of it. The step script is run by another container between the helper's stages.
    fn run(&self, message: &str, is_first: bool) {
        let expected = [
            ("prepare_script", "Running on a stand-in\n"),
            ("get_sources", "content of project\ncontent of module\n"),
            ("restore_cache", if is_first { "no cache yet\n" } else { "" }),
            ("download_artifacts", if is_first { "no artifacts yet\n" } else { "" }),
            ("step_script", ""),
            ("archive_cache", ""),
            ("upload_artifacts_on_success", ""),
        ];
        for (name, stdout) in expected {
            let run = if name == "step_script" { self.step_script() } else { self.stage(name) };
            let run = run.expect_success();
            assert_eq!(run.stdout(), stdout, "{name}: {run}");
            let said: Vec<&str> =
                run.stderr.lines().filter(|line| line.starts_with("ca-entrypoint: ")).collect();
            // Each start has an empty /dev/shm, where the private files are.
            let is_told =
                name == "prepare_script" || (message.contains("/dev/shm") && name != "step_script");
            assert_eq!(said.len(), usize::from(is_told), "{name}: {run}");
            assert!(said.iter().all(|line| line.contains(message)), "{name}: {run}");
        }
    }

    /// The files are the helper's, whose umask lets everybody write them.
    fn step_script(&self) -> Run {
        let body = format!(
            "cd $CI_PROJECT_DIR
            ! cmp --quiet file module/file
            echo built by job {} >built
            rm -f file",
            self.number
        );
        self.build.stage(&stage(&body))
    }
}

fn two_jobs(numbers: [u32; 2], options: &[&str], message: &str) {
    let chain = format!(
        "--volume={}/chain.crt:/etc/gitlab-runner/certs/ca.crt:ro",
        certificates::directory()
    );
    let options = [options, &[&chain]].concat();
    let [first, second] = numbers;
    // What comes before the first was never uploaded.
    Job::new(first, second, &options).run(message, true);
    for (port, request) in [
        (4431, format!("POST /api/v4/jobs/{first}/artifacts")),
        (4431, "GET /project.git/info/refs".to_owned()),
        (4432, "GET /module.git/info/refs".to_owned()),
        (4432, format!("PUT /cache/job-{first}")),
    ] {
        assert!(Site::shared().has_seen(&format!("{port} {request}")), "{request}");
    }
    let next = Job::new(second, first, &options);
    next.run(message, false);
    // What the first one left is there.
    let run = next.helper.stage("cat /builds/group/cache.zip /builds/group/project/artifacts");
    let expected = format!("built by job {first}\n").repeat(2);
    assert_eq!(run.expect_success().stdout(), expected);
}

#[test]
fn a_job_of_root_s_helper() {
    two_jobs([101, 102], &[], THREE_ADDED);
}

/// On a read-only root file system, without root's rights.
#[test]
fn a_job_of_a_restricted_helper() {
    let options = [
        "--user=1001",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--tmpfs=/tmp",
        "--env=HOME=/tmp",
    ];
    two_jobs([201, 202], &options, "3 added in '/dev/shm/ca-entrypoint-1001'");
}

/// The same job without the CA ends where the chain of GitLab's server isn't enough: the submodule's
/// server, and the cache.
#[test]
fn a_job_without_the_ca() {
    let job = Job::new(301, 300, &[]);
    let run = job.stage("prepare_script").expect_success();
    assert_eq!(run.stderr, "", "{run}");
    let run = job.stage("get_sources");
    assert_ne!(run.code, 0, "{run}");
    assert!(
        run.stderr.contains("/module.git") && run.stderr.contains("verification failed"),
        "{run}"
    );
    assert!(!run.stderr.contains("/project.git"), "{run}");
    let built = "cd $CI_PROJECT_DIR; echo built >built";
    job.helper.stage(&stage(built)).expect_success();
    let run = job.stage("archive_cache").expect_code(1);
    assert!(run.stderr.contains(crate::site::REFUSAL), "{run}");
    // Artifacts need nothing but the chain.
    job.stage("upload_artifacts_on_success").expect_success();
}

/// The runner's own cleaning, after which the next job begins on the same volume with nothing said.
#[test]
fn a_helper_that_is_used_again() {
    let chain = format!(
        "--volume={}/root.crt:/etc/gitlab-runner/certs/ca.crt:ro",
        certificates::directory()
    );
    let job = Job::new(401, 400, &[&chain]);
    assert_eq!(job.stage("prepare_script").expect_success().stderr, ONE_ADDED);
    let clean = job.helper.stage("rm -rf /builds/group/project.tmp").expect_success();
    assert_eq!(clean.stderr, "", "{clean}");
    let run = job.stage("prepare_script").expect_success();
    assert_eq!(run.stderr, "", "{run}");
    assert_eq!(job.helper.trusted(), ["root.crt"]);
}

/// What is said when the whole chain is put into the store.
const THREE_ADDED: &str = "ca-entrypoint: trust store updated: 3 added, 0 removed";
