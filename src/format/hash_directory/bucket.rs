//! The hash links of a directory, by subject hash.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use crate::certificate::Fingerprint;
use crate::change::Change;
use crate::error::Error;
use crate::local::Fate;
use crate::pem;
use crate::places::Places;
use crate::places::key;
use crate::root::Root;

/// The hash links of some subject hashes.
#[derive(Default)]
pub(super) struct Buckets {
    buckets: Vec<Bucket>,
    places: Places,
}

/// The hash links of one subject hash in the order of their numbers, from 0 to the first that is
/// missing: where OpenSSL stops looking. Or to one behind which nothing matters.
pub(super) type Bucket = Vec<HashLink>;

pub(super) struct HashLink {
    /// None of what is no link, but a certificate itself: it keeps its number.
    pub(super) target: Option<PathBuf>,
    pub(super) behind: Behind,
}

/// What a hash link leads to.
#[derive(PartialEq)]
pub(super) enum Behind {
    Certificate(Fingerprint),
    /// OpenSSL before 3.5.8 stops looking at such a link too.
    Nothing,
    /// Several certificates, or none.
    OtherFile,
}

impl Behind {
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Certificate(fingerprint) => Some(*fingerprint),
            Self::Nothing | Self::OtherFile => None,
        }
    }
}

/// An anchor in its bucket.
pub(super) struct Member {
    pub(super) hash: u32,
    /// Of the entry that the hash link points to.
    pub(super) name: PathBuf,
    pub(super) fingerprint: Fingerprint,
    pub(super) fate: Fate,
}

impl Buckets {
    /// The links of a hash, which are looked at once, up to the one that leads to the `only` one that
    /// matters. What is `known` to be behind a name isn't read.
    ///
    /// # Errors
    /// When what a hash link leads to is there and can't be read.
    pub(super) fn observe(
        &mut self,
        root: &Root,
        directory: &Path,
        hash: u32,
        only: Option<Fingerprint>,
        known: &dyn Fn(&Path) -> Option<Behind>,
    ) -> Result<&Bucket, Error> {
        let place = match self.places.get(&hash.to_be_bytes()) {
            Some(place) => place,
            None => {
                self.buckets.push(observe(root, directory, hash, only, known)?);
                self.places.put(&hash.to_be_bytes(), self.buckets.len() - 1);
                self.buckets.len() - 1
            }
        };
        Ok(&self.buckets[place])
    }

    /// The links of a hash; none where it wasn't asked for.
    pub(super) fn get(&self, hash: u32) -> &[HashLink] {
        self.places.get(&hash.to_be_bytes()).map_or(&[], |place| &self.buckets[place])
    }
}

fn observe(
    root: &Root,
    directory: &Path,
    hash: u32,
    only: Option<Fingerprint>,
    known: &dyn Fn(&Path) -> Option<Behind>,
) -> Result<Bucket, Error> {
    let mut bucket = Bucket::new();
    loop {
        let entry = directory.join(name(hash, bucket.len()));
        let found = root.entry(&entry);
        let Some(found) = found.map_err(|cause| Error::ReadStore { path: entry.clone(), cause })?
        else {
            return Ok(bucket);
        };
        let target = found.target;
        let behind = match target.as_deref().and_then(known) {
            Some(behind) => behind,
            None => look_behind(root, &entry)?,
        };
        let is_only = only.is_some() && behind.fingerprint() == only;
        bucket.push(HashLink { target, behind });
        // A dead link before it would have it move.
        if is_only && !bucket.iter().any(|link| link.behind == Behind::Nothing) {
            return Ok(bucket);
        }
    }
}

/// The hash links of one subject hash, as they shall be.
pub(super) struct Links<'a> {
    hash: u32,
    before: &'a [HashLink],
    /// The target at each number; none of what is no link.
    targets: Vec<Option<&'a Path>>,
}

