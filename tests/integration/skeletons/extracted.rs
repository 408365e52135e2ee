//! What `trust extract` of p11-kit makes of certificates, by other code than the program's: each
//! function is a format. Sources: `trust/extract-*.c`, `enumerate.c` and `save.c` of p11-glue/p11-kit.

use std::collections::BTreeMap;
use std::sync::Mutex;

use sha1::Digest;
use sha1::Sha1;

use crate::openssl::openssl;
use crate::util::Root;
use crate::x509::Certificate;
use crate::x509::SEQUENCE;
use crate::x509::SERVER_AUTH;
use crate::x509::UTF8;
use crate::x509::pem;
use crate::x509::tlv;

/// A certificate that is trusted, with what it is trusted for.
#[derive(Clone)]
pub(crate) struct Member {
    label: String,
    der: Vec<u8>,
    /// The purposes that the distribution's data gives it, apart from what it says itself; all where there are
    /// none.
    usages: &'static [&'static [u8]],
    /// It says that itself.
    is_own: bool,
}

impl Member {
    /// One of the anchors directory, which has no data but its own.
    pub(crate) fn local(certificate: &Certificate, label: &str) -> Self {
        Self { label: label.to_owned(), der: certificate.der(), usages: &[], is_own: false }
    }

    /// One that says so itself what it is for.
    pub(crate) fn local_for_servers(certificate: &Certificate, label: &str) -> Self {
        Self { is_own: true, usages: &[SERVER_AUTH], ..Self::local(certificate, label) }
    }

    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    #[allow(dead_code, reason = "the tests of faults ask")]
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// `X509_CERT_AUX` follows: the purposes if the data has some, and the label.
    fn trusted_pem(&self) -> String {
        let usages: Vec<u8> = self.usages.iter().flat_map(|usage| tlv(6, usage)).collect();
        let usages =
            if usages.is_empty() || self.is_own { Vec::new() } else { tlv(SEQUENCE, &usages) };
        let settings = [usages, tlv(UTF8, self.label.as_bytes())].concat();
        pem("TRUSTED CERTIFICATE", &[self.der.clone(), tlv(SEQUENCE, &settings)].concat())
    }

    /// OpenSSL's hash of the subject, and the one that it had before 1.0.
    fn hashes(&self) -> [String; 2] {
        static KNOWN: Mutex<BTreeMap<Vec<u8>, [String; 2]>> = Mutex::new(BTreeMap::new());
        let ask = || {
            let arguments = ["x509", "-noout", "-subject_hash", "-subject_hash_old"];
            let hashes = String::from_utf8(openssl(&arguments, self.pem().as_bytes())).unwrap();
            let (new, old) = hashes.trim().split_once('\n').unwrap();
            [new.to_owned(), old.to_owned()]
        };
        KNOWN.lock().unwrap().entry(self.der.clone()).or_insert_with(ask).clone()
    }
}

/// The images' own: for everything, for servers and mail, and for servers alone.
pub(crate) fn public() -> Vec<Member> {
    let usages: [&[&[u8]]; 3] = [
        &[SERVER_AUTH, EMAIL_PROTECTION, CODE_SIGNING],
        &[SERVER_AUTH, EMAIL_PROTECTION],
        &[SERVER_AUTH],
    ];
    let labels = ["Public Root A", "Public Root B", "Public Root C"];
    let member = |(label, usages): (&str, _)| Member {
        usages,
        ..Member::local(&Certificate::ca(label), label)
    };
    labels.into_iter().zip(usages).map(member).collect()
}

pub(crate) fn with_usage(members: &[Member], usage: &[u8]) -> Vec<Member> {
    let mut members = members.to_vec();
    members.retain(|member| member.usages.is_empty() || member.usages.contains(&usage));
    members
}

/// `--format=pem-bundle --comment`.
pub(crate) fn labelled_bundle(members: &[Member]) -> String {
    let entries: Vec<String> =
        members.iter().map(|member| format!("# {}\n{}", member.label, member.pem())).collect();
    entries.join("\n")
}

/// `--format=pem-bundle`.
pub(crate) fn bundle(members: &[Member]) -> String {
    members.iter().map(Member::pem).collect()
}

