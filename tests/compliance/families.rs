//! Families whose tool is p11-kit's, and their stores in a form that can be compared.

use std::collections::BTreeMap;

use crate::container::Container;
use crate::container::Image;
use crate::engine::Run;
use crate::manifest::Manifest;

/// Where a family keeps its store, and what makes it.
pub(crate) struct Family {
    pub(crate) image: Image,
    pub(crate) tool: &'static str,
    pub(crate) anchors: &'static str,
    pub(crate) blocklist: &'static str,
    /// That of servers' CAs first.
    pub(crate) bundles: &'static [&'static str],
    /// Each certificate in a bundle has its label before it.
    pub(crate) has_labels: bool,
    /// Where OpenSSL looks by hash.
    pub(crate) hash_directories: &'static [&'static str],
    pub(crate) keystore: &'static str,
    pub(crate) signature_database: Option<&'static str>,
}

pub(crate) const FEDORA: Family = Family {
    image: Image::Fedora,
    hash_directories: &[
        "/etc/pki/tls/certs",
        "/etc/ssl/certs",
        "/etc/pki/ca-trust/extracted/pem/directory-hash",
    ],
    ..RHEL
};

pub(crate) const RHEL: Family = Family {
    image: Image::Rhel,
    tool: "update-ca-trust",
    anchors: "/etc/pki/ca-trust/source/anchors",
    blocklist: "/etc/pki/ca-trust/source/blocklist",
    bundles: &[
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",
    ],
    has_labels: true,
    hash_directories: &[],
    keystore: "/etc/pki/ca-trust/extracted/java/cacerts",
    signature_database: Some("/etc/pki/ca-trust/extracted/edk2/cacerts.bin"),
};

pub(crate) const SUSE: Family = Family {
    image: Image::Suse,
    tool: "update-ca-certificates",
    anchors: "/etc/pki/trust/anchors",
    blocklist: "/etc/pki/trust/blocklist",
    bundles: &["/var/lib/ca-certificates/ca-bundle.pem"],
    has_labels: false,
    hash_directories: &[
        "/etc/ssl/certs",
        "/var/lib/ca-certificates/pem",
        "/var/lib/ca-certificates/openssl",
    ],
    keystore: "/var/lib/ca-certificates/java-cacerts",
    signature_database: None,
};

pub(crate) const ARCH: Family = Family {
    image: Image::Arch,
    tool: "update-ca-trust",
    anchors: "/etc/ca-certificates/trust-source/anchors",
    blocklist: "/etc/ca-certificates/trust-source/blocklist",
    bundles: &[
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
        "/etc/ca-certificates/extracted/email-ca-bundle.pem",
        "/etc/ca-certificates/extracted/objsign-ca-bundle.pem",
        "/etc/ca-certificates/extracted/ca-bundle.trust.crt",
    ],
    has_labels: true,
    hash_directories: &["/etc/ssl/certs", "/etc/ca-certificates/extracted/cadir"],
    keystore: "/etc/ca-certificates/extracted/java-cacerts.jks",
    signature_database: Some("/etc/ca-certificates/extracted/edk2-cacerts.bin"),
};

impl Family {
    /// All that an installation or the tool may touch, to the byte.
    pub(crate) fn tree(&self, container: &Container) -> Manifest {
        Manifest::of(container, TREE)
    }

    /// The same without what has no meaning, or another one in each run: the order of certificates,
    /// which is p11-kit's order of files (and before 0.25.6, that in which the file system lists
    /// them), and the dates in a keystore. Ours appends. The one file that the tool knows nothing of
    /// is left out.
    pub(crate) fn store(&self, container: &Container) -> Manifest {
        let mut files = self.bundles.to_vec();
        files.push(self.keystore);
        files.extend(self.signature_database);
        let mut manifest = self.tree(container);
        for (path, content) in files.iter().zip(contents(container, &files)) {
            manifest.set_parts(path, self.parts(path, &content));
        }
        manifest.remove(ANCHORS_FILE);
        manifest
    }

    fn parts(&self, path: &str, content: &[u8]) -> Vec<String> {
        if path == self.keystore {
            keystore_entries(content)
                .into_iter()
                .map(|(alias, der)| format!("{alias:?} {}", hex(&der)))
                .collect()
        } else if Some(path) == self.signature_database {
            signature_lists(content).iter().map(|list| hex(list)).collect()
        } else {
            bundle_entries(&String::from_utf8_lossy(content), self.has_labels)
        }
    }

    /// The labels and certificates of a bundle.
    pub(crate) fn bundle(&self, container: &Container, path: &str) -> Vec<String> {
        bundle_entries(&String::from_utf8_lossy(&container.read(path)), self.has_labels)
    }

    /// The certificates in the keystore, by alias.
    pub(crate) fn keystore(&self, container: &Container) -> BTreeMap<String, Vec<u8>> {
        keystore_entries(&container.read(self.keystore))
    }

    #[track_caller]
    pub(crate) fn update(&self, container: &Container) -> Run {
        container.sh(self.tool)
    }

