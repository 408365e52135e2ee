//! A shell that waits in a container for scripts.
//!
//! Each `docker exec` takes a tenth of a second of the processor's time, most of it the engine's;
//! what is here takes a few milliseconds. A script has the rights and limits that `docker exec` would
//! give it: all processes of the container have the same.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStderr;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::sync::Mutex;

use crate::certificates;
use crate::engine::Run;
use crate::engine::spawn;

/// The container's first process. It ends with this one, whatever ends this one, since its stdin
/// does.
pub(crate) struct Shell {
    directory: PathBuf,
    streams: Mutex<Streams>,
    child: Child,
}

/// A line with a script's number goes in, and one with the number and the exit code comes out.
struct Streams {
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    stderr: ChildStderr,
    count: usize,
}

impl Shell {
    /// By `docker run` with these options.
    pub(crate) fn start(name: &str, image: &str, options: &[&str]) -> Self {
        let directory = Path::new(certificates::directory()).join("scripts").join(name);
        fs::create_dir_all(&directory).expect("the fixtures were just made there");
        open_to_all(&directory);
        let volume = format!("--volume={}:{EXCHANGE}", directory.display());
        let mut arguments = vec!["run", "--interactive", "--rm", "--init", "--name", name, &volume];
        arguments.extend(options);
        arguments.extend([image, "sh", "-c", LOOP]);
        let mut child = spawn(&arguments);
        let streams = Streams {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().expect("stdout is a pipe")),
            stderr: child.stderr.take().expect("stderr is a pipe"),
            count: 0,
        };
        let shell = Self { directory, streams: Mutex::new(streams), child };
        shell.run("true", b"").expect_success();
        shell
    }

    /// Runs a script with this input. Nothing but PATH and HOME is in its environment.
    pub(crate) fn run(&self, script: &str, input: &[u8]) -> Run {
        // A test that panicked holds no script up.
        let mut streams = self.streams.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        streams.count += 1;
        let number = streams.count;
        let file = |suffix: &str| self.directory.join(format!("{number}.{suffix}"));
        fs::write(file("sh"), script).expect("the directory was made for it");
        fs::write(file("in"), input).expect("the directory was made for it");

        let mut answer = String::new();
        let stdin = streams.stdin.as_mut().expect("it is taken when this is dropped");
        let _ = writeln!(stdin, "{number}");
        let _ = streams.stdout.read_line(&mut answer);
        let code = answer
            .strip_prefix(&format!("{number} "))
            .and_then(|code| code.trim_end().parse().ok())
            .unwrap_or_else(|| {
                let mut message = String::new();
                let _ = streams.stderr.read_to_string(&mut message);
                panic!("the container has ended: make images\n{answer}{message}")
            });
        let read = |suffix| fs::read(file(suffix)).expect("the shell made it");
        Run {
            command: script.to_owned(),
            code,
            stdout: read("out"),
            stderr: String::from_utf8_lossy(&read("err")).into_owned(),
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let streams = self.streams.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        streams.stdin = None;
        // Docker's client ends when the container is gone.
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Users of the container who aren't root write their output there.
fn open_to_all(directory: &Path) {
    let mode = fs::Permissions::from_mode(0o777);
    fs::set_permissions(directory, mode).expect("it was just made");
}

const EXCHANGE: &str = "/scripts";

const LOOP: &str = r#"while read -r number; do
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent \
        sh -euc "$(cat "/scripts/$number.sh")" \
        <"/scripts/$number.in" >"/scripts/$number.out" 2>"/scripts/$number.err"
    echo "$number $?"
done"#;
