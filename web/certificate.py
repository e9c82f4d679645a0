"""The certificate of the listener: TLS 1.2 and newer, taken over from its file when that is renewed."""

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

from access.certificates import RENEW_DAYS, SERVER, Certificate, read_certificate
from access.errors import AuthorityError
from web.errors import ListenError

log = logging.getLogger(__name__)

_HTTP = ["http/1.1"]


class ListenerCertificate:
    """One file with key and certificate, and the TLS context that serves them; raises ListenError without them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SERVER
        self.context = _new_context()
        try:
            self.told = self._load()
            self._seen = self._stamp()
        except (OSError, AuthorityError) as error:
            raise ListenError(
                f"TLS is on, but {self._path} cannot be used ({error}): make it with shijing tls init, then"
                " shijing tls issue --ip ADDRESS, or name another folder in SHIJING_TLS_FOLDER"
            ) from error
        self._warned = 0  # day of the last warning, so that there is one a day

    def look(self, now: datetime) -> None:
        """Take a renewed file over; connections that stand keep what they have. Warn when the end is near."""
        try:
            if (stamp := self._stamp()) != self._seen:
                self._seen = stamp
                self.told = self._load()
                log.info("the renewed certificate is taken over: it holds until %s", self.told.ends.date())
        except (OSError, AuthorityError) as error:
            log.error("%s cannot be used, the former certificate is served on: %s", self._path, error)
        if reason := self.trouble(now):
            day = now.toordinal()
            if day != self._warned:
                self._warned = day
                log.warning("%s", reason)

    def trouble(self, now: datetime) -> str:
        """What is to be done about it; "" for nothing."""
        left = self.told.days_left(now)
        if left >= RENEW_DAYS:
            return ""
        state = f"ends in {int(left)} days" if left > 0 else f"ended on {self.told.ends.date()}"
        return f"the certificate {self._path} {state}: run shijing tls issue again with its names"

    def check(self) -> dict[str, object]:
        """For /health: past its end no new page opens."""
        now = datetime.now(UTC)
        check: dict[str, object] = {"alive": self.told.days_left(now) > 0, "days_left": int(self.told.days_left(now))}
        reason = self.trouble(now)
        return {**check, "reason": reason} if reason else check

    def _load(self) -> Certificate:
        told = read_certificate(self._path)
        _new_context().load_cert_chain(self._path)  # a key that does not fit must not spoil the one in use
        self.context.load_cert_chain(self._path)
        return told

    def _stamp(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_ino


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(_HTTP)
    return context
