//! Which row of the table an image gets, and why: os-release texts of real images, and what else
//! tells distributions from each other.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::util::Root;
use crate::x509::Certificate;

const CA: &str = "/ca.crt";
const PATHS: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// What the first line of a plan says about the platform.
#[track_caller]
fn platform(root: &Root) -> String {
    root.write(CA, Certificate::ca("Corp CA").pem());
    let plan = root.run(&["--ca", CA, "--dry-run"]).ok().out();
    plan.lines().next().unwrap().strip_prefix("platform: ").unwrap().to_owned()
}

/// That of an image with these files alone.
#[track_caller]
fn of(files: &[(&str, &str)]) -> String {
    let root = Root::new();
    for (path, content) in files {
        root.write(path, content);
    }
    platform(&root)
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/os-release")
}

/// A line of `tests/os-release/SOURCES.tsv`.
struct Sample {
    name: String,
    content: Vec<u8>,
    row: String,
    /// What of the text leads to the row; `None` where nothing does.
    reason: Option<String>,
    /// What an image with this text has besides, where the text alone leads nowhere.
    beside: Option<String>,
}

fn samples() -> Vec<Sample> {
    let table = fs::read_to_string(directory().join("SOURCES.tsv")).unwrap();
    let sample = |line: &str| {
        let [name, row, reason, beside, _source] =
            line.split('\t').collect::<Vec<_>>().try_into().expect(line);
        Sample {
            name: name.to_owned(),
            content: fs::read(directory().join(name)).unwrap(),
            row: row.to_owned(),
            reason: (reason != "none").then(|| reason.to_owned()),
            beside: (beside != "-").then(|| beside.to_owned()),
        }
    };
    table.lines().skip(1).map(sample).collect()
}

#[test]
fn every_text_has_its_line_in_the_table() {
    let mut names: Vec<String> = samples().into_iter().map(|sample| sample.name).collect();
    names.sort_unstable();
    let mut files: Vec<String> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "SOURCES.tsv" && !name.starts_with('.'))
        .collect();
    files.sort_unstable();
    assert_eq!(names, files);
}

#[test]
fn real_texts_lead_to_their_rows() {
    let mut wrong = Vec::new();
    for Sample { name, content, row, reason, beside } in samples() {
        for path in PATHS {
            let root = Root::new();
            root.write(path, &content);
            let expected = match &reason {
                Some(reason) => format!("{row} ({reason} in {path})"),
                None => "bundle-only (no known distribution)".to_owned(),
            };
            let actual = platform(&root);
            if actual != expected {
                wrong.push(format!("{name}: {actual}, not {expected}"));
            }
        }
        // The text alone says nothing, and the row that the table names is the one by this.
        if let Some(beside) = beside {
            let root = Root::new();
            root.write(PATHS[0], &content).directory(&beside);
            let (expected, actual) = (format!("{row} ({beside} exists)"), platform(&root));
            if actual != expected {
                wrong.push(format!("{name}: {actual}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_tell_of_a_distribution_where_no_text_does() {
    for (file, row) in [
        ("/etc/alpine-release", "alpine"),
        ("/etc/debian_version", "debian"),
        ("/etc/gentoo-release", "debian"),
        ("/etc/redhat-release", "rhel"),
        ("/etc/pki/ca-trust/source/README", "rhel"),
        ("/var/lib/ca-certificates/ca-bundle.pem", "suse"),
        ("/etc/arch-release", "arch"),
        ("/etc/ca-certificates/trust-source/README", "arch"),
        ("/nix/store/README", "nixos"),
    ] {
        let found = of(&[(file, "")]);
        let (name, reason) = found.split_once(' ').unwrap();
        let reason = reason.trim_start_matches('(').strip_suffix(" exists)").unwrap();
        assert_eq!(name, row, "by {file}");
        assert!(file.starts_with(reason), "{reason} for {file}");
    }
    assert_eq!(of(&[]), "bundle-only (no known distribution)");
}

#[test]
fn a_link_is_evidence_wherever_it_leads() {
    let root = Root::new();
    root.link("/etc/arch-release", "nowhere");
    assert_eq!(platform(&root), "arch (/etc/arch-release exists)");
}

#[test]
fn a_distribution_s_own_name_comes_before_its_relatives_and_these_before_files() {
    let files = [("/etc/os-release", "ID=arch\nID_LIKE=debian\n"), ("/etc/redhat-release", "")];
    assert_eq!(of(&files), "arch (ID=arch in /etc/os-release)");
    let files = [("/etc/os-release", "ID_LIKE=debian\nID=mine\n"), ("/etc/redhat-release", "")];
    assert_eq!(of(&files), "debian (ID_LIKE=debian in /etc/os-release)");
    let files = [("/etc/os-release", "ID=mine\nID_LIKE=yours\n"), ("/etc/redhat-release", "")];
    assert_eq!(of(&files), "rhel (/etc/redhat-release exists)");
}

#[test]
fn of_relatives_the_nearest_counts_whatever_the_table_s_order() {
    for (like, found) in [
        ("suse arch", "suse (ID_LIKE=suse in /etc/os-release)"),
        ("arch suse", "arch (ID_LIKE=arch in /etc/os-release)"),
        ("rhel debian", "rhel (ID_LIKE=rhel in /etc/os-release)"),
        ("unknown alpine rhel", "alpine (ID_LIKE=alpine in /etc/os-release)"),
        ("  photon\tdebian ", "photon (ID_LIKE=photon in /etc/os-release)"),
    ] {
        assert_eq!(of(&[("/etc/os-release", &format!("ID=x\nID_LIKE=\"{like}\"\n"))]), found);
    }
}

#[test]
fn the_text_in_etc_counts_and_the_other_where_it_cannot_be_read() {
    let usr = ("/usr/lib/os-release", "ID=fedora\n");
    let found = "rhel (ID=fedora in /usr/lib/os-release)";
    assert_eq!(of(&[("/etc/os-release", "ID=void\n"), usr]), "debian (ID=void in /etc/os-release)");
    // It says nothing, and so does the image (os-release(5): the first file that is there).
    assert_eq!(of(&[("/etc/os-release", ""), usr]), "bundle-only (no known distribution)");
    for prepare in [
        (|root| _ = root.link("/etc/os-release", "../usr/lib/nowhere")) as fn(&Root),
        |root| _ = root.directory("/etc/os-release"),
        |root| _ = root.write("/etc/os-release", "#".repeat(1 << 17)),
    ] {
        let root = Root::new();
        prepare(root.write(usr.0, usr.1));
        assert_eq!(platform(&root), found);
    }
    let root = Root::new();
    root.write(usr.0, usr.1).link("/etc/os-release", "../usr/lib/os-release");
    assert_eq!(platform(&root), "rhel (ID=fedora in /etc/os-release)");
}

#[test]
fn texts_as_a_shell_takes_them_are_understood() {
    for text in [
        "ID='alpine'\n",
        "\u{feff}NAME=x\nID=\"alpine\"",
        "  ID=alpine  \r\n",
        "ID=debian\nID=alpine\n",
        "ID=Alpine\n",
        "NAME=\"\u{fffd}\"\n# ID=debian\nVERSION_ID=debian\nID=alpine\n",
    ] {
        assert_eq!(of(&[("/etc/os-release", text)]), "alpine (ID=alpine in /etc/os-release)");
    }
    let root = Root::new();
    root.write("/etc/os-release", b"NAME=\"\xff\xfe\"\nID=alpine\n");
    assert_eq!(platform(&root), "alpine (ID=alpine in /etc/os-release)");
}
