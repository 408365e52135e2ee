//! The hash links of one subject hash.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use crate::certificate::Fingerprint;
use crate::change::Change;
use crate::der;
use crate::error::Error;
use crate::local::Fate;
use crate::pem;
use crate::root::Root;

/// The hash links of one subject hash by their numbers, from 0 to the first that is missing: where
/// OpenSSL stops looking.
pub(super) type Bucket = BTreeMap<u32, HashLink>;

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
    /// Of the entry that the hash link points to.
    pub(super) name: PathBuf,
    pub(super) fingerprint: Fingerprint,
    pub(super) fate: Fate,
}

/// # Errors
/// When what a hash link leads to is there and can't be read.
pub(super) fn observe(
    root: &Root,
    directory: &Path,
    hash: u32,
    known: impl Fn(&Path) -> Option<Behind>,
) -> Result<Bucket, Error> {
    let mut bucket = Bucket::new();
    for number in 0.. {
        let entry = directory.join(name(hash, number));
        let exists = root.has_entry(&entry);
        if !exists.map_err(|cause| Error::ReadStore { path: entry.clone(), cause })? {
            break;
        }
        let target = root.read_link(&entry);
        let behind = match target.as_deref().and_then(&known) {
            Some(behind) => behind,
            None => look_behind(root, &entry)?,
        };
        bucket.insert(number, HashLink { target, behind });
    }
    Ok(bucket)
}

/// The links that a bucket shall have: to each member that is wanted, and to whatever else was in
/// it.
pub(super) fn links<'a>(before: &'a Bucket, members: &'a [Member]) -> BTreeMap<u32, &'a Path> {
    let absent: BTreeSet<&Path> = members
        .iter()
        .filter(|member| member.fate == Fate::Absent)
        .map(|member| member.name.as_path())
        .collect();
    let is_kept = |link: &&HashLink| {
        link.behind != Behind::Nothing
            && !link.target.as_ref().is_some_and(|target| absent.contains(target.as_path()))
    };
    let kept: Vec<&HashLink> = before.values().filter(is_kept).collect();
    let targets: BTreeSet<&Path> = kept.iter().filter_map(|link| link.target.as_deref()).collect();
    let fingerprints: BTreeSet<Fingerprint> =
        kept.iter().filter_map(|link| link.behind.fingerprint()).collect();
    // The same certificate under another name needs no second link.
    let new = members.iter().filter(|member| {
        member.fate == Fate::Present
            && !targets.contains(member.name.as_path())
            && !fingerprints.contains(&member.fingerprint)
    });
    // The links that stay move up into the gaps, and the new ones follow, as the tools number them.
    // A file stays where it is.
    let numbers = (0..).filter(|number| !is_file(before, *number));
    let stay = kept.iter().filter_map(|link| link.target.as_deref());
    numbers.zip(stay.chain(new.map(|member| member.name.as_path()))).collect()
}

/// What makes a bucket have just these links.
pub(super) fn changes(
    directory: &Path,
    hash: u32,
    before: &Bucket,
    links: &BTreeMap<u32, &Path>,
) -> Vec<Change> {
    let path_of = |number: u32| directory.join(name(hash, number));
    let made = links
        .iter()
        .filter(|&(number, &target)| {
            before.get(number).is_none_or(|link| link.target.as_deref() != Some(target))
        })
        .map(|(&number, &target)| Change::Link {
            path: path_of(number),
            target: target.to_owned(),
        });
    let removed = before
        .keys()
        .filter(|number| !links.contains_key(number) && !is_file(before, **number))
        .map(|&number| Change::Remove { path: path_of(number) });
    made.chain(removed).collect()
}

fn is_file(bucket: &Bucket, number: u32) -> bool {
    bucket.get(&number).is_some_and(|link| link.target.is_none())
}

/// `HHHHHHHH.N`.
pub(super) fn name(hash: u32, number: u32) -> String {
    format!("{hash:08x}.{number}")
}

/// The hash in a hash link's name; `None` where it is no such name.
pub(super) fn hash_of(name: &OsStr) -> Option<u32> {
    let (hash, number) = name.to_str()?.split_once('.')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash && is_number { u32::from_str_radix(hash, 16).ok() } else { None }
}

fn look_behind(root: &Root, path: &Path) -> Result<Behind, Error> {
    let Some(text) = root.read_store_file(path)? else {
        return Ok(Behind::Nothing);
    };
    let mut blocks = pem::blocks(&text);
    let first = blocks.next().and_then(|block| pem::decode(block.body?));
    let is_only = blocks.next().is_none();
    let only = first.filter(|_| is_only);
    // Trust settings may follow.
    let certificate = only.as_deref().and_then(|bytes| der::Reader(bytes).next());
    let fingerprint = certificate.map(|certificate| Fingerprint::of(certificate.whole));
    Ok(fingerprint.map_or(Behind::OtherFile, Behind::Certificate))
}
