//! Where the anchors go, and the way there: observe, plan, apply.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use crate::anchor::TrustAnchors;
use crate::apply;
use crate::cli::Config;
use crate::cli::Placement;
use crate::error::Cause;
use crate::error::Error;
use crate::error::Operation;
use crate::java;
use crate::local;
use crate::local::Fate;
use crate::local::Goal;
use crate::nss;
use crate::plan;
use crate::plan::Plan;
use crate::plan::TrustFiles;
use crate::platform::Platform;
use crate::private;
use crate::private::Closed;
use crate::private::Originals;
use crate::report;
use crate::root::Root;
use crate::store;
use crate::sys;

/// Brings the system's store to its goal, or else gives this user files of its own. Tells which
/// files programs can be pointed at, and whether anything had to be changed for that.
///
/// # Errors
/// When neither can be done.
pub(crate) fn converge(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<(TrustFiles, bool), Error> {
    let private = |originals: &Originals, closed| match goal {
        Goal::Install(anchors) => converge_private(root, config, originals, anchors, closed),
        Goal::Remove => Ok((TrustFiles::default(), false)),
    };
    let originals = || private::originals(root, platform, &keystores(root, config, platform));
    let plan = match choose(root, config, platform, goal)? {
        Choice::System => match converge_system(root, config, platform, goal) {
            Err(Error::WriteStore { cause, .. }) if may_be_private(root, config, goal) => {
                return private(&originals(), Some(Closed::store(cause)));
            }
            result => result?,
        },
        Choice::Installed(plan) => plan,
        Choice::Private(closed) => return private(&originals(), closed),
    };
    let mut trust = plan.trust().clone();
    let mut is_news = !plan.is_empty();
    if let Some(path) = plan.closed_keystore()
        && let Err(cause) = path.parent().map_or(Ok(()), sys::writable)
    {
        let original = Originals::of_keystore(root, path);
        let (path, operation) = (path.to_owned(), Operation::Write);
        let result = if may_be_private(root, config, goal) {
            private(&original, Some(Closed::keystore(&path, cause)))
        } else {
            Err(Error::WriteStore { operation, path, cause })
        };
        match result {
            Ok((private, is_new)) => {
                trust.keystore = private.keystore;
                is_news |= is_new;
            }
            Err(error) => report::error(&error),
        }
    }
    Ok((trust, is_news))
}

/// What [`converge`] would do.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn plan(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<Plan, Error> {
    match (choose(root, config, platform, goal)?, goal) {
        (Choice::Installed(plan), _) => Ok(plan),
        (Choice::Private(closed), Goal::Install(anchors)) => {
            let originals = private::originals(root, platform, &keystores(root, config, platform));
            let directory = usable_directories(root, config).next();
            if directory.is_none() && config.command.is_empty() {
                return Err(Error::Nowhere { closed });
            }
            let nss = nss::observe(root, config.home.as_deref())?;
            let state = private::observe(root, directory.as_deref(), &originals, anchors)?;
            Ok(plan::plan_private(&state, anchors, &nss))
        }
        _ => {
            let plan = plan_system(root, config, platform, goal)?;
            match store::writable(root, platform) {
                Err(cause) if matches!(goal, Goal::Install(_)) && !plan.is_empty() => {
                    Err(Error::WriteStore {
                        operation: Operation::Write,
                        path: platform.anchors_directory.into(),
                        cause,
                    })
                }
                _ => Ok(plan),
            }
        }
    }
}

enum Choice {
    System,
    /// The system's store, where all is done: by whoever built the image, for instance.
    Installed(Plan),
    /// Because the system's store is closed, or because it was asked for.
    Private(Option<Closed>),
}

