//! On an image whose store is in order, ours equals theirs to the byte.

use crate::container::Container;
use crate::container::Image;
use crate::side::Comparison;
use crate::side::Side;
use crate::side::Step;
use crate::side::install;
use crate::side::update;

/// Makes a test of each case for an image.
macro_rules! on {
    ($module:ident $image:ident $($case:ident)*) => {
        mod $module {
            use crate::container::Image;

            $(
                #[test]
                fn $case() {
                    crate::same_store::$case(Image::$image);
                }
            )*
        }
    };
}

/// The same, for each image that has a tool of its own.
macro_rules! on_each_image {
    ($($case:ident)*) => {
        on!(bookworm Bookworm $($case)*);
        on!(trixie Trixie $($case)*);
        on!(alpine Alpine $($case)*);
    };
}

on_each_image! {
    the_tool_agrees_with_itself
    one_anchor
    three_anchors_in_one_file
    other_anchors_before_and_after
    names_with_odd_characters
    deselected_certificates
    dropped_in_but_not_installed
    same_subject_as_somebody_elses
    same_subject_as_somebody_elses_after_it
    rotation
    rotation_from_many_to_one
    removal
    removal_beside_others
    removal_of_one_of_a_pair
}

/// Alpine's tool makes something else of these: `alpine_faults`.
mod pairs {
    on! {
        bookworm Bookworm
        same_subject_twice
        rotation_to_the_same_subject
    }
    on! {
        trixie Trixie
        same_subject_twice
        rotation_to_the_same_subject
    }
}

/// The oracle alone: two containers that it worked on have the same store, and the image has the
/// store that it leaves.
fn the_tool_agrees_with_itself(image: Image) {
    let prepared = |script: &str| {
        let container = Container::start(image);
        container.sh(script);
        container
    };
    let pristine = prepared("true").store();
    let updated = prepared("update-ca-certificates").store();
    pristine.assert_same(&updated, "the image (-), and after a run of its tool (+)");
    let script = "cp /fixtures/root.crt /usr/local/share/ca-certificates/; update-ca-certificates";
    let [once, again] = [script; 2].map(|script| prepared(script).store());
    once.assert_same(&again, "theirs (-), theirs in another container (+)");
    assert!(!pristine.changed_paths(&once).is_empty(), "the manifest doesn't see the new anchor");
}

fn one_anchor(image: Image) {
    let mut comparison = Comparison::new(image, "true");
    comparison.is_ordered = true;
    comparison.take(&[Step::Install("root.crt")]);
    comparison.assert_same();
}

fn three_anchors_in_one_file(image: Image) {
    let comparison = Comparison::new(image, "true");
    comparison.take(&[Step::Install("chain.crt")]);
    comparison.assert_same();
}

fn other_anchors_before_and_after(image: Image) {
    // Only Debian's tool looks into directories.
    let below = if image.is_debian() {
        "mkdir $l/a $l/ca-z $l/z; cp /fixtures/other-3.crt $l/a/; cp /fixtures/twin-b.crt $l/ca-z/;
        cp /fixtures/second.crt $l/z/"
    } else {
        ""
    };
    let preparation = format!(
        "l=/usr/local/share/ca-certificates; cp /fixtures/other-1.crt $l/aaa.crt
        cp /fixtures/other-2.crt $l/zzz.crt; cp /fixtures/twin-a.crt $l/CAPITAL.crt
        {below}
        update-ca-certificates"
    );
    let comparison = Comparison::new(image, &preparation);
    comparison.take(&[Step::Install("root.crt")]);
    comparison.assert_same();
}

fn names_with_odd_characters(image: Image) {
    let preparation = "l=/usr/local/share/ca-certificates
        cp /fixtures/other-1.crt \"$l/Our CA (2024), old.crt\"
        cp /fixtures/other-2.crt \"$l/z CA (2025), new.crt\"
        cp /fixtures/other-3.crt \"$l/dot.ted.crt\"
        update-ca-certificates";
    let comparison = Comparison::new(image, preparation);
    comparison.take(&[Step::Install("chain.crt")]);
    comparison.assert_same();
}

/// Debian's tool takes `!` for "remove", Alpine's for "pass over".
fn deselected_certificates(image: Image) {
    let preparation =
        "sed -i -e 's/^mozilla.A/!&/' /etc/ca-certificates.conf; update-ca-certificates --fresh";
    let comparison = Comparison::new(image, preparation);
    let before = comparison.container(Side::Ours).certificates_in_bundle();
    let all = Container::start(image).certificates_in_bundle();
    assert!(before < all, "nothing was deselected: {before} of {all}");
    comparison.take(&[Step::Install("root.crt")]);
    comparison.assert_same();
    let after = comparison.container(Side::Ours).certificates_in_bundle();
    assert_eq!(after, before + 1);
}

