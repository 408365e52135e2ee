//! The images: stand-ins for GitLab's, and what the Dockerfiles in `docker` make of them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::sync::OnceLock;

use crate::certificates;
use crate::engine::binary;
use crate::engine::docker;

/// One of GitLab's images, in a flavour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Image {
    Helper,
    HelperUbi,
    Runner,
    RunnerUbi,
}

impl Image {
    const ALL: [Self; 4] = [Self::Helper, Self::HelperUbi, Self::Runner, Self::RunnerUbi];

    fn tag(self) -> &'static str {
        match self {
            Self::Helper => "helper",
            Self::HelperUbi => "helper-ubi",
            Self::Runner => "runner",
            Self::RunnerUbi => "runner-ubi",
        }
    }

    /// With the script that GitLab's image has for an entrypoint.
    pub(crate) fn theirs(self) -> String {
        format!("{STAND_IN}:{}", self.tag())
    }

    /// As the Dockerfile in `docker` makes it.
    pub(crate) fn ours(self) -> String {
        format!("{}:{}", ours(), self.tag())
    }

    /// The bundle that programs in it read.
    pub(crate) fn bundle(self) -> &'static str {
        match self {
            Self::Helper | Self::Runner => "/etc/ssl/certs/ca-certificates.crt",
            Self::HelperUbi | Self::RunnerUbi => {
                "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
            }
        }
    }
}

/// The image that `docker/Dockerfile` makes: the binary and nothing else.
pub(crate) fn binary_image() -> String {
    format!("{}:ca-entrypoint", ours())
}

/// Builds an image of a Dockerfile in `docker` and the binary, with these build arguments.
pub(crate) fn build(dockerfile: &str, arguments: &[(&str, &str)], reference: &str) {
    let dockerfile = project().join("docker").join(dockerfile).display().to_string();
    let mut command = vec!["build", "--network=none", "--label", LABEL, "--tag", reference];
    command.extend(["--file", &dockerfile]);
    let arguments: Vec<String> =
        arguments.iter().map(|(name, value)| format!("--build-arg={name}={value}")).collect();
    command.extend(arguments.iter().map(String::as_str));
    command.push(context());
    docker(&command).expect_success();
}

/// The repository of all our images, made once for each run of the suite.
fn ours() -> &'static str {
    static REPOSITORY: OnceLock<String> = OnceLock::new();
    REPOSITORY.get_or_init(|| {
        remove_old();
        let repository = format!("{PREFIX}{}", process::id());
        let binary = format!("{repository}:ca-entrypoint");
        build("Dockerfile", &[], &binary);
        for image in Image::ALL {
            let (dockerfile, base) = match image {
                Image::Helper | Image::HelperUbi => ("Dockerfile.helper", "HELPER"),
                Image::Runner | Image::RunnerUbi => ("Dockerfile.runner", "RUNNER"),
            };
            let arguments =
                [("CA_ENTRYPOINT", binary.as_str()), (base, STAND_IN), ("TAG", image.tag())];
            build(dockerfile, &arguments, &format!("{repository}:{}", image.tag()));
        }
        repository
    })
}

/// What the Dockerfiles copy from, laid out as the project's root is after a build.
fn context() -> &'static str {
    static CONTEXT: OnceLock<String> = OnceLock::new();
    CONTEXT.get_or_init(|| {
        let context = PathBuf::from(certificates::directory()).join("context");
        let dist = context.join("dist/linux-amd64");
        fs::create_dir_all(&dist).expect("the target directory can be written");
        fs::copy(binary(), dist.join("ca-entrypoint")).expect("both can be read and written");
        fs::copy(project().join(".dockerignore"), context.join(".dockerignore"))
            .expect("the project has one");
        context.into_os_string().into_string().expect("the target directory's path is UTF-8")
    })
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Nothing runs at the end of a suite, so each removes what those before it left.
fn remove_old() {
    let filter = format!("--filter=label={LABEL}");
    let run = docker(&["images", &filter, "--format={{.Repository}}:{{.Tag}}"]).expect_success();
    for reference in run.stdout().lines() {
        let process = reference.strip_prefix(PREFIX).and_then(|rest| rest.split(':').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = docker(&["rmi", "--force", reference]);
        }
    }
}

const STAND_IN: &str = "ca-entrypoint-test";

/// Before the number of the process that a repository was made by.
const PREFIX: &str = "ca-entrypoint-gitlab-";

const LABEL: &str = "ca-entrypoint.suite=gitlab";
