//! The images whose tool is p11-kit's, as that tool leaves them, and the tool itself as far as the
//! tests need it: it takes the anchors first and the image's own roots after them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
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

pub(crate) const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

/// Where a family has what.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) anchors: &'static str,
    /// The administrator's directory of files that are no anchors by their place.
    pub(crate) source: &'static str,
    pub(crate) vendor: &'static str,
    os_release: &'static str,
    pub(crate) bundle: &'static str,
    /// Of the same certificates here, as all of the roots are for all purposes.
    pub(crate) other_bundles: &'static [&'static str],
    pub(crate) has_labels: bool,
    header: &'static str,
    pub(crate) trusted_bundle: Option<&'static str>,
    pub(crate) directory: &'static str,
    pub(crate) trusted_directory: Option<&'static str>,
    mirror: Option<Mirror>,
    pub(crate) keystore: &'static str,
    pub(crate) database: Option<&'static str>,
    links: &'static [(&'static str, &'static str)],
}

struct Mirror {
    path: &'static str,
    target: &'static str,
    has_files: bool,
}

pub(crate) const RHEL: Family = Family {
    name: "rhel",
    anchors: "/etc/pki/ca-trust/source/anchors",
    source: "/etc/pki/ca-trust/source",
    vendor: "/usr/share/pki/ca-trust-source",
    os_release: "ID=fedora\n",
    bundle: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    other_bundles: &[
        "/etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem",
    ],
    has_labels: true,
    header: "",
    trusted_bundle: Some("/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt"),
    directory: "/etc/pki/ca-trust/extracted/pem/directory-hash",
    trusted_directory: None,
    mirror: Some(Mirror {
        path: "/etc/pki/tls/certs",
        target: "/etc/pki/ca-trust/extracted/pem/directory-hash",
        has_files: false,
    }),
    keystore: "/etc/pki/ca-trust/extracted/java/cacerts",
    database: Some("/etc/pki/ca-trust/extracted/edk2/cacerts.bin"),
    links: &[
        ("/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
        ("/etc/pki/java/cacerts", "/etc/pki/ca-trust/extracted/java/cacerts"),
        ("/etc/ssl/certs", "/etc/pki/tls/certs"),
    ],
};

pub(crate) const SUSE: Family = Family {
    name: "suse",
    anchors: "/etc/pki/trust/anchors",
    source: "/etc/pki/trust",
    vendor: "/usr/share/pki/trust",
    os_release: "ID=\"sles\"\nID_LIKE=\"suse\"\n",
    bundle: "/var/lib/ca-certificates/ca-bundle.pem",
    other_bundles: &[],
    has_labels: false,
    header: "#\n# automatically created by 99certbundle.run. Do not edit!\n#\n# - openssl: SSL_CTX_set_default_verify_paths()\n#\n",
    trusted_bundle: None,
    directory: "/var/lib/ca-certificates/pem",
    trusted_directory: Some("/var/lib/ca-certificates/openssl"),
    mirror: None,
    keystore: "/var/lib/ca-certificates/java-cacerts",
    database: None,
    links: &[
        ("/etc/ssl/certs", "../../var/lib/ca-certificates/pem"),
        ("/etc/ssl/ca-bundle.pem", "../../var/lib/ca-certificates/ca-bundle.pem"),
    ],
};

pub(crate) const ARCH: Family = Family {
    name: "arch",
    anchors: "/etc/ca-certificates/trust-source/anchors",
    source: "/etc/ca-certificates/trust-source",
    vendor: "/usr/share/ca-certificates/trust-source",
    os_release: "ID=arch\n",
    bundle: "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    other_bundles: &[
        "/etc/ca-certificates/extracted/email-ca-bundle.pem",
        "/etc/ca-certificates/extracted/objsign-ca-bundle.pem",
    ],
    has_labels: true,
    header: "",
    trusted_bundle: Some("/etc/ca-certificates/extracted/ca-bundle.trust.crt"),
    directory: "/etc/ca-certificates/extracted/cadir",
    trusted_directory: None,
    mirror: Some(Mirror {
        path: "/etc/ssl/certs",
        target: "../../ca-certificates/extracted/cadir",
        has_files: true,
    }),
    keystore: "/etc/ca-certificates/extracted/java-cacerts.jks",
    database: Some("/etc/ca-certificates/extracted/edk2-cacerts.bin"),
    links: &[
        ("/etc/ssl/cert.pem", "../ca-certificates/extracted/tls-ca-bundle.pem"),
        ("/etc/ssl/certs/ca-certificates.crt", "../../ca-certificates/extracted/tls-ca-bundle.pem"),
    ],
};

pub(crate) const FAMILIES: [Family; 3] = [RHEL, SUSE, ARCH];

/// A certificate with the label that p11-kit gives it.
#[derive(Clone)]
pub(crate) struct Labelled {
    pub(crate) label: String,
    pub(crate) certificate: Certificate,
}

