//! The server that the clients ask: one process with a port for each certificate.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::certificates;
use crate::engine::unique_name;

/// A container with the server in it, whose network the clients' containers share.
pub(crate) struct Server {
    name: String,
    log: PathBuf,
    /// Holds the container's input: it ends when this process does.
    child: Child,
}

impl Server {
    /// Starts it, and comes back when its ports are open. `directory` is mounted as `/matrix` and
    /// has the server's program.
    pub(crate) fn start(directory: &str) -> Self {
        let name = unique_name("matrix");
        let log = PathBuf::from(directory).join("log");
        fs::create_dir_all(&log).expect("the directory was just made");
        let script = "sh /matrix/site.sh /site >&2 &&
            exec python3 /matrix/server.py /site /matrix/log/requests \
            private=4431=/fixtures/root-server.crt=/fixtures/root-server.key \
            public=4432=/stand-in/server.crt=/stand-in/server.key \
            other=4433=/fixtures/second-server.crt=/fixtures/second-server.key";
        let mut child = Command::new("docker")
            .args(["run", "--rm", "--interactive", "--init", "--network", "none", "--name", &name])
            .arg(format!("--volume={directory}:/matrix:ro"))
            .arg(format!("--volume={}:/matrix/log", log.display()))
            .arg(format!("--volume={}:/fixtures:ro", certificates::directory()))
            .args(["ca-entrypoint-test:clients", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("'docker' can't be run: make matrix");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        assert_eq!(line, "ready\n", "no server comes up: scripts/images.sh matrix");
        Self { name, log: log.join("requests"), child }
    }

    /// The option of `docker run` that lets a container reach it.
    pub(crate) fn network(&self) -> String {
        format!("--network=container:{}", self.name)
    }

    /// `SERVER PATH` of each request that came over a finished handshake.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).expect("the server has opened it");
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
