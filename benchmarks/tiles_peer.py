"""tipg on PostGIS with the same polygons, for the tiles' bench: a throw-away cluster, and an environment of its own.

PostGIS is the system's (Debian: postgresql-15-postgis-3); tipg is installed by pip where the bench keeps its data.
Either may not be to be had: then there is nothing to compare with, and `PeerMissing` says why.
"""

import os
import pwd
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from web.listening import listening_socket

_CLUSTERS = Path("/usr/lib/postgresql")
_EXTENSIONS = Path("/usr/share/postgresql")
_PATIENCE_S = 60
TILE = "collections/public.grid/tiles/WebMercatorQuad/{z}/{x}/{y}"
# As many as ours has in a tile, and the system's own tables left alone.
_SETTINGS = {"TIPG_MAX_FEATURES_PER_TILE": "100000", "TIPG_DB_TABLES": '["public.grid"]', "TIPG_DB_FUNCTIONS": "[]"}


class PeerMissing(Exception):
    """There is no tipg on PostGIS here; the text says why."""


@contextmanager
def tipg(polygons: NDArray[np.object_]) -> Iterator[str]:
    """The address of one that serves these polygons; raises PeerMissing."""
    with tempfile.TemporaryDirectory(prefix="shijing-bench-peer-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        program = _install(folder)
        with _postgis(folder) as url:
            _load(url, polygons)
            with _served(program, url) as address:
                yield address


def _install(folder: Path) -> Path:
    environment = folder / "tipg"
    try:
        _run([sys.executable, "-m", "venv", str(environment)])
        _run([str(environment / "bin" / "pip"), "install", "-q", "tipg", "uvicorn"])
    except subprocess.CalledProcessError as error:
        raise PeerMissing(f"tipg cannot be installed by pip: {error.stderr.decode()[-300:].strip()}") from error
    return environment / "bin" / "uvicorn"


@contextmanager
def _postgis(folder: Path) -> Iterator[str]:
    versions = sorted(one.parent.parent.name for one in _EXTENSIONS.glob("*/extension/postgis.control"))
    if not versions:
        raise PeerMissing("PostGIS is not installed: apt-get install postgresql-15-postgis-3")
    programs, user = _CLUSTERS / versions[-1] / "bin", _user()
    data = folder / "postgis"
    data.mkdir()
    for place in (folder, data):  # PostgreSQL does not run as root
        os.chown(place, user.pw_uid, user.pw_gid)
    with listening_socket("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {data} -c shared_buffers=512MB -c jit=off"
    try:
        _run([str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "bench", "-E", "UTF8"], user)
        _run([str(programs / "pg_ctl"), "-D", str(data), "-l", str(data / "log"), "-o", options, "-w", "start"], user)
    except subprocess.CalledProcessError as error:
        raise PeerMissing(f"PostGIS does not start: {error.stderr.decode()[-300:].strip()}") from error
    try:
        yield f"postgresql://bench@127.0.0.1:{port}/postgres"
    finally:
        _run([str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"], user)


def _user() -> pwd.struct_passwd:
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError as error:
        raise PeerMissing("there is no user postgres, and PostgreSQL does not run as root") from error


def _run(command: list[str], user: pwd.struct_passwd | None = None) -> None:
    other: dict[str, Any] = {}
    if user is not None and os.getuid() == 0:
        other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    # To files and not to pipes: a server that was started would hold them open.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, stdout=said, stderr=said, check=False, cwd="/", **other)
        said.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, stderr=said.read())


def _load(url: str, polygons: NDArray[np.object_]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create extension postgis")
        connection.execute(
            "create table grid (id integer primary key, code text, name text, parent integer, derived boolean,"
            " geom geometry(Geometry, 4326))"
        )
        statement = "copy grid (id, code, name, parent, derived, geom) from stdin"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            outlines = shapely.to_wkb(shapely.set_srid(polygons, 4326), hex=True, include_srid=True)
            for number, outline in enumerate(outlines.tolist(), 1):
                copy.write_row((number, f"{500199000000000 + number}", f"第{number}网格", 1, True, outline))
        connection.execute("create index on grid using gist (geom)")
        connection.execute("vacuum analyze grid")


@contextmanager
def _served(program: Path, url: str) -> Iterator[str]:
    with listening_socket("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    command = [str(program), "tipg.main:app", "--port", str(port), "--log-level", "error"]
    with tempfile.TemporaryFile() as said:
        environment = {**os.environ, **_SETTINGS, "DATABASE_URL": url}
        server = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            _wait(f"http://127.0.0.1:{port}/", server)
            yield f"http://127.0.0.1:{port}/"
        except PeerMissing as error:
            said.seek(0)
            raise PeerMissing(f"{error}: {said.read().decode()[-300:]}") from error
        finally:
            server.terminate()
            server.wait(20)


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{address}collections/public.grid").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise PeerMissing("tipg does not answer")
