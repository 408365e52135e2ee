//! NSS's databases, as NSS's own tools see them: certutil(1), and tstclnt(1), a TLS client.

use crate::certificates;
use crate::clients::Server;
use crate::clients::port;
use crate::container::Container;
use crate::container::Image;
use crate::engine::Run;
use crate::side::install;

/// Chromium's, of root.
const SHARED: &str = "/nonexistent/.pki/nssdb";

fn start() -> Container {
    let network = Server::shared().network();
    let container = Container::start_with(Image::Clients, &["--network", &network]);
    // The home directory of `Container::sh`.
    container.sh("mkdir -m 755 /nonexistent");
    container
}

/// A database as a browser makes it.
fn make(container: &Container, directory: &str) {
    container.sh(&format!("mkdir -p {directory}; certutil -N -d sql:{directory} --empty-password"));
}

/// The nicknames in a database with their trust, sorted.
fn listing(container: &Container, directory: &str) -> Vec<String> {
    let run = container.sh(&format!("certutil -L -d sql:{directory}"));
    let mut lines: Vec<String> = run
        .stdout()
        .lines()
        .skip(4)
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort_unstable();
    lines
}

/// Connects to the server that a CA signed, with the roots of a database and no others.
fn connect(container: &Container, directory: &str, signer: &str) -> Run {
    let port = port(signer);
    container.try_sh(&format!("tstclnt -4 -h localhost -p {port} -d sql:{directory} -Q </dev/null"))
}

#[track_caller]
fn assert_trusts(container: &Container, directory: &str, signer: &str) {
    connect(container, directory, signer).expect_success();
}

#[track_caller]
fn assert_refuses(container: &Container, directory: &str, signer: &str) {
    let run = connect(container, directory, signer);
    assert_ne!(run.code, 0, "{run}");
    assert!(run.stderr.contains("SEC_ERROR_UNKNOWN_ISSUER"), "{run}");
}

#[test]
fn a_database_gets_the_anchors_and_loses_them() {
    let container = start();
    make(&container, SHARED);
    assert_refuses(&container, SHARED, "root");

    let run = install(&container, "chain.crt").expect_success();
    assert_eq!(run.stderr, "ca-entrypoint: trust store updated: 3 added, 0 removed\n");
    let lines = listing(&container, SHARED);
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in &lines {
        assert!(
            line.starts_with("ca-entrypoint-etc_gitlab-runner_certs_ca.crt-")
                && line.ends_with(" C,,"),
            "{line}"
        );
    }
    for signer in ["root", "intermediate", "second"] {
        assert_trusts(&container, SHARED, signer);
    }
    assert_refuses(&container, SHARED, "twin-a");

    // A second start runs nothing.
    let before = container.sh(&format!("stat -c '%i %Y %Z' {SHARED}/*")).stdout();
    assert_eq!(container.sh("/ca-entrypoint").stderr, "");
    assert_eq!(container.sh(&format!("stat -c '%i %Y %Z' {SHARED}/*")).stdout(), before);

    // Another CA at the same path takes their place.
    install(&container, "twin-a.crt").expect_success();
    assert_eq!(listing(&container, SHARED).len(), 1);
    assert_trusts(&container, SHARED, "twin-a");
    assert_refuses(&container, SHARED, "root");

    container.sh("/ca-entrypoint --remove");
    assert_eq!(listing(&container, SHARED), Vec::<String>::new());
    assert_refuses(&container, SHARED, "twin-a");
    assert_eq!(container.sh("/ca-entrypoint --remove").stderr, "");
}

#[test]
fn what_somebody_put_in_stays() {
    let container = start();
    make(&container, SHARED);
    container
        .sh(&format!("certutil -A -d sql:{SHARED} -n mine -t C,, -a -i /fixtures/other-1.crt"));
    install(&container, "root.crt").expect_success();
    assert_eq!(listing(&container, SHARED).len(), 2);
    container.sh("/ca-entrypoint --remove");
    assert_eq!(listing(&container, SHARED), ["mine C,,"]);
}

#[test]
fn a_browser_that_has_not_run_yet_finds_a_database() {
    let container = start();
    install(&container, "root.crt").expect_success();
    assert_eq!(container.try_sh(&format!("ls {SHARED}")).code, 2, "nobody would read it");
    container.sh("touch /usr/bin/chromium");
    let run = container.sh("/ca-entrypoint");
    assert_eq!(run.stderr, "ca-entrypoint: trust store brought up to date\n");
    assert_trusts(&container, SHARED, "root");
}

#[test]
fn the_profiles_of_firefox_get_it() {
    let container = start();
    let profiles =
        ["a.default", "b.work"].map(|name| format!("/nonexistent/.mozilla/firefox/{name}"));
    profiles.iter().for_each(|profile| make(&container, profile));
    container.sh("mkdir /nonexistent/.mozilla/firefox/empty");
    install(&container, "root.crt").expect_success();
    for profile in &profiles {
        assert_trusts(&container, profile, "root");
    }
    assert_eq!(container.sh("ls /nonexistent/.mozilla/firefox/empty").stdout(), "");
}

/// Who can't write the store has a home all the same.
#[test]
fn a_user_s_own_database() {
    let container = start();
    let home = "/tmp/home";
    let directory = format!("{home}/.pki/nssdb");
    make(&container, &directory);
    container.sh(&format!("chown -R 1000:1000 {home}"));
    let by_user = |command: &str| {
        container
            .sh(&format!("HOME={home} setpriv --reuid 1000 --regid 1000 --clear-groups {command}"))
    };
    by_user("/ca-entrypoint --ca /fixtures/root.crt true");
    assert_trusts(&container, &directory, "root");
    assert_eq!(by_user("/ca-entrypoint --ca /fixtures/root.crt true").stderr, "");
}

/// What a stranger can write to is not a place for root to run programs in.
#[test]
fn somebody_else_s_home_is_left_alone() {
    let container = start();
    for setup in ["chown 1000 /nonexistent", "chown 0 /nonexistent; chmod 777 /nonexistent"] {
        make(&container, SHARED);
        container.sh(setup);
        install(&container, "root.crt").expect_success();
        assert_eq!(listing(&container, SHARED), Vec::<String>::new(), "{setup}");
        container.sh("/ca-entrypoint --remove; rm -r /nonexistent/.pki");
    }
}

#[test]
fn a_database_with_a_password_is_told_of() {
    let container = start();
    container.sh(&format!(
        "mkdir -p {SHARED}; echo secret >/tmp/password; certutil -N -d sql:{SHARED} -f /tmp/password"
    ));
    let run = install(&container, "root.crt").expect_success();
    assert!(run.stderr.contains("program '/usr/bin/certutil' failed"), "{run}");
    assert!(
        certificates::text("root.crt")
            .lines()
            .nth(1)
            .is_some_and(|line| { String::from_utf8_lossy(&container.bundle()).contains(line) })
    );
}
