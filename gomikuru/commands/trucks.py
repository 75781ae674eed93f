"""The commands `gomikuru trucks add`, `renew`, `remove` and `list`: a truck's credential, broker entry, set-up link."""

from __future__ import annotations

import os
import platform
import secrets
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

if TYPE_CHECKING:
    import model.city
    from gomikuru.city_files import CityFolder
    from gomikuru.settings import Settings
    from gomikuru.truck_address import Address
    from gomikuru.truck_files import Change
    from gomikuru.trucks import Credential

City = Annotated[str, typer.Option("--city", help="The city's id.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")]
Truck = Annotated[str, typer.Option("--truck", help="The truck's id, as dispatch calls it.")]
Broker = Annotated[
    str | None, typer.Option("--broker", help="Where the truck connects: mqtts://host:8883. Default: the settings'.")
]
MosquittoDir = Annotated[
    Path | None,
    typer.Option("--mosquitto-dir", help="Change gomikuru.passwd and gomikuru.acl here.", exists=True, file_okay=False),
]
NatsFile = Annotated[
    Path | None,
    typer.Option(
        "--nats-file",
        help="Change this file of NATS users. Default with the embedded broker: embedded.broker_users_file.",
        dir_okay=False,
    ),
]
Qr = Annotated[Path | None, typer.Option("--qr", help="Write the set-up QR code to this .png or .svg.", dir_okay=False)]

trucks = typer.Typer(help="Issue, renew and remove a truck's credential, list a city's trucks.", no_args_is_help=True)


class Speaks(StrEnum):
    """What runs in the cab."""

    NATIVE = "native"
    OWNTRACKS = "owntracks"


class Asked(NamedTuple):
    """What add, renew and remove have in common: the settings, the city, the broker's files."""

    settings: Settings
    folder: CityFolder
    mosquitto_dir: Path | None
    nats_file: Path | None


