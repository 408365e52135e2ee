//! What the shells offer for a command line that isn't finished, by the files in `docs/completions`.

use std::path::PathBuf;
use std::process::Command;

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/completions").join(name);
    path.display().to_string()
}

#[track_caller]
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("TERM", "dumb")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}: apt-get install {program}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{program} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What bash offers for the last of `words`, which it splits at `=`.
#[track_caller]
fn bash(words: &[&str]) -> Vec<String> {
    let script = "source \"$1\"; shift
        COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1))
        _ca_entrypoint
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let file = file("ca-entrypoint.bash");
    let words = [&["-c", script, "bash", &file, "ca-entrypoint"], words].concat();
    output("bash", &words).lines().map(str::to_owned).collect()
}

/// What fish offers for the end of a line.
#[track_caller]
fn fish(line: &str) -> Vec<String> {
    let script = "source $argv[1]; complete -C $argv[2]";
    let text = output("fish", &["--no-config", "-c", script, &file("ca-entrypoint.fish"), line]);
    text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn bash_offers_options_words_and_commands() {
    assert_eq!(bash(&["--pl"]), ["--placement"]);
    assert_eq!(bash(&["--placement", ""]), ["auto", "system", "private"]);
    assert_eq!(bash(&["--placement", "=", "p"]), ["private"]);
    assert_eq!(bash(&["--placement", "="]), ["auto", "system", "private"]);
    assert_eq!(bash(&["--print-env", "=", "s"]), ["sh"]);
    assert_eq!(bash(&["--root", "/us"]), ["/usr"]);
    assert!(bash(&["--ca", "/etc/pass"]).contains(&"/etc/passwd".to_owned()));
    assert!(bash(&["base"]).contains(&"base64".to_owned()));
    assert!(bash(&["--remove", "base"]).contains(&"base64".to_owned()));
    assert!(bash(&["--ca", "/x", "--", "base"]).contains(&"base64".to_owned()));
}

#[test]
fn bash_leaves_the_commands_options_to_the_command() {
    for words in
        [["echo", "--pl"].as_slice(), &["--", "echo", "--pl"], &["--ca", "x", "echo", "--pl"]]
    {
        assert_eq!(bash(words), [""; 1], "{words:?}");
    }
    assert_eq!(bash(&["--ca", "echo", "--pl"]), ["--placement"], "a value is no command");
    assert_eq!(bash(&["--ca", "=", "echo", "--pl"]), ["--placement"], "a value is no command");
}

#[test]
fn fish_offers_options_words_and_commands() {
    assert_eq!(fish("ca-entrypoint --pl"), ["--placement"]);
    let mut words = fish("ca-entrypoint --placement ");
    words.sort_unstable();
    assert_eq!(words, ["auto", "private", "system"]);
    assert_eq!(fish("ca-entrypoint --on-error=w"), ["--on-error=warn"]);
    assert_eq!(fish("ca-entrypoint --print-env=js"), ["--print-env=json"]);
    assert_eq!(fish("ca-entrypoint --root /us"), ["/usr/"]);
    assert!(fish("ca-entrypoint --ca /etc/pass").contains(&"/etc/passwd".to_owned()));
    assert!(fish("ca-entrypoint base6").contains(&"base64".to_owned()));
    assert!(fish("ca-entrypoint --ca x base6").contains(&"base64".to_owned()));
    assert!(!fish("ca-entrypoint cat --pl").contains(&"--placement".to_owned()));
}

#[test]
fn zsh_reads_its_file() {
    output("zsh", &["-n", &file("_ca-entrypoint")]);
}
