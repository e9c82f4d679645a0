"""The local certificate authority: what it makes is taken by TLS clients, and by nobody else's."""

import os
import socket
import ssl
import stat
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access.authority import issue, make_authority
from access.certificates import load, permitted, read_certificate
from access.errors import AuthorityError
from web.certificate import ListenerCertificate
from web.errors import ListenError

NOW = datetime.now(UTC)


def authority(folder: Path, *more: str, now: datetime = NOW) -> Path:
    make_authority(folder, organisation="永丰镇", more=more, now=now)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return authority(tmp_path / "tls")


def handshake(server: ssl.SSLContext, trusted: Path, name: str, *, newest: ssl.TLSVersion | None = None) -> str:
    """What a client that trusts one authority gets to: the protocol, or why it refuses."""
    client = ssl.create_default_context(cafile=str(trusted))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    if newest:
        client.set_ciphers("DEFAULT:@SECLEVEL=0")  # else the client itself would not offer the old ones
        client.minimum_version = client.maximum_version = newest
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with ours, suppress(OSError):  # the client says why
            server.wrap_socket(ours, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with theirs, client.wrap_socket(theirs, server_hostname=name) as secure:
            return secure.version() or "none"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError as error:
        return str(error)
    finally:
        thread.join()


def test_a_client_with_the_authority_takes_every_name_and_no_other(folder: Path) -> None:
    issue(folder, hosts=["Shijing.LAN", "localhost"], addresses=["192.168.1.20", "127.0.0.2"], now=NOW)
    context = ListenerCertificate(folder).context
    for name in ("shijing.lan", "localhost", "192.168.1.20", "127.0.0.2"):
        assert handshake(context, folder / "authority.crt", name) == "TLSv1.3"
    assert "mismatch" in handshake(context, folder / "authority.crt", "127.0.0.3")
    assert "mismatch" in handshake(context, folder / "authority.crt", "other.lan")


def test_a_client_with_another_authority_refuses(folder: Path, tmp_path: Path) -> None:
    issue(folder, hosts=["shijing.lan"], addresses=[], now=NOW)
    foreign = authority(tmp_path / "foreign")
    context = ListenerCertificate(folder).context
    assert "unable to get local issuer" in handshake(context, foreign / "authority.crt", "shijing.lan")


def test_tls_1_2_is_spoken(folder: Path) -> None:
    issue(folder, hosts=["shijing.lan"], addresses=[], now=NOW)
    context, trusted = ListenerCertificate(folder).context, folder / "authority.crt"
    assert handshake(context, trusted, "shijing.lan", newest=ssl.TLSVersion.TLSv1_2) == "TLSv1.2"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_older_tls_is_refused_by_the_server(folder: Path) -> None:
    issue(folder, hosts=["shijing.lan"], addresses=[], now=NOW)
    context, trusted = ListenerCertificate(folder).context, folder / "authority.crt"
    assert "TLSV1_ALERT_PROTOCOL_VERSION" in handshake(context, trusted, "shijing.lan", newest=ssl.TLSVersion.TLSv1_1)


def test_keys_are_for_their_owner_only_and_times_are_as_promised(folder: Path) -> None:
    made = issue(folder, hosts=["shijing.lan"], addresses=[], now=NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"tls": 0o700, "authority.key": 0o600, "authority.crt": 0o644, "server.pem": 0o600}
    assert made.ends - made.begins == timedelta(days=397)
    root = read_certificate(folder / "authority.crt")
    assert timedelta(days=3650) <= root.ends - NOW <= timedelta(days=3653)
    assert "永丰镇 Shijing CA" in root.subject


def test_the_authority_signs_local_names_only_and_clients_hold_it_to_that(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match=r"bank\.example is outside.*--permit"):
        issue(folder, hosts=["bank.example"], addresses=[], now=NOW)
    with pytest.raises(AuthorityError, match=r"8\.8\.8\.8 is outside"):
        issue(folder, hosts=[], addresses=["8.8.8.8"], now=NOW)
    wider = authority(tmp_path / "wider", "cq.example", "203.0.113.0/24")
    assert issue(wider, hosts=["map.cq.example"], addresses=["203.0.113.9"], now=NOW).names[0] == "map.cq.example"
    assert {str(one.value) for one in permitted(load(wider / "authority.crt"))} >= {"cq.example", "203.0.113.0/24"}


def test_a_stolen_key_signs_nothing_that_clients_take_outside_its_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As whoever has the key would: without our own check."""
    monkeypatch.setattr("access.authority.may_sign", lambda *_: True)
    issue(folder, hosts=["bank.example"], addresses=[], now=NOW)
    told = handshake(ListenerCertificate(folder).context, folder / "authority.crt", "bank.example")
    assert "permitted subtree violation" in told


@pytest.mark.parametrize("host", ["", "a b", "-a.lan", "x..lan", "a/b.lan", "*.lan", "a" * 64 + ".lan"])
def test_what_is_no_host_name_is_refused(folder: Path, host: str) -> None:
    with pytest.raises(AuthorityError, match="is no host name"):
        issue(folder, hosts=[host], addresses=[], now=NOW)


def test_what_does_not_hold_together_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="is there already"):
        authority(folder)
    with pytest.raises(AuthorityError, match="give --host NAME or --ip ADDRESS"):
        issue(folder, hosts=[], addresses=[], now=NOW)
    with pytest.raises(AuthorityError, match="'192' is no IP address"):
        issue(folder, hosts=[], addresses=["192"], now=NOW)
    with pytest.raises(AuthorityError, match="the authority ended"):
        issue(folder, hosts=["a.lan"], addresses=[], now=NOW + timedelta(days=3660))
    with pytest.raises(AuthorityError, match="make it with shijing tls"):
        issue(tmp_path, hosts=["a.lan"], addresses=[], now=NOW)
    other = authority(tmp_path / "other")
    (folder / "authority.key").write_bytes((other / "authority.key").read_bytes())
    with pytest.raises(AuthorityError, match="is not the key of"):
        issue(folder, hosts=["a.lan"], addresses=[], now=NOW)
    (folder / "authority.key").chmod(0o644)
    with pytest.raises(AuthorityError, match="can be read by others"):
        issue(folder, hosts=["a.lan"], addresses=[], now=NOW)


def test_no_authority_in_a_clone(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(AuthorityError, match="lies in a clone"):
        authority(tmp_path / "var" / "tls")


def test_a_renewed_certificate_is_taken_over_and_a_spoilt_one_is_not(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    issue(folder, hosts=["shijing.lan"], addresses=[], now=NOW - timedelta(days=380))
    listener, trusted = ListenerCertificate(folder), folder / "authority.crt"
    listener.look(NOW)
    assert "ends in 15 days" in caplog.text and "shijing tls issue" in str(listener.check()["reason"])
    assert handshake(listener.context, trusted, "shijing.lan") == "TLSv1.3"
    issue(folder, hosts=["new.lan"], addresses=[], now=NOW)
    listener.look(NOW)
    assert handshake(listener.context, trusted, "new.lan") == "TLSv1.3"
    assert listener.check() == {"alive": True, "days_left": 395}
    (folder / "server.pem").write_text("spoilt")
    listener.look(NOW)
    assert "the former certificate is served on" in caplog.text
    assert handshake(listener.context, trusted, "new.lan") == "TLSv1.3"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_renewed_file_still_belongs_to_the_service_that_reads_it(folder: Path) -> None:
    issue(folder, hosts=["broker.lan"], addresses=[], now=NOW, file="broker.pem")
    os.chown(folder / "broker.pem", 1883, 1883)
    issue(folder, hosts=["broker.lan"], addresses=[], now=NOW, file="broker.pem")
    found = (folder / "broker.pem").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1883, 1883, 0o600)


def test_the_warning_comes_once_a_day(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    issue(folder, hosts=["shijing.lan"], addresses=[], now=NOW)
    listener = ListenerCertificate(folder)
    late = NOW + timedelta(days=370)
    for hours in (0, 1, 2, 24):
        listener.look(late + timedelta(hours=hours))
    assert caplog.text.count("run shijing tls issue again") in (2, 3)  # three where midnight lies between
    assert "ended on" in listener.trouble(NOW + timedelta(days=400))


def test_a_missing_certificate_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match=r"shijing tls init, then shijing tls issue"):
        ListenerCertificate(tmp_path)
