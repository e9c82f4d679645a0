"""Mosquitto's password file and access list, written from the accounts, and the broker told of them."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from access.broker_accounts import BrokerAccount
from access.broker_grants import Grant, Topics, grant_of
from access.errors import BrokerAccountError
from access.private_files import replace_file

PASSWORDS = "passwd"
ACCESS_LIST = "acl"
_MODE = 0o640  # the broker's group reads them
_HEAD = "# Written by shijing gateway write: changes here are lost. Who is not named may do nothing.\n"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a writing came to."""

    folder: Path
    accounts: int
    locked: int


def write_broker_files(folder: Path, accounts: Sequence[BrokerAccount], topics: Topics) -> Written:
    """Replace both files, each in one step; raises BrokerAccountError where the folder does not take them."""
    open_ones = [account for account in accounts if account.locked_at is None]
    passwords = "".join(f"{account.name}:{account.hash}\n" for account in open_ones)
    lists = "".join(f"\nuser {account.name}\n{_lines(grant_of(account, topics))}" for account in open_ones)
    try:
        # The list first: a name that is new in it is of no use yet, the other way round one would be unlisted.
        replace_file(folder / ACCESS_LIST, _HEAD + lists, mode=_MODE, group_of_folder=True)
        replace_file(folder / PASSWORDS, passwords, mode=_MODE, group_of_folder=True)
    except OSError as error:
        raise BrokerAccountError(
            f"{folder} cannot be written ({error.strerror}): make it, for this program to write and the broker to read"
        ) from error
    return Written(folder=folder, accounts=len(open_ones), locked=len(accounts) - len(open_ones))


def tell_broker(pid_file: Path) -> None:
    """Have Mosquitto read its files again: whoever lost the right to be there is disconnected.

    Raises BrokerAccountError where the pid file names no Mosquitto that we may signal.
    """
    try:
        pid = int(pid_file.read_text(encoding="ascii").strip())
        name = psutil.Process(pid).name()
        if not name.startswith("mosquitto"):  # the number has passed on to another program
            raise BrokerAccountError(f"{pid_file} names process {pid}, which is {name} and no Mosquitto: is it stale?")
        os.kill(pid, signal.SIGHUP)
    except (OSError, ValueError, psutil.NoSuchProcess) as error:
        raise BrokerAccountError(
            f"the files are written, but the broker could not be told ({error}): send it SIGHUP yourself"
            f" (systemctl reload mosquitto), or mend pid_file in its settings to be {pid_file}"
        ) from error


def _lines(grant: Grant) -> str:
    told = [("deny", grant.deny), ("read", grant.read), ("write", grant.write)]
    return "".join(f"topic {act} {one}\n" for act, filters in told for one in filters)
