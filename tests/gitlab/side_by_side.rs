//! Sections 1.4, 1.9 and 1.10: where GitLab's script fails, and what ours does in the same image with
//! the same mounts. Their failure is asserted first, so that the day is noticed when it is mended.

use std::fs;

use crate::certificates;
use crate::engine::Run;
use crate::executor::Container;
use crate::executor::ONE_ADDED;
use crate::executor::ROOTS;
use crate::executor::Setup;
use crate::executor::host_directory;
use crate::images::Image;
use crate::site::GITLAB;
use crate::site::REFUSAL;
use crate::site::STORAGE;

/// What the script prints on stdout whenever it does something.
const UPDATING: &str = "Updating CA certificates...\n";

/// The same setup for both.
struct Sides {
    theirs: Setup,
    ours: Setup,
}

impl Sides {
    fn of(image: Image) -> Self {
        let [theirs, ours] = [image.theirs(), image.ours()].map(Setup::of);
        Self { theirs, ours }.with(|setup| setup.command(&["gitlab-runner-build"]))
    }

    fn with(self, change: impl Fn(Setup) -> Setup) -> Self {
        Self { theirs: change(self.theirs), ours: change(self.ours) }
    }

    /// A file with this content where the CA file is.
    fn with_content(self, content: &[u8]) -> Self {
        let directory = host_directory("certs");
        fs::write(format!("{directory}/ca.crt"), content).expect("it was just made");
        self.with(|setup| setup.ca_directory(&directory))
    }
}

/// The client that has nothing but the system's roots.
fn upload(url: &str) -> String {
    format!(
        "gitlab-runner-helper cache-archiver --file /etc/hostname --url {url}/cache/side-by-side"
    )
}

#[track_caller]
fn assert_refused(run: Run) -> Run {
    let run = run.expect_code(1);
    assert!(run.stderr.contains(REFUSAL), "{run}");
    run
}

#[track_caller]
fn assert_reached(run: Run) -> Run {
    let run = run.expect_success();
    assert_eq!(run.stdout(), "", "{run}");
    run
}

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Both do what they are for, and differ in what they print where.
#[test]
fn a_file_as_it_should_be() {
    let sides = Sides::of(Image::Helper).with(|setup| setup.ca("root.crt").on_site());
    let [theirs, ours] = [sides.theirs, sides.ours].map(|setup| setup.create());
    let run = theirs.stage(&upload(GITLAB)).expect_success();
    assert_eq!(run.stdout(), UPDATING, "{run}");
    // In every job's log, about the bundle itself.
    assert!(run.stderr.starts_with("rehash: warning: skipping ca-certificates.crt,"), "{run}");
    assert_eq!(assert_reached(ours.stage(&upload(GITLAB))).stderr, ONE_ADDED);
    for container in [&theirs, &ours] {
        let run = assert_reached(container.stage(&upload(GITLAB)));
        assert_eq!(run.stderr, "");
        assert_eq!(container.trusted(), ["root.crt"]);
    }
}

/// 1.9: nothing is installed, with an error of cp's at each start.
#[test]
fn another_user_than_root() {
    let sides =
        Sides::of(Image::Helper).with(|setup| setup.ca("root.crt").on_site().option("--user=1001"));
    let [theirs, ours] = [sides.theirs, sides.ours].map(|setup| setup.create());
    for _ in 0..2 {
        let run = assert_refused(theirs.stage(&upload(GITLAB)));
        assert_eq!(run.stdout(), UPDATING, "{run}");
        assert!(run.stderr.starts_with("cp: cannot create regular file"), "{run}");
    }
    let run = assert_reached(ours.stage(&upload(GITLAB)));
    assert!(run.stderr.contains(": 1 added in '/dev/shm/ca-entrypoint-1001'"), "{run}");
}

/// 4.1: native steps are started so.
#[test]
fn a_read_only_root_file_system() {
    let sides =
        Sides::of(Image::Helper).with(|setup| setup.ca("root.crt").on_site().option("--read-only"));
    let run = assert_refused(sides.theirs.stage(&upload(GITLAB)));
    assert_eq!(run.stdout(), UPDATING, "{run}");
    assert!(run.stderr.contains("Read-only file system"), "{run}");
    assert_reached(sides.ours.stage(&upload(GITLAB)));
}

