//! A user's own files, in containers that leave little room for them, and clients that read them.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;

use crate::certificates;
use crate::clients::Server;
use crate::clients::port;
use crate::container::Container;
use crate::container::Image;
use crate::container::run_once;
use crate::engine::Run;
use crate::engine::unique_name;
use crate::restricted::mounted;

/// What containers may be restricted to, and the directory of the bundle then.
const SHAPES: &[(&[&str], &str)] = &[
    (&["--user=1000"], "/dev/shm/ca-entrypoint-1000"),
    // No such user in /etc/passwd, in root's group, as OpenShift has it.
    (&["--user=1000650000:0"], "/dev/shm/ca-entrypoint-1000650000"),
    (
        &["--user=1000", "--cap-drop=ALL", "--security-opt=no-new-privileges"],
        "/dev/shm/ca-entrypoint-1000",
    ),
    (&["--user=1000", "--read-only"], "/dev/shm/ca-entrypoint-1000"),
    (&["--user=1000", "--read-only", "--ipc=none", "--tmpfs=/tmp"], "/tmp/ca-entrypoint-1000"),
    (
        &["--user=1000", "--read-only", "--ipc=none", "--tmpfs=/run:uid=1000,mode=0755"],
        "/run/ca-entrypoint",
    ),
    // Without the sticky bit everybody could move the directory away.
    (&["--user=1000", "--tmpfs=/dev/shm:mode=0777"], "/tmp/ca-entrypoint-1000"),
    (&["--user=1000", "--tmpfs=/dev/shm:uid=4242,mode=1777"], "/tmp/ca-entrypoint-1000"),
    // The bundle doesn't fit.
    (&["--user=1000", "--tmpfs=/dev/shm:size=4k"], "/tmp/ca-entrypoint-1000"),
    (&["--user=1000", "--tmpfs=/dev/shm:ro"], "/tmp/ca-entrypoint-1000"),
    (
        &["--user=1000", "--tmpfs=/user:uid=1000,mode=0700", "--env=XDG_RUNTIME_DIR=/user"],
        "/user/ca-entrypoint",
    ),
    (&["--read-only"], "/dev/shm/ca-entrypoint-0"),
    (&["--read-only", "--tmpfs=/run"], "/run/ca-entrypoint"),
    (&["--read-only", "--ipc=none", "--tmpfs=/tmp"], "/tmp/ca-entrypoint-0"),
    (&["--read-only", "--cap-drop=ALL"], "/dev/shm/ca-entrypoint-0"),
];

/// Neither a directory nor a tmpfs to be written.
const CLOSED: [&str; 3] = ["--user=1000", "--read-only", "--ipc=none"];

const SCRIPT: &str = "dirname \"$SSL_CERT_FILE\"; cat \"$SSL_CERT_FILE\"";

fn start(image: Image, options: &[&str], certificate: &str, script: &str) -> Run {
    let mount = mounted(certificate);
    let options = [options, &[mount.as_str()]].concat();
    run_once(image.reference(), &options, &["/bin/sh", "-euc", script]).expect_success()
}

fn image_bundle(image: Image) -> String {
    String::from_utf8_lossy(&Container::start(image).bundle()).into_owned()
}

fn shapes_of(image: Image) {
    let expected = image_bundle(image) + &certificates::text("root.crt");
    for (options, directory) in SHAPES {
        let run = start(image, options, "root.crt", SCRIPT);
        assert!(
            run.stderr.contains(&format!("1 added in '{directory}'")),
            "{options:?} {}",
            run.stderr
        );
        assert_eq!(run.stderr.lines().count(), 1, "{options:?}");
        let is_whole = run.stdout() == format!("{directory}\n{expected}");
        assert!(is_whole, "{options:?} {}", run.stderr);
    }
}

#[test]
fn the_bundle_is_where_there_is_room_for_it() {
    shapes_of(Image::Bookworm);
}

#[test]
fn the_bundle_of_alpine_is_where_there_is_room_for_it() {
    shapes_of(Image::AlpineBase);
}

