//! Starts while the distribution's own tool is at work, by hand and by its package manager's trigger.
//!
//! The tool takes no lock: what it read before us it may write after us.

use crate::container::Container;
use crate::container::Image;
use crate::engine::Run;
use crate::manifest::Manifest;
use crate::side::install;
use crate::side::update;

const ROUNDS: usize = 2;

const DEBIAN: &str = "update-ca-certificates
    dpkg-trigger --no-await update-ca-certificates && dpkg --triggers-only --pending";
/// A package that has a file in the anchors directory, which is no anchor, has the trigger run when it
/// comes and when it goes.
const ALPINE: &str = "update-ca-certificates
    mkdir -p /package/usr/local/share/ca-certificates
    touch /package/usr/local/share/ca-certificates/README
    apk mkpkg --files /package --info name:theirs --info version:1 --output /theirs.apk &&
        apk add --no-network --allow-untrusted /theirs.apk && apk del --no-network theirs";

/// Starts follow each other as long as the tool works. Whoever was last, the next start ends where one
/// start does that had nobody beside it.
fn starts_beside_the_tool(image: Image, tool: &str) {
    let alone = Container::start_sharing(image);
    install(&alone, "chain.crt").expect_success();
    for _ in 0..ROUNDS {
        let together = Container::start_sharing(image);
        beside_the_tool(&together, tool, "/ca-entrypoint echo ran").expect_success();
        together.sh("/ca-entrypoint true");
        store(&alone, image)
            .assert_same(&store(&together, image), "alone (-), beside the tool (+)");
    }
}

/// Starts and removals follow each other. The tool may write what a removal took, or fail over it; it
/// takes nothing else away, and when it has run once more the store has what it has after one start.
/// What it wrote once more may be somebody's, which the next start notes beside its own.
fn removals_beside_the_tool(image: Image, tool: &str) {
    let alone = Container::start_sharing(image);
    let certificates = alone.certificates_in_bundle();
    install(&alone, "chain.crt").expect_success();
    let installed = alone.certificates_in_bundle();
    for _ in 0..ROUNDS {
        let together = Container::start_sharing(image);
        beside_the_tool(&together, tool, "/ca-entrypoint echo ran; /ca-entrypoint --remove");
        assert!(together.certificates_in_bundle() >= certificates);
        together.sh("/ca-entrypoint true");
        assert!(together.certificates_in_bundle() >= installed);
        update(&together, "");
        assert_eq!(together.certificates_in_bundle(), installed);
        assert_eq!(together.hash_links(), alone.hash_links());
        together.sh("/ca-entrypoint --remove");
        assert_eq!(together.certificates_in_bundle(), certificates);
    }
}

/// Runs what is to be done again and again until the tool has ended, whose exit code is the result's.
fn beside_the_tool(container: &Container, tool: &str, start: &str) -> Run {
    let run = container.try_sh(&format!(
        "mkdir -p /etc/gitlab-runner/certs
        cp /fixtures/chain.crt /etc/gitlab-runner/certs/ca.crt
        ({tool}) >/dev/null 2>&1 & tool=$!
        while kill -0 $tool 2>&-; do {start}; done
        wait $tool"
    ));
    assert!(run.stdout().lines().all(|line| line == "ran"), "{run}");
    assert!(run.stdout().lines().count() > 1, "the tool was done before us\n{run}");
    run
}

/// Alpine's tool has no order.
fn store(container: &Container, image: Image) -> Manifest {
    let store = container.store();
    if image.is_debian() { store } else { store.with_unordered_bundle() }
}

#[test]
fn starts_beside_debian_s_tool_and_dpkg_s_trigger() {
    starts_beside_the_tool(Image::Bookworm, DEBIAN);
}

#[test]
fn removals_beside_debian_s_tool_and_dpkg_s_trigger() {
    removals_beside_the_tool(Image::Bookworm, DEBIAN);
}

#[test]
fn starts_beside_alpine_s_tool_and_apk_s_trigger() {
    starts_beside_the_tool(Image::Alpine, ALPINE);
}

#[test]
fn removals_beside_alpine_s_tool_and_apk_s_trigger() {
    removals_beside_the_tool(Image::Alpine, ALPINE);
}
