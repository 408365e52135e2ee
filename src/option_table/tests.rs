//! The manual page and the shells' completions: files of `docs` that are made of the table.
//! `UPDATE_GOLDEN=1 cargo test --lib` rewrites them.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

use super::*;
use crate::golden::assert_file;

#[test]
fn the_manual_page_is_that_of_the_table() {
    assert_document("man/ca-entrypoint.1", &manual());
}

#[test]
fn the_completions_are_those_of_the_table() {
    assert_document("completions/ca-entrypoint.bash", &bash());
    assert_document("completions/_ca-entrypoint", &zsh());
    assert_document("completions/ca-entrypoint.fish", &fish());
}

#[test]
fn the_readme_has_every_option() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for row in OPTIONS {
        let short = row.short.map(|short| format!("`-{short}`"));
        let name = short.unwrap_or_else(|| format!("`--{}", row.long));
        assert!(readme.lines().any(|line| line.starts_with('|') && line.contains(&name)), "{name}");
    }
}

fn assert_document(name: &str, text: &str) {
    assert_file(&format!("docs/{name}"), text.as_bytes());
}

/// In man(7).
fn manual() -> String {
    let mut page = String::from(
        ".\\\" Made of the option table, src/option_table.rs: UPDATE_GOLDEN=1 cargo test --lib\n",
    );
    let version = concat!("ca-entrypoint ", env!("CARGO_PKG_VERSION"));
    page += &format!(".TH CA-ENTRYPOINT 1 \"\" \"{version}\" \"User Commands\"\n");
    page += &format!(".SH NAME\nca-entrypoint \\- {}\n", roff(NAME));
    page += &format!(".SH SYNOPSIS\n.B ca-entrypoint\n{}\n", roff(USAGE));
    page += ".SH DESCRIPTION\n";
    page += &roff(SUMMARY);
    for paragraph in DESCRIPTION {
        page += &format!("\n.PP\n{}", roff(paragraph));
    }
    page += "\n.SH OPTIONS\n";
    page += "Options end at the first argument that is none, or at \\-\\-.\n";
    for row in OPTIONS {
        term(&mut page, &row.usage(), row.help);
        if !row.variables.is_empty() {
            page += &format!("Variable: {}.\n", roff(row.variables));
        }
        if !row.default.is_empty() {
            page += &format!("Default: {}.\n", roff(row.default));
        }
    }
    page += ".SH ENVIRONMENT\nThose that stand for options are listed with them.\n";
    for (name, meaning) in VARIABLES {
        term(&mut page, name, meaning);
    }
    page += ".SH EXIT STATUS\n";
    for (code, meaning) in EXIT_CODES {
        term(&mut page, code, meaning);
    }
    page += ".SH FILES\n";
    for (path, meaning) in FILES {
        term(&mut page, path, meaning);
    }
    page += ".SH EXAMPLES\n";
    for (command, meaning) in EXAMPLES {
        page += &format!(".PP\n{}:\n.PP\n.nf\n.RS\n{}\n.RE\n.fi\n", roff(meaning), roff(command));
    }
    page += ".SH SEE ALSO\n.BR update\\-ca\\-certificates (8),\n.BR update\\-ca\\-trust (8),\n";
    page += ".BR trust (1)\n";
    page
}

fn term(page: &mut String, term: &str, meaning: &str) {
    let mut letters = meaning.chars();
    let first = letters.next().unwrap();
    // A name of the user's own is no word to be capitalized.
    let first = if meaning.starts_with("COMMAND") { first } else { first.to_ascii_uppercase() };
    *page += &format!(".TP\n.B {}\n{first}{}.\n", roff(term), roff(letters.as_str()));
}

/// Text that roff shows as it is.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    text.lines()
        .map(|line| if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.into() })
        .collect::<Vec<_>>()
        .join("\n")
}