pub(crate) fn labelled(label: &str) -> Labelled {
    Labelled { label: label.to_owned(), certificate: Certificate::ca(label) }
}

/// One of several of the same name.
pub(crate) fn twin(label: &str, serial: u64) -> Labelled {
    let certificate = Certificate { serial, ..Certificate::ca(label) };
    Labelled { label: label.to_owned(), certificate }
}

pub(crate) fn roots() -> Vec<Labelled> {
    ["Public Root A", "Public Root B", "Public Root C"].map(labelled).to_vec()
}

impl Family {
    /// An image with these roots of its own, from a file of the vendor's.
    pub(crate) fn image(&self, roots: &[Labelled]) -> Root {
        let root = self.prebuilt(roots);
        let text: String = roots.iter().map(|root| p11_kit(&root.certificate, "trusted")).collect();
        root.write(&format!("{}/vendor.p11-kit", self.vendor), text);
        root
    }

    /// The same without the file that the outputs were made of, and without a tool.
    pub(crate) fn prebuilt(&self, roots: &[Labelled]) -> Root {
        let root = Root::new();
        root.write("/etc/os-release", self.os_release).directory(self.anchors);
        for (link, target) in self.links {
            if let Some(Mirror { path, .. }) = &self.mirror {
                root.directory(path);
            }
            root.link(link, target);
        }
        self.extract(&root, roots);
        root
    }

    /// Makes all outputs anew, of these certificates in this order.
    pub(crate) fn extract(&self, root: &Root, certificates: &[Labelled]) {
        let bundle = self.bundle_of(certificates);
        write(root, self.bundle, format!("{}{bundle}", self.header).as_bytes());
        for path in self.other_bundles {
            write(root, path, bundle.as_bytes());
        }
        if let Some(path) = self.trusted_bundle {
            let entries: Vec<String> = certificates
                .iter()
                .map(|entry| format!("# {}\n{}", entry.label, trusted(entry)))
                .collect();
            write(root, path, entries.join("\n").as_bytes());
        }
        extract_directory(root, self.directory, certificates, |entry| entry.certificate.pem());
        if let Some(path) = self.trusted_directory {
            extract_directory(root, path, certificates, trusted);
        }
        if let Some(mirror) = &self.mirror {
            mirror.make(root, self.directory);
        }
        write(root, self.keystore, &keystore(certificates));
        if let Some(path) = self.database {
            let lists: Vec<u8> =
                certificates.iter().flat_map(|entry| list(&entry.certificate.der())).collect();
            write(root, path, &lists);
        }
    }

    pub(crate) fn bundle_of(&self, certificates: &[Labelled]) -> String {
        let entry = |entry: &Labelled| match self.has_labels {
            true => format!("# {}\n{}", entry.label, entry.certificate.pem()),
            false => entry.certificate.pem(),
        };
        let entries: Vec<String> = certificates.iter().map(entry).collect();
        entries.join(if self.has_labels { "\n" } else { "" })
    }
}

impl Mirror {
    fn make(&self, root: &Root, directory: &str) {
        root.directory(self.path);
        for name in root.names(self.path) {
            let path = format!("{}/{name}", self.path);
            let target = root.at(&path).read_link().ok();
            if target.is_some_and(|target| target.starts_with(self.target)) {
                root.remove(&path);
            }
        }
        for name in root.names(directory) {
            let file = root.at(&format!("{directory}/{name}")).read_link().ok();
            let file = match file {
                Some(file) => file.to_str().unwrap().to_owned(),
                None if self.has_files => name.clone(),
                None => continue,
            };
            root.link(&format!("{}/{name}", self.path), &format!("{}/{file}", self.target));
        }
    }
}

/// A section of p11-kit's own format.
pub(crate) fn p11_kit(certificate: &Certificate, what: &str) -> String {
    format!("[p11-kit-object-v1]\nlabel: \"x\"\n{what}: true\n{}\n", certificate.pem())
}

/// A block with the trust settings that p11-kit writes for an anchor: its label alone.
pub(crate) fn trusted(entry: &Labelled) -> String {
    let alias = tlv(UTF8, entry.label.as_bytes());
    let settings = tlv(SEQUENCE, &alias);
    pem("TRUSTED CERTIFICATE", &[entry.certificate.der(), settings].concat())
}

/// A block that p11-kit trusts wherever it finds it.
pub(crate) fn trusted_for_servers(entry: &Labelled) -> String {
    let settings = tlv(SEQUENCE, &tlv(SEQUENCE, &tlv(6, SERVER_AUTH)));
    pem("TRUSTED CERTIFICATE", &[entry.certificate.der(), settings].concat())
}

fn write(root: &Root, path: &str, content: &[u8]) {
    if root.at(path).exists() {
        root.remove(path);
    }
    root.write(path, content).mode(path, 0o444);
}

