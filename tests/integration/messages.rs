//! Every message, as a run of the program gives it, in one golden file to be read as a whole.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use crate::collections::RHEL;
use crate::collections::roots;
use crate::command::Command;
use crate::command::Outcome;
use crate::container::USER;
use crate::container::command_with;
use crate::container::container;
use crate::exec::crowded;
use crate::golden::assert_golden;
use crate::mounts::Mount;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::debian;
use crate::skeletons::scratch;
use crate::skeletons::with_programs;
use crate::util::BINARY;
use crate::util::Root;
use crate::x509::*;

const CA: &str = "/ca/ca.crt";

/// Somebody's directory among the anchors.
const TEAM: &str = "/usr/local/share/ca-certificates/team";

/// Messages under a title, in the order in which they were made.
struct Messages(String);

impl Messages {
    fn add(&mut self, title: &str, root: &Root, outcome: &Outcome) {
        let path = root.path().display().to_string();
        self.0 += &format!("# {title}\n{}\n", outcome.err().replace(&path, "ROOT"));
    }

    /// Of a CA file with these bytes.
    fn of(&mut self, title: &str, bytes: impl AsRef<[u8]>) {
        self.of_root(title, |root| _ = root.write(CA, &bytes));
    }

    fn of_root(&mut self, title: &str, prepare: impl Fn(&Root)) {
        let root = scratch();
        root.directory("/ca");
        prepare(&root);
        self.add(title, &root, &root.run(&["--ca", CA]));
    }

    fn of_certificate(&mut self, title: &str, change: impl Fn(&mut Certificate)) {
        let mut certificate = corp();
        change(&mut certificate);
        self.of(title, certificate.pem());
    }

    fn of_arguments(&mut self, arguments: &[&str]) {
        let outcome = Command::new(arguments).env("PATH", "/usr/bin:/bin").run();
        self.add(&format!("ca-entrypoint {}", arguments.join(" ")), &scratch(), &outcome);
    }
}

fn corp() -> Certificate {
    Certificate::ca("Corp CA")
}

fn run(program: &str, arguments: &[&str]) {
    let status = std::process::Command::new(program).args(arguments).status();
    assert!(status.is_ok_and(|status| status.success()), "{program}: install coreutils, be root");
}

#[test]
fn messages() {
    let mut messages = Messages(String::new());
    ca_files(&mut messages);
    blocks(&mut messages);
    certificates(&mut messages);
    stores(&mut messages);
    private_files(&mut messages);
    variables(&mut messages);
    printed(&mut messages);
    commands(&mut messages);
    assert_golden("messages.txt", &messages.0);
}

fn ca_files(messages: &mut Messages) {
    messages.of("empty file", "");
    messages.of("binary file", [0, 1, 2]);
    messages.of("text file", "hello\n");
    messages.of("web page", "<!DOCTYPE html><html>");
    messages.of("private key", pem("PRIVATE KEY", b"secret"));
    messages.of("other PEM", pem("CERTIFICATE REQUEST", b"request"));
    messages.of("bytes after DER", [corp().der(), b"more".to_vec()].concat());
    messages.of("too many", pem("CERTIFICATE", b"small").repeat(5001));
    messages.of_root("too large", |root| {
        File::create(root.at(CA)).unwrap().set_len(1 << 30).unwrap();
    });
    messages.of_root("directory named like a file", |root| _ = root.directory(CA));
    messages.of_root("FIFO", |root| {
        run("mkfifo", &[root.at(CA).to_str().unwrap()]);
    });
    messages.of_root("device", |root| {
        run("mknod", &[root.at(CA).to_str().unwrap(), "c", "1", "5"]);
    });
    messages.of_root("dangling link", |root| _ = root.link(CA, "gone"));
    messages.of_root("looping link", |root| _ = root.link(CA, "ca.crt"));
    let root = scratch();
    root.write("/cas/README", "").write(CA, corp().pem()).mode(CA, 0o600);
    messages.add("directory without CAs", &root, &root.run(&["--ca", "/cas"]));
    let unreadable = root.command(&["--ca", CA]).by_nobody().run();
    messages.add("unreadable file", &root, &unreadable);
}

