//! Which entries of a keystore stay, and which it lacks.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use super::Entry;

/// The wanted and the unwanted aliases, while the entries of a keystore pass by.
pub(super) struct Review<'a> {
    present: &'a [Entry],
    /// By alias, the place in `present`, or one after its end for what shall go.
    places: BTreeMap<&'a [u8], usize>,
    is_there: Vec<bool>,
}

impl<'a> Review<'a> {
    /// `aliases` are what [`aliases`] makes of `present` and those that shall go. Of several that
    /// are alike the first one counts.
    pub(super) fn new(present: &'a [Entry], aliases: &'a [Vec<u8>]) -> Self {
        // The map keeps the last one.
        let places: BTreeMap<&[u8], usize> = aliases
            .iter()
            .enumerate()
            .rev()
            .map(|(place, alias)| (alias.as_slice(), place))
            .collect();
        let mut is_there = vec![false; present.len()];
        for (place, (is_there, alias)) in is_there.iter_mut().zip(aliases).enumerate() {
            *is_there = places.get(alias.as_slice()) != Some(&place);
        }
        Self { present, places, is_there }
    }

    /// Whether a certificate stays: nobody asks for its alias to be gone, or to stand for another
    /// certificate.
    pub(super) fn keeps(&mut self, alias: &[u8], der: &[u8]) -> bool {
        let Some(&place) = self.places.get(alias) else {
            return true;
        };
        match (self.present.get(place), self.is_there.get_mut(place)) {
            (Some(entry), Some(is_there)) if entry.der == der => {
                *is_there = true;
                true
            }
            _ => false,
        }
    }

    /// What is to be added.
    pub(super) fn missing(&self) -> Vec<&'a Entry> {
        let pairs = self.present.iter().zip(&self.is_there);
        pairs.filter(|(_, is_there)| !**is_there).map(|(entry, _)| entry).collect()
    }
}

/// The aliases of `present`, and then those of `absent`, as a format writes them.
pub(super) fn aliases(
    present: &[Entry],
    absent: &[String],
    encode: fn(&str) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut aliases = Vec::with_capacity(present.len() + absent.len());
    for entry in present {
        aliases.push(encode(&entry.alias));
    }
    for alias in absent {
        aliases.push(encode(alias));
    }
    aliases
}
