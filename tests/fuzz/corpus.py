"""The corpus of payloads: one file each, in the folder of its topic, named after what decoding it must give.

`<outcome>.<what it is>.<any ending>`; several outcomes in a row are joined by `+`, repeats of one are written once.
What the fuzzer, or a town, finds goes here as a file of its own.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ingest.directory import Directory
from ingest.ports import Message
from ingest.prepare import prepare
from ingest.screen import Limits
from model.city import City, Gateway, Truck
from model.ping import Ping, Rejected

FOLDER = Path(__file__).parent / "corpus"
NOW_MS = 1_764_000_000_000
DIRECTORY = Directory.of(
    [
        City(
            id="minami",
            name="南市",
            timezone="Asia/Tokyo",
            trucks=(
                Truck("17"),
                Truck("21", credential="p", external_id="d"),
                Truck("22", credential="traccar", external_id="7"),
            ),
            gateways=(Gateway("fleet", received_at_allowed=True),),
            traccar_topic="traccar/minami",
        )
    ]
)
TOPICS = {
    "native": "gomikuru/v1/minami/trucks/17/ping",
    "gateway": "gomikuru/v1/minami/gateways/fleet/trucks/17/ping",
    "owntracks": "owntracks/p/d",
    "traccar": "traccar/minami",
}


class Entry(NamedTuple):
    """One file of the corpus."""

    topic: str
    payload: bytes
    outcome: str
    name: str


def entries() -> list[Entry]:
    """Read the corpus."""
    return [
        Entry(topic, path.read_bytes(), path.name.partition(".")[0], f"{folder}/{path.name}")
        for folder, topic in TOPICS.items()
        for path in sorted((FOLDER / folder).iterdir())
    ]


def screened(topic: str | bytes, payload: bytes) -> list[Ping | Rejected]:
    """Give what ingest makes of a message, as an operator will find it: pings, then refusals."""
    prepared, failures = prepare([Message(topic, payload, False, 0.0)], NOW_MS, DIRECTORY, Limits())  # type: ignore[arg-type]
    assert not failures, failures
    pings = [ping for some in prepared.pings.values() for ping in some]
    refused = [one for some in prepared.rejected.values() for one in some]
    return [*pings, *refused]


def outcome(results: list[Ping | Rejected]) -> str:
    """Name what came of a message, as the files of the corpus are named."""
    return "+".join(name for name, _ in groupby(map(_name, results)))


def _name(result: Ping | Rejected) -> str:
    if isinstance(result, Rejected):
        return result.reason.value
    return "late" if result.late else "ping"
