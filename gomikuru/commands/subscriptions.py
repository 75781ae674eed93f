"""The commands `gomikuru subscribe`, `unsubscribe` and `subscriptions`: a city's residents from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

City = Annotated[str, typer.Option("--city", help="The city's id, as in its city.toml.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("subscribe")(subscribe)
    app.command("unsubscribe")(unsubscribe)
    app.command("subscriptions")(subscriptions)


def subscribe(
    city: City,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            help="Take every home of a residents.csv: resident_id, lat, lon, category, lead_minutes, lead_metres; "
            "where wanted language, zone, point, quiet, kinds, target_kind, target. docs/replay.md describes them.",
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="With --csv: take the good lines though others are bad.")
    ] = False,
    resident: Annotated[
        str | None,
        typer.Option("--id", help="The subscription's id; an existing one is changed. Default: a random one."),
    ] = None,
    lat: Annotated[float | None, typer.Option("--lat", help="The home's latitude, degrees WGS 84.")] = None,
    lon: Annotated[float | None, typer.Option("--lon", help="The home's longitude.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="The home's zone, instead of its position.")] = None,
    point: Annotated[
        str | None, typer.Option("--point", help="With --lat and --lon: the collection point's name that is there.")
    ] = None,
    metres: Annotated[
        float | None, typer.Option("--metres", help="Tell when a truck is this near: 100 to 2000.")
    ] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="Tell so long before the truck: 3 to 60.")] = None,
    on_zone: Annotated[bool, typer.Option("--on-zone", help="Tell when a truck enters the home's zone.")] = False,
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Only this kind of waste; repeat it. Default: all.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Of the messages, such as ja or en. Default: the city's.")
    ] = None,
    quiet: Annotated[str | None, typer.Option("--quiet", help="Hours without pushes, local: 22:00-06:30.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="With --minutes: tell also that the truck is here, or has passed; repeat it."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", help="A device as KIND:VALUE, such as fcm_token:...; repeat it."),
    ] = None,
    config: Config = None,
) -> None:
    """Subscribe one home, or every home of a CSV file. What exists already under the same id is changed.

    With --id and --target alone devices are added to a home that is subscribed.
    """
    from gomikuru import subscriptions as desk
    from gomikuru.wishes import NOTHING, Asked

    asked = Asked(
        *(resident, lat, lon, zone, metres, minutes, on_zone, tuple(category or ()), language, quiet),
        targets=tuple(target or ()),
        point=point,
        kinds=tuple(kind or ()),
    )
    with desk.opened(config, city) as office:
        if csv is None:
            desk.subscribe_one(office, asked)
        elif asked == NOTHING:
            desk.subscribe_file(office, csv, skip_bad)
        else:
            desk.stop("--csv stands alone: the file says everything about its homes", 2)


def unsubscribe(
    city: City,
    ids: Annotated[list[str] | None, typer.Argument(help="The ids of the subscriptions.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every subscription of the city.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --all: do not ask.")] = False,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", help="Only this device, KIND:VALUE, of the one home; repeat it."),
    ] = None,
    config: Config = None,
) -> None:
    """Remove subscriptions and everything about them: home, devices, dead letters. Ends with 1 if one was not there.

    With --target the home stays subscribed and loses that device only.
    """
    from gomikuru import subscriptions as desk

    if everyone == bool(ids):
        desk.stop("say whom: the ids, or --all", 2)
    if target and len(ids or ()) != 1:
        desk.stop("--target is a device of one home: give one id", 2)
    with desk.opened(config, city) as office:
        if target:
            desk.drop_devices(office, (ids or [""])[0], target)
        elif not everyone:
            desk.remove(office, ids or [])
        elif yes or typer.confirm(f"Remove every subscription of {city}?"):
            desk.remove_all(office)


def subscriptions(
    city: City,
    count: Annotated[bool, typer.Option("--count", help="Print only how many there are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    show_homes: Annotated[
        bool, typer.Option("--show-homes", help="Show where they live. Devices stay masked.")
    ] = False,
    unbar: Annotated[
        bool,
        typer.Option("--unbar", help="Use again the devices that the sender's Firebase project could not reach."),
    ] = False,
    config: Config = None,
) -> None:
    """List a city's subscriptions by id, without homes, devices masked."""
    from gomikuru import subscriptions as desk

    with desk.opened(config, city) as office:
        if unbar:
            desk.unbar(office)
        elif count:
            typer.echo(office.registry.count(city))
        else:
            desk.show(office, as_json, show_homes)
