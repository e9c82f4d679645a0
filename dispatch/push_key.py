"""The key by which push services know us (VAPID, RFC 8292): a file for its owner's eyes, made at its first use.

Browsers subscribe with its public half. Another key makes every subscription useless: keep a copy of the file.
"""

import base64
import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from access.private_files import replace_file
from config.channel_settings import PushSettings
from config.errors import ConfigError


def make_push_key(path: Path) -> bool:
    """Make one, its folder for its owner alone; False where there is one by now. Raises ConfigError."""
    key = generate_private_key(SECP256R1())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(fresh, text)
        os.link(fresh, path)  # unlike a rename it fails where another process was first
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigError(f"the key of web push {path} cannot be made: {error}") from error
    finally:
        fresh.unlink(missing_ok=True)
    return True


def read_push_key(path: Path) -> EllipticCurvePrivateKey:
    """The key; raises ConfigError where it is not to be had or not to be trusted."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read()
    except OSError as error:
        raise ConfigError(
            f"the key of web push {path} cannot be read ({error.strerror}): restore it from its backup, or make another"
            " (`shijing channel push-key FILE`), with which phones have to subscribe anew"
        ) from error
    if mode & 0o077:
        raise ConfigError(f"the key of web push {path} is open to others (mode {mode:04o}): chmod 600 {path}")
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError):  # without the cause: it may show the text
        raise ConfigError(f"the key of web push {path} is no private key in PEM: restore it from its backup") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ConfigError(f"the key of web push {path} is not of the curve P-256: restore it from its backup")
    return key


def push_key_file(vault: Path) -> Path:
    """The file that the settings name, else `push` beside the key file of personal fields; made at the first use."""
    named = PushSettings().key_file
    path = named or vault.with_name("push")
    if named is None and not path.exists():
        make_push_key(path)
    return path


def public_half(key: EllipticCurvePrivateKey) -> str:
    """What a browser subscribes with (applicationServerKey), base64url."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")
