//! A TLS server on the host's loopback, and the client on the machine that asks it.

use std::env;
use std::io::BufRead;
use std::io::BufReader;
use std::process;
use std::process::Child;
use std::process::Stdio;

use crate::certificates;
use crate::command::Outcome;
use crate::machine::Machine;

/// `openssl s_server` on a port that was free.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: String,
}

impl Server {
    /// Starts it with a server certificate of the compliance tests, and comes back when it listens.
    pub(crate) fn start(certificate: &str) -> Self {
        let mut child = process::Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "10", "-www"])
            .args(["-cert", &format!("{certificate}.crt"), "-key", &format!("{certificate}.key")])
            .current_dir(certificates::directory())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("'openssl' can't be run: apt-get install openssl, or make windows");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("ACCEPT ")?.rsplit_once(':')?.1.to_owned()));
        Self { child, port: port.expect("the server tells where it listens") }
    }

    /// Asks for a page as programs do that use the system's TLS.
    pub(crate) fn get<'a>(&self, machine: &'a Machine) -> Outcome<'a> {
        machine.program("https", &["localhost", &self.port, "/"]).run()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
