#!/usr/bin/env bash
# provider.sh PORT REDIRECT_URI SECRET [ID_TOKEN_SECONDS]: an OpenID provider of somebody else (npm: oidc-provider) on
# loopback, until it is ended. Its packages are kept in SHIJING_OIDC_PROVIDER_DIR, default var/oidc-provider (20 MB).
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-.venv/bin/python}
# shellcheck source=tests/tools/find_node.sh
source tests/tools/find_node.sh
packages=$(realpath -m "${SHIJING_OIDC_PROVIDER_DIR:-var/oidc-provider}")

install_packages() {
    cmp --silent tests/oidc/package-lock.json "$packages/installed.json" && return
    rm -rf "$packages"
    mkdir -p "$packages"
    cp tests/oidc/package.json tests/oidc/package-lock.json "$packages"
    (cd "$packages" && "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp "$packages/package-lock.json" "$packages/installed.json"
}

find_node
mkdir -p var
exec 9>var/oidc-provider.lock # two test processes at once
flock 9
install_packages >&2 # what is said on standard output is the provider's
flock -u 9
cp tests/oidc/provider.mjs "$packages/provider.mjs" # where it finds what it imports
exec "${node[@]}" "$packages/provider.mjs" "$@"