/// 1.9: the tool takes the bytes as they are into the bundle, and says nothing that helps.
#[test]
fn a_file_in_der() {
    let sides = Sides::of(Image::Helper).with(|setup| setup.ca("root.der").on_site());
    let run = assert_refused(sides.theirs.stage(&upload(GITLAB)));
    assert!(!run.stderr.contains("DER") && run.stderr.contains("ca.pem"), "{run}");
    assert_eq!(assert_reached(sides.ours.stage(&upload(GITLAB))).stderr, ONE_ADDED);
}

/// 1.9: the same, and the exit code is 0.
#[test]
fn garbage() {
    let sides = Sides::of(Image::Helper).with_content(b"<html>404 not found</html>\n");
    let [theirs, ours] = [sides.theirs, sides.ours].map(|setup| setup.create());
    let run = theirs.stage("true").expect_success();
    assert!(!run.stderr.contains("/etc/gitlab-runner"), "{run}");
    assert!(theirs.read(BUNDLE).contains("<html>"));
    let run = ours.stage("true").expect_success();
    let said = "ca-entrypoint: cannot use CA file '/etc/gitlab-runner/certs/ca.crt': ";
    assert!(run.stderr.starts_with(said) && run.stderr.contains("\nhint: "), "{run}");
    assert!(!ours.read(BUNDLE).contains("<html>"));
    assert!(!ours.diff().iter().any(|line| line.contains("/etc/ssl")), "{:?}", ours.diff());
}

/// 1.9: both CAs are in the bundle, and who looks by hash finds neither.
#[test]
fn several_certificates_in_a_file() {
    let verify = "for name in root second; do
            openssl verify -no-CAfile -no-CAstore -CApath /etc/ssl/certs /fixtures/$name-server.crt || true
        done 2>&1 | grep -c ': OK' || true";
    let sides = Sides::of(Image::Helper).with(|setup| setup.ca("chain.crt").fixtures());
    let [theirs, ours] = [sides.theirs, sides.ours].map(|setup| setup.create());
    let run = theirs.stage(verify).expect_success();
    assert_eq!(run.stdout(), format!("{UPDATING}0\n"), "{run}");
    assert!(run.stderr.contains("it does not contain exactly one certificate"), "{run}");
    let run = ours.stage(verify).expect_success();
    assert_eq!(run.stdout(), "2\n", "{run}");
    assert_eq!(theirs.trusted(), ours.trusted());
}

/// 1.9: a bundle is for everybody to read.
#[test]
fn a_private_key_in_the_file() {
    let content = certificates::text("root.crt") + &certificates::text("root.key");
    let sides = Sides::of(Image::Helper).with_content(content.as_bytes());
    let [theirs, ours] = [sides.theirs, sides.ours].map(|setup| setup.create());
    theirs.stage("true").expect_success();
    assert!(theirs.read(BUNDLE).contains("PRIVATE KEY"));
    let run = ours.stage("true").expect_success();
    assert!(run.stderr.contains("private key"), "{run}");
    assert!(!ours.read(BUNDLE).contains("PRIVATE KEY"));
    assert_eq!(ours.trusted(), ["root.crt"]);
    // Nor is it anywhere else.
    let search =
        ours.stage("grep -rl 'PRIVATE KEY' /etc/ssl /usr/local /run /tmp /dev/shm || true");
    assert_eq!(search.expect_success().stdout(), "");
}

/// 1.9: Debian's tool of today mends what older ones stumbled over, but for a byte order mark, which
/// hides the certificate from Go.
#[test]
fn forms_of_text() {
    let text = certificates::text("root.crt");
    let forms = [
        (format!("\u{feff}{text}"), false),
        (text.replace('\n', "\r\n"), true),
        (text.trim_end().to_owned(), true),
        (format!("Subject: somebody\n{text}\nand more\n"), true),
    ];
    for (form, is_reached_by_theirs) in forms {
        let sides = Sides::of(Image::Helper).with_content(form.as_bytes()).with(Setup::on_site);
        let theirs = sides.theirs.stage(&upload(GITLAB));
        assert_eq!(theirs.code == 0, is_reached_by_theirs, "{form}\n{theirs}");
        assert_reached(sides.ours.stage(&upload(GITLAB)));
    }
}

