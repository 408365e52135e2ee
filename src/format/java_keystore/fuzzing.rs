//! Keystores of both forms, read by another reader.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a failure is what is looked for")]

use super::Entry;
use super::Identity;
use super::Wanted;
use super::integrity::jks_digest;
use super::jks;
use super::update;
use crate::der::OCTET_STRING;
use crate::der::Reader;
use crate::der::SEQUENCE;
use crate::der::inside;
use crate::der::tagged;

/// A keystore; that of a JKS with the digest that belongs to it, that of a PKCS#12 file once as it is
/// and once without the code at its end, so that chance gets further than to these.
pub fn keystore(bytes: &[u8]) {
    check(bytes);
    if let Some((data, _)) =
        bytes.split_last_chunk::<20>().filter(|_| bytes.starts_with(jks::MAGIC))
    {
        check(&[data, &jks_digest(data)].concat());
    } else if let Some(plain) = without_code(bytes) {
        check(&plain);
    }
}

fn without_code(file: &[u8]) -> Option<Vec<u8>> {
    let content = inside(file, &[SEQUENCE])?;
    let mut rest = Reader(content);
    rest.next()?;
    rest.next()?;
    Some(tagged(SEQUENCE, &content[..content.len() - rest.0.len()]))
}

/// What is written reads again, with each entry that was there, in its place and to the byte, and
/// the new ones after them; a second time there is nothing to do; and taking the new ones out again
/// leaves the file that there was.
fn check(keystore: &[u8]) {
    for identity in [Identity::Alias, Identity::Certificate] {
        let entry = |alias: &str, der: &[u8]| Entry {
            alias: alias.to_owned(),
            der: der.to_vec(),
            created: 1,
        };
        let present = vec![entry("fuzzed", b"one"), entry("fuzzed-ü\u{1f600}", &[7; 300])];
        let wanted = Wanted { present: present.clone(), absent: Vec::new(), identity };
        let Ok(updated) = update(keystore, &wanted) else {
            continue;
        };
        // Chance may come upon one of them.
        let Some(updated) = updated else {
            let has = |text: &[u8]| keystore.windows(text.len()).any(|window| window == text);
            assert!(has(b"one") && has(&[7; 300]), "there was nothing to do");
            continue;
        };
        let old = entries(keystore).unwrap();
        let new = entries(&updated).unwrap();
        let is_fuzzed = |entry: &&[u8]| {
            let alias: Vec<u8> = entry.iter().copied().filter(|&byte| byte != 0).collect();
            alias.windows(6).any(|window| window.eq_ignore_ascii_case(b"fuzzed"))
        };
        let others = |entries: &[&[u8]]| -> Vec<Vec<u8>> {
            entries.iter().filter(|entry| !is_fuzzed(entry)).map(|entry| entry.to_vec()).collect()
        };
        assert_eq!(others(&new), others(&old), "another entry isn't what it was");
        assert!(new.len() - others(&new).len() >= present.len());
        assert!(update(&updated, &wanted).unwrap().is_none(), "not all there");
        let unwanted = Wanted { present: Vec::new(), absent: present, identity };
        let removed = update(&updated, &unwanted).unwrap().unwrap();
        let left = entries(&removed).unwrap();
        assert_eq!(others(&left), others(&old), "another entry isn't what it was");
        if old.len() == others(&old).len() {
            assert_eq!(removed, keystore);
        }
    }
}

/// Each entry as it stands in the file: of a JKS (`JavaKeyStore.java`) the items, of a PKCS#12 file
/// the bags of plain groups, and the other groups.
fn entries(keystore: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    let Some(items) = keystore.strip_prefix(jks::MAGIC) else {
        let mut file = Reader(inside(keystore, &[SEQUENCE])?);
        file.next()?;
        let groups =
            inside(Reader(file.take(SEQUENCE)?.get(11..)?).take(0xa0)?, &[OCTET_STRING, SEQUENCE])?;
        let mut groups = Reader(groups);
        while let Some(group) = groups.next() {
            let mut content = Reader(group.content);
            match content.next().map(|kind| kind.whole) {
                Some(PLAIN) => {
                    let mut bags = Reader(inside(content.0, &[0xa0, OCTET_STRING, SEQUENCE])?);
                    while let Some(bag) = bags.next() {
                        entries.push(bag.whole);
                    }
                }
                _ => entries.push(group.whole),
            }
        }
        return Some(entries);
    };
    let number = |at: usize| {
        let bytes = items.get(at..at + 4)?;
        Some(bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    };
    let short = |at| Some(number(at)? >> 16);
    let has_types = number(0)? == 2;
    let mut at = 8;
    for _ in 0..number(4)? {
        let start = at;
        at += 4;
        at += 2 + short(at)? + 8;
        let mut certificates = 1;
        if number(start)? == 1 {
            at += 4 + number(at)?;
            certificates = number(at)?;
            at += 4;
        }
        for _ in 0..certificates {
            if has_types {
                at += 2 + short(at)?;
            }
            at += 4 + number(at)?;
        }
        entries.push(items.get(start..at)?);
    }
    (at + 20 == items.len()).then_some(entries)
}

/// The object identifier of plain data, 1.2.840.113549.1.7.1.
const PLAIN: &[u8] = &[6, 9, 42, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 1];
