//! Real clients against TLS servers whose certificates the installed anchors signed. They reach the
//! servers on the loopback of a container that they share it with.

use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use crate::certificates;
use crate::container::Container;
use crate::container::Image;
use crate::engine::Run;
use crate::engine::docker;
use crate::engine::unique_name;
use crate::side::install;

/// Servers of `/hello` and of a git repository, one for each signer of [`SIGNERS`].
pub(crate) struct Server {
    name: String,
    /// Holds the container's stdin: it ends when this process does.
    _child: Child,
}

impl Server {
    /// The one that all tests share.
    pub(crate) fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let name = unique_name("server");
        let volume = format!("--volume={}:/fixtures:ro", certificates::directory());
        let servers: String = SIGNERS
            .iter()
            .map(|signer| {
                format!(
                    "openssl s_server -accept {} -cert {signer}-server.crt -key {signer}-server.key -WWW &\n",
                    port(signer)
                )
            })
            .collect();
        let script = format!("cd /fixtures\n{servers} cat");
        let child = Command::new("docker")
            .args(["run", "--rm", "--interactive", "--init", "--network", "none"])
            .args(["--name", &name, &volume])
            .args([Image::Bookworm.reference(), "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("'docker' can't be run: make compliance");
        let last = port(SIGNERS[SIGNERS.len() - 1]);
        let is_up = format!(
            "for i in $(seq 100); do
                curl --silent --insecure https://localhost:{last}/hello && exit 0
                sleep 0.1
            done; exit 1"
        );
        // The container itself takes its time too.
        let run = (0..100)
            .map(|_| docker(&["exec", &name, "sh", "-c", &is_up]))
            .find(|run| run.code == 0);
        assert!(run.is_some(), "no server comes up in {name}: make images");
        Self { name, _child: child }
    }

    /// The option of `docker run` that lets a container reach the servers.
    pub(crate) fn network(&self) -> String {
        format!("container:{}", self.name)
    }
}

pub(crate) fn port(signer: &str) -> usize {
    let position = SIGNERS.iter().position(|&known| known == signer);
    4431 + position.expect("one of the signers")
}

pub(crate) const SIGNERS: &[&str] = &["twin-a", "twin-b", "root", "intermediate", "second"];

/// A program that verifies a server's certificate.
struct Client {
    /// With PORT and SIGNER in it.
    command: &'static str,
    /// What it exits with, and says, when it can't verify.
    refusal: (i32, &'static str),
}

impl Client {
    fn run(&self, container: &Container, signer: &str) -> Run {
        let command =
            self.command.replace("PORT", &port(signer).to_string()).replace("SIGNER", signer);
        container.try_sh(&command)
    }
}

const DEBIAN: &[Client] = &[
    Client {
        command: "openssl verify -no-CAfile -no-CAstore -CApath /etc/ssl/certs /fixtures/SIGNER-server.crt",
        refusal: (2, "unable to get local issuer certificate"),
    },
    Client {
        command: "openssl verify -no-CApath -no-CAstore -CAfile /etc/ssl/certs/ca-certificates.crt /fixtures/SIGNER-server.crt",
        refusal: (2, "unable to get local issuer certificate"),
    },
    CURL,
    // GnuTLS.
    Client { command: "wget -q -O - https://localhost:PORT/hello", refusal: (5, "") },
    // GnuTLS too, by way of libcurl.
    Client {
        command: "git ls-remote https://localhost:PORT/repository",
        refusal: (128, "verification failed"),
    },
];

const ALPINE: &[Client] = &[
    CURL,
    CURL_BY_HASH,
    // BusyBox, by way of ssl_client.
    Client {
        command: "wget -q -O - https://localhost:PORT/hello",
        refusal: (1, "certificate verify failed"),
    },
];

const CURL: Client = Client {
    command: "curl --silent --show-error --fail https://localhost:PORT/hello",
    refusal: (60, "unable to get local issuer certificate"),
};

/// The bundle is put aside, so that the hash links alone lead to the anchors.
const CURL_BY_HASH: Client = Client {
    command: "curl --silent --show-error --fail --cacert /fixtures/other-1.crt --capath /etc/ssl/certs https://localhost:PORT/hello",
    refusal: (60, "unable to get local issuer certificate"),
};

/// Whether a client finds the signer of a server's certificate by the hash links alone.
pub(crate) fn curl_finds_by_hash(container: &Container, signer: &str) -> bool {
    CURL_BY_HASH.run(container, signer).code == 0
}

fn clients_trust_after_installation(image: Image, clients: &[Client]) {
    let network = Server::shared().network();
    let container = Container::start_with(image, &["--network", &network]);
    let signers = ["root", "intermediate", "second"];
    for client in clients {
        for signer in signers {
            let run = client.run(&container, signer).expect_code(client.refusal.0);
            assert!(run.stderr.contains(client.refusal.1), "{run}");
        }
    }
    install(&container, "chain.crt").expect_success();
    for client in clients {
        for signer in signers {
            client.run(&container, signer).expect_success();
        }
    }
    // What was not installed is as little trusted as before.
    for client in clients {
        client.run(&container, "twin-a").expect_code(client.refusal.0);
    }
    container.sh("/ca-entrypoint --remove");
    for client in clients {
        client.run(&container, "root").expect_code(client.refusal.0);
    }
}

#[test]
fn clients_of_bookworm() {
    clients_trust_after_installation(Image::Bookworm, DEBIAN);
}

#[test]
fn clients_of_trixie() {
    clients_trust_after_installation(Image::Trixie, DEBIAN);
}

#[test]
fn clients_of_alpine() {
    clients_trust_after_installation(Image::Alpine, ALPINE);
}

#[test]
fn clients_of_the_base_image_of_alpine() {
    clients_trust_after_installation(Image::AlpineBase, &[CURL]);
}

/// An intermediate without its root: OpenSSL takes it when it is told to, as curl does by itself.
#[test]
fn an_intermediate_alone() {
    let network = Server::shared().network();
    let container = Container::start_with(Image::Bookworm, &["--network", &network]);
    install(&container, "intermediate.crt").expect_success();
    CURL.run(&container, "intermediate").expect_success();
    for place in [
        "-no-CAfile -CApath /etc/ssl/certs",
        "-no-CApath -CAfile /etc/ssl/certs/ca-certificates.crt",
    ] {
        let verify = format!("openssl verify -no-CAstore {place}");
        let certificate = "/fixtures/intermediate-server.crt";
        container.sh(&format!("{verify} -partial_chain {certificate}"));
        let run = container.try_sh(&format!("{verify} {certificate}")).expect_code(2);
        assert!(run.stderr.contains("unable to get issuer"), "{run}");
    }
}
