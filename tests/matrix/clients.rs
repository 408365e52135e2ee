//! The clients, and how each of them asks for something.

/// A program, or a library in the smallest program there is.
pub(crate) struct Client {
    /// Its row's title.
    pub(crate) name: &'static str,
    /// The name of its file, and of its requests.
    pub(crate) key: &'static str,
    pub(crate) origin: &'static str,
    /// It brings roots of its own instead of reading the image's.
    pub(crate) own_roots: bool,
    /// It sends its request, and refuses the answer: lftp 4.9 verifies when it first reads.
    pub(crate) is_hasty: bool,
    pub(crate) runs_in: RunsIn,
    /// Shell commands that succeed when the server answered. `$url`, `$port` and `$path` are the
    /// server's; the working directory is an empty `$HOME`.
    pub(crate) command: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum RunsIn {
    All,
    Alpine,
    Debian,
}

const fn client(
    key: &'static str,
    name: &'static str,
    origin: &'static str,
    command: &'static str,
) -> Client {
    Client { name, key, origin, own_roots: false, is_hasty: false, runs_in: RunsIn::All, command }
}

impl Client {
    const fn with_own_roots(mut self) -> Self {
        self.own_roots = true;
        self
    }

    const fn hasty(mut self) -> Self {
        self.is_hasty = true;
        self
    }

