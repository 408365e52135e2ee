//! A container's entrypoint that makes every program in the container trust a mounted CA, then
//! becomes the real command.
//!
//! Between the bytes that come in and those that go out stand pure functions over plain data;
//! [`run`] is the way through them.

mod anchor;
mod apply;
mod certificate;
mod change;
mod cli;
mod concern;
mod distinguished_name;
mod envelope;
mod environment;
mod error;
mod exec;
mod format;
mod local;
mod pem;
mod plan;
mod platform;
mod report;
mod root;
mod source;
mod stop;
mod store;
mod subject_hash;
mod sys;

use std::convert::Infallible;
use std::ffi::OsString;

use crate::anchor::TrustAnchors;
use crate::cli::Config;
use crate::cli::OnError;
use crate::cli::Request;
use crate::cli::Task;
use crate::environment::Environment;
use crate::error::Error;
use crate::local::Goal;
use crate::plan::Plan;
use crate::plan::TrustFiles;
use crate::platform::Detected;
use crate::root::Root;
pub use crate::stop::Stop;

/// Does what the arguments, without the program's name, ask for, and becomes the command.
///
/// # Errors
/// There is no other way back than a [`Stop`]: because something failed, or because there was no
/// command.
pub fn run(arguments: Vec<OsString>) -> Result<Infallible, Stop> {
    let environment = Environment::of_process();
    let config = match cli::parse(arguments, &environment.trusted())? {
        Request::Run(config) => config,
        Request::Show(text) => return Err(Stop::print(text)),
    };
    report::init(&config.log);
    let root = Root::open(&config.root)?;
    let trust = establish_trust(&root, &config)?;
    let Some((command, arguments)) = config.command.split_first() else {
        return Err(Stop::done());
    };
    let environment =
        environment.with_defaults(environment::defaults(&root, &trust, config.has_prefix));
    Err(exec::exec(command, arguments, &environment).into())
}

/// Brings the store to its goal and tells which files programs can be pointed at. What fails is
/// reported; whether it ends the program is the user's choice.
fn establish_trust(root: &Root, config: &Config) -> Result<TrustFiles, Stop> {
    let (anchors, mut failures) = match config.task {
        Task::Remove
        | Task::ShowPlan {
            is_removal: true, ..
        } => (None, 0),
        Task::Install
        | Task::ShowPlan {
            is_removal: false, ..
        } => read_anchors(root, config),
    };
    let goal = match (&anchors, config.task) {
        (
            _,
            Task::Remove
            | Task::ShowPlan {
                is_removal: true, ..
            },
        ) => Some(Goal::Remove),
        (Some(anchors), _) => Some(Goal::Install(anchors)),
        (None, _) => None,
    };
    let trust = match (goal, config.task) {
        (_, Task::ShowPlan { format, .. }) => {
            let detected = platform::detect(root);
            let plan = goal
                .map(|goal| make_plan(root, &detected, goal))
                .transpose()?;
            Err(Stop::print(plan::render::render(
                &detected,
                anchors.as_ref(),
                plan.as_ref(),
                format,
            )))
        }
        (None, _) => Ok(TrustFiles::default()),
        (Some(goal), _) => converge(root, goal).or_else(|error| {
            report::error(&error);
            failures += 1;
            let anchors = anchors
                .as_ref()
                .and_then(TrustAnchors::file)
                .map(ToOwned::to_owned);
            Ok(TrustFiles {
                merged_bundle: None,
                anchors,
            })
        }),
    }?;
    if failures > 0 && config.on_error == OnError::Fail {
        Err(Stop::reported())
    } else {
        Ok(trust)
    }
}

/// The anchors of all locations, and how much of them could not be used. Both good and bad ones are
/// reported on.
fn read_anchors(root: &Root, config: &Config) -> (Option<TrustAnchors>, usize) {
    let found = source::read(root, &config.locations);
    let contents: Vec<_> = found.sources.iter().map(anchor::parse).collect();
    let errors: Vec<&Error> = found
        .errors
        .iter()
        .chain(contents.iter().flat_map(|contents| &contents.errors))
        .collect();
    errors.iter().for_each(|error| report::error(error));
    let failures = errors.len();
    contents.iter().for_each(report::contents);
    (TrustAnchors::new(contents), failures)
}

/// Observes, plans and applies, while no other start of this program does.
fn converge(root: &Root, goal: Goal<'_>) -> Result<TrustFiles, Error> {
    let detected = platform::detect(root);
    log::debug!("platform {}: {}", detected.platform.name, detected.reason);
    let _lock = store::lock(root, detected.platform, goal)?;
    let plan = make_plan(root, &detected, goal)?;
    apply::apply(root, &plan)?;
    if !plan.is_empty() {
        report::updated(&plan);
    }
    Ok(plan.trust().clone())
}

fn make_plan(root: &Root, detected: &Detected, goal: Goal<'_>) -> Result<Plan, Error> {
    let locals = local::anchors(
        detected.platform,
        store::local_files(root, detected.platform)?,
        goal,
    );
    let state = store::observe(root, detected.platform, &locals)?;
    Ok(plan::plan(detected.platform, &locals, &state, goal))
}
