//! Where the anchors go, and the way there: observe, plan, apply.

#![forbid(unsafe_code)]

mod private;

use std::path::Path;

use crate::apply;
use crate::cli::Config;
use crate::cli::Placement;
use crate::error::Closed;
use crate::error::Error;
use crate::error::Operation;
use crate::format::java_keystore;
use crate::holders;
use crate::java;
use crate::java::Keystore;
use crate::local;
use crate::local::Fate;
use crate::local::Goal;
use crate::local::LocalAnchor;
use crate::local::Whose;
use crate::nss;
use crate::plan;
use crate::plan::Plan;
use crate::plan::TrustFiles;
use crate::platform::Platform;
use crate::private::Originals;
use crate::private::leftovers;
use crate::report;
use crate::root::Root;
use crate::store;
use crate::store::Listing;
use crate::store::Look;
use crate::sys;

/// What came of a goal.
#[derive(Default)]
pub(crate) struct Converged {
    /// The files that programs can be pointed at.
    pub(crate) trust: TrustFiles,
    /// Something had to be changed.
    pub(crate) is_news: bool,
    /// What could not be brought to the goal, beside the rest that could.
    pub(crate) errors: Vec<Error>,
}

/// Brings the system's store to its goal, or else gives this user files of its own. Where neither
/// can be done, programs are pointed at the CA file itself, if that is fit for it.
pub(crate) fn converge(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Converged {
    let own = converge_own(root, config, goal);
    let installed = converge_store(root, config, platform, goal).map(|mut converged| {
        converged.trust.immutable = platform.immutable;
        converged.trust.named_bundle = platform.named_bundle;
        converged.trust.system_stores = platform.system_stores;
        converged
    });
    let mut converged = installed.unwrap_or_else(|error| {
        let anchors = match goal {
            Goal::Install(anchors) => anchors.file().map(Path::to_owned),
            Goal::Remove(_) => None,
        };
        let trust = TrustFiles { anchors, ..TrustFiles::default() };
        Converged { trust, is_news: true, errors: vec![error] }
    });
    if own.is_news && !converged.is_news {
        match goal {
            Goal::Install(_) => report::refreshed(),
            Goal::Remove(_) => report::removed_own(),
        }
    }
    converged.trust = converged.trust.shown(root);
    converged.is_news |= own.is_news;
    converged.errors.extend(own.errors);
    converged
}

fn converge_store(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<Converged, Error> {
    match choose(root, config, platform, goal)? {
        Choice::System => converge_system(root, config, platform, goal)
            .or_else(|error| converge_otherwise(root, config, platform, goal, error)),
        Choice::Installed(plan) => Ok(unchanged(*plan)),
        Choice::Private(closed) => private::converge(
            root,
            config,
            platform,
            &private::originals(root, config, platform),
            goal,
            closed,
        ),
    }
}

/// What is left where the store could not be brought to its goal.
fn converge_otherwise(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
    error: Error,
) -> Result<Converged, Error> {
    // Who held the lock may have done it; any user's process can hold it, and do nothing.
    if let Error::LockTimeout { .. } = error
        && let Some(plan) = installed(root, config, platform, goal)
    {
        return Ok(unchanged(plan));
    }
    if !may_be_private(root, config, goal) {
        return Err(error);
    }
    let (closed, error) = match error {
        Error::WriteStore { cause, .. } => (Some(Closed::store(cause)), None),
        error => (None, Some(error)),
    };
    let originals = private::originals(root, config, platform);
    let private = private::converge(root, config, platform, &originals, goal, closed);
    match (private, error) {
        (Ok(mut converged), Some(error)) => {
            plan::tell_first(&mut converged.errors, error);
            Ok(converged)
        }
        (Err(_), Some(error)) => Err(error),
        (private, None) => private,
    }
}

/// What comes of a plan without a step.
fn unchanged(plan: Plan) -> Converged {
    let (trust, errors, _) = plan.into_rest();
    Converged { trust, is_news: false, errors }
}

/// What [`converge`] would do.
///
/// # Errors
/// When the store can't be read, or written.
pub(crate) fn plan(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<Plan, Error> {
    let plan = match (choose(root, config, platform, goal)?, goal) {
        (Choice::Installed(plan), _) => *plan,
        (Choice::Private(closed), Goal::Install(anchors)) => {
            private::plan(root, config, platform, anchors, closed)?
        }
        (Choice::System | Choice::Private(_), _) => {
            let plan = match (plan_system(root, config, platform, goal), goal) {
                (Err(error), Goal::Install(anchors)) if may_be_private(root, config, goal) => {
                    match private::plan(root, config, platform, anchors, None) {
                        Ok(plan) => plan.with_error(error),
                        Err(_) => return Err(error),
                    }
                }
                (plan, _) => plan?,
            };
            match store::writable(root, platform) {
                Err(cause) if matches!(goal, Goal::Install(_)) && !plan.is_empty() => {
                    let path = root.shown(Path::new(platform.anchors_directory));
                    return Err(Error::WriteStore { operation: Operation::Write, path, cause });
                }
                _ => plan,
            }
        }
    };
    Ok(plan.after(plan_own(root, config, goal)))
}

enum Choice {
    System,
    /// The system's store, where all is done: by whoever built the image, for instance.
    Installed(Box<Plan>),
    /// Because the system's store is closed, or because it was asked for.
    Private(Option<Closed>),
}

fn choose(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<Choice, Error> {
    let may_be_private = may_be_private(root, config, goal);
    if may_be_private && config.placement == Placement::Private {
        return Ok(Choice::Private(None));
    }
    if let Some(plan) = installed(root, config, platform, goal) {
        return Ok(Choice::Installed(Box::new(plan)));
    }
    Ok(match store::writable(root, platform) {
        Err(cause) if may_be_private => Choice::Private(Some(Closed::store(cause))),
        _ => Choice::System,
    })
}

/// The plan of a start that finds the system's store at its goal, as most do. They need no lock for
/// that, nor the right to write: each output is replaced in one step, and one that is at its goal was
/// brought there.
fn installed(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Option<Plan> {
    let Goal::Install(_) = goal else {
        return None;
    };
    let Listing { files, errors, was_cut_short, .. } =
        store::list_local_files(root, platform).ok()?;
    if was_cut_short {
        return None;
    }
    let locals = local::anchors(platform, files, goal);
    // To look at the whole store is worth it only where the anchors' own files are there.
    let is_there = locals.iter().all(|local| local.fate != Fate::Present || local.is_current);
    if !is_there {
        return None;
    }
    let plan = plan_for(root, config, platform, locals, goal, Look::Glance).ok()?;
    if !plan.is_done() {
        return None;
    }
    errors.iter().for_each(report::error);
    Some(plan)
}

/// Private files are for somebody who is told of them, by variables. Nobody is in another root, nor
/// when an image is built by a user who can't write its store: that is an error.
fn may_be_private(root: &Root, config: &Config, goal: Goal<'_>) -> bool {
    let is_told = !config.command.is_empty() || config.print_env.is_some();
    let is_wanted = match config.placement {
        Placement::Auto => is_told,
        Placement::Private => true,
        Placement::System => false,
    };
    is_wanted && root.is_system() && matches!(goal, Goal::Install(_))
}

/// Observes, plans and applies, while no other start of this program does. A Java keystore that
/// stays without the anchors gets a private copy.
fn converge_system(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    goal: Goal<'_>,
) -> Result<Converged, Error> {
    let lock = store::lock(root, platform, goal)?;
    let plan = plan_system(root, config, platform, goal)?;
    let applied = apply::apply(root, &plan)?;
    drop(lock);
    if applied.is_news {
        report::applied(plan.counts());
    }
    let (trust, errors, unsafe_keystore) = plan.into_rest();
    let mut converged = Converged { trust, is_news: applied.is_news, errors };
    let unsafe_keystore = unsafe_keystore.map(|path| (path, sys::permission_denied()));
    if let Some((path, cause)) = applied.closed_keystore.or(unsafe_keystore) {
        if may_be_private(root, config, goal) {
            let original = Originals::of_keystore(root, &path);
            let closed = Some(Closed::keystore(&path, cause));
            match private::converge(root, config, platform, &original, goal, closed) {
                Ok(private) => {
                    converged.trust.keystore = private.trust.keystore;
                    converged.is_news |= private.is_news;
                    converged.errors.extend(private.errors);
                }
                Err(error) => converged.errors.push(error),
            }
        } else {
            converged.errors.push(Error::WriteStore { operation: Operation::Write, path, cause });
        }
    }
    Ok(converged)
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
    plan_for(root, config, platform, locals, goal, Look::Whole)
}

fn plan_for(
    root: &Root,
    config: &Config,
    platform: &'static Platform,
    mut locals: Vec<LocalAnchor>,
    goal: Goal<'_>,
    look: Look,
) -> Result<Plan, Error> {
    let mut unread = holders::respect(root, platform, &mut locals)?;
    // What stays for want of knowledge isn't at its goal.
    if look == Look::Glance
        && let Some(error) = unread.take()
    {
        return Err(error);
    }
    let keystores = keystores(root, config, platform);
    let keystores = java_keystore::observe(root, platform, keystores, &locals);
    let state = store::observe(root, platform, &locals, look)?;
    let plan = plan::plan(platform, &locals, &state, keystores, goal);
    Ok(match unread {
        Some(error) => plan.with_error(error),
        None => plan,
    })
}

/// Brings what is the user's own to its goal, whatever becomes of the store.
fn converge_own(root: &Root, config: &Config, goal: Goal<'_>) -> Converged {
    let plan = plan_own(root, config, goal);
    let applied = apply::apply(root, &plan);
    let (trust, mut errors, _) = plan.into_rest();
    let is_news = applied.as_ref().is_ok_and(|applied| applied.is_news);
    errors.extend(applied.err());
    Converged { trust, is_news, errors }
}

fn plan_own(root: &Root, config: &Config, goal: Goal<'_>) -> Plan {
    let private_files = match goal {
        Goal::Remove(Whose::All) if root.is_system() => {
            leftovers(root, config.runtime_directory.as_deref())
        }
        _ => Vec::new(),
    };
    plan::plan_own(nss::observe(root, config.home.as_deref()), private_files, goal)
}

/// What the environment says of this system's Java is nothing to another root.
fn keystores(root: &Root, config: &Config, platform: &Platform) -> Vec<Keystore> {
    let java_home = config.java_home.as_deref().filter(|_| root.is_system());
    java::keystores(root, platform, java_home)
}