    /// Gives the tool the files that ours has made in another container, instead of those that it
    /// has of ours.
    #[track_caller]
    pub(crate) fn copy_anchors(&self, from: &Container, to: &Container) {
        let anchors = self.anchors;
        let archive =
            from.sh(&format!("cd {anchors}; find . -name 'ca-entrypoint-*' | tar -c -T -")).stdout;
        to.sh(&format!("rm -f {anchors}/ca-entrypoint-*"));
        to.try_sh_with_input(&format!("tar -x -C {anchors}"), &archive).expect_success();
    }
}

/// The contents of files, all read at once.
#[track_caller]
fn contents(container: &Container, paths: &[&str]) -> Vec<Vec<u8>> {
    let paths = paths.join(" ");
    let output = container.sh(&format!("stat -c %s {paths}; echo; cat {paths}")).stdout;
    let end = output.windows(2).position(|pair| pair == b"\n\n").expect("an empty line");
    let (sizes, mut rest) = output.split_at(end);
    let mut files = Vec::new();
    for size in String::from_utf8_lossy(sizes).lines() {
        let size: usize = size.parse().expect("stat prints a number");
        let content = rest.get(2..2 + size).expect("cat prints as much");
        files.push(content.to_vec());
        rest = &rest[size..];
    }
    files
}

/// Asserts that nothing but certificates, with their labels if they have any, is in a bundle.
#[track_caller]
fn bundle_entries(text: &str, has_labels: bool) -> Vec<String> {
    let is_end = |line: &str| line.starts_with("-----END ");
    let mut entries = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let entry = entries.last_mut().expect("it is never empty");
        // SUSE's has a head of its own.
        if !has_labels && line.starts_with("-----BEGIN ") && entry.starts_with('#') {
            entries.push(line.to_owned());
            continue;
        }
        entry.push_str(line);
        if is_end(line) {
            entries.push(String::new());
        }
    }
    assert_eq!(entries.pop().as_deref(), Some(""), "something follows the last certificate");
    for (position, entry) in entries.iter_mut().enumerate() {
        if !has_labels {
            continue;
        }
        if position > 0 {
            *entry = entry.strip_prefix('\n').expect("an empty line between two").to_owned();
        }
        let lines: Vec<&str> = entry.lines().collect();
        assert!(lines[0].starts_with("# ") && lines[1].starts_with("-----BEGIN "), "{entry}");
    }
    entries
}

/// The trusted certificates of a JKS, by alias.
fn keystore_entries(content: &[u8]) -> BTreeMap<String, Vec<u8>> {
    struct Reader<'a>(&'a [u8]);
    impl<'a> Reader<'a> {
        fn bytes(&mut self, count: usize) -> &'a [u8] {
            let (bytes, rest) = self.0.split_at(count);
            self.0 = rest;
            bytes
        }

        fn number(&mut self, width: usize) -> usize {
            self.bytes(width).iter().fold(0, |number, &byte| number << 8 | usize::from(byte))
        }
    }
    let mut reader = Reader(content);
    assert_eq!((reader.number(4), reader.number(4)), (0xfeed_feed, 2), "no JKS");
    let mut entries = BTreeMap::new();
    for _ in 0..reader.number(4) {
        assert_eq!(reader.number(4), 2, "no trusted certificate");
        let length = reader.number(2);
        let alias = String::from_utf8_lossy(reader.bytes(length)).into_owned();
        reader.bytes(8);
        let length = reader.number(2);
        assert_eq!(reader.bytes(length), b"X.509");
        let length = reader.number(4);
        let other = entries.insert(alias, reader.bytes(length).to_vec());
        assert!(other.is_none(), "an alias is there twice");
    }
    assert_eq!(reader.0.len(), 20, "a digest at the end");
    entries
}

fn signature_lists(mut content: &[u8]) -> Vec<Vec<u8>> {
    let mut lists = Vec::new();
    while !content.is_empty() {
        let size =
            content[16..20].iter().rev().fold(0, |size, &byte| size << 8 | usize::from(byte));
        let (list, rest) = content.split_at(size);
        lists.push(list.to_vec());
        content = rest;
    }
    lists
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const TREE: &[&str] = &[
    "/etc/ca-certificates",
    "/etc/pki",
    "/etc/ssl",
    "/usr/local/share",
    "/usr/share/ca-certificates",
    "/usr/share/pki",
    "/var/lib/ca-certificates",
];

/// Where ours keeps several anchors for programs that want them alone.
const ANCHORS_FILE: &str = "/usr/local/share/ca-entrypoint-anchors.pem";

/// Makes a test of each case for each family.
macro_rules! on_each_family {
    ($($case:ident)*) => {
        crate::families::on_each_family! {
            [fedora FEDORA] [rhel RHEL] [suse SUSE] [arch ARCH]: { $($case)* }
        }
    };
    ($([$module:ident $family:ident])+: $cases:tt) => {
        $(crate::families::on_each_family! { @ $module $family $cases })+
    };
    (@ $module:ident $family:ident { $($case:ident)* }) => {
        mod $module {
            $(
                #[test]
                fn $case() {
                    super::$case(&crate::families::$family);
                }
            )*
        }
    };
}

pub(crate) use on_each_family;
