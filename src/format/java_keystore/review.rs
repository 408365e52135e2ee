//! Which entries of a keystore stay, and which it lacks.

#![forbid(unsafe_code)]

use super::Entry;
use super::Identity;
use super::Wanted;
use crate::places::Places;

/// The wanted and the unwanted entries, while those of a keystore pass by.
pub(super) struct Review<'a> {
    wanted: &'a Wanted,
    encode: fn(&str) -> Vec<u8>,
    /// By what tells an entry from others, the place in `wanted.present`, or after its end the one in
    /// `wanted.absent`.
    places: Places,
    is_there: Vec<bool>,
    /// Of other entries, as far as they may be in the way of ours.
    taken: Places,
}

impl<'a> Review<'a> {
    /// `encode` makes of an alias what it is in the keystore. Of several entries that are alike the
    /// first one counts.
    pub(super) fn new(wanted: &'a Wanted, encode: fn(&str) -> Vec<u8>) -> Self {
        let key = |entry: &Entry| match wanted.identity {
            Identity::Alias => encode(&entry.alias),
            Identity::Certificate => entry.der.clone(),
        };
        let mut places = Places::default();
        let mut is_there = Vec::with_capacity(wanted.present.len());
        for (place, entry) in wanted.present.iter().enumerate() {
            is_there.push(places.enter(&key(entry), place).is_some());
        }
        for (place, entry) in wanted.absent.iter().enumerate() {
            places.enter(&key(entry), wanted.present.len() + place);
        }
        Self { wanted, encode, places, is_there, taken: Places::default() }
    }

    /// Whether a certificate stays: nobody asks for it to be gone, or for its alias to stand for
    /// another one.
    pub(super) fn keeps(&mut self, alias: &[u8], der: &[u8]) -> bool {
        let key = match self.wanted.identity {
            Identity::Alias => alias,
            Identity::Certificate => der,
        };
        let keeps = match self.places.get(key) {
            None => true,
            Some(place) => match (self.wanted.present.get(place), self.is_there.get_mut(place)) {
                (Some(entry), Some(is_there)) if entry.der == der => {
                    *is_there = true;
                    true
                }
                (None, _) => !self.may_be_ours(place - self.wanted.present.len(), alias, der),
                _ => false,
            },
        };
        // The alias of what stands for itself isn't another one's.
        if keeps && self.wanted.identity == Identity::Certificate {
            self.taken.add(alias);
        }
        keeps
    }

    /// Whether an unwanted certificate stands under an alias that it would have been given. Any
    /// other is somebody's choice.
    fn may_be_ours(&self, place: usize, alias: &[u8], der: &[u8]) -> bool {
        let is_it = |entry: &Entry| {
            let is_name = |number| (self.encode)(&super::numbered(&entry.alias, number)) == alias;
            entry.der == der && (0..NUMBERS_MAX).any(is_name)
        };
        self.wanted.identity == Identity::Alias || self.wanted.absent.get(place).is_some_and(is_it)
    }

    /// What is to be added, under aliases that no other entry has.
    pub(super) fn missing(&mut self) -> Vec<Entry> {
        let mut missing: Vec<Entry> = Vec::new();
        // By alias, how many numbers were tried.
        let mut tried = Places::default();
        for (entry, is_there) in self.wanted.present.iter().zip(&self.is_there) {
            if *is_there {
                continue;
            }
            let mut number = tried.get(entry.alias.as_bytes()).unwrap_or(0);
            let alias = loop {
                let alias = super::numbered(&entry.alias, number);
                number += 1;
                if self.taken.add(&(self.encode)(&alias)) {
                    break alias;
                }
            };
            tried.put(entry.alias.as_bytes(), number);
            missing.push(Entry { alias, ..entry.clone() });
        }
        missing
    }
}

/// Certificates of one name. Nobody has as many.
const NUMBERS_MAX: usize = 1000;
