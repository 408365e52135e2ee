//! Images as far as a trust store goes, small enough to be compared whole.

pub(crate) mod extracted;
mod others;
mod red_hat;
mod suse_and_arch;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Command;
use std::sync::Mutex;
use std::sync::OnceLock;

use self::extracted::Member;
use crate::openssl::subject_hash;
use crate::util::Root;
use crate::x509::Certificate;

pub(crate) const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
pub(crate) const CERTS: &str = "/etc/ssl/certs";
pub(crate) const ANCHORS: &str = "/usr/local/share/ca-certificates";

/// A name for golden files, and the maker.
pub(crate) type Image = (&'static str, fn() -> Root);

pub(crate) const IMAGES: [Image; 5] = [
    ("debian", debian),
    ("alpine", alpine),
    ("alpine-base", alpine_base),
    ("distroless", distroless),
    ("scratch", scratch),
];

/// Those whose store is kept by p11-kit: a name, and the maker, for an image with these in the
/// anchors directory whose tool was run.
pub(crate) type ExtractedImage = (&'static str, fn(&[Member]) -> Root);

pub(crate) const EXTRACTED: [ExtractedImage; 7] = [
    ("rhel", red_hat::rhel),
    ("rhel-7", red_hat::rhel_7),
    ("fedora", red_hat::fedora),
    ("fedora-42", red_hat::fedora_42),
    ("fedora-40", red_hat::fedora_40),
    ("suse", suse_and_arch::suse),
    ("arch", suse_and_arch::arch),
];

/// The other families', and images without a tool.
pub(crate) const OTHERS: [Image; 14] = [
    ("ubi-micro", red_hat::ubi_micro),
    ("suse-factory", suse_and_arch::suse_factory),
    ("photon", others::photon),
    ("photon-base", others::photon_base),
    ("nixos", others::nixos),
    ("nixos-image", others::nixos_image),
    ("wolfi", others::wolfi),
    ("void", others::void),
    ("gentoo", others::gentoo),
    ("openwrt-bundle", others::openwrt_bundle),
    ("openwrt-directory", others::openwrt_directory),
    ("bottlerocket", others::bottlerocket),
    ("flatcar", others::flatcar),
    ("busybox", others::busybox),
];

/// A name for the file, the certificate, and OpenSSL's hash of its subject.
fn public_roots() -> &'static [(&'static str, String, String)] {
    static ROOTS: OnceLock<Vec<(&str, String, String)>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        ["Public_Root_A", "Public_Root_B", "Public_Root_C"]
            .into_iter()
            .map(|name| {
                let pem = Certificate::ca(&name.replace('_', " ")).pem();
                let hash = subject_hash(&pem);
                (name, pem, hash)
            })
            .collect()
    })
}

/// The bundle of the images' own roots.
pub(crate) fn public_bundle() -> String {
    public_roots().iter().map(|(_, pem, _)| pem.as_str()).collect()
}

/// Debian with the package `ca-certificates`.
pub(crate) fn debian() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n")
        .write("/etc/debian_version", "12.9\n");
    with_package(root, "", "mozilla/")
}

/// Alpine with the package `ca-certificates`.
pub(crate) fn alpine() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "NAME=\"Alpine Linux\"\nID=alpine\n")
        .write("/etc/alpine-release", "3.23.0\n")
        .link("/etc/ssl/cert.pem", "certs/ca-certificates.crt");
    let root = with_package(root, "ca-cert-", "mozilla/");
    root.write("/etc/ca-certificates/update.d/certhash", "#!/bin/sh\nexec /usr/bin/c_rehash\n")
        .mode("/etc/ca-certificates/update.d/certhash", 0o755);
    root
}

/// Alpine as it is pulled: the package `ca-certificates-bundle` alone.
pub(crate) fn alpine_base() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "NAME=\"Alpine Linux\"\nID=alpine\n")
        .write("/etc/alpine-release", "3.23.0\n")
        .write(BUNDLE, public_bundle())
        .link("/etc/ssl/cert.pem", "certs/ca-certificates.crt");
    root
}

