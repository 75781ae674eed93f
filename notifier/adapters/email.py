"""The channel to letter boxes by SMTP, for the helper of someone without a smartphone. Connections are kept."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import ssl
import time
from collections import deque
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from pathlib import Path
from typing import Literal

import aiosmtplib
import msgspec
import structlog

from model.subscription import Target
from notifier.adapters.outgoing import trusting
from notifier.outcome import Delivered, Outcome, Refused, TargetGone, TryAgain
from notifier.payload import collapse_tag
from notifier.ports import Push

_log = structlog.get_logger()
_IDLE_S = 30.0
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[A-Za-z0-9.-]{1,253}")
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_POLICY = re.compile(r"relay|denied|authenti|policy|spam|block|not permitted|not allowed", re.IGNORECASE)


class EmailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A relay to hand letters to. `page`: address of the public listener, for the link to unsubscribe."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: str
    sender_name: str = ""
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    page: str | None = None
    timeout_s: float = 20.0
    concurrency: int = 5

    def __repr__(self) -> str:
        return f"EmailSettings(host={self.host!r}, port={self.port}, credentials masked)"


_FAREWELL_S = 0.1
"""So long the loop goes on after a close, for connections to let go of their TLS, and then of their sockets."""


class EmailChannel:
    """Make it anywhere; send and close it in one event loop."""

    name = "email"

    def __init__(self, settings: EmailSettings) -> None:
        """Prepare; nothing connects yet. Raise ChannelFault."""
        self._settings = settings
        self._trust: ssl.SSLContext = trusting(settings.ca_file)
        self._bound = asyncio.Semaphore(settings.concurrency)
        self._idle: deque[tuple[float, aiosmtplib.SMTP]] = deque()

    @property
    def slots(self) -> int:
        """How many letters may be under way at once."""
        return self._settings.concurrency

    async def send(self, push: Push) -> Outcome:
        """Hand one letter over."""
        if not is_address(push.target.value):
            return TargetGone("no_address")
        letter = letter_of(push, self._settings)
        async with self._bound:
            try:
                async with asyncio.timeout(2 * self._settings.timeout_s):
                    return await self._hand_over(letter, push.target)
            except TimeoutError:
                return TryAgain(None, "timeout")

    async def _hand_over(self, letter: EmailMessage, target: Target) -> Outcome:
        client: aiosmtplib.SMTP | None = None
        keep = False
        try:
            client = await self._connected()
            await client.send_message(letter, sender=self._settings.sender, recipients=[target.value])
            keep = True
        except aiosmtplib.SMTPRecipientsRefused as refused:
            keep = True
            return outcome_of_recipient(refused.recipients[0].code, refused.recipients[0].message)
        except aiosmtplib.SMTPResponseException as refused:
            return _outcome_of_relay(refused)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            _log.warning("email_no_answer", reason=type(error).__name__)
            return TryAgain(None, "no_answer")
        finally:
            if client is not None and keep and client.is_connected:
                self._idle.append((time.monotonic(), client))
            elif client is not None:
                _cut(client)
        return Delivered(str(letter["Message-ID"]))

    async def _connected(self) -> aiosmtplib.SMTP:
        oldest_s = time.monotonic() - _IDLE_S
        while self._idle:
            used_s, client = self._idle.pop()
            if used_s >= oldest_s and client.is_connected:
                return client
            _cut(client)
        set_up = self._settings
        client = aiosmtplib.SMTP(
            hostname=set_up.host,
            port=set_up.port,
            use_tls=set_up.security == "tls",
            start_tls=set_up.security == "starttls",
            username=set_up.username,
            password=set_up.password,
            tls_context=self._trust,
            timeout=set_up.timeout_s,
        )
        try:
            await client.connect()
        except BaseException:
            _cut(client)
            raise
        return client

    async def aclose(self) -> None:
        """Take leave of the relay; no connection outlives this."""
        while self._idle:
            _, client = self._idle.pop()
            transport = client.transport
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            _cut(client, transport)
        await asyncio.sleep(_FAREWELL_S)


def _cut(client: aiosmtplib.SMTP, transport: asyncio.BaseTransport | None = None) -> None:
    """End a connection at once: a polite farewell over TLS waits for the far side, and may outlive the loop."""
    transport = transport or client.transport
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def is_address(text: str) -> bool:
    """Tell whether a letter can be addressed so."""
    return bool(_ADDRESS.fullmatch(text)) and text.isprintable()


def letter_of(push: Push, settings: EmailSettings) -> EmailMessage:
    """Write the letter; a repeat has the same Message-ID, a correction refers to what it corrects."""
    letter, said = EmailMessage(), push.message
    domain = settings.sender.rpartition("@")[2]
    to = hashlib.blake2b(f"{push.alert_id}\x1f{push.target.value}".encode(), digest_size=12).hexdigest()
    letter["From"] = Address(settings.sender_name, addr_spec=settings.sender)
    letter["To"] = push.target.value
    letter["Subject"] = _one_line(said.title)
    letter["Date"] = format_datetime(localtime())
    letter["Message-ID"] = f"<{push.alert_id}.{to}@{domain}>"
    letter["References"] = f"<{collapse_tag(said.tag)}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter["Content-Language"] = said.lang
    text = said.body
    if settings.page and push.receipt:
        link = f"{settings.page.rstrip('/')}/api/v1/unsubscribe/{push.receipt}"
        letter["List-Unsubscribe"] = f"<{link}>"
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if settings.page:
        text += f"\n\n{settings.page.rstrip('/')}/c/{push.city}/"
    letter.set_content(text + "\n")
    return letter


def outcome_of_recipient(code: int, said: str) -> Outcome:
    """Weigh a refusal of the recipient: an address is given up only where it, and not we, is at fault."""
    if code < 500:
        return TryAgain(None, f"smtp_{code}")
    enhanced = _ENHANCED.search(said)
    if enhanced is not None:
        name = ".".join(enhanced.groups())
        gone = name in _GONE
    else:
        name = f"smtp_{code}"
        gone = code in (550, 551, 553) and not _POLICY.search(said)
    return TargetGone(name) if gone else Refused(name, _ADVICE)


_ADVICE = "the relay does not take letters for this recipient from us: check email.sender, SPF, and the relay's rules"


def _outcome_of_relay(refused: aiosmtplib.SMTPResponseException) -> Outcome:
    if refused.code < 500:
        return TryAgain(None, f"smtp_{refused.code}")
    advice = "the relay refuses us: check email.username, email.password, email.security and email.sender"
    return Refused(f"smtp_{refused.code}", advice)


def _one_line(text: str) -> str:
    return " ".join(text.split())
