"""What the residents' commands do: check against the city's files, ask the registry, print. Devices stay masked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from geofence.files import read_zones
from gomikuru.city_files import CityFolder, read_bytes
from gomikuru.clocks import DrivenClock, SystemClock
from gomikuru.counted import counted
from gomikuru.residents_csv import read_residents
from gomikuru.served import NoSuchCity, city_named
from gomikuru.settings import Settings, SettingsError, load
from gomikuru.wishes import Asked, devices_only, targets_of, wish_of
from model.event import decode_event
from model.ping import Ping
from model.ports import ServiceClock
from model.subscription import Lead, MetresLead, MinutesLead, Subscription, Target
from model.times import format_clock
from notifier.adapters.catalogues import languages
from residents.adapters.key_files import KeyMissing
from residents.adapters.redis_registry import RedisRegistry
from residents.ports import Registry, RegistryBusy
from residents.registry import RecordUnreadable
from residents.wish import Known, WishRefused
from streams import keys
from streams.ports import OrderedLog, StoreFault, StoreUnavailable


class Office(NamedTuple):
    """A city's registry, what the city knows, and the language that it speaks."""

    city: str
    registry: Registry
    known: Known
    language: str = "ja"


def stop(text: str, code: int = 1) -> NoReturn:
    """End the program with a message: code 1 for a problem found, 2 for wrong usage."""
    typer.echo(text, err=True)
    raise typer.Exit(code)


@contextlib.contextmanager
def opened(config: Path | None, city: str) -> Iterator[Office]:
    """Open a city's registry as the settings say; every failure below ends the program with its reason."""
    from gomikuru.embedded import EmbeddedFailed
    from gomikuru.wiring import open_keys, open_store

    try:
        settings = load(config, os.environ)
        folder = city_named(settings.cities_dir, city)
    except (SettingsError, NoSuchCity) as error:
        stop(str(error))
    try:
        with contextlib.closing(open_store(settings)) as store:
            sealers = open_keys(settings, store).sealer
            registry = RedisRegistry(store, service_clock(settings, store, city), sealers=sealers)
            yield Office(city, registry, known_in(folder), folder.city.language)
    except WishRefused as error:
        stop("\n".join(error.problems))
    except StoreUnavailable as error:
        stop(f"the store does not answer ({error}); whether the change was made is unknown: run the same command again")
    except (StoreFault, RecordUnreadable, RegistryBusy, KeyMissing, EmbeddedFailed) as error:
        stop(str(error))


def service_clock(settings: Settings, store: OrderedLog, city: str) -> ServiceClock:
    """Choose the clock of changes: where service time is not the machine's, the time of the city's newest event."""
    if settings.clock.kind == "system":
        return SystemClock()
    newest = store.newest(keys.events(city), 1)
    event = decode_event(newest[0].data) if newest else None
    return DrivenClock(0 if event is None else event.received_ms if isinstance(event, Ping) else event.at_ms)


def known_in(folder: CityFolder) -> Known:
    """Tell a city's categories and zones, which are not checked where its files name none, and all languages."""
    categories = frozenset(each.id for each in folder.city.categories)
    data, _ = read_bytes(folder.folder, "zones.geojson")
    zones, problems = read_zones(data) if data is not None else ((), [])
    if problems:
        stop(f"zones.geojson of {folder.city.id} is broken: gomikuru check --city {folder.folder}")
    ids = frozenset(zone.id for zone in zones) if data is not None else None
    return Known(categories or None, ids, frozenset(languages()))


def subscribe_one(office: Office, asked: Asked) -> None:
    """Keep the wish of one home and print its id; with nothing but an id and devices, add these to the home."""
    if devices_only(asked):
        _add_devices(office, asked.id or "", asked.targets)
        return
    kept = office.registry.put(office.city, wish_of(asked, office.language), office.known)
    told, devices = _told_when(kept.lead) + _also(kept), counted(len(kept.targets), "device")
    typer.echo(f"{kept.id}: subscribed in {office.city}, {told}, {devices}")
    _warn_of_minutes([kept.lead])
    if not kept.targets:
        typer.echo(f"no device yet: nobody is told until one is added with --id {kept.id} --target", err=True)


def _add_devices(office: Office, sub_id: str, targets: Sequence[str]) -> None:
    devices = 0
    for target in targets_of(targets):
        kept = office.registry.add_target(office.city, sub_id, target)
        if kept is None:
            stop(f"{sub_id}: not there, so no device can be added; say its home and lead too")
        devices = len(kept.targets)
    typer.echo(f"{sub_id}: {counted(devices, 'device')} in {office.city}")


def drop_devices(office: Office, sub_id: str, targets: Sequence[str]) -> None:
    """Drop devices of one home, which stays subscribed."""
    found = [office.registry.drop_target(office.city, sub_id, target) for target in targets_of(targets)]
    left = office.registry.get(office.city, sub_id)
    if left is None:
        stop(f"not there: {sub_id}")
    typer.echo(f"{sub_id}: {counted(sum(found), 'device')} dropped, {counted(len(left.targets), 'device')} left")
    _warn_of_silence(office, [sub_id])
    if not all(found):
        stop(f"{sub_id}: has no such device; `gomikuru subscriptions` shows the ends of those that it has")


