//! What takes the place of what can't be had where the tests run. This is all of it.

use crate::workspace::Workspace;

/// Hosts of the documentation: names of the server in [`crate::server`].
pub(crate) const HOSTS: &[&str] =
    &["gitlab.example.com", "gitlab.internal", "minio.example.com", "registry.example.com"];

/// What an image is made of, or an image itself.
pub(crate) enum StandIn {
    /// One of `make images`.
    Image(&'static str),
    /// Lines behind a `FROM` of one of those, in a directory with what [`base_context`] puts there.
    Lines(&'static str, &'static str),
}

/// Images of registries. Their own clients can't be had: GitLab's are known by their entrypoint, and
/// by the programs that their entrypoint starts.
pub(crate) const IMAGES: &[(&str, StandIn)] = &[
    ("debian:12", StandIn::Image("ca-entrypoint-test:bookworm")),
    ("node:22", StandIn::Image("ca-entrypoint-test:clients")),
    (
        "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper:ubuntu-x86_64-vX.Y.Z",
        StandIn::Lines(
            "ca-entrypoint-test:bookworm",
            "COPY dumb-init /usr/bin/dumb-init\n\
             ENTRYPOINT [\"/usr/bin/dumb-init\", \"/entrypoint\"]\n",
        ),
    ),
    // The image of docker/Dockerfile.runner. It registers when the server is trusted.
    (
        "registry.example.com/gitlab-runner",
        StandIn::Lines(
            "ca-entrypoint-test:bookworm",
            "COPY dumb-init /usr/bin/dumb-init\n\
             COPY gitlab-runner /usr/bin/gitlab-runner\n\
             COPY ca-entrypoint /entrypoint\n\
             ENV CA_ENTRYPOINT_PREFIX=gitlab-runner\n\
             ENTRYPOINT [\"/usr/bin/dumb-init\", \"/entrypoint\"]\n",
        ),
    ),
    // The image of docker/Dockerfile.helper, with Go for the programs that read the store alone.
    (
        "registry.example.com/gitlab-runner-helper:x86_64-v${CI_RUNNER_VERSION}",
        StandIn::Lines(
            "ca-entrypoint-test:clients",
            "COPY dumb-init /usr/bin/dumb-init\n\
             COPY ca-entrypoint /entrypoint\n\
             ENTRYPOINT [\"/usr/bin/dumb-init\", \"/entrypoint\"]\n",
        ),
    ),
    // GitLab's own helper, as the Kubernetes executor has it: its entrypoint isn't run.
    ("", StandIn::Image("ca-entrypoint-test:clients")),
    // Its daemon is a client of registry.example.com.
    (
        "docker:27-dind",
        StandIn::Lines(
            "ca-entrypoint-test:alpine",
            "COPY dockerd-entrypoint.sh /usr/local/bin/dockerd-entrypoint.sh\n",
        ),
    ),
    // An application's own. Its program is given by the test.
    ("registry.example.com/app", StandIn::Image("ca-entrypoint-test:bookworm")),
];

/// Programs that the lines above copy.
pub(crate) fn base_context(workspace: &Workspace) {
    workspace.program("dumb-init", "exec \"$@\"");
    workspace.program(
        "gitlab-runner",
        "[ \"$1\" = register ] && exec curl --silent --show-error --fail https://gitlab.example.com/hello",
    );
    workspace.program(
        "dockerd-entrypoint.sh",
        "exec curl --silent --show-error --fail https://registry.example.com/hello",
    );
    workspace.binary("ca-entrypoint");
}

/// Paths of a Docker host in mounts: files of the test's. `/cache` and the like are no mounts.
pub(crate) fn volume(volume: &str, workspace: &Workspace, program: &str) -> Option<String> {
    let paths = [
        ("/etc/gitlab-runner/certs/ca.crt:", workspace.path("ca.crt")),
        ("/usr/local/bin/ca-entrypoint:", program.to_owned()),
        ("/usr/local/bin:", workspace.directory("bin")),
        ("/srv/gitlab-runner/config:", workspace.directory("config")),
    ];
    let (from, to) = paths.iter().find(|(from, _)| volume.starts_with(from))?;
    Some(volume.replacen(from, &format!("{to}:"), 1))
}
