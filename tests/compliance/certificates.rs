//! Certificates that openssl(1) makes on the host, once for each run of the suite.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Command;
use std::sync::OnceLock;

/// The directory with all of them, mounted as `/fixtures` in every container:
///
/// - `root.crt`, `second.crt`: two root CAs; `intermediate.crt`: a CA signed by the first
/// - `chain.crt`: the three in one file
/// - `twin-a.crt`, `twin-b.crt`: two root CAs of the same subject; `twins.crt`: both
/// - `other-1.crt` to `other-3.crt`: what else an image has
/// - `SIGNER-server.crt`, `.key`: for localhost, signed by each of the CAs
/// - `root.der`: the first root as DER
/// - those of [`make_odd`], each named by what is odd about it
/// - `repository`: a bare git repository, to be served by a dumb server
pub(crate) fn directory() -> &'static str {
    static DIRECTORY: OnceLock<String> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let parent = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compliance");
        remove_old(&parent);
        let directory = parent.join(process::id().to_string());
        fs::create_dir_all(&directory).expect("the target directory can be written");
        make(&directory);
        directory.into_os_string().into_string().expect("a mount takes a path in UTF-8")
    })
}

/// The text of one of the files.
pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(Path::new(directory()).join(name)).expect("the name is one of the list")
}

/// Nothing runs at the end of a suite, so each removes what those before it left.
fn remove_old(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !Path::new("/proc").join(entry.file_name()).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn make(directory: &Path) {
    fs::write(directory.join("openssl.cnf"), CONFIGURATION).expect("it was just made");
    for (name, subject) in [
        ("root", "/CN=Compliance Root"),
        ("second", "/O=Compliance/CN=Second Root"),
        ("twin-a", "/O=Compliance/CN=Twin"),
        ("twin-b", "/O=Compliance/CN=Twin"),
        ("other-1", "/CN=Other 1"),
        ("other-2", "/CN=Other 2"),
        ("other-3", "/CN=Other 3"),
    ] {
        openssl(directory, &["-extensions", "ca"], name, subject);
    }
    let signed = |signer: &str, extensions, name: &str, subject| {
        let certificate = format!("{signer}.crt");
        let key = format!("{signer}.key");
        let arguments = ["-CA", &certificate, "-CAkey", &key, "-extensions", extensions];
        openssl(directory, &arguments, name, subject);
    };
    signed("root", "ca", "intermediate", "/CN=Compliance Intermediate");
    for signer in ["root", "intermediate", "second", "twin-a", "twin-b"] {
        let name = format!("{signer}-server");
        signed(signer, "server", &name, "/CN=localhost");
    }
    make_odd(directory);
    let read = |name: &str| fs::read(directory.join(name)).expect("it was just made");
    let join = |names: &[&str]| names.iter().flat_map(|name| read(name)).collect::<Vec<u8>>();
    let write = |name: &str, content: &[u8]| {
        fs::write(directory.join(name), content).expect("the directory was just made");
    };
    write("chain.crt", &join(&["root.crt", "intermediate.crt", "second.crt"]));
    write("twins.crt", &join(&["twin-a.crt", "twin-b.crt"]));
    write("others.crt", &join(&["other-1.crt", "other-2.crt"]));
    run(directory, &["x509", "-in", "root.crt", "-outform", "DER", "-out", "root.der"]);
    // openssl s_server takes the whole of the request for the file's name.
    fs::create_dir_all(directory.join("repository/info")).expect("the directory was just made");
    write("repository/HEAD", b"ref: refs/heads/main\n");
    write("repository/info/refs?service=git-upload-pack", REFERENCES);
    write("hello", b"hello\n");
}

/// What p11-kit's tools name, sort or leave out by rules of their own.
fn make_odd(directory: &Path) {
    for (name, subject) in [
        ("no-cn-but-ou", "/O=Not the label/OU=Our Unit"),
        ("no-cn-but-o", "/C=DE/O=Our Org, Ltd."),
        ("no-label", "/C=DE/ST=Land"),
        ("no-subject", "/"),
        ("not-ascii", "/CN=Rødt Sertifikat é"),
        ("two-cns", "/CN=First Name/CN=Last Name"),
        ("punctuation", "/CN=(c) A\\/B: \"C\", D. "),
        // As one of Mozilla's.
        ("label-of-a-root", "/CN=ISRG Root X1"),
        ("subject-of-a-root", "/C=US/O=Internet Security Research Group/CN=ISRG Root X1"),
    ] {
        openssl(directory, &["-extensions", "ca"], name, subject);
    }
    for (name, extensions) in [
        ("for-servers", "ca_for_servers"),
        ("for-all", "ca_for_all"),
        ("for-email", "ca_for_email"),
        ("for-clients", "ca_for_clients"),
        ("self-signed-server", "server"),
        ("no-constraints", "no_constraints"),
    ] {
        openssl(directory, &["-extensions", extensions], name, &format!("/CN=Odd {name}"));
    }
    let reissued = ["-key", "root.key", "-extensions", "ca"];
    openssl_with(directory, &reissued, "reissued", "/CN=Compliance Root");
    let rsa = ["-newkey", "rsa:2048", "-keyout", "rsa.key", "-extensions", "ca"];
    openssl_with(directory, &rsa, "rsa", "/CN=RSA Root");
    let request = ["req", "-new", "-config", "openssl.cnf", "-key", "rsa.key"];
    run(directory, &[&request[..], &["-subj", "/CN=Version 1", "-out", "v1.csr"]].concat());
    let sign = ["x509", "-req", "-in", "v1.csr", "-signkey", "rsa.key", "-days", "3650"];
    run(directory, &[&sign[..], &["-out", "version-1.crt"]].concat());
}

/// A certificate with an EC key of its own.
fn openssl(directory: &Path, arguments: &[&str], name: &str, subject: &str) {
    let key = format!("{name}.key");
    let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", &key];
    openssl_with(directory, &[&new_key, arguments].concat(), name, subject);
}

fn openssl_with(directory: &Path, arguments: &[&str], name: &str, subject: &str) {
    let certificate = format!("{name}.crt");
    let always = ["req", "-x509", "-config", "openssl.cnf", "-utf8", "-nodes", "-days", "3650"];
    let names = ["-subj", subject, "-out", &certificate];
    run(directory, &[&always[..], &names, arguments].concat());
}

fn run(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("'openssl' can't be run: apt-get install openssl, or make compliance");
    assert!(
        output.status.success(),
        "openssl {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}

const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca_for_servers]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
[ca_for_all]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
extendedKeyUsage = anyExtendedKeyUsage
subjectKeyIdentifier = hash
[ca_for_email]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
[ca_for_clients]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
[no_constraints]
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost,IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
";

/// Of any object that doesn't exist: listing doesn't ask for it.
const REFERENCES: &[u8] = b"1111111111111111111111111111111111111111\trefs/heads/main\n";
