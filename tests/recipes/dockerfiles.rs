//! Dockerfiles of the documentation, built; and what there is in `docker/`.

use std::fs;
use std::path::Path;

use crate::engine::Run;
use crate::image::Image;
use crate::markdown;
use crate::markdown::Block;
use crate::server::CURL;
use crate::server::CURL_REFUSES;
use crate::server::HELLO;
use crate::workspace::Workspace;

#[test]
fn images_trust_the_ca() {
    let carrier = Image::carrier();
    for block in markdown::of_kind("dockerfile") {
        let workspace = Workspace::new();
        let (base, image) = build(&block, &carrier, &workspace);
        let mount =
            format!("--volume={}:/etc/gitlab-runner/certs/ca.crt:ro", workspace.path("ca.crt"));
        let curl: Vec<&str> = CURL.split(' ').collect();
        let refuses = |run: Run| assert!(CURL_REFUSES.contains(&run.code), "{run}\n{block}");
        let trusts = |run: Run| assert_eq!(run.stdout(), HELLO, "{run}\n{block}");
        refuses(base.run(&["--entrypoint="], &curl));
        if block.has_word("mounted") {
            refuses(image.run(&[], &curl));
            trusts(image.run(&[&mount], &curl));
        } else if block.has_word("built") {
            trusts(image.run(&[], &curl));
            trusts(image.run(&["--entrypoint="], &curl));
            trusts(image.run(&["--user=1000", "--read-only"], &curl));
        } else {
            panic!("neither 'mounted' nor 'built': {block}");
        }
    }
}

/// The image that the block begins with, and the one that it makes.
fn build(block: &Block, carrier: &Image, workspace: &Workspace) -> (Image, Image) {
    let mut lines: Vec<String> = block.text.lines().map(str::to_owned).collect();
    let from = lines.iter_mut().find(|line| line.starts_with("FROM "));
    let from = from.unwrap_or_else(|| panic!("no FROM: {block}"));
    let base = Image::stand_in(from["FROM ".len()..].trim());
    *from = format!("FROM {}", base.reference());
    for line in &mut lines {
        for option in ["--from=ca-entrypoint ", "from=ca-entrypoint,"] {
            *line = line.replace(option, &option.replace("ca-entrypoint", carrier.reference()));
        }
    }
    let text = lines.join("\n");
    assert!(text.contains(carrier.reference()), "the binary isn't in it: {block}");
    let image = Image::build(&text, workspace, block.has_word("buildkit"));
    (base, image)
}

/// Every file of `docker/` is built by a test, or there is a reason.
#[test]
fn files_of_docker_are_known() {
    let known = [
        ("Dockerfile", "Image::carrier builds it"),
        ("Dockerfile.helper", "tests/gitlab builds it"),
        ("Dockerfile.runner", "tests/gitlab builds it"),
        (
            "windows",
            "there are no Windows containers: docker/windows/check.ps1 builds them on a Windows host",
        ),
    ];
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docker");
    for entry in fs::read_dir(&directory).expect("the project has it") {
        let name = entry.expect("it can be listed").file_name();
        let name = name.to_string_lossy();
        assert!(known.iter().any(|(known, _)| *known == name), "docker/{name}: who builds it?");
    }
}
