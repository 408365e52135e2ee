//! Images that the tests build.

use std::fs;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use crate::engine::Run;
use crate::engine::docker;
use crate::engine::unique_name;
use crate::stand_ins;
use crate::stand_ins::StandIn;
use crate::workspace::Workspace;

/// Removed when dropped, if the test built it.
pub(crate) struct Image {
    reference: String,
    is_ours: bool,
}

impl Image {
    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// One that is there.
    pub(crate) fn of(reference: &str) -> Self {
        Self { reference: reference.to_owned(), is_ours: false }
    }

    /// What takes an image's place.
    #[track_caller]
    pub(crate) fn stand_in(reference: &str) -> Self {
        let known = stand_ins::IMAGES.iter().find(|(name, _)| *name == reference);
        match known {
            Some((_, StandIn::Image(image))) => Self::of(image),
            Some((_, StandIn::Lines(base, lines))) => {
                let workspace = Workspace::new();
                stand_ins::base_context(&workspace);
                Self::build(&format!("FROM {base}\n{lines}"), &workspace, false)
            }
            None => panic!("no stand-in for image '{reference}': tests/recipes/stand_ins.rs"),
        }
    }

    /// The image of `docker/Dockerfile`, which other images copy the binary from.
    pub(crate) fn carrier() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/Dockerfile");
        let text = fs::read_to_string(path).expect("the project has it");
        let workspace = Workspace::new();
        workspace.binary("dist/linux-amd64/ca-entrypoint");
        Self::build(&text, &workspace, false)
    }

    /// Builds a Dockerfile in a directory; with BuildKit or without.
    #[track_caller]
    pub(crate) fn build(dockerfile: &str, context: &Workspace, has_buildkit: bool) -> Self {
        let reference = unique_name("recipe");
        context.write("Dockerfile", dockerfile);
        let run = if has_buildkit {
            let script = format!("DOCKER_BUILDKIT=1 {} build --tag {reference} .", buildkit());
            context.sh(&script)
        } else {
            context.sh(&format!("DOCKER_BUILDKIT=0 docker build --tag {reference} ."))
        };
        assert_eq!(run.code, 0, "cannot build\n{dockerfile}\n{run}");
        Self { reference, is_ours: true }
    }

    /// Runs a command in a container of it that reaches the servers.
    pub(crate) fn run(&self, options: &[&str], command: &[&str]) -> Run {
        let network = crate::server::Server::network();
        let mut arguments = vec!["run", "--rm", &network];
        arguments.extend(options);
        arguments.push(&self.reference);
        arguments.extend(command);
        docker(&arguments)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = docker(&["rmi", "--force", &self.reference]);
        }
    }
}

/// The first Docker client in PATH that has BuildKit: built in until 22, by a plug-in from 23.
fn buildkit() -> &'static str {
    static CLIENT: OnceLock<String> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let clients = std::env::split_paths(&path).map(|directory| directory.join("docker"));
        let has_it = |client: &std::path::PathBuf| {
            let answers = |arguments: &[&str]| {
                let mut command = Command::new(client);
                command.args(arguments).stdin(Stdio::null()).output()
            };
            let has_plugin =
                answers(&["buildx", "version"]).is_ok_and(|output| output.status.success());
            let version = answers(&["version", "--format", "{{.Client.Version}}"]);
            let version =
                version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            let major = version.ok().and_then(|text| text.split('.').next()?.parse::<u32>().ok());
            has_plugin || major.is_some_and(|major| (19..23).contains(&major))
        };
        let client = clients.filter(|client| client.is_file()).find(has_it);
        let client = client.expect(
            "no Docker client has BuildKit: apt-get install docker.io (20.10) or docker-buildx",
        );
        client.into_os_string().into_string().expect("a path in UTF-8")
    })
}
