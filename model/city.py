"""A city as its city.toml and trucks.csv describe it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from model.zone import Mode


class Truck(msgspec.Struct, frozen=True):
    """A vehicle and the ways it may speak: `credential` is the broker user, `external_id` what its tracker calls it."""

    id: str
    name: str = ""
    category: str | None = None
    credential: str | None = None
    external_id: str | None = None
    route: str | None = None


class Gateway(msgspec.Struct, frozen=True):
    """A system that speaks for many trucks; `received_at_allowed` trusts it with the time of receipt."""

    credential: str
    received_at_allowed: bool = False


class Facility(msgspec.Struct, frozen=True):
    """A place where a truck within `radius_m` collects nothing: `kind` is depot, incinerator, transfer or other."""

    id: str
    lat: float
    lon: float
    radius_m: float = 150.0
    kind: str = "other"


class Category(msgspec.Struct, frozen=True):
    """A kind of waste, with its name by language tag."""

    id: str
    names: dict[str, str] = {}


class City(msgspec.Struct, frozen=True):
    """One city of the installation. `service_day_starts_min`: minutes after local midnight.

    `zones`: the mode of zones that do not say theirs, and of homes in no zone. `firebase`: the public configuration of
    the city's Firebase project, with which browsers subscribe; nothing in it is secret.
    """

    id: str
    name: str
    timezone: str
    language: str = "ja"
    service_day_starts_min: int = 180
    trucks: tuple[Truck, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    facilities: tuple[Facility, ...] = ()
    categories: tuple[Category, ...] = ()
    traccar_topic: str | None = None
    map_centre: tuple[float, float] | None = None
    base_map: str | None = None
    firebase: Mapping[str, str] | None = None
    zones: Mode = Mode.LIVE
