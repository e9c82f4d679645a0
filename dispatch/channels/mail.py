"""E-mail: SMTP with STARTTLS (RFC 3207) or TLS from the start; what is sent again has the same Message-ID."""

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime

from config.channel_settings import MailSettings
from dispatch.errors import ChannelError, Final, Passing
from dispatch.notice import Notice
from dispatch.words import joined

_WHOM = "the mail server"
_FOR_GOOD = 500  # replies from here on


class Mail:
    """One mail for one address."""

    leaves_network = True

    def __init__(self, settings: MailSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s

    def send(self, notices: Sequence[Notice]) -> None:
        """Returns when the server has taken it."""
        mail = self._mail(joined(notices))
        try:
            with self._signed_in() as server:
                server.send_message(mail)
        except (ChannelError, smtplib.SMTPException, OSError) as error:
            raise _as_ours(error) from None

    def _mail(self, notice: Notice) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._settings.sender
        mail["To"] = notice.to
        mail["Subject"] = notice.title
        mail["Date"] = format_datetime(notice.at)
        mail["Message-ID"] = f"<{notice.key}@{self._settings.sender.split('@')[1]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Priority"] = "1"
        mail.set_content(notice.body)
        return mail

    @contextmanager
    def _signed_in(self) -> Iterator[smtplib.SMTP]:
        told = self._settings
        where = (told.host, told.port)
        trust = ssl.create_default_context(cafile=str(told.ca_file) if told.ca_file else None)
        if told.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=self._timeout_s, context=trust)
        else:
            server = smtplib.SMTP(*where, timeout=self._timeout_s)
        with server:
            if told.security == "starttls":
                server.starttls(context=trust)  # raises where the server cannot: nothing is said without
            if told.username:
                server.login(told.username, told.password.get_secret_value())
            yield server


def _as_ours(error: Exception) -> ChannelError:
    """What a channel raises; without the server's words, which repeat the address."""
    if isinstance(error, ChannelError):
        return error
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Final(f"{_WHOM} does not take our name and password ({error.smtp_code})")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _refused("the address", next(iter(error.recipients.values()))[0])
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused("the mail", error.smtp_code)
    return _cut_off(error)


def _cut_off(error: Exception) -> ChannelError:
    """Without an answer of the server."""
    match error:
        case smtplib.SMTPNotSupportedError():
            return Final(f"{_WHOM} offers no STARTTLS: see SHIJING_MAIL_SECURITY")
        case ssl.SSLCertVerificationError():
            return Passing(f"{_WHOM} has no certificate that is trusted here: see SHIJING_MAIL_CA_FILE")
        case ConnectionRefusedError():
            return Passing(f"{_WHOM} cannot be reached")
        case smtplib.SMTPServerDisconnected() | TimeoutError() | ConnectionError():
            return Passing(f"{_WHOM} broke off, or did not answer", unsure=True)
    return Passing(f"{_WHOM} cannot be reached ({type(error).__name__})")


def _refused(what: str, code: int) -> ChannelError:
    kind = Final if code >= _FOR_GOOD else Passing
    return kind(f"{_WHOM} did not take {what} ({code})")