    const fn only_in(mut self, runs_in: RunsIn) -> Self {
        self.runs_in = runs_in;
        self
    }
}

pub(crate) const CLIENTS: &[Client] = &[
    client("curl", "curl", DISTRIBUTION, "curl --silent --show-error --fail $url/hello"),
    client("wget", "wget (GnuTLS)", DISTRIBUTION, "wget --tries=1 -q -O - $url/hello")
        .only_in(RunsIn::Debian),
    client("busybox-wget", "wget (BusyBox)", DISTRIBUTION, "wget -q -O - $url/hello")
        .only_in(RunsIn::Alpine),
    client("git", "git (libcurl with GnuTLS)", DEBIAN, "git clone --quiet $url/repository.git"),
    // The other libcurl under the name of the one that git asks for: scripts/clients/git-openssl.py.
    client(
        "git-openssl",
        "git (libcurl with OpenSSL)",
        DEBIAN,
        "LD_LIBRARY_PATH=/usr/local/lib/git-openssl git clone --quiet $url/repository.git",
    ),
    client(
        "openssl",
        "openssl s_client",
        DEBIAN,
        "printf 'GET %s/hello HTTP/1.0\\r\\n\\r\\n' $path |
            openssl s_client -quiet -verify_return_error -connect localhost:$port",
    ),
    client(
        "gnutls-cli",
        "gnutls-cli",
        DEBIAN,
        "printf 'GET %s/hello HTTP/1.0\\r\\n\\r\\n' $path | gnutls-cli --port $port localhost",
    ),
    client(
        "urllib",
        "Python urllib",
        DEBIAN,
        "python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1]).read()' $url/hello",
    ),
    client(
        "requests",
        "requests",
        PYPI,
        "python3 -c 'import sys, requests as r; r.get(sys.argv[1]).raise_for_status()' $url/hello",
    )
    .with_own_roots(),
    client(
        "httpx",
        "httpx",
        PYPI,
        "python3 -c 'import sys, httpx as h; h.get(sys.argv[1]).raise_for_status()' $url/hello",
    )
    .with_own_roots(),
    client("aiohttp", "aiohttp", PYPI, "python3 /matrix/programs/aiohttp_client.py $url/hello"),
    client(
        "httplib2",
        "httplib2",
        PYPI,
        "python3 -c 'import sys, httplib2 as h; h.Http().request(sys.argv[1])' $url/hello",
    )
    .with_own_roots(),
    client(
        "pip",
        "pip",
        PYPI,
        "pip download --quiet --retries 0 --no-deps --index-url $url/simple/ tiny",
    ),
    client(
        "uv",
        "uv",
        PYPI,
        "UV_HTTP_RETRIES=0 uv pip install --quiet --no-python-downloads --python /usr/bin/python3 \\
            --target target --default-index $url/simple/ tiny",
    )
    .with_own_roots(),
    client(
        "awscli",
        "awscli",
        PYPI,
        "export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
        AWS_MAX_ATTEMPTS=1 aws s3api list-buckets --endpoint-url $url/",
    )
    .with_own_roots(),
    client("node-https", "Node.js https", PYPI, "node /matrix/programs/https.mjs $url/hello")
        .with_own_roots(),
    client("node-fetch", "Node.js fetch", PYPI, "node /matrix/programs/fetch.mjs $url/hello")
        .with_own_roots(),
    client("npm", "npm", PYPI, "npm view --fetch-retries=0 --registry $url/ tiny version")
        .with_own_roots(),
    client(
        "yarn1",
        "yarn 1",
        NPM,
        "echo \"registry \\\"$url/\\\"\" >.yarnrc && yarn info tiny version | grep 1.0.0",
    )
    .with_own_roots(),
    client(
        "yarn4",
        "yarn 4",
        NPM,
        "printf '%s\\n' \"npmRegistryServer: '$url'\" 'httpRetry: 0' >.yarnrc.yml
        echo '{}' >package.json && touch yarn.lock && yarn4 npm info tiny --json",
    )
    .with_own_roots(),
    client(
        "deno",
        "Deno",
        PYPI,
        "DENO_NO_UPDATE_CHECK=1 deno run --quiet --allow-all /matrix/programs/fetch.mjs $url/hello",
    )
    .with_own_roots(),
    client("bun", "Bun", NPM, "bun run /matrix/programs/fetch.mjs $url/hello").with_own_roots(),
    client(
        "java",
        "Java HttpsURLConnection",
        DEBIAN,
        "java -cp /usr/local/lib/matrix Https $url/hello",
    ),
    client("go", "Go net/http", OURS, "go-https $url/hello"),
    client(
        "ruby",
        "Ruby net/http",
        DEBIAN,
        "ruby -rnet/http -e 'Net::HTTP.get_response(URI(ARGV[0])).value' $url/hello",
    ),
    client("gem", "gem", DEBIAN, "gem list --remote --clear-sources --source $url/ | grep tiny"),
    client(
        "bundler",
        "Bundler",
        DEBIAN,
        "echo \"source '$url/'; gem 'tiny'\" >Gemfile && BUNDLE_RETRY=0 bundle lock",
    ),
    client(
        "php-streams",
        "PHP streams",
        DEBIAN,
        "php -r 'exit(file_get_contents($argv[1]) === false ? 1 : 0);' $url/hello",
    ),
    client("php-curl", "php-curl", DEBIAN, "php /matrix/programs/php_curl.php $url/hello"),
    client(
        "perl",
        "Perl LWP",
        DEBIAN,
        "perl -MLWP::UserAgent -e '$r = LWP::UserAgent->new->get($ARGV[0]);
            print $r->status_line; exit !$r->is_success' $url/hello",
    ),
    client(
        "cargo",
        "cargo",
        "Rust",
        "export CARGO_NET_RETRY=0 CARGO_REGISTRIES_MATRIX_INDEX=sparse+$url/index/
        printf '%s\\n' '[package]' 'name = \"matrix\"' 'edition = \"2021\"' '[dependencies]' \\
            'tiny = { version = \"1\", registry = \"matrix\" }' >Cargo.toml
        mkdir src && touch src/lib.rs && cargo generate-lockfile --quiet",
    ),
    client("rust-native", "rustls-native-certs", OURS, "rust-https native $port $path/hello"),
    client(
        "rust-platform",
        "rustls-platform-verifier",
        OURS,
        "rust-https platform $port $path/hello",
    ),
    client("lftp", "lftp", DEBIAN, "lftp -c \"set net:max-retries 1; get $url/hello\"").hasty(),
    client("aria2", "aria2", DEBIAN, "aria2c --quiet --async-dns=false --max-tries=1 $url/hello"),
];

const DISTRIBUTION: &str = "the distribution";
const DEBIAN: &str = "Debian";
const PYPI: &str = "PyPI";
const NPM: &str = "npm";
const OURS: &str = "tests/matrix/programs";
