"""Who may speak, and for which truck: look-ups over all cities of the installation, each in constant time.

Pure. Built once from the cities; a change of a city's files makes a new directory.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from model.city import City, Gateway, Truck

TRACCAR_CREDENTIAL = "traccar"
"""What trucks.csv may name as the credential of a vehicle that speaks through Traccar, beside a listed gateway."""


class DirectoryConflict(ValueError):
    """Two rows claim the same sender; the operator must tell them apart."""


class Directory(msgspec.Struct, frozen=True):
    """The look-ups: a city's trucks and gateways, what a credential calls a truck, what a city's Traccar calls it."""

    cities: dict[str, City]
    trucks: dict[tuple[str, str], Truck]
    gateways: dict[tuple[str, str], Gateway]
    devices: dict[tuple[str, str], tuple[str, Truck]]
    traccar_topics: dict[str, str]
    traccar_devices: dict[tuple[str, str], Truck]

    @classmethod
    def of(cls, cities: Iterable[City]) -> Directory:
        """Build the directory; raise DirectoryConflict where two rows claim the same sender."""
        directory = cls({}, {}, {}, {}, {}, {})
        for city in cities:
            directory._add_city(city)
        return directory

    def _add_city(self, city: City) -> None:
        if city.id in self.cities:
            raise DirectoryConflict(f"city {city.id!r} is described twice; give each city its own id")
        self.cities[city.id] = city
        for gateway in city.gateways:
            self.gateways[city.id, gateway.credential] = gateway
        if city.traccar_topic is not None:
            other = self.traccar_topics.setdefault(city.traccar_topic, city.id)
            if other != city.id:
                raise DirectoryConflict(
                    f"cities {other!r} and {city.id!r} share the Traccar topic {city.traccar_topic!r};"
                    " give each city its own topic"
                )
        for truck in city.trucks:
            self._add_truck(city, truck)

    def _add_truck(self, city: City, truck: Truck) -> None:
        if self.trucks.setdefault((city.id, truck.id), truck) is not truck:
            raise DirectoryConflict(f"trucks.csv of {city.id!r}: truck {truck.id!r} stands there twice")
        if truck.credential is None or truck.external_id is None:
            return
        of_gateway = (city.id, truck.credential) in self.gateways
        if city.traccar_topic is not None and (of_gateway or truck.credential == TRACCAR_CREDENTIAL):
            first = self.traccar_devices.setdefault((city.id, truck.external_id), truck)
            _refuse_twice(city, truck, city.id, first)
        if truck.credential != TRACCAR_CREDENTIAL:
            holder, first = self.devices.setdefault((truck.credential, truck.external_id), (city.id, truck))
            _refuse_twice(city, truck, holder, first)


def _refuse_twice(city: City, truck: Truck, holder: str, first: Truck) -> None:
    if first is not truck:
        raise DirectoryConflict(
            f"trucks.csv of {city.id!r}: truck {truck.id!r} and truck {first.id!r} of {holder!r} have the same"
            f" external id {truck.external_id!r} with one credential; each sender is one truck"
        )
