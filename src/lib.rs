//! A container's entrypoint that makes every program in the container trust a mounted CA, then
//! becomes the real command.
//!
//! Between the bytes that come in and those that go out stand pure functions over plain data;
//! [`run`] is the way through them.

mod anchor;
mod apply;
mod blocklist;
mod certificate;
mod change;
mod cli;
mod concern;
mod copy;
mod der;
mod distinguished_name;
mod envelope;
mod environment;
mod error;
mod escape;
mod exec;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod holders;
mod java;
mod local;
mod nss;
mod option_table;
mod pem;
mod placement;
mod places;
mod plan;
mod platform;
mod private;
mod purpose;
mod report;
mod root;
mod server_ca;
mod source;
mod stop;
mod store;
mod strict;
mod subject_hash;
mod sys;
mod system_store;

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::anchor::Admission;
use crate::anchor::TrustAnchors;
use crate::cli::Config;
use crate::cli::Format;
use crate::cli::OnError;
use crate::cli::Request;
use crate::environment::Environment;
use crate::environment::Setting;
use crate::error::Error;
use crate::local::Goal;
use crate::local::Whose;
use crate::plan::Plan;
use crate::plan::TrustFiles;
use crate::platform::Detected;
use crate::platform::Platform;
use crate::root::Root;
pub use crate::stop::Stop;
pub use crate::sys::arguments;

/// Does what the arguments, without the program's name, ask for, and becomes the command.
///
/// # Errors
/// There is no other way back than a [`Stop`]: because something failed, or because there was no
/// command.
pub fn run(arguments: Vec<OsString>) -> Result<Infallible, Stop> {
    let environment = Environment::of_process();
    let config = match cli::parse(arguments, &environment.trusted())? {
        Request::CopyTo(directory) => {
            copy::to(&directory)?;
            return Err(Stop::done());
        }
        Request::Run(config) => config,
        Request::Show(text) => return Err(Stop::print(text)),
    };
    if config.on_error == OnError::Warn {
        sys::arm(&config.command);
    }
    report::init(&config.log);
    config.ignored.iter().for_each(report::error);
    let root = config.root.as_deref().map_or_else(|| Ok(Root::system()), Root::open)?;
    let mut trust = establish_trust(&root, &config)?;
    trust.server_ca = config.server_ca.as_ref().and_then(|path| server_ca(&root, path));
    let settings = environment::settings(&environment, &root, &trust, config.has_prefix);
    if let Some(dialect) = config.print_env {
        let (text, errors) = environment::render(&settings, dialect);
        let failures = errors.iter().map(report::error).count();
        return Err(if failures > 0 && config.on_error == OnError::Fail {
            Stop::reported()
        } else {
            Stop::print(text)
        });
    }
    Err(become_command(&config, environment, settings))
}

/// Becomes the command, with these settings as far as there is room for them. Returns only when that
/// can't be done, or there is no command.
fn become_command(config: &Config, environment: Environment, settings: Vec<Setting>) -> Stop {
    let Some((command, arguments)) = config.command.split_first() else {
        return Stop::done();
    };
    let is_as_given = settings.is_empty();
    let error = exec::exec(command, arguments, &environment.with(settings));
    if is_as_given || !exec::had_no_room(&error) {
        return error.into();
    }
    report::error(&Error::NoRoom);
    if config.on_error == OnError::Fail {
        return Stop::reported();
    }
    exec::exec(command, arguments, &Environment::of_process()).into()
}