/// `--format=openssl-bundle --comment`.
pub(crate) fn trusted_bundle(members: &[Member]) -> String {
    let entry = |member: &Member| format!("# {}\n{}", member.label, member.trusted_pem());
    members.iter().map(entry).collect::<Vec<_>>().join("\n")
}

/// `--format=pem-directory-hash`. Returns the links' names with the files' names.
pub(crate) fn directory(root: &Root, path: &str, members: &[Member]) -> Vec<(String, String)> {
    write_directory(root, path, members, Member::pem)
}

/// `--format=openssl-directory`.
pub(crate) fn trusted_directory(root: &Root, path: &str, members: &[Member]) {
    write_directory(root, path, members, Member::trusted_pem);
}

fn write_directory(
    root: &Root,
    path: &str,
    members: &[Member],
    encode: fn(&Member) -> String,
) -> Vec<(String, String)> {
    let mut files: Vec<String> = Vec::new();
    let mut links: Vec<(String, String)> = Vec::new();
    for member in members {
        let bare: String = member
            .label
            .bytes()
            .map(|b| if b.is_ascii_alphanumeric() || b".-_".contains(&b) { b.into() } else { '_' })
            .collect();
        let file = unused(
            |name| files.contains(name),
            &format!("{bare}.pem"),
            |number| format!("{bare}.{number}.pem"),
        );
        root.write(&format!("{path}/{file}"), encode(member));
        root.mode(&format!("{path}/{file}"), 0o444);
        for hash in member.hashes() {
            let is_used = |name: &String| links.iter().any(|(link, _)| link == name);
            let link = unused(is_used, &format!("{hash}.0"), |number| format!("{hash}.{number}"));
            root.link(&format!("{path}/{link}"), &file);
            links.push((link, file.clone()));
        }
        files.push(file);
    }
    root.directory(path).mode(path, 0o555);
    links
}

/// `first`, else the first of `others` that nobody has.
fn unused(
    is_used: impl Fn(&String) -> bool,
    first: &str,
    others: impl Fn(usize) -> String,
) -> String {
    let first = first.to_owned();
    if !is_used(&first) { first } else { (1..).map(others).find(|name| !is_used(name)).unwrap() }
}

/// `--format=java-cacerts`, made when the certificates' time begins: 2020.
pub(crate) fn keystore(members: &[Member]) -> Vec<u8> {
    let number = |number: usize| (number as u32).to_be_bytes();
    let text = |text: &str| [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat();
    let mut store = [[0xfe, 0xed, 0xfe, 0xed], number(2), number(members.len())].concat();
    let mut aliases: Vec<String> = Vec::new();
    for member in members {
        let bare = member.label.replace(' ', "").to_ascii_lowercase();
        let alias =
            unused(|alias| aliases.contains(alias), &bare, |number| format!("{bare}-{number}"));
        store
            .extend([&number(2), &text(&alias)[..], &1_577_836_800_000_u64.to_be_bytes()].concat());
        store.extend([&text("X.509"), &number(member.der.len())[..], &member.der].concat());
        aliases.push(alias);
    }
    let password: Vec<u8> = "changeit".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let digest = Sha1::digest([&password, &b"Mighty Aphrodite"[..], &store].concat());
    [store, digest.to_vec()].concat()
}

/// `--format=edk2-cacerts`.
pub(crate) fn database(members: &[Member]) -> Vec<u8> {
    let number = |number: usize| (number as u32).to_le_bytes();
    let list = |member: &Member| {
        let length = member.der.len() + 16;
        let mut list = hex("a159c0a5e494a74a87b5ab155c2bf072");
        list.extend([number(length + 28), number(0), number(length)].concat());
        list.extend(hex("503bdddc05f4fd4396bebd33b1734776"));
        [list, member.der.clone()].concat()
    };
    members.iter().flat_map(list).collect()
}

fn hex(digits: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap()
}

/// The data that the distribution's package brings, in p11-kit's own format.
pub(crate) fn source(members: &[Member]) -> String {
    let object = |member: &Member| {
        let Member { label, .. } = member;
        format!("[p11-kit-object-v1]\nlabel: \"{label}\"\ntrusted: true\n{}\n", member.pem())
    };
    members.iter().map(object).collect()
}

pub(crate) const EMAIL_PROTECTION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04];
pub(crate) const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];
