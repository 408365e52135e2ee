//! The messages of other programs in `docs/troubleshooting.md`: said by them without ca-entrypoint,
//! and gone behind it.

use std::fs;
use std::path::Path;

use crate::certificates;
use crate::engine::Run;
use crate::engine::binary;
use crate::engine::docker;
use crate::engine::unique_name;
use crate::server::SELF_SIGNED;
use crate::server::Server;
use crate::server::WITH_ROOT;

/// The sections, and which server has their programs say what is there, signed by which CA.
const SECTIONS: &[(&str, u16, &str)] = &[
    ("### The CA is unknown", 443, "root.crt"),
    ("### A CA is sent along that is unknown", WITH_ROOT, "root.crt"),
    ("### The server's certificate is its own CA", SELF_SIGNED, "hosts-alone.crt"),
];

/// The programs that a cell of the second column may name: how each is run, with URL and PORT.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("curl", &["curl --silent --show-error --fail URL/hello"]),
    ("wget (GnuTLS)", &["wget --tries=1 -O - URL/hello"]),
    ("git (GnuTLS)", &["git ls-remote --quiet URL/group/project.git"]),
    (
        "git (OpenSSL)",
        &["LD_LIBRARY_PATH=/usr/local/lib/git-openssl git ls-remote --quiet URL/group/project.git"],
    ),
    (
        "openssl s_client",
        &["openssl s_client -brief -verify_return_error -connect localhost:PORT </dev/null"],
    ),
    ("gnutls-cli", &["gnutls-cli --port PORT localhost </dev/null"]),
    (
        "Python: urllib, requests, httpx, pip, awscli",
        &[
            "python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1])' URL/hello",
            "python3 -c 'import sys, requests as r; r.get(sys.argv[1])' URL/hello",
            "python3 -c 'import sys, httpx as r; r.get(sys.argv[1])' URL/hello",
            "python3 -m pip download --retries 0 --no-deps URL/tiny-1.0.tar.gz",
            "AWS_MAX_ATTEMPTS=1 aws s3api head-bucket --no-sign-request --bucket group --endpoint-url URL",
        ],
    ),
    (
        "Python",
        &[
            "python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1])' URL/hello",
            "python3 -c 'import sys, requests as r; r.get(sys.argv[1])' URL/hello",
        ],
    ),
    (
        "Node",
        &[
            "node -e 'fetch(process.argv[1]).catch(e => { console.error(e.cause); process.exit(1) })' URL/hello",
        ],
    ),
    (
        "programs with rustls: uv, Deno",
        &[
            "UV_HTTP_RETRIES=0 uv pip install --no-python-downloads --python /usr/bin/python3 \
             --target target --default-index URL/simple/ tiny",
            "DENO_NO_UPDATE_CHECK=1 deno eval 'await fetch(Deno.args[0])' URL/hello",
        ],
    ),
    (
        "Node: fetch, npm; Bun",
        &[
            "node -e 'fetch(process.argv[1]).catch(e => { console.error(e.cause); process.exit(1) })' URL/hello",
            "npm view --fetch-retries=0 --registry URL/ tiny version",
            "bun -e 'await fetch(process.argv[1])' URL/hello",
        ],
    ),
    ("Java", &["java -cp /usr/local/lib/matrix Https URL/hello"]),
    ("Go", &["go-https URL/hello"]),
    ("Ruby", &["ruby -rnet/http -e 'Net::HTTP.get_response(URI(ARGV[0])).value' URL/hello"]),
    ("PHP streams", &["php -r 'exit(file_get_contents($argv[1]) === false ? 1 : 0);' URL/hello"]),
    (
        "Perl LWP",
        &["perl -MLWP::UserAgent -e '$r = LWP::UserAgent->new->get($ARGV[0]);
            print $r->status_line; exit !$r->is_success' URL/hello"],
    ),
    ("lftp", &["lftp -c 'set net:max-retries 1; get URL/hello'"]),
    ("aria2", &["aria2c --async-dns=false --max-tries=1 URL/hello"]),
];

/// A container of all programs, before and after an installation.
struct Container(String);

