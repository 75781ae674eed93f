"""What an FCM account needs, and the errors of those who set it up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from notifier.ports import ChannelFault

NEEDED = ("project_id", "client_email", "private_key", "token_uri")
GOOGLE = "https://fcm.googleapis.com"


class FcmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One city's, or one installation's, account. Exactly one of the two service-account fields is given.

    `link`: the https address that a browser opens when its user touches the push.
    """

    service_account_file: Path | None = None
    service_account_json: str | None = None
    endpoint: str = GOOGLE
    proxy: str | None = None
    ca_file: Path | None = None
    concurrency: int = 100
    timeout_s: float = 10.0
    longest_retry_after_s: float = 3600.0
    android_channel_urgent: str = "arrivals"
    android_channel_other: str = "notices"
    link: str | None = None

    def __repr__(self) -> str:
        return f"FcmSettings(endpoint={self.endpoint!r}, concurrency={self.concurrency}, credentials masked)"


def service_account(settings: FcmSettings) -> dict[str, Any]:
    """Read the service account; raise ChannelFault naming what is wrong, never the secret."""
    where, text = _service_account_text(settings)
    try:
        account = json.loads(text)
    except ValueError as error:
        raise ChannelFault(f"{where}: is not JSON; download the key again from the Firebase console") from error
    if not isinstance(account, dict) or account.get("type") != "service_account":
        raise ChannelFault(f'{where}: is no service account (its "type" must be "service_account")')
    missing = [key for key in NEEDED if not _is_text(account.get(key))]
    if missing:
        raise ChannelFault(f"{where}: lacks {', '.join(missing)}; download the key again from the Firebase console")
    return account


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _service_account_text(settings: FcmSettings) -> tuple[str, str]:
    path, text = settings.service_account_file, settings.service_account_json
    if (path is None) == (text is None):
        raise ChannelFault("FCM: give exactly one of a service-account file and a service-account JSON text")
    if text is not None:
        return "FCM service-account JSON", text
    assert path is not None
    try:
        return f"{path}", path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ChannelFault(f"{path}: cannot read the FCM service account: {reason}") from error
