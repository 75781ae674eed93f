"""A browser's push subscription: what it must hold, and whether we may send to where it says. Pure.

Whoever subscribes chooses the endpoint, so an attacker may: only push services that are named are sent to.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from urllib.parse import urlsplit

import msgspec

SERVICES = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.notify.windows.com",
    "web.push.apple.com",
)
"""The push services of Chrome and its kin, Firefox, Edge, and Safari."""
LONGEST_ENDPOINT = 2048
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Keys(msgspec.Struct, frozen=True):
    """The browser's public key (P-256, uncompressed) and shared secret, as base64url."""

    p256dh: str
    auth: str


class BrowserTarget(msgspec.Struct, frozen=True):
    """The value of a target of kind `webpush`: what PushSubscription.toJSON gives. Never shown."""

    endpoint: str
    keys: Keys

    def __repr__(self) -> str:
        return "BrowserTarget(masked)"

    @property
    def origin(self) -> str:
        """Scheme, host and port of the push service."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"


class TargetUnreadable(ValueError):
    """It is no browser's subscription; the message says why, and repeats nothing of it."""


def read_target(value: str) -> BrowserTarget:
    """Read a target's value; raise TargetUnreadable."""
    try:
        target = _decoder.decode(value.encode())
        public, secret = _bytes_of(target.keys.p256dh), _bytes_of(target.keys.auth)
    except (msgspec.MsgspecError, ValueError) as error:
        raise TargetUnreadable("webpush: not a subscription as PushSubscription.toJSON gives it") from error
    if len(public) != 65 or public[0] != 4:
        raise TargetUnreadable("webpush: keys.p256dh must be an uncompressed P-256 point, 65 bytes as base64url")
    if len(secret) != 16:
        raise TargetUnreadable("webpush: keys.auth must be 16 bytes as base64url")
    return target


def is_allowed(endpoint: str, services: Collection[str] = SERVICES) -> bool:
    """Tell whether we may send there. A service is `host`, `*.host` (https, port 443) or an origin in full.

    An origin of plain http counts only where it is this machine: for tests.
    """
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        return False
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or "\\" in parts.netloc:
        return False
    if any("://" in service and _same_origin(service, parts.scheme, host, port) for service in services):
        return True
    return parts.scheme == "https" and port in (None, 443) and any(_matches(host, one) for one in services)


def problem_of(value: str, services: Collection[str] = SERVICES) -> str | None:
    """Tell, for whoever signs a browser up, what is wrong with its subscription."""
    try:
        target = read_target(value)
    except TargetUnreadable as error:
        return str(error)
    return None if is_allowed(target.endpoint, services) else "webpush: not an address of a known push service"


def _matches(host: str, service: str) -> bool:
    if service.startswith("*."):
        return host.endswith(service[1:]) and len(host) > len(service) - 1
    return host == service


def _same_origin(service: str, scheme: str, host: str, port: int | None) -> bool:
    allowed = urlsplit(service)
    if allowed.scheme == "http" and allowed.hostname not in _LOOPBACK:
        return False
    implied = {"http": 80, "https": 443}
    wanted = (allowed.scheme, allowed.hostname, allowed.port or implied.get(allowed.scheme))
    return wanted == (scheme, host, port or implied.get(scheme))


def _bytes_of(text: str) -> bytes:
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)


_decoder = msgspec.json.Decoder(BrowserTarget)
