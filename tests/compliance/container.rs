//! Containers and the images that they are made of.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::OnceLock;

use crate::certificates;
use crate::engine::Run;
use crate::engine::binary;
use crate::engine::docker;
use crate::engine::unique_name;
use crate::manifest::Manifest;
use crate::shell::Shell;

/// What `make images` builds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Image {
    Alpine,
    AlpineBase,
    Arch,
    Bookworm,
    BookwormBare,
    Clients,
    Fedora,
    Rhel,
    Suse,
    Trixie,
    Ubi,
}

impl Image {
    pub(crate) fn reference(self) -> &'static str {
        match self {
            Self::Alpine => "ca-entrypoint-test:alpine",
            Self::AlpineBase => "ca-entrypoint-test:alpine-base",
            Self::Arch => "ca-entrypoint-test:arch",
            Self::Bookworm => "ca-entrypoint-test:bookworm",
            Self::BookwormBare => "ca-entrypoint-test:bookworm-bare",
            Self::Clients => "ca-entrypoint-test:clients",
            Self::Fedora => "ca-entrypoint-test:fedora",
            Self::Rhel => "ca-entrypoint-test:rhel",
            Self::Suse => "ca-entrypoint-test:suse",
            Self::Trixie => "ca-entrypoint-test:trixie",
            Self::Ubi => "ca-entrypoint-test:ubi",
        }
    }

    pub(crate) fn is_debian(self) -> bool {
        matches!(self, Self::Bookworm | Self::BookwormBare | Self::Clients | Self::Trixie)
    }

    /// What stands before an anchor's name in the name of its link.
    pub(crate) fn link_prefix(self) -> &'static str {
        if self.is_debian() { "" } else { "ca-cert-" }
    }
}

/// A running container, with the binary at `/ca-entrypoint` and the certificates of
/// [`certificates`] in `/fixtures`. It has no network but its own loopback.
pub(crate) struct Container {
    name: String,
    shell: Shell,
}

impl Container {
    pub(crate) fn start(image: Image) -> Self {
        Self::start_with(image, &["--network", "none"])
    }

    /// The same without a loopback of its own, for what serves nothing: half of what it takes to start
    /// a container is its network.
    pub(crate) fn start_sharing(image: Image) -> Self {
        static SHARED: OnceLock<Container> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::start(Image::Bookworm));
        Self::start_with(image, &["--network", &format!("container:{}", shared.name)])
    }

    /// Starts it with these options of `docker run`.
    pub(crate) fn start_with(image: Image, options: &[&str]) -> Self {
        let name = unique_name("container");
        let mounts = mounts();
        let mut arguments: Vec<&str> = mounts.iter().map(String::as_str).collect();
        arguments.extend(options);
        let shell = Shell::start(&name, image.reference(), &arguments);
        Self { name, shell }
    }

    /// By which other containers can join it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs a shell script. Nothing but PATH and HOME is in its environment.
    pub(crate) fn try_sh(&self, script: &str) -> Run {
        self.try_sh_with_input(script, b"")
    }

    /// Runs a shell script that has to succeed.
    #[track_caller]
    pub(crate) fn sh(&self, script: &str) -> Run {
        self.try_sh(script).expect_success()
    }

    pub(crate) fn try_sh_with_input(&self, script: &str, input: &[u8]) -> Run {
        self.shell.run(script, input)
    }

    /// The trust store with its anchors directory.
    pub(crate) fn store(&self) -> Manifest {
        Manifest::of(self, &["/etc/ssl/certs", "/usr/local/share/ca-certificates"])
    }

    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        self.sh(&format!("cat '{path}'")).stdout
    }

    /// The names in `/etc/ssl/certs` of the hash links, with their targets, that lead to a file of
    /// the anchors directory or nowhere: `HHHHHHHH.N -> NAME`.
    pub(crate) fn hash_links(&self) -> Vec<String> {
        let script = "cd /etc/ssl/certs; for link in *.[0-9]; do
            case $(readlink -f \"$link\" || true) in
            /usr/share/*) ;;
            *) echo \"$link -> $(readlink \"$link\")\" ;;
            esac; done";
        let run = self.sh(script);
        run.stdout().lines().map(str::to_owned).collect()
    }

    pub(crate) fn bundle(&self) -> Vec<u8> {
        self.read("/etc/ssl/certs/ca-certificates.crt")
    }

    pub(crate) fn certificates_in_bundle(&self) -> usize {
        String::from_utf8_lossy(&self.bundle()).matches("-----BEGIN CERTIFICATE-----").count()
    }

    /// Whether OpenSSL finds the issuer of a certificate through the hash links alone. The
    /// certificate is looked up as a server's chain is.
    pub(crate) fn finds_by_hash(&self, certificate: &str) -> bool {
        let run = self.try_sh(&format!(
            "openssl verify -no-CAfile -no-CAstore -CApath /etc/ssl/certs /fixtures/{certificate}"
        ));
        run.code == 0
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.store())
    }
}

/// A container that isn't running: made with options and a command, and started as often as wanted.
pub(crate) struct Stopped {
    name: String,
}

impl Stopped {
    /// The image's reference is one of [`Image`]'s or of an image that the test made. The binary is
    /// the entrypoint.
    pub(crate) fn create(reference: &str, options: &[&str], command: &[&str]) -> Self {
        let name = unique_name("stopped");
        let mounts = mounts();
        let mut arguments = vec!["create", "--interactive", "--name", &name];
        arguments.extend(mounts.iter().map(String::as_str));
        arguments.extend(["--entrypoint", "/ca-entrypoint"]);
        if !options.contains(&"--network") {
            arguments.extend(["--network", "none"]);
        }
        arguments.extend(options);
        arguments.push(reference);
        arguments.extend(command);
        let run = docker(&arguments);
        assert_eq!(run.code, 0, "cannot make a container: make images\n{run}");
        Self { name }
    }

    /// Starts it and waits for its end.
    pub(crate) fn start(&self) -> Run {
        docker(&["start", "--attach", &self.name])
    }

    /// What differs from the image, as Docker sees it, which lists it in no order.
    pub(crate) fn diff(&self) -> BTreeSet<String> {
        let run = docker(&["diff", &self.name]).expect_success();
        run.stdout().lines().map(str::to_owned).collect()
    }

    /// A directory or a file of the container as a tar archive: with modes, owners and times.
    pub(crate) fn archive(&self, path: &str) -> Vec<u8> {
        let from = format!("{}:{path}", self.name);
        docker(&["cp", &from, "-"]).expect_success().stdout
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = docker(&["rm", "--force", "--volumes", &self.name]);
    }
}

/// Runs the binary as a container's entrypoint, once.
pub(crate) fn run_once(reference: &str, options: &[&str], command: &[&str]) -> Run {
    Stopped::create(reference, options, command).start()
}

fn mounts() -> Vec<String> {
    vec![
        format!("--volume={}:/ca-entrypoint:ro", binary()),
        format!("--volume={}:/fixtures:ro", certificates::directory()),
    ]
}
