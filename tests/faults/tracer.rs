//! A process that is stopped at each of its system calls, by ptrace(2). With x86-64's registers.

use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::io::Seek as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::ptrace::Options;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::sys::wait::WaitStatus;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::command::Command;
use crate::rootfs::memory;

/// What becomes of a call that the process is about to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    Go,
    /// It isn't made, and the process is told this.
    Fail(Errno),
    /// Of a call that reads or writes: half of the bytes.
    Halve,
    /// It is made, and then the program can't go on: the instruction behind it is none.
    Crash,
    /// The process ends here.
    Kill,
}

/// A call that is about to be made.
pub(crate) struct Call<'a> {
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
    process: &'a Process,
}

impl Call<'_> {
    /// The C string that an argument points to.
    pub(crate) fn text(&self, argument: usize) -> String {
        let mut bytes = vec![0; 4096];
        let length = self.process.memory.read_at(&mut bytes, self.arguments[argument]);
        bytes.truncate(length.unwrap_or_default());
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    }

    /// What a descriptor is open on.
    pub(crate) fn file(&self, argument: usize) -> Option<PathBuf> {
        let descriptor = self.arguments[argument] as i32;
        fs::read_link(format!("/proc/{}/fd/{descriptor}", self.process.pid)).ok()
    }
}

/// What a process came to.
pub(crate) struct End {
    pub(crate) status: WaitStatus,
    /// Of the command, as `NAME=VALUE`, once the process had become it.
    pub(crate) environment: Option<Vec<String>>,
    /// What each call returned; less than zero an errno. None of the one that it ended in.
    pub(crate) results: Vec<i64>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Starts a program, and asks `answer` at each of its calls, until it becomes another program, which
/// runs on unhindered. One that makes more than `most` calls is ended.
#[expect(clippy::zombie_processes, reason = "it is waited for as a traced process is")]
pub(crate) fn trace(
    command: Command,
    most: usize,
    answer: &mut dyn FnMut(usize, &Call<'_>) -> Answer,
) -> End {
    let [mut stdout, mut stderr] = [(); 2].map(|()| tempfile::tempfile_in(memory()).unwrap());
    let mut command = command.before_exec(|| Ok(ptrace::traceme()?)).inner;
    command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap());
    let child = command.spawn().unwrap();
    let mut process = Process::of(Pid::from_raw(child.id().cast_signed()));
    let mut results = Vec::new();
    let mut environment = None;
    let status = loop {
        let Some(status) = process.go_on() else {
            // A call begins.
            let mut registers = ptrace::getregs(process.pid).unwrap();
            let call = Call {
                number: registers.orig_rax.cast_signed(),
                arguments: [
                    registers.rdi,
                    registers.rsi,
                    registers.rdx,
                    registers.r10,
                    registers.r8,
                    registers.r9,
                ],
                process: &process,
            };
            let index = results.len();
            let answered = if index < most { answer(index, &call) } else { Answer::Kill };
            let count = registers.rdx;
            match answered {
                Answer::Go => {}
                Answer::Fail(_) => registers.orig_rax = u64::MAX,
                Answer::Halve => registers.rdx = count / 2,
                Answer::Crash => kill(process.pid, Signal::SIGILL).unwrap(),
                Answer::Kill => {
                    break process.kill();
                }
            }
            if answered != Answer::Go {
                ptrace::setregs(process.pid, registers).unwrap();
            }
            match process.go_on() {
                None => {}
                // It has become the command.
                Some(WaitStatus::PtraceEvent(..)) => {
                    environment = Some(process.environment());
                    ptrace::detach(process.pid, None).unwrap();
                    break waitpid(process.pid, None).unwrap();
                }
                Some(status) => break status,
            }
            if answered != Answer::Go {
                let mut registers = ptrace::getregs(process.pid).unwrap();
                match answered {
                    Answer::Fail(errno) => registers.rax = (-(errno as i64)).cast_unsigned(),
                    _ => registers.rdx = count,
                }
                ptrace::setregs(process.pid, registers).unwrap();
            }
            results.push(ptrace::getregs(process.pid).unwrap().rax.cast_signed());
            continue;
        };
        break status;
    };
    let [stdout, stderr] = [&mut stdout, &mut stderr].map(|file| {
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    End { status, environment, results, stdout, stderr }
}

struct Process {
    pid: Pid,
    memory: File,
}

impl Process {
    /// A child that asked to be traced, at the beginning of its program.
    fn of(pid: Pid) -> Self {
        let stopped = waitpid(pid, None).unwrap();
        assert_eq!(stopped, WaitStatus::Stopped(pid, Signal::SIGTRAP));
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_EXITKILL;
        ptrace::setoptions(pid, options).unwrap();
        Self { pid, memory: File::open(format!("/proc/{pid}/mem")).unwrap() }
    }

    /// To where a call begins or ends; else tells what came before that.
    fn go_on(&mut self) -> Option<WaitStatus> {
        let mut signal = None;
        loop {
            ptrace::syscall(self.pid, signal).unwrap();
            match waitpid(self.pid, None).unwrap() {
                WaitStatus::PtraceSyscall(_) => return None,
                WaitStatus::Stopped(_, caught) => signal = Some(caught),
                status => return Some(status),
            }
        }
    }

    fn kill(&self) -> WaitStatus {
        ptrace::kill(self.pid).unwrap();
        waitpid(self.pid, None).unwrap()
    }

    fn environment(&self) -> Vec<String> {
        let bytes = fs::read(format!("/proc/{}/environ", self.pid)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        text.split_terminator('\0').map(str::to_owned).collect()
    }
}
