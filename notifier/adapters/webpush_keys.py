"""The key with which this installation signs its pushes (VAPID, RFC 8292): made at first run, kept with mode 600.

Lose it, or change it, and every browser must subscribe anew; all processes and machines need the same one.
"""

from __future__ import annotations

import base64
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02, VapidException

from notifier.ports import ChannelFault

TOKEN_LIFE_S = 12 * 3600
_RENEW_S = 6 * 3600


class VapidKey:
    """The key pair, and tokens for the push services, each kept for some hours."""

    def __init__(self, vapid: Vapid02, subject: str, now_s: Callable[[], float] = time.time) -> None:
        self._vapid = vapid
        self._subject = subject
        self._now_s = now_s
        self._tokens: dict[str, tuple[float, str]] = {}

    @property
    def public(self) -> str:
        """The public key as browsers want it (`applicationServerKey`): base64url."""
        encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        point = self._vapid.public_key.public_bytes(encoding, form)
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    def authorization(self, origin: str) -> str:
        """Give the header for a push service. Raise ChannelFault where the subject is none."""
        now_s = self._now_s()
        made_s, token = self._tokens.get(origin, (-float("inf"), ""))
        if not 0 <= now_s - made_s < _RENEW_S:
            claims = {"aud": origin, "exp": int(now_s) + TOKEN_LIFE_S, "sub": self._subject}
            try:
                token = str(self._vapid.sign(claims)["Authorization"])
            except VapidException as error:
                raise ChannelFault(f"webpush.subject: {error}") from error
            self._tokens[origin] = (now_s, token)
        return token

    def forget(self, origin: str) -> None:
        """Make the next token for a push service anew."""
        self._tokens.pop(origin, None)


def vapid_key(path: Path, subject: str, now_s: Callable[[], float] = time.time) -> VapidKey:
    """Read the key, or make it when there is none. Raise ChannelFault."""
    try:
        pem = read_or_make(path)
        key = serialization.load_pem_private_key(pem, password=None)
    except OSError as error:
        raise ChannelFault(f"webpush.key_file, {path}: cannot be read or made: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ChannelFault(f"webpush.key_file, {path}: no private key (PEM); restore it from the backup") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ChannelFault(f"webpush.key_file, {path}: not a P-256 key")
    return VapidKey(Vapid02(key), subject, now_s)


def read_or_make(path: Path) -> bytes:
    """Give the key as it stands in its file, made now where there is none. Raise OSError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    """Make a key; where two processes do at once, the first one's stays."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(encoding, form, serialization.NoEncryption())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
