//! Hooks that are known by the ending of their names, in two directories.

use crate::collections::CA;
use crate::collections::SUSE;
use crate::collections::roots;
use crate::command::Command;
use crate::container::prepared;
use crate::skeletons::with_programs;
use crate::util::Root;

const OWN: &str = "/etc/ca-certificates/update.d";
const VENDOR: &str = "/usr/lib/ca-certificates/update.d";

fn image() -> Root {
    let root = prepared(SUSE.image(&roots()));
    with_programs(&root, &["/bin/sh", "/usr/bin/env"]);
    root
}

/// A hook that notes its own path, and what it was given.
fn hook(root: &Root, path: &str) {
    let script = "#!/bin/sh\necho \"$0 $statedir $destdir $# ${LD_X-} $PWD\" >>/ran\n";
    root.write(path, script).mode(path, 0o755);
}

fn ran(root: &Root) -> Vec<String> {
    if !root.at("/ran").exists() {
        return Vec::new();
    }
    String::from_utf8(root.read("/ran")).unwrap().lines().map(str::to_owned).collect()
}

fn start(root: &Root) -> crate::command::Outcome {
    Command::inside(root, &["/bin/env"]).env("LD_X", "the job's").run()
}

#[test]
fn hooks_run_in_the_order_of_their_names_and_one_of_a_name() {
    let root = image();
    for path in [
        format!("{VENDOR}/10-vendor.run"),
        format!("{VENDOR}/20-both.run"),
        format!("{OWN}/20-both.run"),
        format!("{OWN}/05 own.run"),
        format!("{VENDOR}/30-disabled.run"),
        format!("{VENDOR}/40-no-program.run"),
        format!("{OWN}/.hidden.run"),
        format!("{OWN}/run"),
        format!("{OWN}/50-other.sh"),
        format!("{OWN}/60.run~"),
        format!("{VENDOR}/80etc_ssl.run"),
        format!("{VENDOR}/99certbundle.run"),
        format!("{VENDOR}/java.run"),
    ] {
        hook(&root, &path);
    }
    root.link(&format!("{OWN}/30-disabled.run"), "/dev/null")
        .mode(&format!("{VENDOR}/40-no-program.run"), 0o644)
        .directory(&format!("{OWN}/70-directory.run"))
        .link(&format!("{OWN}/90-dangling.run"), "/gone");
    start(&root).ok();
    let more = "/var/lib/ca-certificates / 0  /";
    let expected = [
        format!("{OWN}/05 own.run"),
        format!("{VENDOR}/10-vendor.run"),
        format!("{OWN}/20-both.run"),
    ]
    .map(|path| format!("{path} {more}"));
    assert_eq!(ran(&root), expected);
    start(&root).ok().assert_stderr("");
    assert_eq!(ran(&root).len(), 3, "nothing changed");
}

#[test]
fn a_hook_runs_where_the_directory_is_not_there_too() {
    let root = image();
    hook(&root, &format!("{OWN}/own.run"));
    for directory in [SUSE.directory, SUSE.trusted_directory.unwrap()] {
        for name in root.names(directory) {
            root.remove(&format!("{directory}/{name}"));
        }
        std::fs::remove_dir(root.at(directory)).unwrap();
    }
    let outcome = start(&root);
    outcome.ok().says_nothing_of("cannot run");
    assert_eq!(ran(&root).len(), 1);
    root.remove(CA);
}

/// What an administrator put in the place of a hook of the distribution's is no work of ours.
#[test]
fn an_administrator_s_hook_in_the_place_of_a_redundant_one_runs() {
    let root = image();
    hook(&root, &format!("{OWN}/50java.run"));
    hook(&root, &format!("{VENDOR}/50java.run"));
    start(&root).ok();
    assert_eq!(ran(&root).len(), 1);
}
