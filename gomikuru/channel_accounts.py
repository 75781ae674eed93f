"""From the settings of the service to those of the channels: for the wiring, and for who looks at them before."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from gomikuru.settings import Settings, plain
from notifier.adapters.email import EmailSettings
from notifier.adapters.line import LineSettings
from notifier.adapters.outgoing import Way
from notifier.adapters.webpush import WebPushSettings
from notifier.adapters.webpush_keys import vapid_key
from notifier.ports import ChannelFault

COMMON = "common"
NOBODY = "mailto:postmaster@localhost"
"""The subject where none is set and the page has no name: Mozilla and Google take it, Apple does not."""


class LineAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A LINE official account: to send with, to check the webhook with, and where residents add it."""

    settings: LineSettings
    secret: str | None = None
    add_url: str | None = None

    def __repr__(self) -> str:
        return f"LineAccount({self.settings.account!r}, secrets masked)"


def page_of(settings: Settings) -> str | None:
    """Tell under which address residents open the page; None where that is not set."""
    address = getattr(getattr(settings, "public", None), "base_url", None)
    return str(address).rstrip("/") if address else None


def webpush_account(settings: Settings) -> WebPushSettings | None:
    """Tell what the channel to browsers is made from; None where it is off."""
    push = settings.webpush
    if not push.enabled:
        return None
    way = _way(settings, push.proxy, push.ca_file, push.http_timeout_s)
    return WebPushSettings(key_file=push.key_file, subject=_subject(settings), services=push.services, way=way)


def vapid_public_key(settings: Settings) -> str | None:
    """Give the key that browsers subscribe with, made now where there is none; None where the channel is off.

    Raise ChannelFault.
    """
    account = webpush_account(settings)
    return vapid_key(account.key_file, account.subject).public if account else None


def email_account(settings: Settings) -> EmailSettings | None:
    """Tell what the channel to letter boxes is made from; None where no relay is set."""
    mail = settings.email
    if mail.host is None or mail.sender is None:
        return None
    return EmailSettings(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        sender=mail.sender,
        sender_name=mail.sender_name,
        username=mail.username,
        password=plain(mail.password),
        ca_file=mail.ca_file,
        page=page_of(settings),
        timeout_s=mail.timeout_s,
    )


def line_account(settings: Settings, city: str | None = None) -> LineAccount | None:
    """Tell a city's own LINE account, or (city None) the common one; None where there is none. Raise ChannelFault."""
    if city is None:
        common = settings.line
        token = plain(common.token)
        return _line(settings, token, plain(common.secret), common.add_url, COMMON) if token else None
    folder = settings.line.accounts_dir
    path = folder / f"{city}.toml" if folder else None
    if path is None or not path.exists():
        return None
    own = _own(path)
    return _line(settings, own["token"], own.get("secret"), own.get("add_url"), city)


def line_account_of(settings: Settings, city: str) -> LineAccount | None:
    """Tell the LINE account that serves a city: its own, else the common one. Raise ChannelFault."""
    return line_account(settings, city) or line_account(settings)


def _line(settings: Settings, token: str, secret: str | None, add_url: str | None, name: str) -> LineAccount:
    line = settings.line
    way = _way(settings, line.proxy, line.ca_file, line.http_timeout_s)
    sending = LineSettings(token=token, account=name, url=line.url, way=way)
    return LineAccount(settings=sending, secret=secret, add_url=add_url)


def _own(path: Path) -> dict[str, str]:
    try:
        read: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ChannelFault(f"{path}: cannot be read ({error.strerror}); check path and rights") from error
    except (ValueError, RecursionError) as error:
        raise ChannelFault(f'{path}: is no TOML; write token = "..." and secret = "..."') from error
    wrong = [key for key, value in read.items() if key not in ("token", "secret", "add_url") or not _is_text(value)]
    if wrong or "token" not in read:
        raise ChannelFault(f"{path}: holds token, secret and add_url, each a text; token must be there")
    return read


def _subject(settings: Settings) -> str:
    if settings.webpush.subject:
        return settings.webpush.subject
    parts = urlsplit(page_of(settings) or "")
    return f"https://{parts.hostname}" if parts.scheme == "https" and "." in (parts.hostname or "") else NOBODY


def _way(settings: Settings, proxy: SecretStr | None, ca_file: Path | None, timeout_s: float) -> Way:
    concurrency = settings.notifier.concurrency
    return Way(proxy=plain(proxy), ca_file=ca_file, timeout_s=timeout_s, concurrency=concurrency)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