def subscribe_file(office: Office, path: Path, skip_bad: bool) -> None:
    """Keep the wishes of a CSV file: all of them, or with `skip_bad` those of its good lines."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except OSError as error:
        stop(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        stop(f"{path}: not UTF-8; save it from the spreadsheet as 'CSV UTF-8'")
    read = read_residents(lines, office.known, office.language)
    for problem in read.problems:
        typer.echo(f"{path}: {problem}", err=True)
    if read.problems and not skip_bad:
        stop(f"{path}: nothing imported; mend the lines above, or take the others with --skip-bad")
    done = office.registry.import_many(office.city, read.wishes, office.known)
    typer.echo(f"{path}: {done.new} new, {done.changed} changed, {done.unchanged} unchanged in {office.city}")
    _warn_of_minutes([wish.lead for wish in read.wishes])
    _warn_of_silence(office, [wish.id for wish in read.wishes if wish.id and not wish.targets])


def remove(office: Office, ids: Sequence[str]) -> None:
    """Remove subscriptions by id."""
    there = office.registry.get_many(office.city, ids)
    removed = office.registry.remove_many(office.city, ids)
    typer.echo(f"{removed} removed from {office.city}")
    missing = [each for each in ids if each not in there]
    if missing:
        stop(f"not there: {', '.join(missing)}")


def remove_all(office: Office) -> None:
    """Remove every subscription of the city."""
    removed = office.registry.remove_many(office.city, (each.id for each in office.registry.list(office.city)))
    typer.echo(f"{removed} removed from {office.city}")


def unbar(office: Office) -> None:
    """Take all barred devices of the city into use again."""
    homes = office.registry.unbar_targets(office.city, (each.id for each in office.registry.list(office.city)))
    typer.echo(f"the devices of {counted(homes, 'home')} are in use again")


def show(office: Office, as_json: bool, show_homes: bool) -> None:
    """List the subscriptions by id: JSON lines, a table in a terminal, tab-separated lines elsewhere."""
    there = sorted(office.registry.list(office.city), key=lambda each: each.id)
    listed = (_shown(each, show_homes) for each in there)
    head = ("id", "lead", "categories", "language", "quiet", "devices", "kinds", *(("home",) if show_homes else ()))
    console = Console()
    if as_json:
        for each in listed:
            typer.echo(msgspec.json.encode(each).decode())
    elif console.is_terminal:
        table = Table(*head)
        for each in listed:
            table.add_row(*map(Text, _cells(each)))
        console.print(table)
    else:
        typer.echo("\t".join(head))
        for each in listed:
            typer.echo("\t".join(_cells(each)))


def _warn_of_minutes(leads: Sequence[Lead]) -> None:
    minutes = sum(isinstance(lead, MinutesLead) for lead in leads)
    if minutes:
        told = "told where the city's folder has a profile (`gomikuru learn`)"
        typer.echo(f"{minutes} with a lead in minutes, {told}", err=True)


def _warn_of_silence(office: Office, ids: Sequence[str]) -> None:
    """Say how many homes nobody is told in; a line without device leaves a home the devices that it had."""
    silent = sum(not each.targets for each in office.registry.get_many(office.city, ids).values())
    if silent:
        have = "has" if silent == 1 else "have"
        remedy = "nobody is told there until one is added, in the columns target_kind and target or with --target"
        typer.echo(f"{counted(silent, 'home')} {have} no device: {remedy}", err=True)


def _told_when(lead: Lead) -> str:
    match lead:
        case MetresLead(metres):
            return f"{metres:g} m"
        case MinutesLead(minutes):
            return f"{minutes:g} min"
        case _:
            return "zone"


def _also(kept: Subscription) -> str:
    return "".join(f", {kind.value}" for kind in kept.kinds)


def _shown(subscription: Subscription, show_homes: bool) -> dict[str, object]:
    quiet = subscription.quiet
    shown: dict[str, object] = {
        "id": subscription.id,
        "lead": _told_when(subscription.lead),
        "categories": list(subscription.categories),
        "language": subscription.language,
        "quiet": f"{format_clock(quiet.from_min)}-{format_clock(quiet.until_min)}" if quiet else None,
        "devices": [_masked(target) for target in subscription.targets],
        "kinds": [kind.value for kind in subscription.kinds],
    }
    return shown | {"home": msgspec.to_builtins(subscription.place)} if show_homes else shown


def _cells(shown: dict[str, object]) -> list[str]:
    return [
        " ".join(map(str, cell.values() if isinstance(cell, dict) else cell))
        if isinstance(cell, (list, dict))
        else str(cell or "")
        for cell in shown.values()
    ]


def _masked(target: Target) -> str:
    tail = target.value[-4:] if len(target.value) >= 20 else ""
    return f"{target.kind.value}:…{tail}"
