"""What this package raises on purpose.

ShijingError
└── AccessError
    ├── AuditError         an entry that cannot be written, or seals that cannot be read
    │   └── AuditBroken    a chain that is not sealed, because it does not hold
    ├── VaultError         keys that cannot be had
    │   └── CannotOpen     a ciphertext that these keys do not open
    ├── RetentionError     days of retention that do not hold together
    ├── RecordError        a resident's record that is not opened, or not written
    │   └── RecordUnknown  no such record
    ├── AccountRefused     an account, a grant or a token that cannot be made or changed so
    │   └── FilterRefused  a division, an account or a day that is looked for, and cannot be
    ├── AccountUnknown     no account of that name
    ├── ProviderRefused    what the provider of the single sign-on says is not believed, or it does not answer
    ├── SignInRefused      somebody is not let in; says no more than whoever tries may know
    ├── AuthorityError     the certificate authority, or what it is to sign, does not hold together
    ├── ScopeRefused       the database does not take the scope that a connection is to show
    ├── ReaderLoginRefused the role that pages read as cannot be given its password
    └── BrokerAccountError an account of the broker that cannot be made, changed or written out
"""

from config.errors import ShijingError


class AccessError(ShijingError):
    """The base of every error of this package."""


class AuditError(AccessError):
    """An audit entry cannot be written as it was given, or the seals cannot be read."""


class AuditBroken(AuditError):
    """The audit trail does not hold: names the first entry that is wrong, and why."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"the audit trail is broken at entry {seq}: {why}; see docs/privacy.md")
        self.seq = seq
        self.why = why


class VaultError(AccessError):
    """The key file is missing, open to others, or does not hold together."""


class CannotOpen(VaultError):
    """A ciphertext was made with another key, was changed, or belongs to another row."""


class AccountRefused(AccessError):
    """It cannot be done so; the text says why and what to do instead. `zh` says it on a page in Chinese."""

    def __init__(self, text: str, zh: str = "") -> None:
        super().__init__(text)
        self.zh = zh or text


class FilterRefused(AccountRefused):
    """What is looked for cannot be: a division or an account that there is not, a day that is none."""


class AccountUnknown(AccessError):
    """No account of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no account {name[:60]!r}: see `shijing user list`")


class SignInRefused(AccessError):
    """Not let in. `reason` is one of `wrong`, `password`, `locked`, `code`, `link`, `step`, `keys`, `oidc`, `unknown`,
    `provider`; `wait_s` where waiting helps."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


class ProviderRefused(AccessError):
    """The provider of the single sign-on does not answer, or what it says does not hold; the text is for the log."""


class ScopeRefused(AccessError):
    """The database does not take the seal of a scope, or has no key for it."""


class ReaderLoginRefused(AccessError):
    """The role that pages read as cannot be given its password by this login."""


class RetentionError(AccessError):
    """config/retention.toml is wrong: says where, why, and how to mend it."""


class RecordError(AccessError):
    """A resident's record is not there, or is not opened for such a reason, or is not written as it was given."""


class RecordUnknown(RecordError):
    """No such record, or none in the scope."""


class AuthorityError(AccessError):
    """The certificate authority or a certificate cannot be made or used: says why and what to do."""


class BrokerAccountError(AccessError):
    """An account of the broker is not there, is there already, or cannot be what it is to be."""
