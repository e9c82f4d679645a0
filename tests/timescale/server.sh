#!/usr/bin/env bash
# Runs a command beside a TimescaleDB server that is thrown away afterwards:
#
#     tests/timescale/server.sh COMMAND [ARGUMENT …]
#
# The command finds the server's address in SHIJING_TEST_DATABASE_URL (a unix socket; nothing
# listens on the network). The server is Debian 13's: on Debian 13 or newer its packages are
# installed, on an older Debian a Debian 13 is unpacked into a folder that later runs use again
# (SHIJING_TIMESCALE_DIR, default var/timescale, 0.9 GB). Both need root.
set -euo pipefail
cd "$(dirname "$0")/../.."

system=$(realpath -m "${SHIJING_TIMESCALE_DIR:-var/timescale}")
bin=/usr/lib/postgresql/17/bin
control=/usr/share/postgresql/17/extension/timescaledb.control
packages=(postgresql-17 postgresql-17-timescaledb)

fail() {
    printf 'tests/timescale: %s\n' "$*" >&2
    exit 1
}

need_root() {
    [[ $(id -u) == 0 ]] || fail "$1 needs root: run \"sudo make test-timescale\" once" \
        "(or name a server of your own: SHIJING_TEST_DATABASE_URL=… .venv/bin/python -m pytest tests/database -m storage)"
}

# Becomes a command in namespaces of its own: mounts, processes and shared memory end with it,
# and it ends with the shell that called it, even when that is killed.
apart() {
    exec setpriv --pdeathsig=KILL unshare --mount --pid --ipc --fork --kill-child --mount-proc "$@"
}

# Becomes a shell text as root of the folder "$1", which sees the folder "$2" as /mnt.
inside() {
    apart sh -euc '
        mount --rbind /dev "$1/dev"
        mount --bind "$2" "$1/mnt"
        mount -t proc proc "$1/proc"
        exec chroot "$1" sh -euc "$3"' sh "$@"
}

# What installs the packages without starting a server of their own.
install_text() {
    cat <<TEXT
export DEBIAN_FRONTEND=noninteractive
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/shijing.conf
apt-get update -qq
apt-get install -qq --yes --no-install-recommends ${packages[*]}
TEXT
}

# The mirror this machine's own apt uses.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -1
}

unpack_debian_13() {
    local from part=$system.part
    need_root 'unpacking a Debian 13'
    from=$(mirror)
    [[ -n $from ]] || { apt-get update -qq && from=$(mirror); }
    [[ -n $from ]] || fail 'the sources of apt on this machine name no Debian mirror'
    command -v debootstrap >/dev/null || apt-get install -qq --yes --no-install-recommends debootstrap
    echo "tests/timescale: unpacking a Debian 13 into $system (once, some minutes)"
    rm -rf "$part"
    mkdir -p "$part"
    (apart debootstrap --variant=minbase trixie "$part" "$from") >"$part.log" ||
        fail "debootstrap failed, see $part.log: $(tail -3 "$part.log")"
    apt-config dump Acquire::http::Proxy Acquire::https::Proxy >"$part/etc/apt/apt.conf.d/90machine"
    (inside "$part" "$part/mnt" "$(install_text)") >>"$part.log" 2>&1 ||
        fail "installing ${packages[*]} failed, see $part.log: $(tail -3 "$part.log")"
    rm -rf "$part"/var/cache/apt/archives/*.deb "$part.log"
    mv "$part" "$system"
}

# Sets `root` to the system that has the server: "" is this machine.
find_server() {
    root=""
    [[ -e $control && -x $bin/postgres ]] && return
    [[ -e /etc/debian_version ]] || fail 'a TimescaleDB of Debian 13 is used, and this machine is no Debian'
    if [[ $(. /etc/os-release && echo "${VERSION_ID:-0}") -ge 13 ]]; then
        need_root "installing ${packages[*]}"
        sh -euc "$(install_text)"
        return
    fi
    root=$system
    [[ -e $root$control ]] || unpack_debian_13
}

# Runs as root; stays in the foreground as long as the server.
server_text() {
    cat <<TEXT
chown postgres "\$folder"
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "\$@"; }
as_postgres $bin/initdb --auth=trust --username=postgres --encoding=UTF8 --locale=C.UTF-8 --no-sync \
    "\$folder/data" >"\$folder/log"
as_postgres $bin/postgres -D "\$folder/data" -k "\$folder" -c listen_addresses= -c timezone=UTC -c fsync=off -c full_page_writes=off \
    -c shared_preload_libraries=timescaledb -c timescaledb.telemetry_level=off \
    -c timescaledb.max_background_workers=0 >>"\$folder/log" 2>&1
TEXT
}

# In memory where there is room: each test has a database of its own, of hundreds of files.
place() {
    local free
    free=$(df --output=avail --block-size=1G /dev/shm 2>/dev/null | tail -1)
    if ((${free:-0} >= 6)); then echo /dev/shm; else echo /tmp; fi
}

start_server() {
    if [[ -n $root ]]; then
        inside "$root" "$folder" "folder=/mnt; $(server_text)" &
    else
        folder=$folder sh -euc "$(server_text)" &
    fi
    server=$!
    disown # or bash tells of its end
}

wait_until_ready() {
    for _ in {1..300}; do
        [[ -S $folder/.s.PGSQL.5432 ]] && grep -q 'ready to accept connections' "$folder/log" && return
        kill -0 "$server" 2>/dev/null || fail "the server did not start: $(tail -5 "$folder/log")"
        sleep 0.1
    done
    fail "the server was not ready in 30 s: $(tail -5 "$folder/log")"
}

stop_server() {
    kill "${command:-}" 2>/dev/null || true
    if [[ -z $root && -f $folder/data/postmaster.pid ]]; then
        kill -INT "$(head -1 "$folder/data/postmaster.pid")" || true
    elif [[ -n ${server:-} ]]; then
        kill -KILL "$server" 2>/dev/null || true # the first of its process space: all go with it
    fi
    while kill -0 "${server:-}" 2>/dev/null; do sleep 0.05; done
    rm -rf "$folder"
}

find_server
need_root 'a server in a process space of its own'
folder=$(mktemp -d "$(place)/shijing-timescale.XXXXXX")
trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
start_server
wait_until_ready
# In the background, so that a signal is answered at once.
SHIJING_TEST_DATABASE_URL="postgresql://postgres@/postgres?host=$folder" "$@" &
command=$!
wait "$command"
