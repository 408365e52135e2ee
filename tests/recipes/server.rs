//! A TLS server for the hosts that the documentation names, on a container's loopback that clients
//! share. Its certificate is signed by the CA that the recipes install.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use crate::certificates;
use crate::engine::unique_name;
use crate::stand_ins;

/// A server of `/hello` and of a git repository at `/group/project.git`.
pub(crate) struct Server {
    name: String,
    /// Holds the container's stdin: it ends when this process does.
    _child: Child,
}

/// A client that all images have, and the exit codes by which it says that it doesn't trust a server:
/// the second where it finds no store.
pub(crate) const CURL: &str = "curl --silent --show-error --fail https://gitlab.example.com/hello";
pub(crate) const CURL_REFUSES: [i32; 2] = [60, 77];

/// What it prints when it trusts the server.
pub(crate) const HELLO: &str = "hello\n";

/// The port of a server that sends its root behind its certificate, and of one whose certificate is
/// its own root.
pub(crate) const WITH_ROOT: u16 = 8443;
pub(crate) const SELF_SIGNED: u16 = 9443;

impl Server {
    /// The one that all tests share.
    pub(crate) fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    /// The option of `docker run` that lets a container reach it.
    pub(crate) fn network() -> String {
        format!("--network=container:{}", Self::shared().name)
    }

    fn start() -> Self {
        make_certificates();
        let name = unique_name("server");
        let mut arguments: Vec<String> =
            ["run", "--rm", "--interactive", "--init"].map(str::to_owned).into();
        arguments.push("--network=none".to_owned());
        arguments
            .extend(stand_ins::HOSTS.iter().map(|host| format!("--add-host={host}:127.0.0.1")));
        arguments.push(format!("--name={name}"));
        arguments.push(format!("--volume={}:/fixtures:ro", certificates::directory()));
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/server.py");
        arguments.push(format!("--volume={program}:/server.py:ro"));
        arguments.push("--workdir=/fixtures".to_owned());
        // It has Python.
        arguments
            .extend(["ca-entrypoint-test:clients", "python3", "/server.py"].map(str::to_owned));
        for (port, certificate) in
            [(443, "hosts.crt"), (WITH_ROOT, "hosts-chain.crt"), (SELF_SIGNED, "hosts-alone.crt")]
        {
            arguments.extend([port.to_string(), certificate.to_owned(), "hosts.key".to_owned()]);
        }
        let mut child = Command::new("docker")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("'docker' can't be run: make recipes");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("it prints a line, or ends");
        assert_eq!(line, "serving\n", "no server comes up in {name}: make recipes");
        Self { name, _child: child }
    }
}

fn make_certificates() {
    let directory = Path::new(certificates::directory());
    let names: Vec<String> = stand_ins::HOSTS.iter().map(|host| format!("DNS:{host}")).collect();
    let names = format!("subjectAltName = DNS:localhost,{}", names.join(","));
    let extensions = format!(
        "[req]\ndistinguished_name = name\n[name]\n[server]\n{names}\nextendedKeyUsage = serverAuth\n\
         subjectKeyIdentifier = hash\n"
    );
    fs::write(directory.join("hosts.cnf"), extensions).expect("the directory was just made");
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .args(["req", "-x509", "-config", "hosts.cnf", "-extensions", "server", "-nodes"])
            .args(["-days", "3650", "-subj", "/CN=gitlab.example.com"])
            .args(arguments)
            .current_dir(directory)
            .output()
            .expect("'openssl' can't be run: apt-get install openssl, or make recipes");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "hosts.key"];
    openssl(&[&key[..], &["-CA", "root.crt", "-CAkey", "root.key", "-out", "hosts.crt"]].concat());
    openssl(&["-key", "hosts.key", "-out", "hosts-alone.crt"]);
    let chain = ["hosts.crt", "root.crt"].map(certificates::text).concat();
    fs::write(directory.join("hosts-chain.crt"), chain).expect("the directory was just made");
    let repository = directory.join("group/project.git");
    fs::create_dir_all(repository.join("info")).expect("the directory was just made");
    for (from, to) in [("HEAD", "HEAD"), ("info/refs?service=git-upload-pack", "info/refs")] {
        let from = directory.join("repository").join(from);
        fs::copy(from, repository.join(to)).expect("it is of the list");
    }
}
