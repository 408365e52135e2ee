//! Carries out a plan, step by step.

#![forbid(unsafe_code)]

use std::io;
use std::path::Path;

use crate::change::Change;
use crate::error::Error;
use crate::error::Operation;
use crate::plan::Plan;
use crate::report;
use crate::root::Root;
use crate::sys;

/// Takes the plan's steps in their order. A hook that fails is reported and fails nothing: the
/// store is written by then.
///
/// # Errors
/// At the first step that fails; those before it stay.
pub(crate) fn apply(root: &Root, plan: &Plan) -> Result<(), Error> {
    for change in plan.changes() {
        match change {
            Change::Directory { path } => {
                let made = root.resolve(path).and_then(|path| sys::create_directory(&path));
                made.map_err(|cause| failed(Operation::CreateDirectory, path, cause))?;
            }
            Change::File { path, content, mode } => {
                let written = root
                    .resolve_entry(path)
                    .and_then(|path| sys::write_file(&path, content, *mode));
                written.map_err(|cause| failed(Operation::Write, path, cause))?;
            }
            Change::Link { path, target } => {
                let made = root.resolve_entry(path).and_then(|path| sys::write_link(&path, target));
                made.map_err(|cause| failed(Operation::Link, path, cause))?;
            }
            Change::Remove { path } => {
                let removed = root.resolve_entry(path).and_then(|path| sys::remove(&path));
                removed.map_err(|cause| failed(Operation::Remove, path, cause))?;
            }
            Change::Hook { path, directory, input } => {
                if let Err(error) = sys::run_hook(path, directory, input) {
                    report::error(&error);
                }
            }
        }
    }
    Ok(())
}

fn failed(operation: Operation, path: &Path, cause: io::Error) -> Error {
    Error::WriteStore { operation, path: path.to_owned(), cause }
}
