"""From a message to pings: the dialects that the service knows, in one visible list, and the total function over them.

Pure: any topic and any bytes give pings or refusals, in bounded time and memory.
"""

from __future__ import annotations

from ingest.dialects import native, owntracks, traccar
from ingest.directory import Directory
from ingest.letter import KEPT_BYTES, Dialect, Letter
from model.ping import Ping, Reason, Rejected

DIALECTS: tuple[Dialect, ...] = (traccar.DIALECT, native.DIALECT, owntracks.DIALECT)
"""The first that speaks a topic reads it: a configured Traccar topic is asked first, for it may lie anywhere."""

MAX_PAYLOAD = 256 * 1024


def cut(payload: bytes) -> tuple[bytes, int]:
    """Keep of a payload that is too large what quarantine will keep of it, and tell how many bytes it had; else 0."""
    return (payload[:KEPT_BYTES], len(payload)) if len(payload) > MAX_PAYLOAD else (payload, 0)


def filters(directory: Directory) -> list[str]:
    """Tell the topics that ingest subscribes to, for all dialects."""
    return [one for dialect in DIALECTS for one in dialect.filters(directory)]


def dialect_of(topic: str | bytes, directory: Directory) -> str:
    """Name the dialect of a topic, or `unknown`."""
    dialect = _speaker(_text(topic) or "", directory)
    return dialect.name if dialect else "unknown"


def decode(
    topic: str | bytes,
    payload: bytes,
    retained: bool,
    received_ms: int,
    directory: Directory,
    max_fixes: int = 10_000,
    cut_from: int = 0,
) -> list[Ping | Rejected]:
    """Turn a message into what it says: at least one Ping or Rejected, whatever came in.

    `cut_from` tells how many bytes the payload had, where the broker's adapter kept only its beginning (see `cut`).
    """
    text = _text(topic)
    letter = Letter(text if text is not None else "", payload, received_ms, directory, max_fixes)
    dialect = None if text is None else _speaker(text, directory)
    if dialect is None:
        return [letter.refuse(Reason.UNKNOWN_TOPIC, "no dialect speaks this topic")]
    if retained:
        return [_for_its_city(letter, Reason.RETAINED, "a retained message is state, not news; publish without retain")]
    if (size := max(len(payload), cut_from)) > MAX_PAYLOAD:
        return [_for_its_city(letter, Reason.TOO_LARGE, f"{size} bytes; send at most {MAX_PAYLOAD}")]
    return dialect.read(letter)


def _speaker(topic: str, directory: Directory) -> Dialect | None:
    return next((dialect for dialect in DIALECTS if dialect.speaks(topic, directory)), None)


def _text(topic: str | bytes) -> str | None:
    try:
        if isinstance(topic, bytes):
            return topic.decode("utf-8")
        topic.encode("utf-8")
    except UnicodeError:
        return None
    return topic


def _for_its_city(letter: Letter, reason: Reason, detail: str) -> Rejected:
    city: str | None = letter.directory.traccar_topics.get(letter.topic)
    levels = letter.topic.split("/", 3)
    if city is None and levels[0] == "gomikuru" and len(levels) > 2 and levels[2] in letter.directory.cities:
        city = levels[2]
    if city is None and levels[0] == "owntracks" and len(levels) > 2:
        holder = letter.directory.devices.get((levels[1], levels[2]))
        city = holder[0] if holder else None
    return letter.refuse(reason, detail, city)
