//! The GitLab that jobs talk to: git repositories, artifacts and caches, over TLS.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::thread;

use crate::certificates;
use crate::engine::unique_name;
use crate::images::Image;

/// A server with a port for each certificate, in a container whose network the jobs' ones share.
pub(crate) struct Site {
    name: String,
    requests: Arc<Mutex<Vec<String>>>,
    /// Holds the server's stdin: it ends when this process does.
    _child: Child,
}

impl Site {
    /// The one that all tests share.
    pub(crate) fn shared() -> &'static Self {
        static SITE: OnceLock<Site> = OnceLock::new();
        SITE.get_or_init(Self::start)
    }

    fn start() -> Self {
        let name = unique_name("site");
        let mut child = Command::new("docker")
            .args(["run", "--rm", "--interactive", "--network=none", "--name", &name])
            .arg(format!("--volume={}:/fixtures:ro", certificates::directory()))
            .args(["--entrypoint=/usr/bin/dumb-init", &Image::Helper.theirs()])
            .args(["sh", "-euc", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells there of each client that doesn't trust it.
            .stderr(Stdio::null())
            .spawn()
            .expect("'docker' can't be run: make gitlab");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        let _ = stdout.read_line(&mut line);
        assert_eq!(line, "ready\n", "no server comes up: scripts/images.sh gitlab");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                log.lock().expect("nobody panics with it").push(line);
            }
        });
        Self { name, requests, _child: child }
    }

    /// The option of `docker create` that lets a container reach it.
    pub(crate) fn network(&self) -> String {
        format!("--network=container:{}", self.name)
    }

    /// Whether a request with `PORT METHOD PATH` in it came over a finished handshake. It is logged
    /// before it is answered.
    pub(crate) fn has_seen(&self, request: &str) -> bool {
        let requests = self.requests.lock().expect("nobody panics with it");
        requests.iter().any(|line| line.contains(request))
    }
}

/// Signed by `root.crt`.
pub(crate) const GITLAB: &str = "https://localhost:4431";

/// Signed by `second.crt`: what isn't GitLab, but has a private CA as well.
pub(crate) const STORAGE: &str = "https://localhost:4432";

/// Signed by `twin-a.crt`, which no test mounts.
pub(crate) const STRANGER: &str = "https://localhost:4433";

/// What a Go program says that doesn't trust a server.
pub(crate) const REFUSAL: &str = "x509: certificate signed by unknown authority";

/// Two repositories, of which the first has the second for a submodule.
const SCRIPT: &str = "
    export HOME=/root
    git config --global init.defaultBranch main
    git config --global user.name tests
    git config --global user.email tests@localhost
    git config --global safe.directory '*'
    commit() {
        git init --quiet --bare /srv/$1.git
        git init --quiet /tmp/$1
        cd /tmp/$1
        echo \"content of $1\" >file
        if [ $1 = project ]; then
            printf '[submodule \"module\"]\\n\\tpath = module\\n\\turl = https://localhost:4432/module.git\\n' >.gitmodules
            git update-index --add --cacheinfo 160000,$(git -C /tmp/module rev-parse HEAD),module
        fi
        git add file $(ls .gitmodules 2>/dev/null || true)
        git commit --quiet --message \"$1\"
        git push --quiet /srv/$1.git main
    }
    commit module
    commit project
    exec gitlab /srv \
        4431=/fixtures/root-server.crt=/fixtures/root-server.key \
        4432=/fixtures/second-server.crt=/fixtures/second-server.key \
        4433=/fixtures/twin-a-server.crt=/fixtures/twin-a-server.key";