/// Files that somebody copied into the anchors directory are installed with ours.
fn dropped_in_but_not_installed(image: Image) {
    let preparation = "l=/usr/local/share/ca-certificates; cp /fixtures/other-1.crt $l/aaa.crt
        cp /fixtures/other-2.crt $l/zzz.crt";
    let comparison = Comparison::new(image, preparation);
    comparison.take(&[Step::Install("root.crt")]);
    comparison.assert_same();
}

fn same_subject_twice(image: Image) {
    let comparison = Comparison::new(image, "true");
    comparison.take(&[Step::Install("twins.crt")]);
    comparison.assert_same();
    assert_eq!(comparison.container(Side::Ours).hash_links().len(), 2);
}

fn same_subject_as_somebody_elses(image: Image) {
    let preparation = "cp /fixtures/twin-a.crt /usr/local/share/ca-certificates/aaa.crt
        update-ca-certificates";
    let comparison = Comparison::new(image, preparation);
    comparison.take(&[Step::Install("twin-b.crt")]);
    comparison.assert_same();
    assert_eq!(comparison.container(Side::Ours).hash_links().len(), 2);
}

/// Its link has the number 0 already, though its name comes later.
fn same_subject_as_somebody_elses_after_it(image: Image) {
    let preparation = "cp /fixtures/twin-a.crt /usr/local/share/ca-certificates/zzz.crt
        update-ca-certificates";
    let comparison = Comparison::new(image, preparation);
    comparison.take(&[Step::Install("twin-b.crt")]);
    comparison.assert_same();
    assert_eq!(comparison.container(Side::Ours).hash_links().len(), 2);
}

fn rotation(image: Image) {
    let comparison = Comparison::new(image, "true");
    comparison.take(&[Step::Install("root.crt"), Step::Install("second.crt")]);
    comparison.assert_same();
}

fn rotation_to_the_same_subject(image: Image) {
    let comparison = Comparison::new(image, "true");
    comparison.take(&[Step::Install("twin-a.crt"), Step::Install("twin-b.crt")]);
    comparison.assert_same();
    let links = comparison.container(Side::Ours).hash_links();
    assert_eq!(links.len(), 1, "{links:?}");
}

fn rotation_from_many_to_one(image: Image) {
    let preparation = "cp /fixtures/other-1.crt /usr/local/share/ca-certificates/aaa.crt
        update-ca-certificates";
    let comparison = Comparison::new(image, preparation);
    comparison.take(&[Step::Install("chain.crt"), Step::Install("second.crt")]);
    comparison.assert_same();
}

fn removal(image: Image) {
    let comparison = Comparison::new(image, "true");
    let pristine = comparison.store(Side::Ours);
    comparison.take(&[Step::Install("chain.crt"), Step::Remove]);
    comparison.assert_same();
    let removed = comparison.store(Side::Ours);
    removed.assert_same(&pristine, "after a removal (-), the image (+)");
}

fn removal_beside_others(image: Image) {
    let preparation = "l=/usr/local/share/ca-certificates; cp /fixtures/other-1.crt $l/aaa.crt
        cp /fixtures/other-2.crt $l/zzz.crt; update-ca-certificates";
    let comparison = Comparison::new(image, preparation);
    let prepared = comparison.store(Side::Ours);
    comparison.take(&[Step::Install("chain.crt"), Step::Remove]);
    comparison.assert_same();
    let removed = comparison.store(Side::Ours);
    removed.assert_same(&prepared, "after a removal (-), before the installation (+)");
}

/// The certificate of somebody else keeps its hash link, and under the number where OpenSSL looks.
fn removal_of_one_of_a_pair(image: Image) {
    let container = Container::start(image);
    install(&container, "twin-a.crt").expect_success();
    container.sh("cp /fixtures/twin-b.crt /usr/local/share/ca-certificates/zzz.crt");
    update(&container, "");
    assert_eq!(container.hash_links().len(), 2, "{container}");
    container.sh("/ca-entrypoint --remove");
    let links = container.hash_links();
    let prefix = image.link_prefix();
    assert!(
        matches!(links.as_slice(), [link] if link.ends_with(&format!(".0 -> {prefix}zzz.pem"))),
        "{links:?}"
    );
}