fn extract_directory(
    root: &Root,
    directory: &str,
    certificates: &[Labelled],
    encode: impl Fn(&Labelled) -> String,
) {
    root.directory(directory);
    for name in root.names(directory) {
        root.remove(&format!("{directory}/{name}"));
    }
    let mut taken = BTreeSet::new();
    for entry in certificates {
        let bare: String = entry.label.bytes().map(canonical).take(235).map(char::from).collect();
        let name = (0..)
            .map(|n| if n == 0 { format!("{bare}.pem") } else { format!("{bare}.{n}.pem") })
            .find(|name| taken.insert(name.clone()))
            .unwrap();
        write(root, &format!("{directory}/{name}"), encode(entry).as_bytes());
        for hash in hashes(&entry.certificate) {
            let link = (0..)
                .map(|n| format!("{hash}.{n}"))
                .find(|link| taken.insert(link.clone()))
                .unwrap();
            root.link(&format!("{directory}/{link}"), &name);
        }
    }
    root.mode(directory, 0o555);
}

fn canonical(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) { byte } else { b'_' }
}

/// The new hash and the old one, by `openssl`, asked for once.
pub(crate) fn hashes(certificate: &Certificate) -> [String; 2] {
    static KNOWN: Mutex<BTreeMap<Vec<u8>, [String; 2]>> = Mutex::new(BTreeMap::new());
    let ask = || {
        let options = ["x509", "-noout", "-subject_hash", "-subject_hash_old"];
        let hashes = String::from_utf8(openssl(&options, certificate.pem().as_bytes())).unwrap();
        let mut lines = hashes.lines().map(str::to_owned);
        [lines.next().unwrap(), lines.next().unwrap()]
    };
    KNOWN.lock().unwrap().entry(certificate.subject.clone()).or_insert_with(ask).clone()
}

/// A Java keystore by p11-kit.
pub(crate) fn keystore(certificates: &[Labelled]) -> Vec<u8> {
    let mut taken = BTreeSet::new();
    let mut entries = Vec::new();
    for Labelled { label, certificate } in certificates {
        let alias: String =
            label.chars().filter(|c| c.is_ascii() && !c.is_ascii_whitespace()).collect();
        let alias = alias.to_ascii_lowercase();
        let alias = (0..)
            .map(|n| if n == 0 { alias.clone() } else { format!("{alias}-{n}") })
            .find(|alias| taken.insert(alias.clone()))
            .unwrap();
        entries.push((alias, certificate.der()));
    }
    let entries: Vec<(&str, &[u8])> =
        entries.iter().map(|(alias, der)| (alias.as_str(), der.as_slice())).collect();
    keystore_of(&entries)
}

/// A Java keystore with these entries.
pub(crate) fn keystore_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2], &count(entries.len())[..]].concat();
    for (alias, der) in entries {
        file.extend([0, 0, 0, 2]);
        file.extend((alias.len() as u16).to_be_bytes());
        file.extend(alias.as_bytes());
        file.extend([0; 8]);
        file.extend(b"\0\x05X.509");
        file.extend(count(der.len()));
        file.extend(*der);
    }
    let password = "changeit".encode_utf16().flat_map(u16::to_be_bytes);
    let mut digest = Sha1::new();
    digest.update(password.collect::<Vec<u8>>());
    digest.update(b"Mighty Aphrodite");
    digest.update(&file);
    file.extend(digest.finalize());
    file
}

/// Aliases and certificates of a keystore, in their order.
#[track_caller]
pub(crate) fn entries(keystore: &[u8]) -> Vec<(String, Vec<u8>)> {
    assert!(keystore.starts_with(&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]), "no JKS");
    let number = |at: usize, length: usize| {
        keystore[at..at + length].iter().fold(0, |number, &byte| number << 8 | usize::from(byte))
    };
    let mut entries = Vec::new();
    let mut at = 12;
    for _ in 0..number(8, 4) {
        let alias = at + 6;
        let length = number(at + 4, 2);
        let name = String::from_utf8(keystore[alias..alias + length].to_vec()).unwrap();
        let size = alias + length + 15;
        let der = size + 4;
        at = der + number(size, 4);
        entries.push((name, keystore[der..at].to_vec()));
    }
    assert_eq!(at + 20, keystore.len(), "something stands behind the entries");
    entries
}

fn count(number: usize) -> [u8; 4] {
    (number as u32).to_be_bytes()
}

/// A signature list of one certificate, as p11-kit makes it.
pub(crate) fn list(der: &[u8]) -> Vec<u8> {
    let kind = b"\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72";
    let owner = b"\x50\x3b\xdd\xdc\x05\xf4\xfd\x43\x96\xbe\xbd\x33\xb1\x73\x47\x76";
    let mut list = kind.to_vec();
    for number in [44 + der.len(), 0, 16 + der.len()] {
        list.extend((number as u32).to_le_bytes());
    }
    list.extend(owner);
    list.extend(der);
    list
}
