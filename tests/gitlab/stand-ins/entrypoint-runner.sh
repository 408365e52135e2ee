#!/bin/bash
# Written after what is known of the runner images' entrypoint, to be compared with: one variable names the CA
# file, an unchanged file is left alone, a failure goes unnoticed, and gitlab-runner is put before the arguments.
DATA_DIR=/etc/gitlab-runner
CA_CERTIFICATES_PATH=${CA_CERTIFICATES_PATH:-$DATA_DIR/certs/ca.crt}
LOCAL_CA_PATH=/usr/local/share/ca-certificates/ca.crt

update_ca() {
    echo "Updating CA certificates..."
    cp "$CA_CERTIFICATES_PATH" "$LOCAL_CA_PATH"
    update-ca-certificates --fresh >/dev/null
}

if [ -f "$CA_CERTIFICATES_PATH" ]; then
    cmp --silent "$CA_CERTIFICATES_PATH" "$LOCAL_CA_PATH" || update_ca
fi

exec gitlab-runner "$@"