/// The links that the buckets of these members shall have, in the order of the hashes.
pub(super) fn links<'a>(buckets: &'a Buckets, members: &'a [Member]) -> Vec<Links<'a>> {
    let mut groups: Vec<Vec<&Member>> = Vec::new();
    let mut places = Places::default();
    for member in members {
        match places.enter(&member.hash.to_be_bytes(), groups.len()) {
            Some(place) => groups[place].push(member),
            None => groups.push(vec![member]),
        }
    }
    let mut links = Vec::with_capacity(groups.len());
    for place in places.in_order() {
        let members = &groups[place];
        if let Some(first) = members.first() {
            links.push(links_of(first.hash, buckets.get(first.hash), members));
        }
    }
    links
}

/// To each member that is wanted, and to whatever else was there.
fn links_of<'a>(hash: u32, before: &'a [HashLink], members: &[&'a Member]) -> Links<'a> {
    let mut absent = Places::default();
    for member in members.iter().filter(|member| member.fate == Fate::Absent) {
        absent.add(key(&member.name));
    }
    let kept: Vec<&HashLink> = before
        .iter()
        .filter(|link| {
            link.behind != Behind::Nothing
                && !link.target.as_ref().is_some_and(|target| absent.contains(key(target)))
        })
        .collect();
    // The same certificate under another name needs no second link.
    let mut known = Places::default();
    for link in &kept {
        known.add(link.target.as_deref().map(key).unwrap_or_default());
        known.add(link.behind.fingerprint().as_ref().map_or(&[], |fingerprint| &fingerprint.0));
    }
    let is_new = |member: &&&Member| {
        member.fate == Fate::Present
            && !known.contains(key(&member.name))
            && !known.contains(&member.fingerprint.0)
    };
    let new: Vec<&Path> =
        members.iter().filter(is_new).map(|member| member.name.as_path()).collect();
    let stay = kept.iter().filter_map(|link| link.target.as_deref());
    // The links that stay move up into the gaps, and the new ones follow, as the tools number them.
    // A file stays where it is.
    let mut targets = Vec::new();
    for target in stay.chain(new) {
        while before.get(targets.len()).is_some_and(|link| link.target.is_none()) {
            targets.push(None);
        }
        targets.push(Some(target));
    }
    Links { hash, before, targets }
}

impl<'a> Links<'a> {
    /// What makes a directory have just these.
    pub(super) fn changes(&self, directory: &Path) -> Vec<Change> {
        let mut changes = Vec::new();
        for number in 0..self.targets.len().max(self.before.len()) {
            let before = self.before.get(number);
            let present = before.and_then(|link| link.target.as_deref());
            let path = || directory.join(name(self.hash, number));
            match self.targets.get(number).copied().flatten() {
                Some(target) if present != Some(target) => {
                    changes.push(Change::Link { path: path(), target: target.to_owned() });
                }
                None if present.is_some() => changes.push(Change::Remove { path: path() }),
                _ => {}
            }
        }
        changes
    }
}

/// `HHHHHHHH.N`.
fn name(hash: u32, number: usize) -> PathBuf {
    format!("{hash:08x}.{number}").into()
}

/// Whether a directory has hash links, of whatever certificates.
///
/// # Errors
/// When the directory exists and can't be read.
pub(super) fn exist(root: &Root, directory: &Path) -> Result<bool, Error> {
    let names = root.names(directory);
    let names = names.map_err(|cause| Error::ReadStore { path: directory.to_owned(), cause })?;
    Ok(names.iter().any(|name| is_name(name)))
}

fn is_name(name: &OsStr) -> bool {
    let Some((hash, number)) = name.to_str().and_then(|name| name.split_once('.')) else {
        return false;
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn look_behind(root: &Root, path: &Path) -> Result<Behind, Error> {
    let Some(text) = root.read_store_file(path)? else {
        return Ok(Behind::Nothing);
    };
    let mut blocks = pem::blocks(&text);
    let first = blocks.next().and_then(|block| pem::certificate(block.body?));
    let only = first.filter(|_| blocks.next().is_none());
    Ok(only.map_or(Behind::OtherFile, |der| Behind::Certificate(Fingerprint::of(&der))))
}