fn choose(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<Choice, Error> {
    if !may_be_private(root, config, goal) {
        return Ok(Choice::System);
    }
    if config.placement == Placement::Private {
        return Ok(Choice::Private(None));
    }
    let Err(cause) = store::writable(root, platform) else {
        return Ok(Choice::System);
    };
    // To look at the whole store for this is worth it only where the anchors' own files are there.
    let installed = store::list_local_files(root, platform).ok().and_then(|listing| {
        let locals = local::anchors(platform, listing.files, goal);
        let is_there = locals.iter().all(|local| local.fate != Fate::Present || local.is_current);
        if is_there { plan_system(root, config, platform, goal).ok() } else { None }
    });
    Ok(match installed {
        Some(plan) if plan.is_empty() => Choice::Installed(plan),
        _ => Choice::Private(Some(Closed::store(cause))),
    })
}

/// Private files are for somebody who is told of them, by variables. Nobody is in another root, nor
/// when an image is built by a user who can't write its store: that is an error.
fn may_be_private(root: &Root, config: &Config, goal: Goal<'_>) -> bool {
    let is_told = !config.command.is_empty() || config.prints_variables;
    let is_wanted = match config.placement {
        Placement::Auto => is_told,
        Placement::Private => true,
        Placement::System => false,
    };
    is_wanted && root.is_system() && matches!(goal, Goal::Install(_))
}

/// Observes, plans and applies, while no other start of this program does.
fn converge_system(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<Plan, Error> {
    let _lock = store::lock(root, platform, goal)?;
    let plan = plan_system(root, config, platform, goal)?;
    apply::apply(root, &plan)?;
    report::applied(&plan);
    Ok(plan)
}

fn plan_system(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<Plan, Error> {
    let listing = store::list_local_files(root, platform)?;
    listing.errors.iter().for_each(report::error);
    let locals = local::anchors(platform, listing.files, goal);
    let keystores = keystores(root, config, platform);
    let mut state = store::observe(root, platform, &locals, keystores)?;
    state.nss = nss::observe(root, config.home.as_deref())?;
    if matches!(goal, Goal::Remove) && root.is_system() {
        state.private_files = private::leftovers(root, config.runtime_directory.as_deref());
    }
    Ok(plan::plan(platform, &locals, &state, goal))
}

/// Takes the first directory that can be written; else memory, for as long as the command runs.
fn converge_private(
    root: &Root,
    config: &Config,
    originals: &Originals,
    anchors: &TrustAnchors,
    closed: Option<Closed>,
) -> Result<(TrustFiles, bool), Error> {
    let nss = nss::observe(root, config.home.as_deref())?;
    for directory in usable_directories(root, config) {
        let state = private::observe(root, Some(&directory), originals, anchors)?;
        let plan = plan::plan_private(&state, anchors, &nss);
        match apply::apply(root, &plan) {
            Ok(()) => {
                report::applied_privately(&plan, Some(&directory), closed.as_ref());
                let is_news = !plan.is_empty();
                return Ok((plan.into_trust(), is_news));
            }
            Err(error) => log::debug!("{error}"),
        }
    }
    // Memory lasts as long as this process, which without a command is over.
    if !config.command.is_empty() {
        let state = private::observe(root, None, originals, anchors)?;
        let plan = plan::plan_private(&state, anchors, &nss);
        match apply::to_memory(&plan) {
            Ok(trust) => {
                report::applied_privately(&plan, None, closed.as_ref());
                return Ok((trust, !plan.is_empty()));
            }
            Err(error) => log::debug!("no file in memory: {}", Cause(&error)),
        }
    }
    Err(Error::Nowhere { closed })
}

/// What the environment says of this system's Java is nothing to another root.
fn keystores(root: &Root, config: &Config, platform: &Platform) -> Vec<PathBuf> {
    let java_home = config.java_home.as_deref().filter(|_| root.is_system());
    java::keystores(root, platform, java_home)
}

fn usable_directories(root: &Root, config: &Config) -> impl Iterator<Item = PathBuf> {
    private::directories(config.runtime_directory.as_deref())
        .into_iter()
        .filter_map(|directory| private::usable(root, &directory))
}
