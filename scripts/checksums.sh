#!/bin/bash
# Writes dist/SHA256SUMS, of all that is in dist/: cd dist && sha256sum --check SHA256SUMS
set -euo pipefail

cd "$(dirname "$0")/../dist"
sha256sum -- */ca-entrypoint* >SHA256SUMS
