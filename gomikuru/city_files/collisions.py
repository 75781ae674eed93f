"""Where two cities of one installation collide: what each must have for itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gomikuru.city_files import city_toml, trucks_csv
from ingest.directory import TRACCAR_CREDENTIAL
from model.city import City, Truck
from model.problem import Problem


def between_cities(others: Mapping[str, City], folder: str, city: City) -> Iterator[Problem]:
    """Compare a city with those (by folder) that were read before it: what must be its own in one installation."""
    for other_folder, other in others.items():
        if other.id == city.id:
            what = f'id "{city.id}" is taken by the city in {other_folder}'
            yield Problem(f"{folder}/{city_toml.FILE}", "id", what, "give every city its own id")
        if city.traccar_topic and other.traccar_topic == city.traccar_topic:
            what = f'"{city.traccar_topic}" is the topic of the city in {other_folder} too'
            yield Problem(f"{folder}/{city_toml.FILE}", "traccar_topic", what, "let each city forward to its own topic")
        theirs = {(truck.credential, truck.external_id): truck.id for truck in other.trucks if _own(truck)}
        for truck in city.trucks:
            if (truck.credential, truck.external_id) in theirs:
                what = f'credential "{truck.credential}" belongs to a truck of the city in {other_folder} too'
                yield Problem(f"{folder}/{trucks_csv.FILE}", f'truck_id "{truck.id}"', what, "give it its own")


def _own(truck: Truck) -> bool:
    """Tell whether the truck's sender is known by its credential alone, and not by its city's Traccar topic."""
    return truck.credential not in (None, TRACCAR_CREDENTIAL)
