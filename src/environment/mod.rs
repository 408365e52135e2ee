//! The command's environment: the one that was given, and what the installed CA adds to it.

#![forbid(unsafe_code)]

mod variables;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;

use crate::plan::TrustFiles;
use crate::root::Root;
use crate::sys;

/// Entries `NAME=value`, byte for byte and in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Environment {
    entries: Vec<OsString>,
}

impl Environment {
    /// This process's own, as it was given.
    pub(crate) fn of_process() -> Self {
        Self { entries: sys::environment() }
    }

    /// What of it may configure this program: nothing when the caller has fewer rights than the
    /// program.
    pub(crate) fn trusted(&self) -> Cow<'_, Self> {
        if sys::is_privileged_by_file() { Cow::Owned(Self::default()) } else { Cow::Borrowed(self) }
    }

    pub(crate) fn entries(&self) -> &[OsString] {
        &self.entries
    }

    /// The value of a variable; of one that is given twice the first, as getenv(3) has it.
    pub(crate) fn value(&self, name: &str) -> Option<&OsStr> {
        self.entries.iter().find_map(|entry| value_of(entry, name))
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn non_empty(&self, name: &str) -> Option<&OsStr> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// Adds the variables that lack a value. One that has a value is somebody's decision and stays.
    pub(crate) fn with_defaults(mut self, defaults: Vec<(&'static str, OsString)>) -> Self {
        for (name, value) in defaults {
            if self.non_empty(name).is_some() {
                continue;
            }
            let mut entry = OsString::from(name);
            entry.push("=");
            entry.push(value);
            match self.entries.iter_mut().find(|entry| value_of(entry, name).is_some()) {
                Some(empty) => *empty = entry,
                None => self.entries.push(entry),
            }
        }
        self
    }
}

/// The variables that point programs which don't read the store at the anchors, or at the bundle
/// with them.
pub(crate) fn defaults(
    root: &Root,
    trust: &TrustFiles,
    has_prefix: bool,
) -> Vec<(&'static str, OsString)> {
    variables::VARIABLES
        .iter()
        .filter(|variable| !has_prefix || variable.name != CI_SERVER_TLS_CA_FILE)
        .filter_map(|variable| Some((variable, variable.value(trust)?)))
        .filter(|(variable, _)| variable.only_with.is_none_or(|path| exists(root, path)))
        .map(|(variable, value)| (variable.name, value))
        .collect()
}

fn exists(root: &Root, path: &str) -> bool {
    root.has_entry(Path::new(path)).is_ok_and(|exists| exists)
}

fn value_of<'a>(entry: &'a OsStr, name: &str) -> Option<&'a OsStr> {
    sys::split_variable(entry).filter(|(its_name, _)| *its_name == name).map(|(_, value)| value)
}

/// Not for `gitlab-runner register`, which would write it into its configuration.
const CI_SERVER_TLS_CA_FILE: &str = "CI_SERVER_TLS_CA_FILE";
