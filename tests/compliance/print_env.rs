//! `--print-env` where it is used: login shells and `docker exec`, by shells of the images.

use std::fs;

use crate::certificates;
use crate::container::Container;
use crate::container::Image;
use crate::engine::unique_name;
use crate::restricted::mounted;

const PROFILE: &str = "eval \"$(/ca-entrypoint --print-env)\"\n";

/// A container that goes on, whose login shells evaluate the variables.
fn container(image: Image, user: &str) -> Container {
    let file = format!("{}/{}", certificates::directory(), unique_name("profile"));
    fs::write(&file, PROFILE).expect("the target directory can be written");
    let profile = format!("--volume={file}:/etc/profile.d/ca.sh:ro");
    let user = format!("--user={user}");
    Container::start_with(image, &["--network=none", &user, &profile, &mounted("root.der")])
}

/// Sorted, without what a login shell or a command sets of itself.
fn variables(text: &str) -> Vec<&str> {
    let names = ["CI_SERVER", "NODE_", "DENO_", "SSL_", "CURL_", "REQUESTS_", "PIP_", "GIT_CONFIG"];
    let is_ours = |line: &&str| names.iter().any(|name| line.starts_with(name));
    let mut lines: Vec<&str> = text.lines().filter(is_ours).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_login_shell_and_a_command_have_the_same_variables() {
    for image in [Image::Bookworm, Image::Alpine] {
        for user in ["0", "1000"] {
            let container = container(image, user);
            let command = container.sh("/ca-entrypoint env");
            assert!(!command.stderr.is_empty(), "{command}");
            let expected = command.stdout();
            assert!(variables(&expected).len() >= 7, "{command}");
            let mut shells = vec!["sh -lc env", "/ca-entrypoint env", "sh -lc 'sh -lc env'"];
            if image.is_debian() {
                shells.push("bash -lc env");
            }
            for shell in shells {
                let run = container.sh(shell);
                assert_eq!(run.stderr, "", "{shell}");
                assert_eq!(variables(&run.stdout()), variables(&expected), "{shell}");
            }
        }
    }
}

#[test]
fn a_login_shell_without_a_ca_is_as_it_was() {
    let file = format!("{}/{}", certificates::directory(), unique_name("profile"));
    fs::write(&file, PROFILE).expect("the target directory can be written");
    let profile = format!("--volume={file}:/etc/profile.d/ca.sh:ro");
    for image in [Image::Bookworm, Image::Alpine] {
        let container = Container::start_with(image, &["--network=none", &profile]);
        let run = container.sh("sh -lc env");
        assert_eq!(run.stderr, "");
        assert_eq!(variables(&run.stdout()), Vec::<&str>::new());
    }
}

/// BusyBox's ash and Debian's dash, with all in a path that a shell might take for its own.
#[test]
fn any_path_is_read_as_it_is() {
    let script = r#"
        path=$(printf '/tmp/it'\''s "x" $HOME $(exit 3) `exit 4` \\ *\n\377;&|<>#~.crt')
        cp /fixtures/root.crt "$path"
        /ca-entrypoint --ca "$path" sh -c 'printf %s "$NODE_EXTRA_CA_CERTS"' >/tmp/command
        eval "$(/ca-entrypoint --ca "$path" --print-env)"
        printf %s "$NODE_EXTRA_CA_CERTS" >/tmp/evaluated
        printf %s "$path" >/tmp/path
        cmp /tmp/path /tmp/command
        cmp /tmp/path /tmp/evaluated
        sh -c '[ -s "$NODE_EXTRA_CA_CERTS" ]'"#;
    for image in [Image::Bookworm, Image::Alpine] {
        Container::start(image).sh(script);
    }
}

#[test]
fn the_lines_are_understood_by_every_shell_of_the_images() {
    let container = container(Image::Alpine, "1000");
    let run = container.sh("/ca-entrypoint --print-env");
    for line in run.stdout().lines() {
        let (name, value) = line.split_once('=').expect("an assignment");
        assert!(name.starts_with("export ") && value.starts_with('\'') && value.ends_with('\''));
    }
    assert_eq!(container.sh("/ca-entrypoint --print-env").stdout(), run.stdout());
    let twice = "eval \"$(/ca-entrypoint --print-env)\"; /ca-entrypoint --print-env";
    assert_eq!(container.sh(twice).stdout(), "");
}
