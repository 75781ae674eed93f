"""Where a truck's credential is written: trucks.csv and the brokers' files. Looks at all before it changes any."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gomikuru import broker_files
from gomikuru.city_files.trucks_csv import FILE
from gomikuru.trucks import Credential, Row, TokenSource, TruckRefused, add_row, remove_row

PASSWORDS = "gomikuru.passwd"
ACL = "gomikuru.acl"


class Change(NamedTuple):
    """One file as it will be."""

    path: Path
    data: bytes
    secret: bool


def planned(
    folder: Path,
    row: Row,
    credential: Credential,
    token: TokenSource,
    mosquitto_dir: Path | None = None,
    nats_file: Path | None = None,
) -> list[Change]:
    """Work out every file's new content; raise TruckRefused where the truck or its user exists already."""
    changes = []
    if mosquitto_dir is not None:
        changes += _mosquitto(mosquitto_dir, credential, token)
    if nats_file is not None:
        text, _ = _text(nats_file)
        _refuse_known(credential.user, broker_files.nats_users(text), nats_file)
        changes.append(_nats(nats_file, text, credential, token))
    table = folder / FILE
    text, encoding = _text(table)
    return [*changes, Change(table, add_row(text, row, credential).encode(encoding), secret=False)]


def renewed(
    credential: Credential, token: TokenSource, mosquitto_dir: Path | None = None, nats_file: Path | None = None
) -> list[Change]:
    """Work out the brokers' files with a known user's new password; its rights stay; raise TruckRefused without it."""
    user, changes = credential.user, []
    if mosquitto_dir is not None:
        path = mosquitto_dir / PASSWORDS
        text, _ = _text(path)
        _refuse_unknown(user, broker_files.mosquitto_users(text), path)
        others = broker_files.without_mosquitto_password(text, user)
        changes.append(Change(path, (_whole_lines(others) + _mosquitto_line(credential, token)).encode(), secret=True))
    if nats_file is not None:
        text, _ = _text(nats_file)
        _refuse_unknown(user, broker_files.nats_users(text), nats_file)
        changes.append(_nats(nats_file, broker_files.without_nats_user(text, user), credential, token))
    return changes


def removed(
    folder: Path, truck: str, user: str | None, mosquitto_dir: Path | None = None, nats_file: Path | None = None
) -> list[Change]:
    """Work out every file without the truck and, where it has a user of its own, without that."""
    paths = [(mosquitto_dir / PASSWORDS, broker_files.without_mosquitto_password)] if mosquitto_dir else []
    paths += [(mosquitto_dir / ACL, broker_files.without_mosquitto_acl)] if mosquitto_dir else []
    paths += [(nats_file, broker_files.without_nats_user)] if nats_file else []
    changes = []
    for path, without in paths:
        text, _ = _text(path)
        if user is not None and (fewer := without(text, user)) != text:
            changes.append(Change(path, fewer.encode(), secret=True))
    table = folder / FILE
    text, encoding = _text(table)
    return [*changes, Change(table, remove_row(text, truck).encode(encoding), secret=False)]


def write(changes: list[Change]) -> None:
    """Write the files, each at once, keeping owner and permissions; trucks.csv comes last."""
    for change in changes:
        _replace(change)


def lines_to_add(credential: Credential, token: TokenSource) -> list[tuple[str, str]]:
    """Tell what to add to which broker file, for an operator who keeps these elsewhere."""
    return [
        (f"Mosquitto, {PASSWORDS}", _mosquitto_line(credential, token)),
        (f"Mosquitto, {ACL}", broker_files.mosquitto_acl(credential.user, credential.writes)),
        ("NATS, nats-users.conf, a line within users = [ ... ]", _nats_line(credential, token)),
    ]


def _mosquitto(folder: Path, credential: Credential, token: TokenSource) -> list[Change]:
    passwords, _ = _text(folder / PASSWORDS)
    acl, _ = _text(folder / ACL)
    _refuse_known(credential.user, broker_files.mosquitto_users(passwords), folder / PASSWORDS)
    line = _mosquitto_line(credential, token)
    entry = "\n" + broker_files.mosquitto_acl(credential.user, credential.writes)
    return [
        Change(folder / PASSWORDS, (_whole_lines(passwords) + line).encode(), secret=True),
        Change(folder / ACL, (_whole_lines(acl) + entry).encode(), secret=True),
    ]


def _nats(path: Path, text: str, credential: Credential, token: TokenSource) -> Change:
    try:
        return Change(path, broker_files.with_nats_user(text, _nats_line(credential, token)).encode(), secret=True)
    except ValueError as error:
        raise TruckRefused(f"{path}: {error}") from error


def _mosquitto_line(credential: Credential, token: TokenSource) -> str:
    salt = token(broker_files.MOSQUITTO_SALT_BYTES)
    return broker_files.mosquitto_password(credential.user, credential.password, salt)


def _nats_line(credential: Credential, token: TokenSource) -> str:
    salt = token(broker_files.NATS_SALT_BYTES)
    return broker_files.nats_user(credential.user, credential.password, salt, credential.writes)


def _refuse_known(user: str, known: set[str], path: Path) -> None:
    if user in known:
        raise TruckRefused(
            f"{path} already has a user {user!r}; `gomikuru trucks renew` gives it a new password,"
            " or choose another with --user"
        )


def _refuse_unknown(user: str, known: set[str], path: Path) -> None:
    if user not in known:
        raise TruckRefused(f"{path} has no user {user!r}; remove the truck and add it again, or name the right file")


def _whole_lines(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _text(path: Path) -> tuple[str, str]:
    """Read a file that may not be there yet, with the encoding in which to write it back."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "", "utf-8"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp932"), "cp932"


def _replace(change: Change) -> None:
    path = change.path
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o600)
    new.write_bytes(change.data)
    if path.exists():
        before = path.stat()
        new.chmod(before.st_mode & 0o7777)
        with contextlib.suppress(PermissionError):
            _chown(new, before.st_uid, before.st_gid)
    else:
        new.chmod(0o640 if change.secret else 0o644)
    new.replace(path)


_chown: Callable[[Path, int, int], None] = getattr(os, "chown", lambda _path, _user, _group: None)
