"""The command `gomikuru quarantine`: the payloads that were refused, and why."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gomikuru.counted import counted
from gomikuru.served import NoSuchCity, city_named
from ingest.quarantine import decode_rejected, stream_of
from model.ping import Rejected
from model.times import format_rfc3339, parse_rfc3339
from streams.ports import START, OrderedLog, StoreFault, StoreUnavailable

if TYPE_CHECKING:
    from streams.redis_streams import RedisStore

_PAGE = 500
_SHOWN_BYTES = 80


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("quarantine")(quarantine)


def quarantine(
    city: Annotated[str | None, typer.Option("--city", help="The city's id, as in its city.toml.")] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Instead of --city: what came for no city that is served.")
    ] = False,
    last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="How many to show, the newest last.")] = 20,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what came from this instant on: 2026-11-24T08:30:00Z.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")] = None,
) -> None:
    """Show the payloads that ingest refused: how many by reason and truck, then the newest in full."""
    from gomikuru.embedded import EmbeddedFailed
    from gomikuru.settings_sources import SettingsError

    if unknown == (city is not None):
        raise typer.BadParameter("say whose: --city ID, or --unknown for what came for no city that is served")
    since_ms = _instant(since)
    try:
        with _opened(config, city) as store:
            found = refusals(store, city, since_ms)
    except (SettingsError, NoSuchCity, StoreUnavailable, StoreFault, EmbeddedFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for text in [] if as_json else summary(found):
        typer.echo(text)
    for refused in found[-last:]:
        typer.echo(as_object(refused) if as_json else line(refused))
    if not as_json:
        shown = f", the newest {last} shown" if len(found) > last else ""
        typer.echo(f"{counted(len(found), 'refused payload')} of {city or 'no city'}{shown}", err=True)


def refusals(store: OrderedLog, city: str | None, since_ms: int = 0) -> list[Rejected]:
    """Read what is kept of a city's refusals, or of those of no city, oldest first."""
    found: list[Rejected] = []
    after = START
    while page := store.read(stream_of(city), after, _PAGE, 0):
        for entry in page:
            with contextlib.suppress(msgspec.DecodeError):  # written by another version: not worth an error
                found.append(decode_rejected(entry.data))
        after = page[-1].id
    return [refused for refused in found if refused.received_ms >= since_ms]


def summary(found: Sequence[Rejected]) -> list[str]:
    """Count refusals by reason and truck, the most frequent first, each with the time of its newest."""
    counts = Counter((refused.reason.value, refused.truck or "") for refused in found)
    newest = {(refused.reason.value, refused.truck or ""): refused.received_ms for refused in found}
    return [
        _printable(f"{count:>6} x {reason}{f' truck {truck}' if truck else ''}, last {format_rfc3339(newest[each])}")
        for each, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        for reason, truck in [each]
    ]


def line(refused: Rejected) -> str:
    """Put a refusal on one line: time, reason, detail, topic, the first bytes."""
    when = format_rfc3339(refused.received_ms)
    truck = f" truck {refused.truck}" if refused.truck else ""
    text = f"{when}  {refused.reason.value}{truck}: {refused.detail}  [{refused.topic}]  {_beginning(refused.payload)}"
    return _printable(text)


def as_object(refused: Rejected) -> str:
    """Put a refusal into one JSON object; bytes that are no UTF-8 are escaped as \\xNN."""
    fields = {
        "received_at": format_rfc3339(refused.received_ms),
        "reason": refused.reason.value,
        "detail": refused.detail,
        "topic": refused.topic,
        "city": refused.city,
        "truck": refused.truck,
        "payload": refused.payload.decode("utf-8", "backslashreplace"),
    }
    return msgspec.json.encode(fields).decode()


def _opened(config: Path | None, city: str | None) -> contextlib.closing[RedisStore]:
    from gomikuru import settings, wiring

    loaded = settings.load(config, os.environ)
    if city is not None:
        city_named(loaded.cities_dir, city)
    return contextlib.closing(wiring.open_store(loaded))


def _instant(text: str | None) -> int:
    try:
        return 0 if text is None else parse_rfc3339(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"--since {text!r} is no instant: write it as 2026-11-24T08:30:00Z") from error


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _beginning(payload: bytes) -> str:
    shown = payload[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return shown + ("..." if len(payload) > _SHOWN_BYTES else "")