def _stop(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    trucks.command("add")(add)
    trucks.command("renew")(renew)
    trucks.command("remove")(remove)
    trucks.command("list")(show)
    app.add_typer(trucks, name="trucks")


def add(
    city: City,
    truck: Truck,
    name: Annotated[str, typer.Option("--name", help="Its name, for people.")] = "",
    category: Annotated[str, typer.Option("--category", help="The kind of waste that it takes.")] = "",
    route: Annotated[str, typer.Option("--route", help="Its route, as routes.geojson calls it.")] = "",
    dialect: Annotated[
        Speaks, typer.Option("--dialect", help="What runs in the cab: a tracker, or OwnTracks on a phone.")
    ] = Speaks.NATIVE,
    user: Annotated[str | None, typer.Option("--user", help="The broker user. Default: CITY-TRUCK.")] = None,
    broker: Broker = None,
    mosquitto_dir: MosquittoDir = None,
    nats_file: NatsFile = None,
    qr: Qr = None,
    config: Config = None,
) -> None:
    """Issue a truck's credential and add it to trucks.csv and to the broker's files, or print what to add there.

    The password is shown once and stored only hashed. With --dialect owntracks the link and the QR code set up the
    driver's phone: open or scan it there.
    """
    from gomikuru import truck_files
    from gomikuru.trucks import Row, TruckRefused, issue

    asked = _asked(city, config, mosquitto_dir, nats_file)
    _check_qr(qr, dialect is Speaks.OWNTRACKS)
    _check_cells(asked.folder, category, route)
    try:
        address = _address(asked, broker)
        made = issue(city, truck, dialect.value, secrets.token_bytes, user)
        row = Row(truck, name, category, route)
        _write(truck_files.planned(asked.folder.folder, row, made, secrets.token_bytes, *asked[2:]))
    except (TruckRefused, OSError, UnicodeError) as error:
        _stop(f"{error}")
    _tell(asked, made, address, qr)


def renew(
    city: City,
    truck: Truck,
    broker: Broker = None,
    mosquitto_dir: MosquittoDir = None,
    nats_file: NatsFile = None,
    qr: Qr = None,
    config: Config = None,
) -> None:
    """Give a truck's user of the broker a new password, for a phone that was lost or changed; the old one ends."""
    from gomikuru import truck_files
    from gomikuru.trucks import TruckRefused, issue

    asked = _asked(city, config, mosquitto_dir, nats_file)
    known = _known(asked.folder, truck)
    user = _own_user(asked.folder, known)
    if user is None:
        _stop(f"truck {truck!r} has no user of the broker that is its own; trucks.csv says {known.credential or '-'!r}")
    _check_qr(qr, known.external_id is not None)
    try:
        address = _address(asked, broker)
        made = issue(city, truck, "native", secrets.token_bytes, user)._replace(device=known.external_id)
        _write(truck_files.renewed(made, secrets.token_bytes, *asked[2:]))
    except (TruckRefused, OSError, UnicodeError) as error:
        _stop(f"{error}")
    _tell(asked, made, address, qr)


def remove(
    city: City, truck: Truck, mosquitto_dir: MosquittoDir = None, nats_file: NatsFile = None, config: Config = None
) -> None:
    """Remove a truck from trucks.csv, and the user of the broker that is its own from the broker's files."""
    from gomikuru import truck_files
    from gomikuru.truck_address import to_reload
    from gomikuru.trucks import TruckRefused

    asked = _asked(city, config, mosquitto_dir, nats_file)
    user = _own_user(asked.folder, _known(asked.folder, truck))
    try:
        _write(truck_files.removed(asked.folder.folder, truck, user, *asked[2:]))
    except (TruckRefused, OSError, UnicodeError) as error:
        _stop(f"{error}")
    if user is not None and asked[2:] == (None, None):
        typer.echo(f"Remove the user {user} from your broker's files, or the truck can still speak.")
    typer.echo(to_reload(asked.settings.embedded.broker, mosquitto_dir is not None, asked.nats_file is not None))


def show(city: City, config: Config = None) -> None:
    """List a city's trucks and the ways in which they may speak. Passwords are not kept, so none is shown."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    folder = _folder(_settings(config), city)
    rows = [
        (each.id, each.name, each.category or "", each.credential or "", each.external_id or "", each.route or "")
        for each in folder.city.trucks
    ]
    console = Console()
    if console.is_terminal:
        table = Table("truck", "name", "category", "credential", "external id", "route")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
    else:
        for row in rows:
            typer.echo("\t".join(row))
    typer.echo(f"{len(rows)} trucks in {city}", err=True)


def _settings(config: Path | None) -> Settings:
    from gomikuru.settings import SettingsError, load

    try:
        return load(config, os.environ)
    except SettingsError as error:
        _stop(str(error))


def _folder(settings: Settings, city: str) -> CityFolder:
    from gomikuru.city_files import errors, load_cities

    found, problems = load_cities(settings.cities_dir)
    for folder in found:
        if folder.city.id == city:
            return folder
    broken = "".join(f"\n{problem}" for problem in errors(problems))
    there = ", ".join(folder.city.id for folder in found) or "none"
    _stop(f"no city {city!r} in {settings.cities_dir}; there: {there}{broken}")


def _check_cells(folder: CityFolder, category: str, route: str) -> None:
    known = [each.id for each in folder.city.categories]
    if category and known and category not in known:
        _stop(f"--category {category!r} is not in city.toml; there: {', '.join(known)}")
    if route and any(sign in route for sign in "\r\n"):
        _stop("--route must stand on one line")


def _asked(city: str, config: Path | None, mosquitto_dir: Path | None, nats_file: Path | None) -> Asked:
    settings = _settings(config)
    if settings.embedded.broker and mosquitto_dir is None:
        nats_file = nats_file or settings.embedded.broker_users_file
    return Asked(settings, _folder(settings, city), mosquitto_dir, nats_file)


def _known(folder: CityFolder, truck: str) -> model.city.Truck:
    for each in folder.city.trucks:
        if each.id == truck:
            return each
    _stop(f"no truck {truck!r} in {folder.folder / 'trucks.csv'}; `gomikuru trucks list` names those that there are")


def _own_user(folder: CityFolder, truck: model.city.Truck) -> str | None:
    """Tell the user of the broker that speaks for this truck and for no other."""
    from ingest.directory import TRACCAR_CREDENTIAL

    of_many = {TRACCAR_CREDENTIAL, *(each.credential for each in folder.city.gateways)}
    of_others = {each.credential for each in folder.city.trucks if each.id != truck.id}
    return truck.credential if truck.credential not in of_many | of_others else None


def _check_qr(qr: Path | None, phone: bool) -> None:
    if qr is not None and (not phone or qr.suffix not in (".png", ".svg")):
        raise typer.BadParameter("a QR code is for a phone with OwnTracks, and its file ends in .png or .svg")


def _address(asked: Asked, broker: str | None) -> Address:
    from gomikuru.truck_address import address_of
    from gomikuru.trucks import TruckRefused

    if asked.settings.embedded.broker and asked[2:] == (None, None):
        raise TruckRefused(
            "embedded.broker_users_file is not set, so that the embedded broker would not know the truck: set it"
        )
    return address_of(asked.settings, broker, platform.node() or "localhost")


def _write(changes: list[Change]) -> None:
    from gomikuru import truck_files

    truck_files.write(changes)
    for change in changes:
        typer.echo(f"changed {change.path}")


def _tell(asked: Asked, credential: Credential, address: Address, qr: Path | None) -> None:
    from gomikuru.commands.truck_card import print_credential, print_lines
    from gomikuru.truck_address import to_reload

    if asked[2:] == (None, None):
        print_lines(credential)
    embedded = asked.settings.embedded.broker
    typer.echo(f"\n{to_reload(embedded, asked.mosquitto_dir is not None, asked.nats_file is not None)}")
    print_credential(credential, address, qr)
