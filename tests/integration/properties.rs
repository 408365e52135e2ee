//! What holds of every image and of whatever it is given. Cases are random and the same in every run;
//! `PROPTEST_CASES` makes them more, and `PROPTEST_RNG_SEED` others.

use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::strategy::Just;
use proptest::test_runner::Config;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRunner;

use crate::random_images::Image;
use crate::random_images::Text;
use crate::random_images::certificates;
use crate::random_images::images;
use crate::random_images::texts;
use crate::util::Root;

/// Tries a property on as many cases as there are asked for.
#[track_caller]
fn hold<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let default = Config::default();
    let is_given = std::env::var_os("PROPTEST_CASES").is_some();
    let config = Config {
        cases: if is_given { default.cases } else { cases },
        failure_persistence: None,
        rng_seed: match default.rng_seed {
            RngSeed::Random => RngSeed::Fixed(7),
            fixed => fixed,
        },
        ..default
    };
    let result = TestRunner::new(config).run(strategy, property);
    result.unwrap_or_else(|counterexample| panic!("{counterexample}"));
}

/// Puts the texts where sources are, and tells the arguments that name them.
fn give(root: &Root, sources: &[Text]) -> Vec<&'static str> {
    for (path, source) in PATHS.iter().zip(sources) {
        root.write(path, source.render());
    }
    PATHS[..sources.len()].iter().flat_map(|path| ["--ca", path]).collect()
}

/// Brings somebody's own files in the anchors directory into the outputs, as the tool would.
fn settle(root: &Root) {
    root.write("/settle.crt", crate::x509::Certificate::ca("Settling").pem());
    root.run(&["--ca", "/settle.crt"]).ok();
    root.remove("/settle.crt").run(&["--remove"]).ok();
}

fn tree(root: &Root) -> Vec<String> {
    root.tree().lines().map(str::to_owned).collect()
}

/// The lines that came and went.
fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|line| !after.contains(line));
    let came = after.iter().filter(|line| !before.contains(line));
    gone.map(|line| format!("gone {line}")).chain(came.map(|line| format!("came {line}"))).collect()
}

#[test]
fn a_plan_that_was_carried_out_makes_the_next_one_empty() {
    hold(CASES, &(images(), vec(texts(), 1..4)), |(image, sources)| {
        let root = image.make();
        let arguments = give(&root, &sources);
        root.run(&arguments).ok();
        let before = root.tree_with_inodes();
        let plan = root.run(&[&arguments[..], &["--dry-run"]].concat());
        prop_assert!(plan.out().ends_with("\nnothing to do\n"), "{}", plan.out());
        let again = root.run(&arguments);
        prop_assert!(!again.err().contains("trust store"), "{}", again.err());
        prop_assert_eq!(root.tree_with_inodes(), before);
        Ok(())
    });
}

#[test]
fn a_removal_undoes_an_installation_to_the_byte() {
    // There a file takes the place of a link into a directory that never changes, and stays.
    let is_undone =
        |image: &Image| !["nixos", "nixos-image", "suse-factory", "flatcar"].contains(&image.name);
    let images = images().prop_filter("a link is replaced", is_undone).prop_map(Image::in_order);
    hold(CASES, &(images, vec(texts(), 1..4)), |(image, sources)| {
        let root = image.make();
        let arguments = give(&root, &sources);
        if !image.foreign.is_empty() {
            settle(&root);
        }
        image.cut_again(&root);
        let before = tree(&root);
        root.run(&arguments).ok();
        root.run(&["--remove"]).ok();
        image.cut_again(&root);
        let mut difference = difference(&before, &tree(&root));
        // Directories that were missing stay.
        difference.retain(|line| !line.starts_with("came d 0755 "));
        prop_assert!(difference.is_empty(), "{difference:#?}");
        Ok(())
    });
}

#[test]
fn no_file_loses_a_certificate() {
    hold(CASES, &(images(), vec(texts(), 1..4)), |(image, sources)| {
        let root = image.make();
        let before = certificates(&root);
        for (number, _) in sources.iter().enumerate() {
            let arguments = give(&root, &sources[number..]);
            root.run(&arguments).ok();
        }
        root.run(&["--remove"]).ok();
        let after = certificates(&root);
        for (path, held) in before.iter().filter(|(path, _)| !path.starts_with("one")) {
            let now = after.iter().find(|(other, _)| other == path);
            let lost: Vec<_> = held.difference(&now.unwrap().1).collect();
            prop_assert!(lost.is_empty(), "{path} {lost:?}");
        }
        Ok(())
    });
}

#[test]
fn the_order_of_the_sources_makes_no_difference_to_the_store() {
    let sources = vec(texts(), 2..4);
    let orders = Just(vec![0, 1, 2]).prop_shuffle();
    hold(CASES, &(images(), sources, orders), |(image, sources, order)| {
        let (one, other) = (image.make(), image.make());
        let arguments = give(&one, &sources);
        one.run(&arguments).ok();
        give(&other, &sources);
        let pairs: Vec<&[&str]> = arguments.chunks(2).collect();
        let shuffled: Vec<&str> =
            order.iter().filter_map(|&at| pairs.get(at)).copied().flatten().copied().collect();
        other.run(&shuffled).ok();
        // The file of anchors alone has them in the order of the sources.
        let store = |root: &Root| -> Vec<String> {
            tree(root).into_iter().filter(|line| !line.contains("ca-entrypoint-anchors")).collect()
        };
        let difference = difference(&store(&one), &store(&other));
        prop_assert!(difference.is_empty(), "{difference:#?}");
        Ok(())
    });
}

/// Of each property.
const CASES: u32 = 48;

/// Of sources.
const PATHS: [&str; 3] = ["/one/ca.crt", "/two.crt", "/three.pem"];
