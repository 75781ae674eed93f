"""LINE's Messaging API as values: what is sent, what its answers mean, what its webhook tells. Pure; keys come in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec

from notifier.outcome import Delivered, Outcome, Refused, TargetGone, TryAgain
from notifier.ports import Push

LONGEST_BODY = 200_000
MONTHLY_LIMIT = "MONTHLY_LIMIT"
RATE_WAIT_S = 30.0
_PARTING = frozenset(" -_‐‑–—ー・")
"""What people write between the groups of a code; a Japanese keyboard gives the long-vowel mark for a dash."""
_ADVICE = {
    401: "the channel access token is not taken: issue another in the LINE Developers console (line.token_file)",
    403: "the account may not send: check its plan and that the Messaging API is enabled",
    400: "the message is at fault, not the user: compare notifier/line.py with LINE's reference",
}


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer of LINE's, as far as it is looked at."""

    status: int
    message: str = ""
    request_id: str = ""
    retry_after_s: float | None = None
    blames: tuple[str, ...] = ()


class Happened(msgspec.Struct, frozen=True):
    """One event of the webhook that concerns us: `what` is follow, unfollow or text."""

    what: str
    user: str
    reply_token: str = ""
    text: str = ""


def body_of(push: Push) -> bytes:
    """Write the body of a push: one text, title and body on lines of their own."""
    text = f"{push.message.title}\n{push.message.body}"
    return msgspec.json.encode({"to": push.target.value, "messages": [{"type": "text", "text": text}]})


def retry_key(push: Push) -> str:
    """Give the key under which LINE takes a push once within a day: the same for the same alert and user."""
    text = f"{push.city}\x1f{push.alert_id}\x1f{push.target.value}"
    digits = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def outcome_of(answer: Answer) -> Outcome:
    """Translate an answer to a push. Whether a user has blocked the account LINE does not say: its webhook does."""
    status, said = answer.status, answer.message
    if 200 <= status < 300 or status == 409:  # 409: accepted before, under the same retry key
        return Delivered(answer.request_id or "line")
    if status == 429 and "monthly limit" in said.lower():
        advice = "the month's free or bought messages are used up: buy more, or wait for the month to end"
        return Refused(MONTHLY_LIMIT, advice)
    if status == 429:
        return TryAgain(answer.retry_after_s if answer.retry_after_s is not None else RATE_WAIT_S, "rate")
    if status >= 500 or status < 400:
        return TryAgain(answer.retry_after_s, f"http_{status}")
    if status == 400 and "to" in answer.blames:
        return TargetGone("INVALID_USER")
    return Refused(f"HTTP_{status}", f"LINE said {said[:200]!r}: {_ADVICE.get(status, 'see its reference')}")


def answer_of(status: int, body: bytes, request_id: str, retry_after_s: float | None) -> Answer:
    """Read an answer's body, whatever it is."""
    try:
        read: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        read = None
    said = str(read.get("message", "")) if isinstance(read, dict) else ""
    details = read.get("details") if isinstance(read, dict) else None
    named = [str(each.get("property", "")) for each in _dicts(details)]
    if said.startswith("The property, 'to',"):
        named.append("to")
    return Answer(status, said, request_id, retry_after_s, tuple(named))


def signature_of(secret: str, body: bytes) -> str:
    """Sign a webhook's body as LINE does."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def is_signed(secret: str, body: bytes, signature: str) -> bool:
    """Tell, in constant time, whether LINE has sent this body."""
    return hmac.compare_digest(signature_of(secret, body).encode(), signature.encode("utf-8", "replace"))


def happened(body: bytes) -> tuple[Happened, ...]:
    """Read a webhook's events that concern us; any bytes give some or none."""
    if len(body) > LONGEST_BODY:
        return ()
    try:
        read: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()
    events = _dicts(read.get("events")) if isinstance(read, dict) else []
    return tuple(_events(events))


def _events(events: list[dict[str, Any]]) -> Iterator[Happened]:
    for event in events:
        source, message = event.get("source"), event.get("message")
        user = source.get("userId") if isinstance(source, dict) and source.get("type") == "user" else None
        token = event.get("replyToken")
        if not isinstance(user, str) or not user or event.get("mode") == "standby":
            continue
        what, text = event.get("type"), ""
        if what == "message" and isinstance(message, dict) and message.get("type") == "text":
            what, text = "text", str(message.get("text", ""))[:1000]
        if what in ("follow", "unfollow", "text"):
            yield Happened(what, user, token if isinstance(token, str) else "", text)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def code_in(text: str) -> str | None:
    """Read what may be a link code, however it is typed: 8 to 16 capitals and digits; None where it is none."""
    folded = unicodedata.normalize("NFKC", text).strip().upper()
    code = "".join(character for character in folded if character not in _PARTING)
    return code if 8 <= len(code) <= 16 and code.isascii() and code.isalnum() else None
