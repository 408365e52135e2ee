//! Each call of a start, failed in each way that it can, or never made.

use std::env;
use std::fmt;

use nix::errno::Errno;
use nix::errno::Errno::EDQUOT;
use nix::errno::Errno::EMFILE;
use nix::errno::Errno::ENOMEM;
use nix::errno::Errno::ENOSPC;
use nix::errno::Errno::EROFS;
use nix::libc;
use nix::sys::wait::WaitStatus;

use crate::calls;
use crate::calls::Made;
use crate::scenario::Scenario;
use crate::scenario::Stage;
use crate::tracer::Answer;
use crate::tracer::End;
use crate::verdict;

/// What goes wrong, and when.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    /// The call's number in the start.
    index: usize,
    answer: Answer,
    /// From there on, all calls that can fail so do.
    goes_on: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} {:?}", self.index, self.answer)?;
        if self.goes_on { write!(f, " and all like it after") } else { Ok(()) }
    }
}

/// All points of a start; or, of each call, one way to fail, the ways taken in turn.
fn points(stage: &Stage, is_whole: bool) -> Vec<Point> {
    let mut points = Vec::new();
    for (index, made) in stage.calls.iter().enumerate() {
        let mut ways: Vec<Point> = Vec::new();
        // Before the C library is set up there is nobody to see a failure.
        if index >= C_LIBRARY {
            let fail = |&errno| Point { index, answer: Answer::Fail(errno), goes_on: false };
            ways.extend(made.errnos.iter().map(fail));
            let lasting = LASTING.iter().filter(|&&errno| lasts(made, errno));
            ways.extend(lasting.map(|&errno| Point {
                index,
                answer: Answer::Fail(errno),
                goes_on: true,
            }));
            if made.can_be_halved {
                ways.push(Point { index, answer: Answer::Halve, goes_on: false });
            }
            // From where the program has seen to it on, and before it is another one.
            if index > CATCHES_DEFECTS && made.name != "execve" {
                ways.push(Point { index, answer: Answer::Crash, goes_on: false });
            }
        }
        if !is_whole && !ways.is_empty() {
            ways = vec![ways[index % ways.len()]];
        }
        ways.push(Point { index, answer: Answer::Kill, goes_on: false });
        points.extend(ways);
    }
    points
}

/// Whether a call fails as long as something is full, read-only, or used up.
fn lasts(made: &Made, errno: Errno) -> bool {
    match errno {
        ENOSPC | EDQUOT | EROFS => made.changes && made.errnos.contains(&errno),
        EMFILE => made.opens,
        ENOMEM => made.allocates,
        _ => false,
    }
}

/// Tries a point, and lets the next start mend what it left.
fn try_point(stage: &Stage, point: Point) -> Result<(), String> {
    stage.rootfs.reset();
    let root = stage.rootfs.root.path().to_str().unwrap();
    let mut watch = Watch::default();
    let end = stage.start(&mut |index, call| {
        // Up to there it is the start that nothing hinders.
        if index < point.index {
            return Answer::Go;
        }
        let made = calls::made(call, root);
        watch.look(stage, &made);
        match point.answer {
            Answer::Fail(errno) if point.goes_on && lasts(&made, errno) => point.answer,
            answer if index == point.index => answer,
            _ => Answer::Go,
        }
    });
    watch.torn?;
    assert!(watch.calls > 0, "the start is another one each time");
    let tree = stage.rootfs.tree();
    verdict::store(stage, &tree, true)?;
    if point.answer != Answer::Kill {
        fate(stage, point, &end)?;
        verdict::messages(stage, &tree, &end)?;
        verdict::variables(&tree, &end)?;
    }
    stage.mend().map_err(|why| format!("the next start: {why}"))?;
    let tree = stage.rootfs.tree();
    verdict::is_new(stage, &tree).map_err(|why| format!("after the next start, {why}"))
}

/// The eyes of a reader, at each call that the one before may have made a difference to.
struct Watch {
    calls: usize,
    /// The last call, if it may have changed a file.
    change: Option<String>,
    torn: Result<(), String>,
}

impl Default for Watch {
    fn default() -> Self {
        Self { calls: 0, change: None, torn: Ok(()) }
    }
}

impl Watch {
    fn look(&mut self, stage: &Stage, made: &Made) {
        if let (Some(change), Ok(())) = (&self.change, &self.torn) {
            let tree = stage.rootfs.tree();
            self.torn =
                verdict::store(stage, &tree, true).map_err(|why| format!("after {change}: {why}"));
        }
        self.calls += 1;
        self.change = made.changes.then(|| made.shown.clone());
    }
}

/// A start that nothing hinders, seen by readers all the while.
fn watched(stage: &Stage) -> Result<(), String> {
    stage.rootfs.reset();
    let root = stage.rootfs.root.path().to_str().unwrap();
    let mut watch = Watch::default();
    stage.start(&mut |_, call| {
        watch.look(stage, &calls::made(call, root));
        Answer::Go
    });
    watch.torn
}

/// Whether the command ran; or, if it is execve(2) that failed, the program said so.
fn fate(stage: &Stage, point: Point, end: &End) -> Result<(), String> {
    let is_exec = stage.calls[point.index].name == "execve";
    match (is_exec, end.status) {
        (true, WaitStatus::Exited(_, 126 | 127)) => Ok(()),
        _ => stage.fate_of_command(end),
    }
}

/// Tries all points, and prints how many there were.
#[track_caller]
pub(crate) fn try_all(name: &str, scenario: Scenario) {
    let is_whole = env::var_os("CA_ENTRYPOINT_FAULTS").is_some_and(|value| value == "all");
    let stage = scenario.stage();
    verdict::outputs(&stage);
    let points = points(&stage, is_whole);
    let mut failures = Vec::from_iter(watched(&stage).err());
    for point in &points {
        if let Err(why) = try_point(&stage, *point) {
            failures.push(format!("{point}: {}: {why}", stage.calls[point.index].shown));
        }
    }
    let (calls, count) = (stage.calls.len(), points.len());
    println!("{name}: {calls} calls, {count} points, {} failures", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What the C library does before anything else: the thread's register, its number.
pub(crate) const C_LIBRARY: usize = 2;

/// What fails one call fails the others.
const LASTING: [Errno; 5] = [ENOSPC, EDQUOT, EROFS, EMFILE, ENOMEM];

const _: () = assert!(libc::SYS_read == 0, "the tracer knows the registers of x86-64");

/// The call by which a defect is caught from then on.
const CATCHES_DEFECTS: usize = C_LIBRARY + 1;