/// Brings the store to its goal and tells which files programs can be pointed at. What fails is
/// reported; whether it ends the program is the user's choice.
fn establish_trust(root: &Root, config: &Config) -> Result<TrustFiles, Stop> {
    let (anchors, mut failures) =
        if config.is_removal { (None, 0) } else { read_anchors(root, config) };
    let is_failure = |failures| failures > 0 && config.on_error == OnError::Fail;
    // Where there is no CA, nothing else is looked at.
    if anchors.is_none() && !config.is_removal && config.show_plan.is_none() {
        return if is_failure(failures) {
            Err(Stop::reported())
        } else {
            Ok(TrustFiles::default())
        };
    }
    let detected = platform::detect(root);
    log::debug!("platform {}: {}", detected.platform.name, detected.reason);
    let Admission { anchors, withdrawn, errors } = admit(root, detected.platform, anchors);
    failures += errors.iter().map(report::error).count();
    let goal = match &anchors {
        Some(anchors) => Some(Goal::Install(anchors)),
        None if config.is_removal => Some(Goal::Remove(Whose::All)),
        None if !errors.is_empty() => Some(Goal::Remove(Whose::Only(&withdrawn))),
        None => None,
    };
    if let Some(format) = config.show_plan {
        let (text, more_failures) =
            show_plan(root, config, &detected, anchors.as_ref(), goal, format)?;
        failures += more_failures;
        let stop = if is_failure(failures) { Stop::print_after_errors } else { Stop::print };
        return Err(stop(text));
    }
    let mut trust = TrustFiles::default();
    if let Some(goal) = goal {
        let converged = placement::converge(root, config, detected.platform, goal);
        failures += converged.errors.iter().map(report::error).count();
        report::concerns(anchors.as_ref(), converged.is_news, converged.trust.is_private);
        // Without an anchor there is nothing to point programs at.
        if anchors.is_some() {
            trust = converged.trust;
        }
    }
    if is_failure(failures) { Err(Stop::reported()) } else { Ok(trust) }
}

/// The anchors of all locations, and how much of them could not be used, which is reported.
fn read_anchors(root: &Root, config: &Config) -> (Option<TrustAnchors>, usize) {
    let found = source::read(root, &config.locations);
    let contents = anchor::parse_all(&found.sources);
    let errors = found.errors.iter().chain(contents.iter().flat_map(|contents| &contents.errors));
    let failures = errors.map(report::error).count();
    contents.iter().for_each(report::contents);
    if contents.is_empty() {
        // Nor is the time asked for, which costs the first to ask three page faults.
        return (None, failures);
    }
    (TrustAnchors::new(&contents, &found.unread, now()), failures)
}

/// Those of the anchors that may be trusted on this platform.
fn admit(root: &Root, platform: &Platform, anchors: Option<TrustAnchors>) -> Admission {
    let Some(anchors) = anchors else {
        return Admission::default();
    };
    let (blocklist, unread) = blocklist::read(root, platform);
    let mut admission = anchors.admitted(platform, blocklist);
    admission.errors.splice(0..0, unread);
    admission
}

/// The file with the GitLab server's CA, if it is fit for every reader and its certificates may be
/// trusted.
fn server_ca(root: &Root, path: &Path) -> Option<PathBuf> {
    let anchors = server_ca::read(root, path, now())?;
    let admission = admit(root, platform::detect(root).platform, Some(anchors));
    let file = admission.anchors.as_ref().and_then(TrustAnchors::file).map(Path::to_owned);
    if file.is_none() {
        log::debug!("not taking '{}' for the GitLab server's CA", path.display());
    }
    file
}

/// The plan as text, and how much of the goal it doesn't reach, which is reported.
fn show_plan(
    root: &Root,
    config: &Config,
    detected: &Detected,
    anchors: Option<&TrustAnchors>,
    goal: Option<Goal<'_>>,
    format: Format,
) -> Result<(String, usize), Error> {
    let plan = |goal| placement::plan(root, config, detected.platform, goal);
    let plan = goal.map(plan).transpose()?;
    let failures = plan.iter().flat_map(Plan::errors).map(report::error).count();
    let is_private = plan.as_ref().is_some_and(|plan| plan.trust().is_private);
    report::concerns(anchors, true, is_private);
    Ok((plan::render::render(root, detected, anchors, plan.as_ref(), format), failures))
}

/// Seconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed())
}

#[cfg(test)]
#[path = "../tests/integration/golden.rs"]
mod golden;
