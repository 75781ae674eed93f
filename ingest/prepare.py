"""From a batch of messages to what is to be appended: pings by city in order, refusals by quarantine stream.

Pure: the moment of receipt is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from ingest.decode import decode, dialect_of
from ingest.directory import Directory
from ingest.letter import KEPT_BYTES
from ingest.ports import Message
from ingest.quarantine import NO_CITY
from ingest.screen import Limits, screen
from model.ping import Ping, Reason, Rejected


class Prepared(msgspec.Struct):
    """One batch, decoded and screened. `arrived` names (city, dialect) once for every message."""

    pings: dict[str, list[Ping]]
    rejected: dict[str, list[Rejected]]
    arrived: list[tuple[str, str]]


class Failed(NamedTuple):
    """A message that no dialect should have failed on, and how one did."""

    message: Message
    error: Exception


def parts(messages: Sequence[Message], most_bytes: int) -> Iterator[Sequence[Message]]:
    """Cut a batch where its payloads become too many bytes to decode at once; a message is never cut."""
    begin = held = 0
    for at, message in enumerate(messages):
        if at > begin and held + len(message.payload) > most_bytes:
            yield messages[begin:at]
            begin, held = at, 0
        held += len(message.payload)
    if begin < len(messages):
        yield messages[begin:]


def prepare(
    messages: Sequence[Message], received_ms: int, directory: Directory, limits: Limits
) -> tuple[Prepared, list[Failed]]:
    """Decode and screen a batch. A defect of a dialect refuses its message, and is told; it never stops the line."""
    prepared = Prepared({}, {}, [])
    failures: list[Failed] = []
    for message in messages:
        try:
            topic, payload, retained = message[:3]
            results = decode(topic, payload, retained, received_ms, directory, limits.max_fixes, message.cut_from)
        except Exception as error:  # decode is total; were it not, one payload would stop every truck
            failures.append(Failed(message, error))
            results = [_refused_by_defect(message, received_ms)]
        _sort_in(prepared, message, results, directory, limits)
    return prepared, failures


def _sort_in(
    prepared: Prepared, message: Message, results: list[Ping | Rejected], directory: Directory, limits: Limits
) -> None:
    kept = message.payload[:KEPT_BYTES]  # one for all refusals of a backlog, or they would be a thousandfold of it
    for result in results:
        screened = result
        if isinstance(result, Ping):
            screened = screen(result, limits, message.topic, kept)
        if isinstance(screened, Ping):
            prepared.pings.setdefault(screened.city, []).append(screened)
        else:
            prepared.rejected.setdefault(screened.city or NO_CITY, []).append(screened)
    first = results[0]
    dialect = first.dialect if isinstance(first, Ping) else dialect_of(message.topic, directory)
    prepared.arrived.append((first.city or NO_CITY, dialect))


def _refused_by_defect(message: Message, received_ms: int) -> Rejected:
    detail = "a defect of the dialect; please report it with this payload"
    return Rejected(Reason.MALFORMED, detail, message.topic[:512], message.payload[:KEPT_BYTES], received_ms)