/// A directory of the host's, as a pod's volumes are: Kubernetes makes an emptyDir of mode 0777.
#[test]
fn a_mounted_directory_is_judged_by_owner_and_mode() {
    let directory = format!("{}/{}", certificates::directory(), unique_name("run"));
    fs::create_dir(&directory).expect("the target directory can be written");
    let volume = format!("--volume={directory}:/run");
    for (owner, mode, is_used) in [
        (0, 0o1777, true),
        (1000, 0o700, true),
        (1000, 0o755, true),
        (0, 0o777, false),
        (1000, 0o777, false),
        (4242, 0o1777, false),
    ] {
        chown(&directory, Some(owner), None).expect("the suite is run by root");
        fs::set_permissions(&directory, Permissions::from_mode(mode)).expect("it is there");
        let run = start(Image::Bookworm, &["--user=1000", &volume], "root.crt", SCRIPT);
        let is_there = fs::exists(format!("{directory}/ca-entrypoint")).expect("root sees all");
        assert_eq!(is_there, is_used, "{owner} {mode:o} {}", run.stderr);
        let expected =
            if is_used { "/run/ca-entrypoint\n" } else { "/dev/shm/ca-entrypoint-1000\n" };
        assert!(run.stdout().starts_with(expected), "{owner} {mode:o} {}", run.stderr);
        let _ = fs::remove_dir_all(format!("{directory}/ca-entrypoint"));
    }
}

#[test]
fn the_files_are_for_their_user_alone_and_root_s_for_all() {
    let modes = "stat -c %a:%u $(dirname $SSL_CERT_FILE) $SSL_CERT_FILE";
    for umask in ["000", "022", "077"] {
        for (options, expected) in [
            (&["--user=1000"][..], "700:1000\n644:1000\n"),
            (&["--read-only", "--tmpfs=/run"], "755:0\n644:0\n"),
        ] {
            let container = Container::start_with(
                Image::Bookworm,
                &[options, &["--network=none", &mounted("root.crt")]].concat(),
            );
            let run = container.sh(&format!("umask {umask}; /ca-entrypoint sh -c '{modes}'"));
            assert_eq!(run.stdout(), expected, "{umask} {run}");
        }
    }
    // As a server's master process does for its workers.
    let script = "setpriv --reuid=1000 --regid=1000 --clear-groups sh -c '[ -s $SSL_CERT_FILE ]'";
    start(Image::Bookworm, &["--read-only", "--tmpfs=/run"], "root.crt", script);
}

/// Whoever else is in the container got there first, everywhere.
#[test]
fn what_a_stranger_prepared_is_not_used() {
    let prepare = "for parent in /run /dev/shm /tmp; do
            chmod 1777 $parent
            for name in ca-entrypoint ca-entrypoint-1000; do
                setpriv --reuid=4242 --regid=4242 --clear-groups TRAP
            done
        done";
    for trap in [
        "mkdir -m 777 $parent/$name",
        "ln -s /home/user $parent/$name",
        "ln -s /home/user/new $parent/$name",
        "mkfifo -m 777 $parent/$name",
        "touch $parent/$name",
    ] {
        let options = ["--network=none", &mounted("root.crt")];
        let container = Container::start_with(Image::Bookworm, &options);
        container.sh("install -d -m 700 -o 1000 -g 1000 /home/user");
        container.sh(&prepare.replace("TRAP", trap));
        let run = container.sh("setpriv --reuid=1000 --regid=1000 --clear-groups /ca-entrypoint \
             sh -c 'echo $SSL_CERT_FILE; tail -n 3 $SSL_CERT_FILE'");
        assert!(run.stdout().starts_with("/proc/"), "{trap} {run}");
        assert!(run.stderr.contains("1 added in memory"), "{trap} {run}");
        let found = container.sh("find /home/user /run/ca* /dev/shm/* /tmp/* -user 1000");
        assert_eq!(found.stdout(), "/home/user\n", "{trap}");
    }
}

/// As the containers of a pod do that is told to.
#[test]
fn containers_that_share_memory_do_not_disturb_each_other() {
    let common = ["--network=none", "--user=1000"];
    let mounts = [mounted("root.crt"), mounted("second.crt")];
    let options = [&common[..], &["--ipc=shareable", &mounts[0]]].concat();
    let one = Container::start_with(Image::Bookworm, &options);
    let ipc = format!("--ipc=container:{}", one.name());
    let options = [&common[..], &[&ipc, &mounts[1]]].concat();
    let two = Container::start_with(Image::AlpineBase, &options);
    let expected = [
        image_bundle(Image::Bookworm) + &certificates::text("root.crt"),
        image_bundle(Image::AlpineBase) + &certificates::text("second.crt"),
    ];
    let listing = "ls -lni --time-style=full-iso /dev/shm/ca-entrypoint-1000";
    for container in [&one, &two] {
        let run = container.sh("/ca-entrypoint true");
        assert!(run.stderr.contains("'/dev/shm/ca-entrypoint-1000'"), "{run}");
    }
    let before = one.sh(listing).stdout();
    for _ in 0..2 {
        for (container, expected) in [&one, &two].into_iter().zip(&expected) {
            let run = container.sh("/ca-entrypoint sh -c 'cat $SSL_CERT_FILE'");
            assert_eq!(run.stderr, "");
            assert!(run.stdout() == *expected);
        }
    }
    assert_eq!(one.sh(listing).stdout(), before);
}

