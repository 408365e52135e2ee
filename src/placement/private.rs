//! The way to files of a user's own.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use super::Converged;
use super::keystores;
use crate::anchor::TrustAnchors;
use crate::apply;
use crate::apply::Applied;
use crate::cli::Config;
use crate::error::Cause;
use crate::error::Closed;
use crate::error::Error;
use crate::local::Goal;
use crate::plan;
use crate::plan::Plan;
use crate::platform::Platform;
use crate::private;
use crate::private::Originals;
use crate::report;
use crate::root::Root;

/// Takes the first directory that can be written; else memory, for as long as the command runs.
pub(super) fn converge(
    root: &Root,
    config: &Config,
    platform: &Platform,
    originals: &Originals,
    goal: Goal<'_>,
    closed: Option<Closed>,
) -> Result<Converged, Error> {
    let Goal::Install(anchors) = goal else {
        return Ok(Converged::default());
    };
    let hint = platform.system_stores.map(|stores| stores.hint);
    for directory in usable_directories(root, config) {
        let state = private::observe(root, Some(&directory), originals, anchors);
        let plan = plan::plan_private(state, anchors);
        match apply::apply(root, &plan) {
            Ok(Applied { is_news, .. }) => {
                if is_news {
                    report::applied_privately(
                        plan.counts(),
                        Some(&directory),
                        closed.as_ref(),
                        hint,
                    );
                }
                let (trust, errors, _) = plan.into_rest();
                return Ok(Converged { trust, is_news, errors });
            }
            Err(error) => log::debug!("{error}"),
        }
    }
    // Memory lasts as long as this process, which without a command is over.
    if !config.command.is_empty() {
        let state = private::observe(root, None, originals, anchors);
        let plan = plan::plan_private(state, anchors);
        match apply::to_memory(&plan) {
            Ok(trust) => {
                report::applied_privately(plan.counts(), None, closed.as_ref(), hint);
                let (_, errors, _) = plan.into_rest();
                return Ok(Converged { trust, is_news: true, errors });
            }
            Err(error) => log::debug!("no file in memory: {}", Cause(&error)),
        }
    }
    Err(Error::Nowhere { closed })
}

/// What [`converge`] would do.
pub(super) fn plan(
    root: &Root,
    config: &Config,
    platform: &Platform,
    anchors: &TrustAnchors,
    closed: Option<Closed>,
) -> Result<Plan, Error> {
    let directory = usable_directories(root, config).next();
    if directory.is_none() && config.command.is_empty() {
        return Err(Error::Nowhere { closed });
    }
    let originals = originals(root, config, platform);
    let state = private::observe(root, directory.as_deref(), &originals, anchors);
    Ok(plan::plan_private(state, anchors))
}

pub(super) fn originals(root: &Root, config: &Config, platform: &Platform) -> Originals {
    private::originals(root, platform, &keystores(root, config, platform))
}

fn usable_directories(root: &Root, config: &Config) -> impl Iterator<Item = PathBuf> {
    private::directories(root, config.runtime_directory.as_deref())
        .into_iter()
        .filter_map(|directory| private::usable(root, &directory))
}
