"""The commands `gomikuru privacy`: what is kept of a home, erasing it, and the keys that seal residents' devices."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import typer

from gomikuru.commands.inputs import fail
from gomikuru.counted import counted
from gomikuru.served import NoSuchCity, city_named

if TYPE_CHECKING:
    from gomikuru.settings import Settings
    from residents.adapters.key_files import AgreedKeys
    from residents.adapters.reception import Reception
    from residents.ports import Registry
    from streams.redis_streams import RedisStore

City = Annotated[str, typer.Option("--city", help="The city's id, as in its city.toml.")]
HomeName = Annotated[
    str,
    typer.Option("--home", help="The home's key (what follows # in its link), or its subscription's id; - reads it."),
]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file, over the shipped defaults.")]

privacy = typer.Typer(no_args_is_help=True)


class Desk(NamedTuple):
    """What the commands work with."""

    settings: Settings
    store: RedisStore
    keys: AgreedKeys
    registry: Registry
    reception: Reception


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(privacy, name="privacy", help="What is kept of a home, erasing it, and the keys that seal devices.")


@privacy.command("export")
def export(
    city: City,
    home: HomeName,
    whole: Annotated[bool, typer.Option("--whole", help="With the devices' addresses in full, not masked.")] = False,
    config: Config = None,
) -> None:
    """Print all that is kept of a home as JSON, for whoever lives there."""
    from gomikuru.household import all_of, find_home

    with _opened(config, city) as desk:
        found = find_home(desk.registry, desk.reception.access, city, _named(home))
        if found is None:
            fail("not there: no home has this key or id")
        holding = desk.reception.access.holding(city, found.id)
        typer.echo(msgspec.json.format(msgspec.json.encode(all_of(found, holding, desk.store, whole))).decode())


@privacy.command("erase")
def erase(city: City, home: HomeName, config: Config = None) -> None:
    """Erase a home with all that names or opens it."""
    from gomikuru.household import find_home

    with _opened(config, city) as desk:
        found = find_home(desk.registry, desk.reception.access, city, _named(home))
        if found is None:
            fail("not there: no home has this key or id")
        desk.reception.erase(city, found.id)
        typer.echo(f"erased from {city}")


@privacy.command("reseal")
def reseal(city: City, config: Config = None) -> None:
    """Seal every home's devices with the key in force: after an update from before sealing, or after `rotate`."""
    with _opened(config, city) as desk:
        typer.echo(f"{counted(desk.registry.reseal(city), 'home')} sealed anew in {city}")


@privacy.command("rotate")
def rotate(city: City, config: Config = None) -> None:
    """Put a new key before the city's present one (for all cities that share the master key); then `reseal`."""
    from residents.adapters.key_files import KeyFiles, add_key
    from residents.keys import KeyUnreadable

    with _opened(config, city) as desk:
        desk.keys.keys(city)
        path = KeyFiles(desk.settings.privacy.key_file, desk.settings.privacy.keys_dir).file_of(city)
        try:
            add_key(path)
        except (OSError, KeyUnreadable) as error:
            fail(f"{path}: {error}")
        typer.echo(
            f"{path}: a new key is in force; the old ones still open. Next: gomikuru privacy reseal --city {city}"
        )


@contextlib.contextmanager
def _opened(config: Path | None, city: str) -> Iterator[Desk]:
    """Open store, keys and registry as the settings say; every failure below ends the program with its reason."""
    from gomikuru.embedded import EmbeddedFailed
    from gomikuru.forgetting import Forgetting
    from gomikuru.settings import SettingsError, load
    from gomikuru.subscriptions import service_clock
    from gomikuru.wiring import open_keys, open_store
    from residents.adapters.key_files import KeyMissing
    from residents.adapters.reception import Reception
    from residents.adapters.redis_registry import RedisRegistry
    from residents.ports import RegistryBusy
    from residents.registry import RecordUnreadable
    from streams.ports import StoreFault, StoreUnavailable

    try:
        settings = load(config, os.environ)
        city_named(settings.cities_dir, city)
        with contextlib.closing(open_store(settings)) as store:
            keys, clock = open_keys(settings, store), service_clock(settings, store, city)
            registry = RedisRegistry(store, clock, sealers=keys.sealer)
            yield Desk(
                settings, store, keys, registry, Reception(store, registry, keys, clock, Forgetting(store, keys))
            )
    except StoreUnavailable as error:
        fail(f"the store does not answer ({error}); run the same command again")
    except (SettingsError, NoSuchCity, StoreFault, RecordUnreadable, RegistryBusy, KeyMissing, EmbeddedFailed) as error:
        fail(str(error))


def _named(home: str) -> str:
    """Read the home from standard input for `-`: what stands on a command line, others of this machine can see."""
    return typer.get_text_stream("stdin").readline().strip() if home == "-" else home
