"""The commands of audit trail, keys, records and retention, as a person types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from access import audit
from access.errors import VaultError
from access.vault import Vault
from commands.audit import audit_app
from commands.record import record_app
from commands.retention import retention_app
from commands.servers import Place, vault, vault_if_named
from commands.vault import vault_app
from config.database import Connection
from config.errors import ConfigError

ALL = {"audit": audit_app, "vault": vault_app, "record": record_app, "retention": retention_app}


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys" / "key"
    assert CliRunner().invoke(vault_app, ["new", str(path)]).exit_code == 0
    monkeypatch.setenv("SHIJING_ACCESS_KEY_FILE", str(path))
    return path


def told(url: str, app: str, *arguments: str, status: int = 0) -> Any:
    """The JSON of a command on the test's database."""
    done = CliRunner().invoke(ALL[app], [*arguments, "--json", "--database", url])
    assert done.exit_code == status, (done.output, done.exception)
    return json.loads(done.stdout)


def act(connection: Connection) -> None:
    with connection.transaction():
        audit.append(connection, act="account.added", actor=None, division_id=4)


def test_verify_tells_what_it_found_by_its_exit_status(
    connection: Connection, database_url: str, key_file: Path
) -> None:
    assert told(database_url, "audit", "seal") == {"sealed": 0, "at": None}
    act(connection)
    assert told(database_url, "audit", "seal")["sealed"] == 1
    intact = {"intact": True, "entries": 1, "sealed": 1, "first_broken": None}
    assert told(database_url, "audit", "verify") == intact
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute("update audit set act = 'account.locked'")
    found = told(database_url, "audit", "verify", status=2)
    assert (found["intact"], found["first_broken"]["seq"]) == (False, 1)
    lines = CliRunner().invoke(audit_app, ["verify", "--database", database_url])
    assert "the audit trail is BROKEN at entry 1: its fields are not" in lines.stdout


def test_list_filters(connection: Connection, database_url: str, key_file: Path) -> None:
    act(connection)
    assert told(database_url, "audit", "list")["entries"][0]["act"] == "account.added"
    for filters in (
        ["--act", "rules"],
        ["--division", "5"],
        ["--from", "2999-01-01T00:00+08:00"],
        ["--to", "2001-01-01T00:00Z"],
    ):
        assert told(database_url, "audit", "list", *filters) == {"entries": []}
    for filters in (["--act", "account"], ["--division", "4"], ["--from", "2001-01-01T00:00:00+08:00"]):
        assert len(told(database_url, "audit", "list", *filters)["entries"]) == 1


def test_keys_are_shown_by_their_ids_alone(database_url: str, key_file: Path) -> None:
    shown = told(database_url, "vault", "show")
    assert shown == {"file": str(key_file), "seals": f"{key_file}.seals", "keys": Vault(key_file).key_ids}


def test_a_key_file_is_not_made_over_another(key_file: Path) -> None:
    before = key_file.read_bytes()
    done = CliRunner().invoke(vault_app, ["new", str(key_file)])
    assert isinstance(done.exception, VaultError)
    assert "stays as it is" in str(done.exception)
    assert key_file.read_bytes() == before


def test_records_come_in_and_keys_rotate(
    connection: Connection, database_url: str, key_file: Path, tmp_path: Path
) -> None:
    row = connection.execute("insert into divisions (level) values ('township') returning id").fetchone()
    connection.execute(
        "insert into division_versions (division_id, code, name, source) values (%s, '500103001', '街道', 'test')", row
    )
    file = tmp_path / "residents.csv"
    file.write_text("division,kind,name\n500103001,elder,王建国\n")
    nothing_wrong = {"added": 1, "changed": 0, "errors": [], "faults": []}
    preview = told(database_url, "record", "import", str(file), "--preview")
    assert preview == {**nothing_wrong, "written": False}
    assert audit.entries(connection) == []
    assert told(database_url, "record", "import", str(file)) == {**nothing_wrong, "written": True}
    rotated = told(database_url, "vault", "rotate")
    assert (rotated["fields"], len(rotated["keys"]), rotated["key"]) == (1, 2, rotated["keys"][1])
    assert told(database_url, "vault", "rotate", "--finish")["keys"] == rotated["keys"]
    acts = [entry.act for entry in reversed(audit.entries(connection))]
    assert acts == ["record.imported", "vault.key_added", "vault.rotated", "vault.rotated"]
    assert told(database_url, "audit", "verify")["sealed"] == 4
    file.write_text("division,kind,name\n7,elder,王建国\n")
    wrong = told(database_url, "record", "import", str(file), status=1)
    assert wrong["errors"] == [
        "residents.csv line 2, division: it is the code of no township, village or grid that is there now"
    ]


def test_the_auditors_look_at_openings_is_in_the_trail_too(
    connection: Connection, database_url: str, key_file: Path
) -> None:
    assert told(database_url, "record", "openings") == {"openings": []}
    assert [entry.act for entry in audit.entries(connection)] == ["record.openings_listed"]


def test_retention_runs_and_shows(connection: Connection, database_url: str) -> None:
    connection.execute(
        "insert into access_log (at, method, route, status, ms, address) values ('2001-01-01', 'GET', '/', 200, 1, '')"
    )
    erased = {one["kind"]: one["rows"] for one in told(database_url, "retention", "run")["erased"]}
    assert erased["access_log"] == 1
    shown = json.loads(CliRunner().invoke(retention_app, ["show", "--json"]).stdout)["retention"]
    assert shown[0]["kind"] == "access_log"
    assert shown[0]["days"] >= shown[0]["least_days"] == 180


def test_where_the_keys_are(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, key_file: Path) -> None:
    named, folder = Place(database=database_url), Place(data=tmp_path / "data")
    assert vault(named).path == key_file
    assert vault(folder).path == tmp_path / "data" / "secrets" / "key"  # a folder's own key before any other
    assert vault(folder).path.parent.stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("SHIJING_ACCESS_KEY_FILE", "")
    assert vault_if_named(named) is None
    with pytest.raises(ConfigError, match="set SHIJING_ACCESS_KEY_FILE"):
        vault(named)
    monkeypatch.setenv("SHIJING_ACCESS_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(VaultError, match="restore it from its backup"):
        vault_if_named(named)