/// What completes a value: words, or files, or directories.
enum Completion {
    Directories,
    Files,
    Nothing,
    Words(Vec<&'static str>),
}

impl Completion {
    fn of(row: &Row) -> Self {
        match row.value {
            Value::None => Self::Nothing,
            Value::Required("DIR") => Self::Directories,
            Value::Required("PATH") => Self::Files,
            Value::Optional(words) | Value::Required(words) => {
                Self::Words(words.split('|').collect())
            }
        }
    }
}

const MADE: &str =
    "# Made of the option table, src/option_table.rs: UPDATE_GOLDEN=1 cargo test --lib\n";

fn bash() -> String {
    let mut values = String::new();
    let mut options = Vec::new();
    let mut skipped = Vec::new();
    for row in OPTIONS {
        let long = format!("--{}", row.long);
        options.extend(row.short.map(|short| format!("-{short}")));
        // bash takes `=` for a word of its own, so that a value comes after one.
        let is_required = matches!(row.value, Value::Required(_));
        options.push(if matches!(row.value, Value::Optional(_)) {
            format!("{long} {long}=")
        } else {
            long.clone()
        });
        if is_required {
            skipped.push(long.clone());
        }
        let reply = match Completion::of(row) {
            Completion::Nothing => continue,
            Completion::Directories => "compgen -d -- \"$current\"".to_owned(),
            Completion::Files => "compgen -f -- \"$current\"".to_owned(),
            Completion::Words(words) => {
                format!("compgen -W '{}' -- \"$current\"", words.join(" "))
            }
        };
        values += &format!("        {long}) mapfile -t COMPREPLY < <({reply}) ;;\n");
    }
    format!(
        "{MADE}
_ca_entrypoint() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} word i
    COMPREPLY=()
    if [ \"$current\" = = ]; then
        current=
    elif [ \"$previous\" = = ]; then
        previous=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    # What follows the options is a command with arguments of its own.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        case $word in
        {}) [ \"${{COMP_WORDS[i + 1]}}\" = = ] || ((i++)) ;;
        --) ((i++)) && break ;;
        =) ((i++)) ;;
        -*) ;;
        *) break ;;
        esac
    done
    if ((i < COMP_CWORD)) || [ \"${{COMP_WORDS[i - 1]}}\" = -- ]; then
        if declare -F _command_offset >/dev/null; then
            _command_offset \"$i\"
        elif ((i == COMP_CWORD)); then
            mapfile -t COMPREPLY < <(compgen -c -- \"$current\")
        else
            mapfile -t COMPREPLY < <(compgen -f -- \"$current\")
        fi
        return
    fi
    case $previous in
{values}        *)
            if [[ $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$current\")
            else
                mapfile -t COMPREPLY < <(compgen -c -- \"$current\")
            fi
            ;;
    esac
}}
complete -o filenames -F _ca_entrypoint ca-entrypoint
",
        skipped.join(" | "),
        options.join(" "),
    )
}

fn zsh() -> String {
    let mut text = format!("#compdef ca-entrypoint\n{MADE}\n_arguments -s -S \\\n");
    for row in OPTIONS {
        let help = row.help.replace('[', "\\[").replace(']', "\\]").replace('\'', "'\\''");
        let value = match Completion::of(row) {
            Completion::Nothing => String::new(),
            Completion::Directories => ":directory:_files -/".to_owned(),
            Completion::Files => ":file:_files".to_owned(),
            Completion::Words(words) => format!(":word:({})", words.join(" ")),
        };
        let many = if row.option == Opt::Ca { "*" } else { "" };
        let (equals, value) = match row.value {
            Value::None => ("", value),
            Value::Optional(_) => ("=-", format!(":{value}")),
            Value::Required(_) => ("=", value),
        };
        text += &format!("    '{many}--{}{equals}[{help}]{value}' \\\n", row.long);
        if let Some(short) = row.short {
            text += &format!("    '-{short}[{help}]' \\\n");
        }
    }
    text + "    '(-)1:command:_command_names -e' \\\n    '*::arguments:_normal'\n"
}

fn fish() -> String {
    let mut text = String::from(MADE);
    // Before the command, and before `--`.
    text += "
function __ca_entrypoint_needs_command
    set -l words (commandline -opc)[2..-1]
    while set -q words[1]
        switch $words[1]
";
    let required = OPTIONS.iter().filter(|row| matches!(row.value, Value::Required(_)));
    let required: Vec<_> = required.map(|row| format!("--{}", row.long)).collect();
    text += &format!("            case {}\n", required.join(" "));
    text += "                set -e words[1]
            case --
                return 1
            case '-*'
            case '*'
                return 1
        end
        set -e words[1]
    end
    return 0
end

complete -c ca-entrypoint -n 'not __ca_entrypoint_needs_command' -xa '(__fish_complete_subcommand)'
complete -c ca-entrypoint -n '__ca_entrypoint_needs_command; and not string match -q -- \"-*\" (commandline -ct)' \\
    -xa '(__fish_complete_command)'
";
    for row in OPTIONS {
        text +=
            &format!("complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l {}", row.long);
        if let Some(short) = row.short {
            text += &format!(" -s {short}");
        }
        match Completion::of(row) {
            Completion::Nothing => {}
            Completion::Directories => text += " -xa '(__fish_complete_directories)'",
            Completion::Files => text += " -rF",
            Completion::Words(words) => {
                let required = if matches!(row.value, Value::Required(_)) { "x" } else { "f" };
                text += &format!(" -{required}a '{}'", words.join(" "));
            }
        }
        text += &format!(" -d '{}'\n", row.help.replace('\'', "\\'"));
    }
    text
}

const NAME: &str = "make every program of a container trust a mounted CA, then become the command";

const DESCRIPTION: &[&str] = &[
    "It detects the distribution, and makes of the CA what the distribution's own tool would make: \
     files in the trust store. It needs neither that tool nor a shell.",
    "Where the store can't be written, by another user than root or on a read-only root file \
     system, that user gets a bundle of the image's roots and the CA.",
    "Variables of programs that don't read the store are set for COMMAND, those that have a value \
     excepted.",
    "Nothing is said when all is well, but for one line at the start that changed the store. What \
     fails is said on standard error, and COMMAND runs all the same. Standard output is COMMAND's.",
    "Where there is no CA file there is nothing to do.",
];

const FILES: &[(&str, &str)] = &[
    ("/etc/gitlab-runner/certs/ca.crt", "the CA file that is looked for when none is named"),
    (
        "/etc/gitlab-runner/certs/HOST.crt; of other users than root \
         $HOME/.gitlab-runner/certs/HOST.crt, or certs/HOST.crt without HOME",
        "the CA of the GitLab server HOST, where CI_SERVER_HOST names that; \
         CI_SERVER_TLS_CA_FILE is set to it, and it is not installed unless its directory is named",
    ),
    (
        "/run/ca-entrypoint, $XDG_RUNTIME_DIR/ca-entrypoint, /dev/shm/ca-entrypoint-UID, \
         /tmp/ca-entrypoint-UID",
        "the private bundle is in the first of these that is fit",
    ),
];

const EXAMPLES: &[(&str, &str)] = &[
    ("ENTRYPOINT [\"/ca-entrypoint\"]", "In a Dockerfile"),
    ("eval \"$(ca-entrypoint --print-env)\"", "In a shell, a job's pre_build_script for instance"),
    ("ca-entrypoint --ca ./ca.crt", "When an image is built"),
    ("ca-entrypoint --dry-run", "To see what would be done"),
    ("ca-entrypoint --root /mnt/image --ca /ca.crt", "For an unpacked image that has /ca.crt"),
];
