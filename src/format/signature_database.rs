//! Certificates for UEFI firmware (EDK2), which boots over HTTPS.
//!
//! Source: `EFI_SIGNATURE_LIST` in the UEFI specification, section 32.4.1, and p11-kit's
//! `trust/extract-edk2.c`, which makes a list of its own for each certificate. A number has its
//! least significant byte first.

#![forbid(unsafe_code)]

use std::path::Path;
use std::path::PathBuf;

use crate::change::Change;
use crate::error::Error;
use crate::local;
use crate::local::Fate;
use crate::local::LocalAnchor;
use crate::local::Member;
use crate::places::Places;
use crate::platform::Filter;
use crate::platform::Platform;
use crate::purpose::Purpose;
use crate::root::Root;

/// A database that exists.
pub(crate) struct State {
    path: PathBuf,
    content: Vec<u8>,
    mode: u32,
}

/// The databases that exist, each under the path of its file.
///
/// # Errors
/// When a database exists and can't be read.
pub(crate) fn observe(root: &Root, platform: &Platform) -> Result<Vec<State>, Error> {
    let mut states = Vec::new();
    for path in platform.signature_databases.iter().map(Path::new) {
        if let Some((content, mode)) = root.read_store_file_with_mode(path)? {
            let file = root.without_links_into(path, platform.immutable);
            let path = file.map_err(|cause| Error::ReadStore { path: path.to_owned(), cause })?;
            states.push(State { path, content, mode });
        }
    }
    Ok(states)
}

/// Makes a database hold the wanted anchors; one that isn't understood is left alone.
pub(crate) fn changes(state: &State, locals: &[LocalAnchor]) -> Option<Change> {
    let members = local::members(locals, Filter::Purpose(Purpose::ServerAuth));
    let content = update(&state.content, &members)?;
    Some(Change::File { path: state.path.clone(), content, mode: state.mode })
}

fn update(database: &[u8], members: &[Member<'_>]) -> Option<Vec<u8>> {
    let mut content = Vec::with_capacity(database.len());
    let mut is_there = vec![false; members.len()];
    let mut places = Places::default();
    for (place, member) in members.iter().enumerate() {
        places.put(&member.certificate.der, place);
    }
    let mut rest = database;
    while !rest.is_empty() {
        let size: usize = u32::from_le_bytes(*rest.get(16..)?.first_chunk()?).try_into().ok()?;
        let (list, after) = rest.split_at_checked(size).filter(|_| size >= HEADER)?;
        rest = after;
        let der = list.get(HEADER + OWNER.len()..);
        let place = der.and_then(|der| places.get(der));
        if let Some(place) = place {
            is_there[place] = true;
        }
        if place.is_none_or(|place| members[place].fate != Fate::Absent) {
            content.extend_from_slice(list);
        }
    }
    for (member, is_there) in members.iter().zip(is_there) {
        if member.fate == Fate::Present && !is_there {
            content.extend(encode(&member.certificate.der));
        }
    }
    (content != database).then_some(content)
}

/// A list of one certificate.
fn encode(der: &[u8]) -> Vec<u8> {
    let signature = OWNER.len() + der.len();
    let mut list = Vec::with_capacity(HEADER + signature);
    list.extend_from_slice(TYPE_X509);
    for number in [HEADER + signature, 0, signature] {
        list.extend_from_slice(&(number as u32).to_le_bytes());
    }
    list.extend_from_slice(OWNER);
    list.extend_from_slice(der);
    list
}

/// Type, size of the list, size of a further header, and size of each signature.
const HEADER: usize = 28;

/// `EFI_CERT_X509_GUID`, a5c059a1-94e4-4aa7-87b5-ab155c2bf072.
const TYPE_X509: &[u8; 16] = &[
    0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72,
];

/// The agent that p11-kit calls itself, dcdd3b50-f405-43fd-96be-bd33b1734776.
const OWNER: &[u8; 16] = &[
    0x50, 0x3b, 0xdd, 0xdc, 0x05, 0xf4, 0xfd, 0x43, 0x96, 0xbe, 0xbd, 0x33, 0xb1, 0x73, 0x47, 0x76,
];
