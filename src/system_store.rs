//! Stores of certificates that the operating system keeps, and that are no files.
//!
//! An entry that this program has put in has the name of the anchor's file: whoever else puts in the
//! same certificate owns it, and it stays.

#![forbid(unsafe_code)]

use std::io;

use crate::certificate::Certificate;
use crate::change::Change;
use crate::error::Error;
use crate::local::Fate;
use crate::local::Goal;
use crate::local::LocalAnchor;
use crate::local::source_of_stem;
use crate::pem;
use crate::platform::Platform;
use crate::platform::SystemStores;
use crate::root::Root;
use crate::sys;

/// The certificates that are in the stores.
pub(crate) struct State {
    stores: &'static SystemStores,
    roots: Vec<Entry>,
    intermediates: Vec<Entry>,
}

/// A certificate in a store.
pub(crate) struct Entry {
    pub(crate) der: Vec<u8>,
    /// What people know it by, if anybody named it.
    pub(crate) name: Option<String>,
    /// No restriction of the store's own keeps it from being trusted for TLS servers.
    pub(crate) is_for_servers: bool,
}

impl Entry {
    /// The name of the source that it came from; `None` where somebody else put it in.
    fn source(&self) -> Option<&str> {
        source_of_stem(self.name.as_deref()?)
    }
}

impl State {
    fn by_store(&self) -> [(&'static str, &[Entry]); 2] {
        [
            (self.stores.roots, self.roots.as_slice()),
            (self.stores.intermediates, self.intermediates.as_slice()),
        ]
    }
}

/// Reads the platform's stores; `None` where it has none, or they are another system's.
///
/// # Errors
/// When a store can't be read.
pub(crate) fn observe(root: &Root, platform: &Platform) -> Result<Option<State>, Error> {
    let Some(stores) = of_system(root, platform) else {
        return Ok(None);
    };
    let (roots, intermediates) = (read(stores.roots)?, read(stores.intermediates)?);
    Ok(Some(State { stores, roots, intermediates }))
}

/// What nobody shall trust, with the name of the store that says so; `None` as for [`observe`].
///
/// # Errors
/// When the store can't be read.
pub(crate) fn read_distrusted(
    root: &Root,
    platform: &Platform,
) -> Result<Option<(&'static str, Vec<Entry>)>, Error> {
    let stores = of_system(root, platform);
    stores.map(|stores| Ok((stores.distrusted, read(stores.distrusted)?))).transpose()
}

/// Another system's stores are out of reach.
fn of_system(root: &Root, platform: &Platform) -> Option<&'static SystemStores> {
    platform.system_stores.filter(|_| root.is_system())
}

fn read(store: &'static str) -> Result<Vec<Entry>, Error> {
    sys::read_system_store(store).map_err(|cause| Error::ReadStore { path: store.into(), cause })
}

/// Tells why nothing can be put into the platform's stores, as far as that can be told without doing
/// so.
pub(crate) fn writable(platform: &Platform) -> io::Result<()> {
    let Some(stores) = platform.system_stores else {
        return Ok(());
    };
    [stores.roots, stores.intermediates].into_iter().try_for_each(sys::open_system_store)
}

/// Makes the stores hold the wanted anchors of ours, each in the one for its kind, and none of ours
/// that was replaced at its source.
pub(crate) fn changes(
    state: &State,
    platform: &Platform,
    locals: &[LocalAnchor],
    goal: Goal<'_>,
) -> Vec<Change> {
    let ours = || {
        let ours = locals.iter().filter(|local| local.is_ours);
        ours.filter_map(|local| local.certificate().map(|certificate| (local, certificate)))
    };
    let store_of = |certificate: &Certificate| {
        if certificate.is_self_issued() { state.stores.roots } else { state.stores.intermediates }
    };
    let mut changes = Vec::new();
    for (store, entries) in state.by_store() {
        for (local, certificate) in ours() {
            let is_there = || entries.iter().any(|entry| entry.der == certificate.der);
            if local.fate == Fate::Present && store_of(certificate) == store && !is_there() {
                let (der, name) = (certificate.der.clone(), local.stem(platform));
                changes.push(Change::AddToStore { store, der, name });
            }
        }
    }
    for (store, entries) in state.by_store() {
        for entry in entries {
            let Some(source) = entry.source() else {
                continue;
            };
            let same = || ours().filter(|(_, certificate)| certificate.der == entry.der);
            let is_wanted = same().any(|(local, _)| local.fate == Fate::Present);
            if !is_wanted && (goal.replaces(source) || same().any(|(local, _)| local.is_removed()))
            {
                let (der, name) = (entry.der.clone(), entry.name.clone().unwrap_or_default());
                changes.push(Change::RemoveFromStore { store, der, name });
            }
        }
    }
    changes
}

/// The roots that the operating system trusts for TLS servers, but ours, and but those that are in
/// its store of what nobody shall trust, as PEM: programs that read files alone know nothing of them.
///
/// # Errors
/// When a store can't be read.
pub(crate) fn roots(root: &Root, platform: &Platform) -> Result<Vec<u8>, Error> {
    let Some(stores) = of_system(root, platform) else {
        return Ok(Vec::new());
    };
    Ok(roots_to_pem(&read(stores.roots)?, &read(stores.distrusted)?))
}

fn roots_to_pem(roots: &[Entry], distrusted: &[Entry]) -> Vec<u8> {
    let is_trusted = |entry: &&Entry| {
        entry.is_for_servers
            && entry.source().is_none()
            && !distrusted.iter().any(|distrusted| distrusted.der == entry.der)
    };
    roots.iter().filter(is_trusted).flat_map(|entry| pem::encode(&entry.der)).collect()
}

#[cfg(test)]
mod tests;