/// 1.4: Debian's tool and directories aren't in UBI.
#[test]
fn ubi() {
    let sides = Sides::of(Image::HelperUbi);
    for (user, home) in
        [("--user=0", "--env=HOME=/root"), ("--user=1001", "--env=HOME=/home/helper")]
    {
        let [theirs, ours] = [&sides.theirs, &sides.ours]
            .map(|setup| setup.clone().ca("chain.crt").on_site().options(&[user, home]));
        let run = assert_refused(theirs.stage(&upload(STORAGE)));
        assert!(run.stdout().starts_with(UPDATING), "{run}");
        assert!(run.stderr.contains("update-ca-certificates: command not found"), "{run}");
        let run = assert_reached(ours.stage(&upload(STORAGE)));
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
    }
}

/// 1.10: Debian as its image has it, without the ca-certificates package, and without a bundle.
#[test]
fn an_image_without_a_tool() {
    let script =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gitlab/stand-ins/entrypoint-helper.sh");
    let setup = Setup::of("ca-entrypoint-test:bookworm-bare").ca("root.crt").on_site();
    let start = |entrypoint: &[&str], volume: String| {
        let client = format!("curl --silent --show-error {GITLAB}/cache/none");
        let command = [&entrypoint[1..], &["bash"]].concat();
        let setup = setup.clone().option(volume).option(format!("--entrypoint={}", entrypoint[0]));
        setup.command(&command).stage(&client)
    };
    let run = start(&["bash", "/entrypoint"], format!("--volume={script}:/entrypoint:ro"));
    assert_eq!((run.code, run.stdout().as_str()), (1, UPDATING), "{run}");
    assert!(run.stderr.contains("curl: (77) "), "{run}");
    assert!(run.stderr.contains("update-ca-certificates: command not found"), "{run}");
    let volume = format!("--volume={}:/entrypoint:ro", crate::engine::binary());
    let run = start(&["/entrypoint"], volume).expect_success();
    assert_eq!(
        (run.stdout().as_str(), run.stderr.as_str()),
        ("404 page not found\n", ONE_ADDED),
        "{run}"
    );
}

/// 1.2 and 1.10: without cmp each start does it all again.
#[test]
fn an_image_without_diffutils() {
    let hidden = "--volume=/dev/null:/usr/bin/cmp";
    let sides = Sides::of(Image::Helper).with(|setup| setup.ca("root.crt").option(hidden));
    let [theirs, ours] = [sides.theirs, sides.ours].map(|setup| setup.create());
    for _ in 0..2 {
        let run = theirs.stage("true").expect_success();
        assert_eq!(run.stdout(), UPDATING, "{run}");
    }
    for said in [ONE_ADDED, ""] {
        assert_eq!(assert_reached(ours.stage("true")).stderr, said);
    }
}

/// What somebody added to the bundle by hand: their tool makes the bundle anew, without it.
#[test]
fn what_an_administrator_changed() {
    let sides = Sides::of(Image::Helper).with(|setup| setup.fixtures());
    let change = |setup: &Setup| -> Container {
        let container = setup.clone().option("--env=CA_CERTIFICATES_PATH=/tmp/ca.crt").create();
        let body = "cp /fixtures/root.crt /tmp/ca.crt
            cat /fixtures/other-1.crt >>/etc/ssl/certs/ca-certificates.crt";
        container.stage(body).expect_success();
        container.stage("true").expect_success();
        container
    };
    assert_eq!(change(&sides.theirs).bundle(BUNDLE), (vec!["root.crt"], ROOTS + 1));
    assert_eq!(change(&sides.ours).bundle(BUNDLE), (vec!["root.crt", "other-1.crt"], ROOTS + 2));
}

/// 1.9: codes of commands that can't be run, and of no command at all.
#[test]
fn exit_codes() {
    for (command, code) in [
        (&["no-such-command"][..], 127),
        (&["/no/such/command"], 127),
        (&["/etc/passwd"], 126),
        (&["/etc"], 126),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "kill -KILL $$"], 137),
    ] {
        let sides = Sides::of(Image::Helper).with(|setup| setup.command(command));
        sides.theirs.start(b"").expect_code(code);
        sides.ours.start(b"").expect_code(code);
    }
    let sides = Sides::of(Image::Helper)
        .with(|setup| setup.option("--entrypoint=/usr/bin/dumb-init").command(&["/entrypoint"]));
    sides.theirs.start(b"").expect_success();
    sides.ours.start(b"").expect_success();
}
