//! Images of every family with something odd about them, and what they are given to trust: what the
//! properties are tried on.

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use proptest::collection::btree_set;
use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::prelude::prop_oneof;
use proptest::sample::select;
use proptest::strategy::Just;

use crate::skeletons::ANCHORS;
use crate::skeletons::EXTRACTED;
use crate::skeletons::IMAGES;
use crate::skeletons::OTHERS;
use crate::skeletons::extracted::public;
use crate::util::Root;
use crate::util::walk;
use crate::x509::CLIENT_AUTH;
use crate::x509::Certificate;
use crate::x509::EXTENDED_KEY_USAGE;
use crate::x509::SEQUENCE;
use crate::x509::extension;
use crate::x509::tlv;

/// An image, as it is before anything is installed.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// The name of its skeleton.
    pub(crate) name: &'static str,
    pub(crate) bundle: Bundle,
    /// Somebody else's files in the anchors directory.
    pub(crate) foreign: Vec<Text>,
}

/// What is odd about the bundle.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    has_comments: bool,
    has_carriage_returns: bool,
    /// The last line has no end.
    pub(crate) is_cut: bool,
    /// Whatever is in it is in it twice.
    is_double: bool,
    /// Certificates that nothing else in the image has.
    more: BTreeSet<usize>,
    is_link: bool,
    mode: Option<u32>,
}

/// Certificates of the pool in a file.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) certificates: BTreeSet<usize>,
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Pem,
    Backwards,
    CarriageReturns,
    Commented,
    Cut,
    Double,
}

/// Any image, of any family.
pub(crate) fn images() -> impl Strategy<Value = Image> {
    let bundle =
        (any::<[bool; 5]>(), btree_set(0..CAS, 0..3), select(vec![None, Some(0o600), Some(0o444)]));
    let bundle = bundle.prop_map(
        |([has_comments, has_carriage_returns, is_cut, is_double, is_link], more, mode)| Bundle {
            has_comments,
            has_carriage_returns,
            is_cut,
            is_double,
            more,
            is_link,
            mode,
        },
    );
    // Most images are as they come.
    let bundle = prop_oneof![Just(Bundle::PLAIN), bundle];
    let foreign = prop_oneof![Just(Vec::new()), vec(texts(), 1..4)];
    let names: Vec<&str> = makers().iter().map(|(name, _)| *name).collect();
    (select(names), bundle, foreign).prop_map(|(name, bundle, foreign)| Image {
        name,
        bundle,
        foreign,
    })
}

/// What stands in a file of certificates.
pub(crate) fn texts() -> impl Strategy<Value = Text> {
    let forms = vec![
        Form::Pem,
        Form::Backwards,
        Form::CarriageReturns,
        Form::Commented,
        Form::Cut,
        Form::Double,
    ];
    (btree_set(0..CAS, 1..4), select(forms))
        .prop_map(|(certificates, form)| Text { certificates, form })
}

impl Bundle {
    const PLAIN: Self = Self {
        has_comments: false,
        has_carriage_returns: false,
        is_cut: false,
        is_double: false,
        more: BTreeSet::new(),
        is_link: false,
        mode: None,
    };
}

impl Image {
    pub(crate) fn make(&self) -> Root {
        let (_, make) = makers().iter().find(|(name, _)| *name == self.name).unwrap();
        let root = make();
        for (number, text) in self.foreign.iter().enumerate() {
            let directory = self.anchors();
            root.write(&format!("{directory}/{}.crt", NAMES[number]), text.render());
        }
        if let Some(path) = bundle_of(&root) {
            self.bundle.change(&root, &path);
        }
        root
    }

    /// The same without what has no one order, or another content in each output, where p11-kit makes
    /// them. [`crate::random_lives`] is about that.
    pub(crate) fn in_order(mut self) -> Self {
        if EXTRACTED.iter().any(|(name, _)| *name == self.name) {
            self.bundle.more.clear();
            self.foreign.clear();
        }
        self
    }

    /// Takes the end of the bundle's last line away where there was none: an installation adds it for
    /// good.
    pub(crate) fn cut_again(&self, root: &Root) {
        let linked = self.bundle.is_link.then(|| ELSEWHERE.to_owned());
        let path = linked.filter(|path| root.at(path).exists()).or_else(|| bundle_of(root));
        if let (true, Some(path)) = (self.bundle.is_cut, path) {
            let text = root.read(&path);
            fs::write(root.at(&path), text.strip_suffix(b"\n").unwrap_or(&text)).unwrap();
        }
    }

    fn anchors(&self) -> &'static str {
        match self.name {
            "arch" => "/etc/ca-certificates/trust-source/anchors",
            name if name.starts_with("suse") => "/etc/pki/trust/anchors",
            name if self.is_of_red_hat() || name == "ubi-micro" => {
                "/etc/pki/ca-trust/source/anchors"
            }
            _ => ANCHORS,
        }
    }

    fn is_of_red_hat(&self) -> bool {
        self.name.starts_with("rhel") || self.name.starts_with("fedora")
    }
}