#[test]
fn what_was_installed_when_the_image_was_built_is_used() {
    let options = ["--network=none", &mounted("chain.crt")];
    let container = Container::start_with(Image::Bookworm, &options);
    container.sh("/ca-entrypoint");
    let user = "setpriv --reuid=1000 --regid=1000 --clear-groups";
    let run = container.sh(&format!("{user} /ca-entrypoint env"));
    assert_eq!(run.stderr, "");
    assert!(run.stdout().contains("SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\n"), "{run}");
    assert!(!run.stdout().contains("GIT_CONFIG") && !run.stdout().contains("/dev/shm"), "{run}");
    assert_eq!(container.sh("ls /dev/shm /run | grep ca-entrypoint || :").stdout(), "");
}

/// Clients that read variables, and what each says when it can't verify.
pub(crate) const CLIENTS: [(&str, i32); 3] = [
    ("curl --silent --show-error --fail https://localhost:PORT/hello", 60),
    ("git ls-remote https://localhost:PORT/repository", 128),
    ("openssl s_client -verify_return_error -brief -connect localhost:PORT </dev/null", 1),
];

pub(crate) fn clients_trust(image: Image, options: &[&str], clients: &[(&str, i32)]) {
    let network = Server::shared().network();
    let mount = mounted("chain.crt");
    let options = [options, &["--network", &network, &mount]].concat();
    for signer in ["root", "second", "twin-a"] {
        for (client, refusal) in clients {
            let client = client.replace("PORT", &port(signer).to_string());
            let command = ["/bin/sh", "-c", &client];
            let run = run_once(image.reference(), &options, &command);
            let code = if signer == "twin-a" { *refusal } else { 0 };
            assert_eq!(run.code, code, "{signer} {run}");
        }
    }
}

#[test]
fn clients_trust_a_directory_s_files() {
    clients_trust(Image::Bookworm, &["--user=1000"], &CLIENTS);
    clients_trust(Image::Alpine, &["--user=1000"], &CLIENTS[..1]);
}

#[test]
fn clients_trust_files_in_memory() {
    clients_trust(Image::Bookworm, &CLOSED, &CLIENTS);
    clients_trust(Image::Alpine, &CLOSED, &CLIENTS[..1]);
}

#[test]
fn files_in_memory_are_warned_of_and_named_by_a_high_descriptor() {
    for image in [Image::Bookworm, Image::AlpineBase] {
        let expected = image_bundle(image) + &certificates::text("root.crt");
        let run = start(image, &CLOSED, "root.crt", "echo $SSL_CERT_FILE; cat $SSL_CERT_FILE");
        let out = run.stdout();
        let (path, bundle) = out.split_once('\n').expect("two lines at least");
        assert_eq!(path, "/proc/1/fd/100", "{}", run.stderr);
        assert!(bundle == expected, "{}", run.stderr);
        let lines: Vec<&str> = run.stderr.lines().collect();
        assert!(
            matches!(lines.as_slice(), [message, hint]
                if message.contains("1 added in memory") && hint.starts_with("hint: ")),
            "{run}"
        );
    }
}

/// Each part of a pipeline, and what it leaves behind in the background.
#[test]
fn children_read_files_in_memory() {
    let script = "{ sh -c 'tail -n 1 $SSL_CERT_FILE' & } | cat; wait
        (cd / && tail -n 1 <$SSL_CERT_FILE)
        ! echo x 2>&- >$SSL_CERT_FILE";
    let run = start(Image::Bookworm, &CLOSED, "root.crt", script);
    assert_eq!(run.stdout(), "-----END CERTIFICATE-----\n".repeat(2), "{run}");
}

#[test]
fn nothing_to_write_and_no_command_is_an_error() {
    let mount = mounted("root.crt");
    let options = [&CLOSED[..], &[mount.as_str()]].concat();
    let command = ["--placement=private"];
    let run = run_once(Image::Bookworm.reference(), &options, &command).expect_code(125);
    assert!(run.stderr.starts_with("ca-entrypoint: cannot install the CA: "), "{run}");
    assert!(run.stderr.contains("\nhint: "), "{run}");
}
