//! The starts that are tried: on which image, after what, and what comes of one that nothing hinders.

use nix::sys::wait::WaitStatus;

use crate::calls;
use crate::calls::Made;
use crate::calls::UNKNOWN;
use crate::command::Command;
use crate::rootfs::CA;
use crate::rootfs::COMMAND;
use crate::rootfs::Rootfs;
use crate::tracer::Answer;
use crate::tracer::Call;
use crate::tracer::End;
use crate::tracer::trace;
use crate::tree::Tree;
use crate::util::Root;
use crate::x509::Certificate;

/// A start.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) image: fn() -> Root,
    /// Who can't write the system's store, or root.
    pub(crate) user: Option<u32>,
    /// The CAs of earlier starts.
    pub(crate) earlier: &'static [&'static str],
    /// The CA that is mounted at this one.
    pub(crate) mounted: Option<&'static str>,
    pub(crate) options: &'static [&'static str],
    /// The command is named without its directory: a search that fails finds no command.
    pub(crate) finds_command: bool,
}

/// A scenario in a root file system, ready to be started any number of times.
pub(crate) struct Stage {
    scenario: Scenario,
    pub(crate) rootfs: Rootfs,
    /// Before the start.
    pub(crate) old: Tree,
    /// After one that nothing hinders.
    pub(crate) new: Tree,
    /// The calls of that one.
    pub(crate) calls: Vec<Made>,
    /// What it came to.
    pub(crate) end: End,
}

impl Scenario {
    pub(crate) fn stage(self) -> Stage {
        let mut rootfs = Rootfs::new(&(self.image)());
        for ca in self.earlier {
            mount(&rootfs, Some(ca));
            self.command(&rootfs, &[]).run().ok();
        }
        mount(&rootfs, self.mounted);
        let old = rootfs.keep().clone();
        let mut calls = Vec::new();
        let root = rootfs.root.path().to_str().unwrap().to_owned();
        let end = trace(self.command(&rootfs, self.options), usize::MAX, &mut |_, call| {
            let made = calls::made(call, &root);
            assert!(made.name != UNKNOWN.name, "call {} isn't in CALLS: add it", call.number);
            calls.push(made);
            Answer::Go
        });
        let new = rootfs.tree();
        rootfs.reset();
        let stage = Stage { scenario: self, rootfs, old, new, calls, end };
        assert_eq!(stage.fate_of_command(&stage.end), Ok(()), "{}", stage.end.stderr);
        stage
    }

    fn command(&self, rootfs: &Rootfs, options: &[&str]) -> Command {
        let [path, version] = COMMAND;
        let name = if self.finds_command { path.trim_start_matches("/bin/") } else { path };
        rootfs.start(options, &[name, version], self.user)
    }
}

impl Stage {
    /// A start that `answer` is asked about.
    pub(crate) fn start(&self, answer: &mut dyn FnMut(usize, &Call<'_>) -> Answer) -> End {
        // One that fails does other things besides, and none of them often.
        let most = 1000 + 4 * self.calls.len();
        trace(self.scenario.command(&self.rootfs, self.scenario.options), most, answer)
    }

    /// A start that nothing hinders, nor looks at.
    pub(crate) fn mend(&self) -> Result<(), String> {
        let outcome = self.scenario.command(&self.rootfs, self.scenario.options).run();
        if outcome.out() == VERSION {
            return Ok(());
        }
        Err(format!("the command did not run: stdout {:?}, {}", outcome.out(), outcome.err()))
    }

    /// Whether the command ran, and ended as it does.
    pub(crate) fn fate_of_command(&self, end: &End) -> Result<(), String> {
        let ran = matches!(end.status, WaitStatus::Exited(_, 0)) && end.environment.is_some();
        if ran && end.stdout == VERSION {
            return Ok(());
        }
        Err(format!("the command did not run: {:?}, stdout {:?}", end.status, end.stdout))
    }
}

fn mount(rootfs: &Rootfs, ca: Option<&str>) {
    let root = &rootfs.root;
    match ca {
        Some(ca) => drop(root.write(CA, Certificate::ca(ca).pem())),
        None if root.at(CA).exists() => drop(root.remove(CA)),
        None => {}
    }
}

/// What [`COMMAND`] prints.
const VERSION: &str = concat!("ca-entrypoint ", env!("CARGO_PKG_VERSION"), "\n");
