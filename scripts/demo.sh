#!/bin/bash
# Shows the main job in a Debian and in an Alpine container: curl fails without the CA, and succeeds
# behind ca-entrypoint. Needs a Docker engine with the test images and the built binary, which
# `make demo` sees to. Leaves nothing behind.
set -euo pipefail

project=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
name=ca-entrypoint-demo-$$

clean_up() {
    docker rm -f "$name-server" "$name-client" >/dev/null 2>&1 || true
    docker rmi -f "$name:bookworm" "$name:alpine" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT

fail() {
    echo "demo: $*" >&2
    exit 1
}

say() {
    printf '\n\033[1m%s\033[0m\n' "$*"
}

# Shows a command of the demo's, then runs it.
show() {
    local words=${*//$work\//}
    words=${words//$name:/}
    echo "\$ ${words//$name-/}"
    "$@"
}

say "A private CA, and a TLS server with a certificate of its"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=Demo CA" \
    -addext "keyUsage=critical,keyCertSign" -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
    -keyout "$work/server.key" -out "$work/server.csr" 2>/dev/null
openssl x509 -req -in "$work/server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 1 \
    -extfile <(echo "subjectAltName=DNS:localhost") -out "$work/server.crt" 2>/dev/null
openssl x509 -in "$work/ca.crt" -noout -subject -fingerprint -sha256
docker run --detach --name "$name-server" --network none -v "$work:/tls:ro" ca-entrypoint-test:bookworm \
    openssl s_server -quiet -www -accept 8443 -cert /tls/server.crt -key /tls/server.key >/dev/null
for _ in $(seq 100); do
    docker exec "$name-server" bash -c 'exec 3<>/dev/tcp/127.0.0.1/8443' 2>/dev/null && break
    sleep 0.1
done

# The clients share the server's network, which has nothing but the loopback interface.
curl=(curl --silent --show-error --output /dev/null --write-out 'HTTP %{http_code}\n' https://localhost:8443/)
mount=(-v "$work/ca.crt:/etc/gitlab-runner/certs/ca.crt:ro")
network=(--network "container:$name-server")

for family in bookworm alpine; do
    say "An image for $family: FROM ca-entrypoint-test:$family, and two lines"
    cp "$project/dist/linux-amd64/ca-entrypoint" "$work/ca-entrypoint"
    printf '%s\n' "FROM ca-entrypoint-test:$family" "COPY ca-entrypoint /ca-entrypoint" \
        'ENTRYPOINT ["/ca-entrypoint"]' >"$work/Dockerfile"
    tail -n 2 "$work/Dockerfile"
    docker build --quiet --tag "$name:$family" "$work" >"$work/log" 2>&1 || fail "$(cat "$work/log")"

    say "Without the CA: curl fails"
    show docker run --rm "${network[@]}" "$name:$family" "${curl[@]}" &&
        fail "curl trusted the server without the CA"

    say "With the CA mounted: curl succeeds"
    show docker run --name "$name-client" "${network[@]}" "${mount[@]}" "$name:$family" "${curl[@]}" ||
        fail "curl didn't trust the server with the CA"

    say "What it changed, and that a second start of the same container changes nothing"
    docker diff "$name-client" | grep -E '^[AC] .*(ca-entrypoint-|ca-certificates.crt|\.0$)'
    docker diff "$name-client" | sort >"$work/first"
    show docker start --attach "$name-client" || fail "the second start failed"
    docker diff "$name-client" | sort | diff "$work/first" - || fail "the second start changed something"
    echo "(no line from ca-entrypoint, and no change)"
    docker rm "$name-client" >/dev/null

    say "How long it takes, in this container, beside the distribution's own tool"
    docker run --rm --network none "${mount[@]}" -v "$project/scripts/demo-time.sh:/demo-time.sh:ro" \
        --entrypoint /bin/sh "$name:$family" /demo-time.sh

    say "A wrong input: a web page in the CA's place. The command runs all the same"
    echo '<!DOCTYPE html><title>Sign in</title>' >"$work/page.crt"
    show docker run --rm --network none -v "$work/page.crt:/etc/gitlab-runner/certs/ca.crt:ro" \
        "$name:$family" echo "the command runs"
done

say "Done"