fn blocks(messages: &mut Messages) {
    let text = corp().pem();
    messages.of("block without an end", &text[..100]);
    messages.of("block that is no base64", text.replacen('M', "?", 1));
    messages.of("block that is no certificate", pem("CERTIFICATE", b"hello"));
    messages.of("block that is no PKCS#7", pem("PKCS7", b"hello"));
    let longer = [corp().der(), b"more".to_vec()].concat();
    messages.of("bytes after the certificate of a block", pem("CERTIFICATE", &longer));
    let trust = tlv(SEQUENCE, &tlv(0xa0, &tlv(6, SERVER_AUTH)));
    let distrusted = pem("TRUSTED CERTIFICATE", &[corp().der(), trust].concat());
    messages.of("distrusted certificate", distrusted);
    messages.of("good and bad blocks", [text.as_str(), &text[..100]].concat());
}

fn certificates(messages: &mut Messages) {
    messages.of_certificate("no concern", |_| ());
    messages.of_certificate("expired", |ca| ca.not_after = "20210102000000Z");
    messages.of_certificate("not yet valid", |ca| ca.not_before = "20980102000000Z");
    messages.of_certificate("no CA", |ca| ca.extensions.clear());
    messages.of_certificate("no issuer", |ca| {
        ca.issuer = Certificate::ca("Root").subject;
    });
    messages.of_certificate("short key", |ca| ca.rsa_bits = Some(1024));
    messages.of_certificate("SHA-1", |ca| ca.signature = RSA_SHA1);
    messages.of_certificate("MD5", |ca| ca.signature = RSA_MD5);
    messages.of_certificate("no key usage", |ca| _ = ca.extensions.remove(1));
    messages.of_certificate("basic constraints alone", |ca| {
        ca.extensions = vec![extension(BASIC_CONSTRAINTS, false, &tlv(SEQUENCE, &[1, 1, 0xff]))];
    });
    messages.of_certificate("for clients", |ca| {
        let usage = tlv(SEQUENCE, &tlv(6, CLIENT_AUTH));
        ca.extensions.push(extension(EXTENDED_KEY_USAGE, false, &usage));
    });
    messages.of_certificate("empty subject", |ca| {
        (ca.subject, ca.not_after) = (name(&[]), "20210102000000Z");
    });
    messages.of("private key beside it", [pem("PRIVATE KEY", b"key"), corp().pem()].concat());
}

fn stores(messages: &mut Messages) {
    let root = debian();
    root.write(CA, corp().pem());
    messages.add("store of another user", &root, &root.command(&["--ca", CA]).by_nobody().run());
    messages.add("installed", &root, &root.run(&["--ca", CA]));
    messages.add("nothing to do", &root, &root.run(&["--ca", CA]));
    root.write(CA, Certificate::ca("Next CA").pem());
    messages.add("replaced", &root, &root.run(&["--ca", CA]));
    messages.add("verbose", &root, &root.run(&["-v", "--ca", CA]));
    messages.add("no CA, verbose", &root, &root.run(&["-v", "--ca", "/none"]));
    messages.add("removed", &root, &root.run(&["--remove"]));
    let root = RHEL.image(&roots());
    root.write(CA, Certificate { extensions: Vec::new(), ..corp() }.pem());
    messages.add("left out by the tool", &root, &root.run(&["--ca", CA]));
    let root = RHEL.image(&roots());
    let blocklist = format!("{}/blocklist/corp.pem", RHEL.source);
    root.write(CA, corp().pem()).write(&blocklist, corp().pem());
    messages.add("blocked by an administrator", &root, &root.run(&["--ca", CA]));
    let root = scratch();
    root.write(CA, corp().pem()).directory(BUNDLE);
    messages.add("directory in a bundle's place", &root, &root.run(&["--ca", CA]));
    let root = scratch();
    root.write(CA, corp().pem()).write("/usr/local", "a file");
    messages.add("file in a directory's place", &root, &root.run(&["--ca", CA]));
    let root = debian();
    root.write(CA, corp().pem()).mode(BUNDLE, 0o600);
    messages.add("unreadable bundle", &root, &root.command(&["--ca", CA]).by_nobody().run());
}

