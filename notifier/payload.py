"""What a push carries to a browser, an app or the open page: one JSON for all of them. No home, no zone. Pure."""

from __future__ import annotations

import hashlib

import msgspec

from notifier.ports import Push

VERSION = 1
LONGEST_TAG = 32


class Payload(msgspec.Struct, frozen=True):
    """The JSON. `useful_until`: UTC ms; `receipt` goes back to POST /api/v1/receipts once it is shown."""

    v: int
    title: str
    body: str
    tag: str
    lang: str
    kind: str
    useful_until: int
    receipt: str


def payload_of(push: Push) -> Payload:
    """Say a push as it is shown."""
    said = push.message
    tag = collapse_tag(said.tag)
    return Payload(VERSION, said.title, said.body, tag, said.lang, push.kind.value, push.useful_until_ms, push.receipt)


def payload_json(push: Push) -> bytes:
    """Write it as JSON."""
    return _encoder.encode(payload_of(push))


def payload_texts(push: Push) -> dict[str, str]:
    """Write it as FCM's data, which holds text only."""
    return {name: str(value) for name, value in msgspec.structs.asdict(payload_of(push)).items()}


def collapse_tag(tag: str) -> str:
    """Make a tag fit every push service: at most 32 characters of base64url, else its digest."""
    plain = tag.isascii() and tag.replace("-", "").replace("_", "").isalnum()
    return tag if plain and len(tag) <= LONGEST_TAG else hashlib.blake2b(tag.encode(), digest_size=16).hexdigest()


_encoder = msgspec.json.Encoder()
