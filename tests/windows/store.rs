//! What is in a machine's certificate stores, as the tests' own program lists it.

use std::fmt;

use crate::seen::units;

/// The certificates of the machine's stores, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Store {
    pub(crate) entries: Vec<Entry>,
}

/// A certificate in a store.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Entry {
    /// `Root` or `CA`.
    pub(crate) store: String,
    /// The SHA-256 of the DER, in hexadecimal.
    pub(crate) fingerprint: String,
    /// The friendly name.
    pub(crate) name: Option<String>,
}

impl Store {
    /// Reads what `store list` prints.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut entries: Vec<_> = String::from_utf8_lossy(text).lines().map(Entry::parse).collect();
        entries.sort_unstable();
        Self { entries }
    }

    /// The entries that `other` hasn't, or has by another name.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let is_new = |entry: &&Entry| !other.entries.contains(entry);
        Self { entries: self.entries.iter().filter(is_new).cloned().collect() }
    }
}

impl Entry {
    pub(crate) fn new(store: &str, fingerprint: &str, name: Option<&str>) -> Self {
        Self { store: store.into(), fingerprint: fingerprint.into(), name: name.map(Into::into) }
    }

    fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        let name = words.get(2).map(|digits| String::from_utf16_lossy(&units(digits)));
        Self::new(words[0], words[1], name.as_deref())
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { store, fingerprint, name } in &self.entries {
            let name = name.as_deref().unwrap_or("(no name)");
            writeln!(f, "{store} {} {name}", &fingerprint[..12])?;
        }
        Ok(())
    }
}
