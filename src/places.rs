//! Where things stand in a list, by keys of bytes. One kind of map serves all lists: each further
//! kind of standard map would be kilobytes of the binary.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::Path;

/// A path as a key.
pub(crate) fn key(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// Keys with a place each.
#[derive(Default)]
pub(crate) struct Places {
    by_key: BTreeMap<Vec<u8>, usize>,
}

impl Places {
    /// The place of a key; `None` of one that isn't there.
    #[inline(never)]
    pub(crate) fn get(&self, key: &[u8]) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// Gives a key a place, unless it has one. Tells the one that it had.
    #[inline(never)]
    pub(crate) fn enter(&mut self, key: &[u8], place: usize) -> Option<usize> {
        let present = self.get(key);
        if present.is_none() {
            self.put(key, place);
        }
        present
    }

    /// Puts a key where only its presence matters. Tells whether it is new.
    pub(crate) fn add(&mut self, key: &[u8]) -> bool {
        self.enter(key, 0).is_none()
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    /// Gives a key a place, whatever place it had.
    #[inline(never)]
    pub(crate) fn put(&mut self, key: &[u8], place: usize) {
        self.by_key.insert(key.to_vec(), place);
    }

    /// The places in the order of the keys.
    #[inline(never)]
    pub(crate) fn in_order(&self) -> Vec<usize> {
        let mut places = Vec::with_capacity(self.by_key.len());
        for &place in self.by_key.values() {
            places.push(place);
        }
        places
    }
}
