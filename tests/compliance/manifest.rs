//! What directories hold, in a form that can be compared.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use crate::container::Container;

/// Path, type, mode and link target of each entry, and the content's digest of each file.
#[derive(Clone, PartialEq)]
pub(crate) struct Manifest {
    entries: BTreeMap<String, String>,
    bundle: Vec<u8>,
}

impl Manifest {
    /// Of these directories, which need not exist, and everything in them.
    pub(crate) fn of(container: &Container, directories: &[&str]) -> Self {
        let directories = directories.join(" ");
        let script = format!(
            "for directory in {directories}; do
                test -d $directory || continue
                find $directory -exec stat -c '%N %A' {{}} +
                find $directory -type f -exec sha256sum {{}} +
            done"
        );
        let listing = container.sh(&script).stdout();
        let mut entries: BTreeMap<String, String> = BTreeMap::new();
        for line in listing.lines() {
            // A line of sha256sum begins with the digest, one of stat with the quoted name.
            let (name, value) = match line.split_once("  /") {
                Some((digest, path)) if digest.len() == 64 => (format!("/{path}"), digest),
                _ => line
                    .strip_prefix('\'')
                    .and_then(|line| line.split_once('\''))
                    // BusyBox quotes links alone.
                    .or_else(|| line.rsplit_once(' '))
                    .map(|(name, rest)| (name.to_owned(), rest.trim()))
                    .unwrap_or_default(),
            };
            let entry = entries.entry(name).or_default();
            *entry += " ";
            *entry += value;
        }
        // Where it is a link, it is compared by where it leads.
        let is_file = entries.get(BUNDLE).is_some_and(|entry| !entry.contains(" -> "));
        let bundle = if is_file { container.read(BUNDLE) } else { Vec::new() };
        Self { entries, bundle }
    }

    /// The same with the order of the bundle's entries left out of account: Alpine's tool takes
    /// them as the file system lists them.
    pub(crate) fn with_unordered_bundle(mut self) -> Self {
        if let Some(entry) = self.entries.get_mut(BUNDLE) {
            let text = String::from_utf8_lossy(&self.bundle).into_owned();
            let mut parts: Vec<&str> = text
                .split_inclusive("-----END CERTIFICATE-----\n")
                .map(|part| part.trim_start_matches('\n'))
                .collect();
            parts.sort_unstable();
            self.bundle = parts.concat().into_bytes();
            // What follows the mode is the digest.
            *entry = entry.split_whitespace().take(1).collect();
        }
        self
    }

    /// Takes parts that have no order for a file's content.
    pub(crate) fn set_parts(&mut self, path: &str, parts: Vec<String>) {
        if let Some(entry) = self.entries.get_mut(path) {
            // What follows the mode is the digest.
            *entry = entry.split_whitespace().take(1).collect();
        }
        for part in parts {
            self.entries.entry(format!("{path}: {part}")).or_default().push_str(" once");
        }
    }

    /// Leaves a path out of account.
    pub(crate) fn remove(&mut self, path: &str) {
        self.entries.remove(path);
    }

    #[track_caller]
    pub(crate) fn assert_same(&self, other: &Self, what: &str) {
        assert!(self == other, "{what}:\n{}", self.difference(other));
    }

    /// The paths that differ between the two.
    pub(crate) fn changed_paths(&self, other: &Self) -> BTreeSet<String> {
        self.entries
            .keys()
            .chain(other.entries.keys())
            .filter(|path| self.entries.get(*path) != other.entries.get(*path))
            .cloned()
            .collect()
    }

    /// The paths that only this one has.
    pub(crate) fn added_to(&self, other: &Self) -> BTreeSet<String> {
        self.entries.keys().filter(|path| !other.entries.contains_key(*path)).cloned().collect()
    }

    /// Lines of what only the one has (`-`) and what only the other has (`+`).
    fn difference(&self, other: &Self) -> String {
        let mut text = String::new();
        for path in self.changed_paths(other) {
            for (sign, entries) in [('-', &self.entries), ('+', &other.entries)] {
                if let Some(entry) = entries.get(&path) {
                    let entry: String = entry.chars().take(200).collect();
                    text += &format!("{sign} {path}{entry}\n");
                }
            }
        }
        if self.bundle != other.bundle {
            text += &format!(
                "- the bundle's end:\n{}\n+ the bundle's end:\n{}\n",
                end_of(&self.bundle),
                end_of(&other.bundle)
            );
        }
        text
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, entry) in &self.entries {
            writeln!(f, "{path}{entry}")?;
        }
        Ok(())
    }
}

fn end_of(bundle: &[u8]) -> String {
    String::from_utf8_lossy(&bundle[bundle.len().saturating_sub(1600)..]).into_owned()
}

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
