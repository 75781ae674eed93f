"""What the engine foretells of every resident while a replay runs: the rows of predictions.csv. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from geofence.book import Book
from geofence.forecast.guess import SURE
from geofence.forecast.recorded import day_ordinal, second_of
from geofence.forecast.visits import ARRIVAL_M, firsts
from geofence.forecast.walk import Ints
from geofence.serving import places_serving
from geofence.state import State
from model.ping import Ping
from model.subscription import Home, InZone
from model.times import format_rfc3339

EVERY_MS = 30_000
THERE_S = 60.0
"""A truck that has reached a place, and is to serve it within a minute, is there: nothing is left to foretell."""
HEADER = "made_at,resident_id,vehicle_id,eta,eta_low,eta_high"


class Prediction(msgspec.Struct, frozen=True):
    """One row: instants in ms UTC."""

    made_ms: int
    resident: str
    vehicle: str
    eta_ms: int
    low_ms: int
    high_ms: int


def prediction_line(row: Prediction) -> str:
    """Write a row as one line of predictions.csv."""
    made, eta, low, high = (format_rfc3339(ms) for ms in (row.made_ms, row.eta_ms, row.low_ms, row.high_ms))
    return f"{made},{row.resident},{row.vehicle},{eta},{low},{high}"


class Predictions:
    """Foretells every `EVERY_MS` of a truck's time, at a look for alerts; `homes` as the replay numbered them."""

    def __init__(self, homes: Sequence[Home]) -> None:
        self._homes = [home for home in homes if not isinstance(home.place, InZone)]
        self._by_place: dict[int, list[str]] = {}
        self._version = ""
        self._due: dict[str, int] = {}

    def after(self, ping: Ping, state: State, book: Book) -> Iterator[Prediction]:
        """Foretell after a ping was taken, when the truck's next moment has come."""
        truck = state.truck(ping.truck)
        forecaster = book.forecaster
        last = truck.track.last
        if last is None or last.at_ms != ping.fix_ms or ping.fix_ms < self._due.get(ping.truck, 0):
            return
        if forecaster is None or truck.so_far is None or (book.leads_min and truck.looked_ms != ping.fix_ms):
            return
        self._due[ping.truck] = ping.fix_ms + EVERY_MS
        self._settle(book)
        ordinal = day_ordinal(ping.fix_ms, book.city)
        at_s = second_of(ping.fix_ms, ordinal, book.city.timezone)
        ahead = forecaster.look(truck.so_far, at_s, ordinal, book.limits.manner)
        likely = np.flatnonzero(ahead.outlook.chance.sum(axis=1) >= SURE)
        times = ahead.times(likely)
        walk, places = truck.so_far.walk, ahead.outlook.place[likely]
        there = forecaster.guide.library.away_m(walk.x, walk.y)[places] <= ARRIVAL_M
        told = (times.held >= SURE) & ~(there & (times.guess_s < THERE_S))
        seconds = np.column_stack((times.guess_s, times.low_s, times.high_s))[told]
        at_ms = np.maximum(ping.fix_ms + np.round(1000.0 * seconds).astype(np.int64), ping.received_ms)
        spots = forecaster.guide.library.spots.first[places[told]]
        for row in soonest_of(spots, at_ms[:, 0]).tolist():
            eta_ms, low_ms, high_ms = at_ms[row].tolist()
            for resident in self._by_place.get(int(spots[row]), ()):
                yield Prediction(ping.received_ms, resident, ping.truck, eta_ms, low_ms, high_ms)

    def _settle(self, book: Book) -> None:
        """Find the place of each resident, once a profile."""
        if book.forecaster is None or self._version == book.forecaster.version:
            return
        self._version = book.forecaster.version
        self._by_place = {}
        lat = np.array([home.place.lat for home in self._homes])  # type: ignore[union-attr]
        lon = np.array([home.place.lon for home in self._homes])  # type: ignore[union-attr]
        found = places_serving(lat, lon, book.forecaster.profile)
        for home, place in zip(self._homes, found.tolist(), strict=True):
            if place >= 0:
                self._by_place.setdefault(place, []).append(home.subscription)


def soonest_of(spot: Ints, at_ms: Ints) -> Ints:
    """Tell the rows of each spot's next service: a spot may be served twice within what can be foretold."""
    order = np.lexsort((at_ms, spot))
    rows: Ints = np.sort(order[firsts(spot[order])])
    return rows
