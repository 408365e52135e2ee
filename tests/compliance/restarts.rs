//! A container that is started again and again.

use crate::container::Image;
use crate::container::Stopped;
use crate::restricted::mounted;

fn later_starts_are_silent_and_change_nothing(image: Image, starts: usize) {
    let container = Stopped::create(
        image.reference(),
        &[&mounted("chain.crt")],
        &["/bin/sh", "-c", "echo from the command"],
    );
    let first = container.start().expect_success();
    assert_eq!(first.stdout(), "from the command\n", "{first}");
    assert_eq!(first.stderr, "ca-entrypoint: trust store updated: 3 added, 0 removed\n", "{first}");
    let state = || {
        let directories = ["/etc/ssl/certs", "/usr/local/share/ca-certificates"];
        (container.diff(), directories.map(|directory| container.archive(directory)))
    };
    let (diff, archives) = state();
    for number in 2..=starts {
        let run = container.start().expect_success();
        assert_eq!(run.stdout(), "from the command\n", "start {number}: {run}");
        assert_eq!(run.stderr, "", "start {number}: {run}");
    }
    let (later_diff, later_archives) = state();
    assert_eq!(diff, later_diff);
    // Modification times are part of it: what is written anew with the same content differs.
    assert!(archives == later_archives, "after {starts} starts the store is another");
}

#[test]
fn two_hundred_starts() {
    later_starts_are_silent_and_change_nothing(Image::Bookworm, 200);
}

#[test]
fn five_starts_of_alpine() {
    later_starts_are_silent_and_change_nothing(Image::Alpine, 5);
}

#[test]
fn five_starts_of_the_base_image_of_alpine() {
    later_starts_are_silent_and_change_nothing(Image::AlpineBase, 5);
}

#[test]
fn five_starts_without_a_store() {
    later_starts_are_silent_and_change_nothing(Image::BookwormBare, 5);
}
