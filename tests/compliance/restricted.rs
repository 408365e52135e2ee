//! Containers that may not do everything, and mounts in odd places.

use std::fs;

use crate::certificates;
use crate::container::Container;
use crate::container::Image;
use crate::container::Stopped;
use crate::container::run_once;
use crate::engine::unique_name;

/// The option that mounts one of the certificates where GitLab Runner does.
pub(crate) fn mounted(certificate: &str) -> String {
    format!(
        "--volume={}/{certificate}:/etc/gitlab-runner/certs/ca.crt:ro",
        certificates::directory()
    )
}

/// The store can't be written: the user's own directory takes the CA, which is said in one line and
/// is no error.
pub(crate) fn assert_placed_privately(
    image: Image,
    options: &[&str],
    cause: &str,
    directory: &str,
) {
    let mount = mounted("root.crt");
    let options = [options, &[mount.as_str()]].concat();
    let command = ["--on-error=fail", "/bin/sh", "-c", "echo from the command; exit 7"];
    let message = format!(
        "ca-entrypoint: trust store cannot be written ({cause}): \
         1 added in '{directory}', for programs that read variables\n"
    );
    for command in [&command[..], &command[1..]] {
        let run = run_once(image.reference(), &options, command).expect_code(7);
        assert_eq!(run.stdout(), "from the command\n", "{run}");
        assert_eq!(run.stderr, message, "{run}");
    }
    // The same in a container that goes on: the next start finds all done.
    let container = Container::start_with(image, &[&options[..], &["--network=none"]].concat());
    for expected in [message.as_str(), ""] {
        let run = container.try_sh("/ca-entrypoint --on-error=fail true").expect_success();
        assert_eq!(run.stderr, expected, "{run}");
    }
}

#[test]
fn a_read_only_root_file_system() {
    for image in [Image::Bookworm, Image::Alpine] {
        let directory = "/dev/shm/ca-entrypoint-0";
        assert_placed_privately(image, &["--read-only"], "Read-only file system", directory);
    }
}

#[test]
fn a_user_without_rights() {
    for image in [Image::Bookworm, Image::BookwormBare, Image::AlpineBase] {
        let directory = "/dev/shm/ca-entrypoint-1000";
        assert_placed_privately(image, &["--user=1000"], "Permission denied", directory);
    }
}

/// Whoever wants the system's store or nothing is told what is in the way.
#[test]
fn a_store_that_cannot_be_written_and_nothing_else_is_wanted() {
    let options = ["--user=1000", "--env=CA_ENTRYPOINT_PLACEMENT=system", &mounted("root.crt")];
    let command = ["/bin/sh", "-c", "echo from the command; exit 7"];
    let run = run_once(Image::Bookworm.reference(), &options, &command).expect_code(7);
    assert_eq!(run.stdout(), "from the command\n", "{run}");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(
        matches!(lines.as_slice(), [message, hint]
            if message.starts_with("ca-entrypoint: cannot ") && hint.starts_with("hint: ")),
        "{run}"
    );
    let command = [&["--on-error=fail"], command.as_slice()].concat();
    let run = run_once(Image::Bookworm.reference(), &options, &command).expect_code(125);
    assert_eq!(run.stdout(), "", "{run}");
}

/// Root without any capability owns the store still.
#[test]
fn a_user_without_capabilities() {
    for image in [Image::Bookworm, Image::Alpine] {
        let options = ["--cap-drop", "ALL", &mounted("root.crt")];
        let command = ["/bin/sh", "-c", "exit 7"];
        let run = run_once(image.reference(), &options, &command).expect_code(7);
        assert_eq!(run.stderr, "ca-entrypoint: trust store updated: 1 added, 0 removed\n");
    }
}

/// A file that is mounted can't be replaced by another one: it grows where it is.
#[test]
fn a_bundle_that_is_mounted() {
    let container = Container::start(Image::Bookworm);
    let before = container.bundle();
    let file = format!("{}/{}", certificates::directory(), unique_name("mounted-bundle"));
    fs::write(&file, &before).expect("the target directory can be written");
    let mounts =
        [mounted("chain.crt"), format!("--volume={file}:/etc/ssl/certs/ca-certificates.crt")];
    let options: Vec<&str> = mounts.iter().map(String::as_str).collect();
    let stopped = Stopped::create(Image::Bookworm.reference(), &options, &["/bin/true"]);
    let run = stopped.start().expect_success();
    assert_eq!(run.stderr, "ca-entrypoint: trust store updated: 3 added, 0 removed\n", "{run}");
    let after = fs::read_to_string(&file).expect("it was mounted");
    let added = after
        .strip_prefix(&*String::from_utf8_lossy(&before))
        .expect("what was there stays in front");
    for name in ["root.crt", "intermediate.crt", "second.crt"] {
        assert!(added.contains(&certificates::text(name)), "{name}: {added}");
    }
    assert_eq!(added.matches("BEGIN").count(), 3, "{added}");
    let again = stopped.start().expect_success();
    assert_eq!(again.stderr, "");
    assert_eq!(fs::read_to_string(&file).expect("it was mounted"), after);
}

/// Docker makes a directory of what it can't find on the host.
#[test]
fn a_mount_whose_file_is_missing_on_the_host() {
    let missing = unique_name("missing");
    let options = [mounted(&missing)];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let command = ["/bin/sh", "-c", "exit 7"];
    let run = run_once(Image::Bookworm.reference(), &options, &command).expect_code(7);
    assert!(
        run.stderr.contains("'/etc/gitlab-runner/certs/ca.crt'")
            && run.stderr.contains("Docker makes a directory of a mount whose file is missing"),
        "{run}"
    );
}