/// Says that it is Debian, and has a bundle without the files that it was made of.
pub(crate) fn distroless() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "PRETTY_NAME=\"Distroless\"\nID=\"debian\"\n")
        .write(BUNDLE, public_bundle());
    root
}

pub(crate) fn scratch() -> Root {
    Root::new()
}

fn with_package(root: Root, prefix: &str, directory: &str) -> Root {
    let mut list = String::new();
    for (name, pem, hash) in public_roots() {
        let file = format!("/usr/share/ca-certificates/{directory}{name}.crt");
        root.write(&file, pem)
            .link(&format!("{CERTS}/{prefix}{name}.pem"), &file)
            .link(&format!("{CERTS}/{hash}.0"), &format!("{prefix}{name}.pem"));
        list += &format!("{directory}{name}.crt\n");
    }
    root.write("/etc/ca-certificates.conf", list)
        .write(BUNDLE, public_bundle())
        .directory("/etc/ca-certificates/update.d")
        .directory(ANCHORS);
    root
}

/// Puts programs with the libraries that they need into `root`, ours as `/bin/ca-entrypoint`.
pub(crate) fn with_programs(root: &Root, programs: &[&str]) {
    copy(root, crate::util::BINARY, "/bin/ca-entrypoint");
    for program in programs {
        let name = Path::new(program).file_name().unwrap().to_str().unwrap();
        copy(root, program, &format!("/bin/{name}"));
    }
    // A real image has it, and Rust's runtime opens it.
    root.write("/dev/null", "").mode("/dev/null", 0o666);
}

fn copy(root: &Root, program: &str, to: &str) {
    put(root, Path::new(program), to);
    for library in libraries(program) {
        put(root, Path::new(&library), &library);
    }
}

/// The files that a program is loaded with, asked for once.
fn libraries(program: &str) -> Vec<String> {
    static KNOWN: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());
    let ask = || {
        let ldd = Command::new("ldd").arg(program).output();
        let ldd = ldd.unwrap_or_else(|e| panic!("ldd: {e}: install it (apt-get install libc-bin)"));
        let text = String::from_utf8_lossy(&ldd.stdout).into_owned();
        text.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned).collect()
    };
    KNOWN.lock().unwrap().entry(program.to_owned()).or_insert_with(ask).clone()
}

/// Linked where that can be: a root has several of them, and ours is large before it is stripped.
/// Of the system's own files a copy is: nothing that is done to the root shall reach them.
fn put(root: &Root, from: &Path, to: &str) {
    if root.at(to).exists() {
        return;
    }
    root.directory(to.rsplit_once('/').unwrap().0);
    let from = from.canonicalize().unwrap();
    let from = if from == Path::new(crate::util::BINARY) { from } else { pooled(&from) };
    if fs::hard_link(&from, root.at(to)).is_err() {
        copy_program(&from, &root.at(to));
    }
}

/// A copy that all roots share, kept for the next run.
fn pooled(from: &Path) -> PathBuf {
    static POOL: Mutex<()> = Mutex::new(());
    let _one_at_a_time = POOL.lock().unwrap();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    fs::create_dir_all(&directory).unwrap();
    let metadata = from.metadata().unwrap();
    let name = from.to_str().unwrap().replace('/', "_");
    let copy = directory.join(format!("{name}-{}-{}", metadata.len(), metadata.mtime()));
    if !copy.exists() {
        let new = directory.join(format!("{name}-{}", process::id()));
        copy_program(from, &new);
        fs::rename(new, &copy).unwrap();
    }
    copy
}

/// By another process: a file that this one has open for writing is open in each child that another
/// thread starts meanwhile, until its exec, and nobody can execute it (`ETXTBSY`).
pub(crate) fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("cp").arg(from).arg(to).status();
    assert!(status.is_ok_and(|status| status.success()), "cp {}: be root", from.display());
}
