//! Carries out a plan, step by step.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::change::Change;
use crate::change::Program;
use crate::error::Error;
use crate::error::Operation;
use crate::plan::Plan;
use crate::plan::TrustFiles;
use crate::report;
use crate::root::Root;
use crate::sys;

/// What came of a plan.
#[derive(Default)]
pub(crate) struct Applied {
    /// Something isn't what it was.
    pub(crate) is_news: bool,
    /// The first Java keystore that could not be written, and why.
    pub(crate) closed_keystore: Option<(PathBuf, io::Error)>,
}

/// Takes the plan's steps in their order. A keystore that can't be written keeps nothing else back.
/// A program that fails is reported and fails nothing: the store is written by then.
///
/// # Errors
/// At the first other step that fails; those before it stay.
pub(crate) fn apply(root: &Root, plan: &Plan) -> Result<Applied, Error> {
    let mut temporary = OsString::from(sys::TEMPORARY_NAME);
    // The system's store is locked. A user's own directory is as long as this is.
    let mut _own = None;
    let write = |path: &Path, content: &[u8], mode, temporary: &OsStr| {
        root.resolve_entry(path).and_then(|path| sys::write_file(&path, content, mode, temporary))
    };
    let failed = |operation, path: &Path, cause| {
        let path = root.shown(path);
        Error::WriteStore { operation, path, cause }
    };
    let mut applied = Applied::default();
    let mut may_forget = true;
    let mut hung = None;
    for change in plan.changes() {
        match change {
            Change::Directory { path } => {
                let made = root.resolve(path).and_then(|path| sys::create_directory(&path));
                made.map_err(|cause| failed(Operation::CreateDirectory, path, cause))?;
            }
            Change::File { path, content, mode } => {
                write(path, content, *mode, &temporary)
                    .map_err(|cause| failed(Operation::Write, path, cause))?;
            }
            Change::Keystore { path, content, mode, has_unwanted } => {
                if let Err(cause) = write(path, content, *mode, &temporary) {
                    may_forget &= !has_unwanted;
                    applied.closed_keystore.get_or_insert_with(|| (path.clone(), cause));
                    continue;
                }
            }
            Change::PrivateDirectory { path } => {
                let made = root.resolve_entry(path).and_then(|path| {
                    sys::create_private_directory(&path)?;
                    Ok(sys::lock_directory(&path, OWN_PATIENCE))
                });
                match made.map_err(|cause| failed(Operation::CreateDirectory, path, cause))? {
                    Ok(lock) => _own = Some(lock),
                    // Root's can be locked by anybody, and some systems know no locks.
                    Err(_) => temporary = sys::unique_temporary_name(),
                }
            }
            Change::Link { path, target } => {
                let made = root
                    .resolve_entry(path)
                    .and_then(|path| sys::write_link(&path, target, &temporary));
                made.map_err(|cause| failed(Operation::Link, path, cause))?;
            }
            Change::Forget { .. } if !may_forget => continue,
            Change::Remove { path } | Change::Forget { path } => {
                let removed = root.resolve_entry(path).and_then(|path| sys::remove(&path));
                removed.map_err(|cause| failed(Operation::Remove, path, cause))?;
            }
            Change::AddToStore { store, der, name } => {
                sys::add_to_system_store(store, der, name)
                    .map_err(|cause| store_failed(Operation::AddToStore, store, cause))?;
            }
            Change::RemoveFromStore { store, der, name } => {
                sys::remove_from_system_store(store, der, name)
                    .map_err(|cause| store_failed(Operation::RemoveFromStore, store, cause))?;
            }
            Change::Run { program, input } => {
                if !run(program, input, &mut hung) {
                    continue;
                }
            }
        }
        applied.is_news = true;
    }
    Ok(applied)
}

/// Runs a program, and tells whether it did what it was to do. One that has `hung` isn't run again in
/// the same directory: it is run for each anchor.
fn run<'a>(program: &'a Program, input: &[u8], hung: &mut Option<&'a Program>) -> bool {
    let is_same = |hung: &Program| hung.path == program.path && hung.directory == program.directory;
    if hung.is_some_and(is_same) {
        return false;
    }
    let result = sys::run_program(program, input);
    if let Err(error) = &result {
        report::error(error);
    }
    if let Err(Error::RunFailed { has_hung: true, .. }) = result {
        *hung = Some(program);
    }
    result.is_ok()
}

/// Puts the plan's files into memory, where there is no directory for them, and tells their paths.
///
/// # Errors
/// When the kernel gives no such file, or no path to it; `NotFound` when programs are pointed at none
/// of them.
pub(crate) fn to_memory(plan: &Plan) -> io::Result<TrustFiles> {
    let mut trust = plan.trust().clone();
    for change in plan.changes() {
        let Change::File { path, content, .. } = change else {
            continue;
        };
        let files = [&mut trust.merged_bundle, &mut trust.anchors, &mut trust.keystore];
        if let Some(file) = files.into_iter().flatten().find(|file| *file == path) {
            *file = sys::memory_file(content)?;
        }
    }
    if trust == *plan.trust() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(trust)
}

fn store_failed(operation: Operation, store: &str, cause: io::Error) -> Error {
    Error::WriteStore { operation, path: store.into(), cause }
}

/// How long other starts that write a user's own files are waited for: one takes milliseconds.
const OWN_PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_is_not_run_for_the_next_anchor_but_in_the_next_directory() {
        let directories = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let program = |directory: usize, script: &str, seconds| Program {
            path: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            directory: directories[directory].path().to_owned(),
            environment: &[],
            patience: Duration::from_secs(seconds),
        };
        let programs =
            [program(0, "sleep 600", 0), program(0, "echo >ran", 60), program(1, "echo >ran", 60)];
        let mut hung = None;
        let results = programs.each_ref().map(|program| run(program, &[], &mut hung));
        assert_eq!(results, [false, false, true]);
        let ran = directories.each_ref().map(|directory| directory.path().join("ran").exists());
        assert_eq!(ran, [false, true]);
    }
}
