//! What is typed on a Docker host, or in any shell.

use crate::certificates;
use crate::engine::binary;
use crate::image::Image;
use crate::markdown;
use crate::pod::Volume;
use crate::server::CURL;
use crate::server::CURL_REFUSES;
use crate::server::HELLO;
use crate::server::Server;
use crate::stand_ins;
use crate::workspace::Workspace;

/// The word of a command that says what is mounted.
fn mounts(text: &str) -> Vec<&str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).filter(|pair| pair[0] == "-v").map(|pair| pair[1]).collect()
}

#[test]
fn the_binary_is_copied_out_of_its_image() {
    let carrier = Image::carrier();
    let blocks = markdown::of_kind("host").into_iter().filter(|block| !block.has_word("runner"));
    let mut count = 0;
    for block in blocks {
        let workspace = Workspace::new();
        let volume = Volume::new();
        let mounted = mounts(&block.text);
        let from = mounted.first().unwrap_or_else(|| panic!("no mount: {block}"));
        let from = from.split(':').next().unwrap_or_default();
        let to = stand_ins::volume(&format!("{from}:/x"), &workspace, binary())
            .map_or_else(|| volume.0.clone(), |mount| mount.trim_end_matches(":/x").to_owned());
        let mut text = block.text.replace(&format!("-v {from}:"), &format!("-v {to}:"));
        text = text.replace("volume create ca-entrypoint", &format!("volume create {}", volume.0));
        text = text.replace(" ca-entrypoint ", &format!(" {} ", carrier.reference()));
        let run = workspace.sh(&text).expect_success();
        assert_eq!(run.stderr, "", "{run}");

        let image = Image::stand_in("debian:12");
        let copy = format!("--volume={to}:/opt/ca-entrypoint:ro");
        let ca =
            format!("--volume={}:/etc/gitlab-runner/certs/ca.crt:ro", workspace.path("ca.crt"));
        let program = "/opt/ca-entrypoint/ca-entrypoint";
        let curl: Vec<&str> = CURL.split(' ').collect();
        let run = image.run(&[&copy, &ca, "--user=1000"], &[&[program][..], &curl].concat());
        assert_eq!(run.stdout(), HELLO, "{run}\n{block}");
        let mode = image.run(&[&copy], &["stat", "-c", "%a", program]).stdout();
        assert_eq!(mode, "755\n", "{block}");
        count += 1;
    }
    assert!(count > 0, "there is such a block");
}

#[test]
fn the_runner_trusts_gitlab_when_it_registers() {
    let mut count = 0;
    for block in markdown::of_kind("host").into_iter().filter(|block| block.has_word("runner")) {
        let words: Vec<&str> = block.text.split_whitespace().collect();
        let reference = words.iter().find(|word| word.starts_with("registry.example.com/"));
        let reference = reference.unwrap_or_else(|| panic!("no image: {block}"));
        let image = Image::stand_in(reference);
        let network = Server::network();
        for (has_ca, code) in [(false, CURL_REFUSES[0]), (true, 0)] {
            let workspace = Workspace::new();
            workspace.directory("config");
            if has_ca {
                workspace.write("config/certs/ca.crt", certificates::text("root.crt"));
            }
            let mut text = block.text.replace(reference, image.reference());
            text = text.replace("docker run", &format!("docker run {network}"));
            for mount in mounts(&block.text) {
                let volume = stand_ins::volume(mount, &workspace, binary());
                text =
                    text.replace(mount, &volume.unwrap_or_else(|| panic!("no stand-in: {mount}")));
            }
            let run = workspace.sh(&text).expect_code(code);
            assert_eq!(run.stdout() == HELLO, has_ca, "{run}");
        }
        count += 1;
    }
    assert!(count > 0, "there is such a block");
}

/// Commands begin with `$`; other lines are among what they print, in order.
#[test]
fn what_is_shown_is_what_is_printed() {
    for block in markdown::of_kind("console") {
        let workspace = Workspace::new();
        let carrier = Image::carrier();
        let image = Image::build(
            &format!(
                "FROM ca-entrypoint-test:bookworm\nCOPY --from={} /ca-entrypoint /ca-entrypoint\n\
                 ENTRYPOINT [\"/ca-entrypoint\"]\n",
                carrier.reference()
            ),
            &workspace,
            false,
        );
        let is_command = |line: &&str| line.starts_with("$ ");
        let commands: Vec<&str> = block.text.lines().filter(is_command).collect();
        let shown: Vec<&str> = block.text.lines().filter(|line| !is_command(line)).collect();
        let script = commands.join("\n").replace("$ docker", "docker").replace(" IMAGE ", " IT ");
        let options = format!("docker run --rm {}", Server::network());
        let script = script
            .replace("docker run", &options)
            .replace(" IT ", &format!(" {} ", image.reference()));
        let run = workspace.sh(&format!("exec 2>&1\n{script}")).expect_success();
        let stdout = run.stdout();
        let mut printed = stdout.lines();
        for line in shown {
            assert!(printed.any(|other| other == line), "'{line}' isn't printed: {run}\n{block}");
        }
    }
}

/// A file that it makes of another one is a certificate in PEM.
#[test]
fn commands_of_the_shell_succeed() {
    for block in markdown::of_kind("shell") {
        let workspace = Workspace::new();
        workspace.sh(&block.text).expect_success();
        let words: Vec<&str> = block.text.split_whitespace().collect();
        for pair in words.windows(2).filter(|pair| pair[0] == "-out") {
            let made = std::fs::read_to_string(workspace.file(pair[1])).expect("it was made");
            assert_eq!(made.trim(), certificates::text("root.crt").trim(), "{block}");
        }
    }
}
