//! Whether keys of configuration files are such that their readers know.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::markdown;
use crate::tree::Tree;

/// Panics when GitLab Runner doesn't know a key of its `config.toml`: it would be passed over in
/// silence.
#[track_caller]
pub(crate) fn assert_of_runner(name: &str, tree: &Tree) {
    let tables = tables();
    for key in tree.keys() {
        let mut table = String::new();
        let mut rest = key.as_str();
        while let Some((_, known)) = tables.iter().find(|(known, _)| *known == table) {
            let (word, more) = rest.split_once('.').unwrap_or((rest, ""));
            let is_known = known.iter().any(|known| known == word || known == "*");
            assert!(is_known, "{name}: the runner knows no key '{word}' in [{table}]");
            table = if table.is_empty() { word.to_owned() } else { format!("{table}.{word}") };
            rest = more;
            if rest.is_empty() || known.iter().any(|known| known == "*") {
                break;
            }
        }
    }
}

/// Panics when GitLab's chart knows no such value.
#[track_caller]
pub(crate) fn assert_of_chart(name: &str, tree: &Tree) {
    for key in tree.keys() {
        assert!(CHART.contains(&key.as_str()), "{name}: the chart knows no value '{key}'");
    }
}

/// A table's name, and its keys.
fn tables() -> Vec<(String, Vec<String>)> {
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for line in RUNNER.lines().filter(|line| !line.starts_with('#')) {
        let words = match line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            Some((name, words)) => {
                tables.push((name.to_owned(), Vec::new()));
                words
            }
            None => line,
        };
        let (_, keys) = tables.last_mut().expect("the list begins with a table");
        keys.extend(words.split_whitespace().map(str::to_owned));
    }
    tables
}

const RUNNER: &str = include_str!("runner-keys.txt");

/// Of values.yaml in GitLab's chart gitlab-runner, those that the examples use.
const CHART: &[&str] = &[
    "certsSecretName",
    "concurrent",
    "envVars.name",
    "envVars.value",
    "gitlabUrl",
    "image.image",
    "image.registry",
    "image.tag",
    "rbac.create",
    "runners.config",
    "runners.secret",
];

/// The files in `examples/` whose names end so, with their text.
pub(crate) fn examples(end: &str) -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/kubernetes");
    let entries = fs::read_dir(directory).expect("the project has examples");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let read = |path: &PathBuf| fs::read_to_string(path).expect("it is text");
    paths
        .iter()
        .filter(|path| name(path).ends_with(end))
        .map(|path| (name(path), read(path)))
        .collect()
}

/// The configuration that the chart has in its values, as the chart makes it.
pub(crate) fn of_values(name: &str, values: &Tree) -> Tree {
    let template = values.want("runners.config");
    let text = template.replace("{{ .Release.Namespace }}", "gitlab-runner");
    assert!(!text.contains("{{"), "{name}: a template without a value: {text}");
    Tree::of_toml(name, &text)
}

#[test]
fn keys_of_the_runner_are_known() {
    for block in markdown::of_kind("config.toml") {
        let name = block.to_string();
        let text = if block.has_word("part") && !block.text.starts_with("[[runners]]") {
            format!("[[runners]]\n{}", block.text)
        } else {
            block.text.clone()
        };
        assert_of_runner(&name, &Tree::of_toml(&name, &text));
    }
    for (name, text) in examples(".config.toml") {
        assert_of_runner(&name, &Tree::of_toml(&name, &text));
    }
}

#[test]
fn a_key_that_nobody_knows_is_found() {
    let is_known = |text: &str| {
        let tree = Tree::of_toml("test", text);
        std::panic::catch_unwind(|| assert_of_runner("test", &tree)).is_ok()
    };
    assert!(is_known("concurrent = 1\n[[runners]]\n[runners.docker]\nvolumes = ['a']"));
    assert!(is_known(
        "[[runners]]\n[[runners.kubernetes.volumes.secret]]\nitems = {\"ca.crt\" = 'x'}"
    ));
    assert!(!is_known("[[runners]]\n[runners.docker]\nvolume = ['a']"));
    assert!(!is_known("[[runners]]\n[[runners.kubernetes.init_containers]]\nname = 'a'"));
    assert!(!is_known("[[runners]]\n[[runners.kubernetes.volumes.secret]]\nsubpath = 'a'"));
    assert!(!is_known("[[runners]]\n[runners.feature_flags]\nFF_HONOR_ENTRYPOINT = true"));
}

#[test]
fn values_of_the_chart_are_known_and_have_the_same_configuration() {
    for block in markdown::of_kind("values.yaml") {
        let name = block.to_string();
        assert_of_chart(&name, &Tree::of_yaml(&name, &block.text));
    }
    let files = examples(".values.yaml");
    assert!(!files.is_empty(), "there are such files");
    for (name, text) in files {
        let values = Tree::of_yaml(&name, &text);
        assert_of_chart(&name, &values);
        let configuration = of_values(&name, &values);
        assert_of_runner(&name, &configuration);

        let beside = name.replace(".values.yaml", ".config.toml");
        let (_, text) =
            examples(&beside).pop().unwrap_or_else(|| panic!("no {beside} beside {name}"));
        let mut whole = Tree::of_toml(&beside, &text).at("runners[0]");
        // The chart fills these in.
        whole.entries.retain(|(path, _)| !["name", "url", "token"].contains(&path.as_str()));
        assert_eq!(configuration.at("runners[0]"), whole, "{name} and {beside}");
    }
}

#[test]
fn other_files_of_toml_are_well_formed() {
    for block in markdown::of_kind("toml") {
        let tree = Tree::of_toml(&block.to_string(), &block.text);
        assert!(!tree.entries.is_empty(), "{block}");
    }
}