impl Bundle {
    fn change(&self, root: &Root, path: &str) {
        let mut text = String::from_utf8(root.read(path)).unwrap();
        let mode = root.at(path).metadata().unwrap().permissions();
        text.extend(self.more.iter().map(|&ca| pool()[ca].as_str()));
        if self.is_double {
            text = text.repeat(2);
        }
        if self.has_comments {
            text = text.replace("-----BEGIN", "# A comment: ÄÖÜ\n\n-----BEGIN");
        }
        if self.has_carriage_returns {
            text = text.replace('\n', "\r\n");
        }
        if self.is_cut {
            text.truncate(text.trim_end().len());
        }
        fs::remove_file(root.at(path)).unwrap();
        let file = if self.is_link { ELSEWHERE } else { path };
        root.write(file, text);
        fs::set_permissions(root.at(file), mode).unwrap();
        if let Some(mode) = self.mode {
            root.mode(file, mode);
        }
        if self.is_link {
            root.link(path, file);
        }
    }
}

impl Text {
    pub(crate) fn render(&self) -> String {
        let mut parts: Vec<&str> =
            self.certificates.iter().map(|&ca| pool()[ca].as_str()).collect();
        match self.form {
            Form::Pem => parts.concat(),
            Form::Backwards => {
                parts.reverse();
                parts.concat()
            }
            Form::CarriageReturns => parts.concat().replace('\n', "\r\n"),
            Form::Commented => format!("# Ours\n\n{}\n# That was all.\n", parts.join("\n\n")),
            Form::Cut => parts.concat().trim_end().to_owned(),
            Form::Double => parts.concat().repeat(2),
        }
    }
}

/// The bundle's own file, free of links, where nothing else than the skeleton says where it is.
fn bundle_of(root: &Root) -> Option<String> {
    let paths = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/var/lib/ca-certificates/ca-bundle.pem",
    ];
    let is_file =
        |path: &&&str| root.at(path).symlink_metadata().is_ok_and(|entry| entry.is_file());
    paths.iter().find(is_file).map(|path| (*path).to_owned())
}

type Maker = (&'static str, Box<dyn Fn() -> Root + Send + Sync>);

fn makers() -> &'static [Maker] {
    static MAKERS: OnceLock<Vec<Maker>> = OnceLock::new();
    MAKERS.get_or_init(|| {
        let extracted = EXTRACTED.into_iter().map(|(name, image)| {
            let make = Box::new(move || image(&public()));
            (name, make as Box<dyn Fn() -> Root + Send + Sync>)
        });
        let plain = IMAGES
            .into_iter()
            .chain(OTHERS)
            .map(|(name, image)| (name, Box::new(image) as Box<dyn Fn() -> Root + Send + Sync>));
        extracted.chain(plain).collect()
    })
}

/// The certificates that may be given, as PEM: some of one name, some that no tool would take, and
/// one of the images' own roots.
pub(crate) fn pool() -> &'static [String; CAS] {
    static POOL: OnceLock<[String; CAS]> = OnceLock::new();
    POOL.get_or_init(|| {
        let twin = |serial| Certificate { serial, ..Certificate::ca("Twin") };
        let usage = extension(EXTENDED_KEY_USAGE, false, &tlv(SEQUENCE, &tlv(6, CLIENT_AUTH)));
        let mut client = Certificate::ca("For clients");
        client.extensions.push(usage);
        let mut server = Certificate::ca("A server");
        server.extensions.clear();
        let cas = [
            Certificate::ca("Corp CA"),
            Certificate::ca("Corp CA 2"),
            Certificate::ca("Corp_CA"),
            Certificate::ca("Ä (odd), name"),
            Certificate { issuer: Certificate::ca("Corp CA").subject, ..Certificate::ca("Sub") },
            twin(1),
            twin(2),
            twin(3),
            client,
            server,
            Certificate::ca("Public Root A"),
            Certificate { rsa_bits: Some(2048), ..Certificate::ca("RSA") },
        ];
        cas.map(|ca| ca.pem())
    })
}

/// How many there are in the pool.
pub(crate) const CAS: usize = 12;

/// Where a link leads that stands for the bundle.
const ELSEWHERE: &str = "/opt/certificates/all.pem";

/// Of somebody's files in the anchors directory.
const NAMES: [&str; 3] = ["AAA", "corp (two), b", "zzz"];

/// The paths of all files that hold PEM, with the certificates in them: what a program can find.
pub(crate) fn certificates(root: &Root) -> Vec<(String, BTreeSet<String>)> {
    let mut found = Vec::new();
    for path in walk(root.path()) {
        let is_file = path.symlink_metadata().is_ok_and(|entry| entry.is_file());
        if let (true, Ok(text)) = (is_file, fs::read_to_string(&path)) {
            let blocks = text
                .split("-----BEGIN")
                .skip(1)
                .map(|block| block.split("-----END").next().unwrap().replace(['\r', '\n'], ""));
            let shown = path.strip_prefix(root.path()).unwrap().display().to_string();
            found.push((shown, blocks.collect()));
        }
    }
    found
}