fn private_files(messages: &mut Messages) {
    let closed = || {
        let root = container();
        root.mode("/dev/shm", 0o755).mode("/tmp", 0o755);
        root
    };
    let mut add = |title: &str, root: &Root, mounts: &[Mount], arguments: &[&str]| {
        messages.add(title, root, &command_with(root, mounts, arguments).run());
    };
    let root = container();
    add("user's own files", &root, &[], &["/bin/env"]);
    add("user's own files, again", &root, &[], &["/bin/env"]);
    add("user's own files, verbose", &root, &[], &["-v", "/bin/env"]);
    add("user's own files, removed", &root, &[], &["--remove"]);
    let root = container();
    add("user's own files on a read-only root", &root, &read_only(), &["/bin/env"]);
    add("user's own files asked for", &container(), &[], &["--placement=private", "/bin/env"]);
    add("files in memory", &closed(), &[Mount::Proc], &["/bin/env"]);
    let private = ["--placement=private", "/bin/env"];
    add("files in memory asked for", &closed(), &[Mount::Proc], &private);
    add("nowhere", &closed(), &[], &["/bin/env"]);
    add("nowhere, verbose", &closed(), &[], &["-v", "/bin/env"]);
    add("nowhere asked for", &closed(), &[], &private);
    add("nowhere without a command", &closed(), &[Mount::Proc], &[]);
    add("system's store asked for", &container(), &[], &["--placement=system"]);
    let root = container();
    root.mode(BUNDLE, 0o600);
    add("bundle that can't be copied", &root, &[], &["/bin/env"]);
    let root = container();
    root.owner(ANCHORS, USER).directory(TEAM).mode(TEAM, 0o700);
    add("user's own files, as the store can't be read", &root, &[], &["/bin/env"]);
}

fn read_only() -> [Mount; 2] {
    [Mount::ReadOnlyRoot, Mount::Tmpfs { to: "/dev/shm", options: "mode=1777" }]
}

fn variables(messages: &mut Messages) {
    for (name, value) in [
        ("CA_ENTRYPOINT_ON_ERROR", "nonsense"),
        ("CA_ENTRYPOINT_PLACEMENT", "nonsense"),
        ("CA_ENTRYPOINT_LOG", "non=sense"),
    ] {
        let outcome = Command::new(&["/bin/true"]).env(name, value).run();
        messages.add(&format!("{name}={value}"), &scratch(), &outcome);
    }
}

/// Left out of what is printed. Root's start says nothing else when the CA is installed already.
fn printed(messages: &mut Messages) {
    for (dialect, name) in
        [("cmd", &b"100%.crt"[..]), ("dotenv", b"a\rb.crt"), ("json", b"\xff.crt")]
    {
        let root = container();
        let path = root.path().join(OsStr::from_bytes(name));
        fs::write(path, corp().pem()).unwrap();
        let run = |arguments: &[&str]| {
            let mut command = Command::inside(&root, arguments);
            command.inner.arg("--ca").arg(OsStr::from_bytes(&[b"/", name].concat()));
            command.run()
        };
        run(&["-q"]).ok();
        messages.add(
            &format!("variables for {dialect}"),
            &root,
            &run(&[&format!("--print-env={dialect}")]),
        );
    }
}

fn commands(messages: &mut Messages) {
    messages.of_arguments(&["no-such-command"]);
    messages.of_arguments(&["/no/such/command"]);
    messages.of_arguments(&["/etc/passwd"]);
    messages.of_arguments(&["/etc"]);
    let root = container();
    messages.add(
        "no room for the variables",
        &root,
        &crowded(|| command_with(&root, &[], &["-q", "/bin/env"])),
    );
    messages.of_arguments(&["--no-such-option"]);
    messages.of_arguments(&["--ca"]);
    messages.of_arguments(&["--on-error=maybe"]);
    messages.of_arguments(&["--format=xml"]);
    messages.of_arguments(&["--remove=yes"]);
    messages.of_arguments(&["--placement=here"]);
    messages.of_arguments(&["--print-env=csh"]);
    messages.of_arguments(&["--print-env", "echo"]);
    messages.of_arguments(&["--remove", "--ca", "/ca.crt"]);
    messages.of_arguments(&["--root=/tmp", "echo"]);
    messages.of_arguments(&["--root=/tmp", "--print-env"]);
    messages.of_arguments(&["--root=/tmp", "--placement=private"]);
    messages.of_arguments(&["--root=/no/such/root"]);
    messages.of_arguments(&["--copy-to", "/dev/null/bin"]);
    messages.of_arguments(&["--copy-to", "/tmp", "echo"]);
    let script = "exec \"$0\" --help >/dev/full";
    let outcome = Command::of("/bin/sh", &["-c", script, BINARY]).run();
    messages.add("ca-entrypoint --help >/dev/full", &scratch(), &outcome);
    let root = Root::new();
    with_programs(&root, &[]);
    let outcome = Command::inside(&root, &["--copy-to", "/copies"]).run();
    messages.add("ca-entrypoint --copy-to /copies, without /proc", &root, &outcome);
}