impl Container {
    fn start(ca: &str) -> Self {
        let name = unique_name("errors");
        let network = Server::network();
        let ca = format!(
            "--volume={}/{ca}:/etc/gitlab-runner/certs/ca.crt:ro",
            certificates::directory()
        );
        let binary = format!("--volume={}:/ca-entrypoint:ro", binary());
        let image = "ca-entrypoint-test:clients";
        let always = ["run", "--detach", "--rm", "--init", "--name", &name, &network];
        let run = docker(&[&always[..], &[&ca, &binary, image, "sleep", "600"]].concat());
        assert_eq!(run.code, 0, "cannot start a container: make recipes\n{run}");
        Self(name)
    }

    /// Runs a command, in an empty directory and without variables but those that `prefix` gives.
    fn run(&self, prefix: &[&str], command: &str) -> Run {
        let clean = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp/home"];
        let script = format!(
            "rm -rf /tmp/home && mkdir /tmp/home && cd /tmp/home
            export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
            exec 2>&1
            {command}"
        );
        docker(
            &[&["exec", &self.0][..], &clean, prefix, &["timeout", "60", "sh", "-c", &script]]
                .concat(),
        )
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = docker(&["rm", "--force", &self.0]);
    }
}

/// The message and the program of each row of a section.
fn rows(section: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
    let text = fs::read_to_string(path).expect("the project has it");
    let (_, rest) =
        text.split_once(&format!("{section}\n")).unwrap_or_else(|| panic!("no '{section}'"));
    let lines = rest.lines().take_while(|line| !line.starts_with('#'));
    let rows = lines.filter_map(|line| {
        let (message, program) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((message.to_owned(), program.trim_end_matches([' ', '|']).to_owned()))
    });
    let rows: Vec<(String, String)> = rows.collect();
    assert!(!rows.is_empty(), "no table below '{section}'");
    rows
}

#[track_caller]
fn check((section, port, ca): (&str, u16, &str)) {
    let rows = rows(section);
    let url = format!("https://localhost:{port}");
    let with = Container::start(ca);
    let without = Container::start(ca);
    // What each command said without ca-entrypoint.
    let mut said: Vec<(String, Run)> = Vec::new();
    for (message, program) in &rows {
        let known = PROGRAMS.iter().find(|(name, _)| name == program);
        let (_, commands) =
            known.unwrap_or_else(|| panic!("no program '{program}': tests/recipes/errors.rs"));
        for command in *commands {
            let command = command.replace("URL", &url).replace("PORT", &port.to_string());
            let message = message.replace("localhost:443", &format!("localhost:{port}"));
            let is_new = !said.iter().any(|(known, _)| *known == command);
            if is_new {
                said.push((command.clone(), without.run(&[], &command)));
            }
            let (_, run) = said.iter().find(|(known, _)| *known == command).expect("it is there");
            let text = run.stdout().replace('\n', " ");
            assert!(
                run.code != 0 && text.contains(&message),
                "{program} doesn't say '{message}': {run}"
            );
            if !is_new {
                continue;
            }
            let run = with.run(&["/ca-entrypoint"], &command);
            let text = run.stdout();
            let is_demanding = DEMANDING.iter().any(|name| command.contains(&format!("{name} ")));
            let is_trusting = if is_demanding {
                !["certificate", "CERT", "UnknownIssuer"].iter().any(|word| text.contains(word))
            } else {
                run.code == 0
            };
            assert!(is_trusting, "{program} behind ca-entrypoint: {run}");
        }
    }
}

/// Programs that want more of the server than it has, an index of packages for instance: they come as
/// far as to say so.
const DEMANDING: &[&str] = &["pip", "aws", "uv", "npm"];

#[test]
fn an_unknown_ca_is_told_and_mended() {
    check(SECTIONS[0]);
}

#[test]
fn an_unknown_ca_in_the_chain_is_told_and_mended() {
    check(SECTIONS[1]);
}

#[test]
fn a_self_signed_certificate_is_told_and_mended() {
    check(SECTIONS[2]);
}
