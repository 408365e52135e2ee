//! Starts while the distribution's own tool is at work, by hand and by its package manager's trigger.

use crate::container::Container;
use crate::container::Image;
use crate::side::install;

/// Starts and removals follow each other as long as the tool works. Whoever was last, the next start
/// ends where one start does that had nobody beside it, and leaves nothing that it didn't make.
fn starts_beside_the_tool(image: Image, tool: &str) {
    let alone = Container::start(image);
    install(&alone, "chain.crt").expect_success();
    let together = Container::start(image);
    let certificates = together.certificates_in_bundle();
    let run = together.sh(&format!(
        "mkdir -p /etc/gitlab-runner/certs
        cp /fixtures/chain.crt /etc/gitlab-runner/certs/ca.crt
        ({tool}) >/dev/null 2>&1 & tool=$!
        while kill -0 $tool 2>&-; do
            /ca-entrypoint echo ran
            /ca-entrypoint --remove
        done
        # The tool itself may fail over what changes while it reads.
        wait $tool || :"
    ));
    assert!(run.stdout().lines().all(|line| line == "ran"), "{run}");
    assert!(run.stdout().lines().count() > 1, "the tool was done before us\n{run}");
    together.sh("/ca-entrypoint true");
    alone.store().assert_same(&together.store(), "alone (-), beside the tool (+)");
    together.sh("/ca-entrypoint --remove");
    assert_eq!(together.certificates_in_bundle(), certificates);
}

#[test]
fn debian_s_tool_and_dpkg_s_trigger() {
    let trigger = "update-ca-certificates
        dpkg-trigger --no-await update-ca-certificates && dpkg --triggers-only --pending";
    starts_beside_the_tool(Image::Bookworm, trigger);
}

#[test]
fn alpine_s_tool() {
    starts_beside_the_tool(Image::Alpine, "update-ca-certificates; update-ca-certificates");
}
