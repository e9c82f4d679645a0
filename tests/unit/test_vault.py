"""The vault: what it seals opens with its keys, in its row, unchanged, and in no other way."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.errors import CannotOpen, VaultError
from access.key_file import add_key, make_key_file, read_key_file
from access.vault import Vault

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
ROW = ("resident_details", "name", UUID(int=7))


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of_folder(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault.of_folder(tmp_path_factory.mktemp("vault"))


@given(text=st.text())
def test_what_is_sealed_opens(shared: Vault, text: str) -> None:
    if any(0xD800 <= ord(letter) < 0xE000 for letter in text):
        return
    sealed = shared.seal(text, context=ROW)
    assert shared.open(sealed, context=ROW) == text
    assert len(text) < 4 or text.encode() not in sealed


def test_the_same_text_is_sealed_otherwise_each_time(vault: Vault) -> None:
    assert vault.seal("王大爷", context=ROW) != vault.seal("王大爷", context=ROW)


@pytest.mark.parametrize(
    "context",
    [
        ("resident_details", "name", UUID(int=8)),
        ("resident_details", "phone", UUID(int=7)),
        ("people", "name", UUID(int=7)),
        ("resident_detailsname", "", UUID(int=7)),
    ],
)
def test_in_another_row_column_or_table_it_does_not_open(vault: Vault, context: tuple[str, str, UUID]) -> None:
    with pytest.raises(CannotOpen, match="belongs to another row"):
        vault.open(vault.seal("王大爷", context=ROW), context=context)


def test_no_changed_byte_goes_unseen(vault: Vault) -> None:
    sealed = vault.seal("王大爷", context=ROW)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(CannotOpen):
            vault.open(bytes(changed), context=ROW)
    for end in range(len(sealed)):
        with pytest.raises(CannotOpen):
            vault.open(sealed[:end], context=ROW)


def test_what_cannot_be_opened_is_not_told(vault: Vault) -> None:
    with pytest.raises(CannotOpen, match=r"resident_details\.name of .* holds no ciphertext of ours"):
        vault.open("王大爷".encode(), context=ROW)


def test_a_second_key_encrypts_and_the_first_still_opens(vault: Vault) -> None:
    old = vault.seal("王大爷", context=ROW)
    add_key(vault.path, now=NOW)
    newer = Vault(vault.path)
    assert newer.open(old, context=ROW) == "王大爷"
    assert not old.startswith(newer.head)
    assert newer.seal("王大爷", context=ROW).startswith(newer.head)
    assert vault.open(newer.seal("王大爷", context=ROW), context=ROW) == "王大爷"  # read again, without a restart


def test_what_a_lost_key_sealed_names_the_key(vault: Vault, tmp_path: Path) -> None:
    sealed = Vault.of_folder(tmp_path / "other").seal("王大爷", context=ROW)
    with pytest.raises(CannotOpen, match=rf"was encrypted with the key {vault.key_of(sealed)}, which .* has not"):
        vault.open(sealed, context=ROW)


def test_while_the_key_file_is_away_a_running_process_goes_on(vault: Vault) -> None:
    sealed = vault.seal("王大爷", context=ROW)
    vault.path.unlink()
    vault._looked_at = 0
    assert vault.open(vault.seal("王大爷", context=ROW), context=ROW) == vault.open(sealed, context=ROW) == "王大爷"


def test_a_blind_index_finds_the_same_text_in_the_same_column_alone(vault: Vault) -> None:
    phone, people = ("residents", "phone"), ("people", "phone")
    found = vault.blind("13800001111", context=phone)
    assert found == vault.blind(" １３８００００１１１１ ", context=phone)  # as typed with a Chinese keyboard
    assert found != vault.blind("13800001112", context=phone)
    assert found != vault.blind("13800001111", context=people)
    add_key(vault.path, now=NOW)
    newer = Vault(vault.path)
    assert newer.blind("13800001111", context=phone) != found
    assert found in newer.blinds("13800001111", context=phone)
    assert newer.blind("13800001111", context=phone).startswith(newer.head)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def first_use() -> list[str]:
        start.wait()
        return Vault.of_folder(tmp_path).key_ids

    with ThreadPoolExecutor(8) as pool:
        ids = [done.result() for done in [pool.submit(first_use) for _ in range(8)]]
    assert all(one == ids[0] for one in ids)
    secrets = tmp_path / "secrets"
    assert (secrets.stat().st_mode & 0o777, (secrets / "key").stat().st_mode & 0o777) == (0o700, 0o600)
    assert [path.name for path in secrets.iterdir()] == ["key"]


def test_no_secret_is_shown(vault: Vault) -> None:
    [key] = read_key_file(vault.path)
    shown = repr(vault) + repr(vars(vault)) + repr(key)
    assert key.id in shown
    for secret in (key.secret, *(value for part in vault._derived.values() for value in (part.blind, part.seals))):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_file_that_is_open_to_others_is_refused(vault: Vault, mode: int) -> None:
    vault.path.chmod(mode)
    with pytest.raises(VaultError, match=f"mode 0{mode:o}.: chmod 600"):
        Vault(vault.path)


def test_a_missing_key_file_is_not_made_by_the_way(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="restore it from its backup"):
        Vault(tmp_path / "key")
    assert list(tmp_path.iterdir()) == []


def test_where_seals_tell_that_there_was_a_key_no_other_is_made(vault: Vault) -> None:
    vault.seals_file.touch()
    vault.path.unlink()
    with pytest.raises(VaultError, match="is gone, its seals in"):
        Vault.of_folder(vault.path.parent.parent)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "[]",
        '{"format": 1, "keys": []}',
        '{"format": 1, "keys": [{"id": "zz", "made_at": "2026-11-26", "secret": "c2VjcmV0"}]}',
        '{"format": 1, "keys": [{"id": "00112233", "made_at": "2026-11-26", "secret": "c2VjcmV0"}]}',
        '{"format": 2, "keys": []}',
    ],
)
def test_a_file_that_does_not_hold_together_is_refused_without_its_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(VaultError) as caught:
        Vault(path)
    assert "c2VjcmV0" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_key_file_that_is_there_is_not_written_over(vault: Vault) -> None:
    before = vault.path.read_bytes()
    assert not make_key_file(vault.path, now=NOW)
    assert vault.path.read_bytes() == before
    assert [path.name for path in vault.path.parent.iterdir()] == ["key"]
