"""Homes with a lead in minutes: whatever comes, changes and goes, a place tells exactly its homes."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from geofence.forecast.profile import Profile
from geofence.geometry import project, stretch
from geofence.minutes_homes import MinutesHome, MinutesHomes
from geofence.serving import PLACE_WITHIN_M, STOP_WITHIN_M
from model.kind import OPT_IN, Kind
from tests.support.rounds import LAT, place

SCALE = stretch(LAT)
STOPS = 4
SPOTS = [(0.0, 0.0), (70.0, 0.0), (400.0, 0.0), (400.0, 90.0), (200.0, 0.0), (800.0, 0.0), (0.0, 320.0)]
"""The first four are regular stops, the rest streets that are served along the way."""
LEADS = (3.0, 5.5, 10.0, 60.0)

Told = tuple[int, str, int, float]


def profile(spots: Iterable[tuple[float, float]] = SPOTS, stops: int = STOPS) -> Profile:
    """Lay a profile of places only."""
    xy = np.array([project(*place(*spot)) for spot in spots]).reshape(-1, 2) / SCALE
    return Profile(SCALE, (), xy[:, 0].copy(), xy[:, 1].copy(), stops, np.ones(len(xy)))


def serving(spot: tuple[float, float], known: Profile) -> int:
    """Find the place that serves a home by looking at all: the nearest stop close by, else the nearest place."""
    x, y = (figure / SCALE for figure in project(*place(*spot)))
    away = np.hypot(known.place_x - x, known.place_y - y)
    stops = away[: known.stops]
    if len(stops) and stops.min() <= STOP_WITHIN_M:
        return int(stops.argmin())
    return int(away.argmin()) if len(away) and away.min() <= PLACE_WITHIN_M else -1


def made(
    number: int,
    spot: tuple[float, float],
    lead_min: float,
    mask: int = 0,
    name: str = "",
    kinds: tuple[Kind, ...] = (),
) -> MinutesHome:
    lat, lon = place(*spot)
    return MinutesHome(number, name or f"s{number}", lat, lon, lead_min, mask, kinds)


grounds = st.tuples(st.floats(-300.0, 1100.0), st.floats(-300.0, 600.0))
numbers = st.integers(0, 40)


class Homes(RuleBasedStateMachine):
    """MinutesHomes beside a dictionary that looks at everything."""

    def __init__(self) -> None:
        super().__init__()
        self.homes = MinutesHomes()
        self.oracle: dict[int, tuple[tuple[float, float], MinutesHome]] = {}
        self.profile: Profile | None = None

    @rule(
        number=numbers,
        spot=grounds,
        lead=st.sampled_from(LEADS),
        mask=st.integers(0, 7),
        name=st.text(max_size=5),
        kinds=st.sampled_from([(), (Kind.HERE,), (Kind.PASSED,), OPT_IN]),
    )
    def put(
        self, number: int, spot: tuple[float, float], lead: float, mask: int, name: str, kinds: tuple[Kind, ...]
    ) -> None:
        """Take or change a home."""
        one = made(number, spot, lead, mask, name, kinds)
        self.homes.put(one)
        self.homes.settle()
        self.oracle[number] = spot, one

    @rule(some=st.dictionaries(numbers, grounds, max_size=20), lead=st.sampled_from(LEADS))
    def put_many(self, some: dict[int, tuple[float, float]], lead: float) -> None:
        """Take several homes before settling."""
        for number, spot in some.items():
            one = made(number, spot, lead)
            self.homes.put(one)
            self.oracle[number] = spot, one
        self.homes.settle()

    @rule(number=numbers)
    def drop(self, number: int) -> None:
        """Forget a home, whether it is known or not."""
        self.homes.drop(number)
        self.oracle.pop(number, None)

    @rule(order=st.permutations(range(STOPS)), more=st.integers(0, 3))
    def served_by(self, order: list[int], more: int) -> None:
        """Let another profile take force: stops in another order, and some streets."""
        self.profile = profile([*(SPOTS[k] for k in order), *SPOTS[STOPS : STOPS + more]])
        self.homes.served_by(self.profile)
        assert self.homes.leads_min == tuple(sorted(self.wanted_leads()))

    @precondition(lambda self: self.profile is not None)
    @rule()
    def same_again(self) -> None:
        """Sort anew without a change."""
        assert self.profile is not None
        self.homes.served_by(self.profile)

    def wanted(self) -> dict[tuple[int, float], set[Told]]:
        found: dict[tuple[int, float], set[Told]] = {}
        if self.profile is None:
            return found
        for spot, one in self.oracle.values():
            key = serving(spot, self.profile), one.lead_min
            if key[0] >= 0:
                found.setdefault(key, set()).add((one.number, one.subscription, one.mask, one.lead_min))
        return found

    def wanted_leads(self) -> set[float]:
        return {lead for _, lead in self.wanted()}

    @invariant()
    def each_place_tells_its_homes_and_no_other(self) -> None:
        """Every place and lead gives what the dictionary says, once each; every lead in use is known."""
        wanted = self.wanted()
        places = range(len(SPOTS) if self.profile is None else len(self.profile.place_x))
        for number in places:
            for lead in LEADS:
                told = list(self.homes.at(number, lead))
                assert len(set(told)) == len(told)
                assert set(told) == wanted.get((number, lead), set())
        assert set(self.homes.leads_min) >= self.wanted_leads()
        for number in places:
            here = {one for lead in LEADS for one in wanted.get((number, lead), set())}
            for kind in OPT_IN:
                asked = [one for one in here if kind in self.oracle[one[0]][1].kinds]
                assert self.homes.that_want(number, kind) == sorted(asked)
        assert len(self.homes) == len(self.oracle)

    @invariant()
    def each_home_knows_its_place(self) -> None:
        """`places_of` is the place that serves the home, or none."""
        for number in range(41):
            spot = self.oracle[number][0] if number in self.oracle else None
            at = serving(spot, self.profile) if spot is not None and self.profile is not None else -1
            assert self.homes.places_of(number) == ([at] if at >= 0 else [])


TestHomes = Homes.TestCase
TestHomes.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


def test_sorting_anew_keeps_everything() -> None:
    """Twenty thousand homes that come in parts, change and go are all found, before and after each sorting."""
    chance = np.random.default_rng(4)
    known, homes = profile(), MinutesHomes()
    homes.served_by(known)
    oracle: dict[int, MinutesHome] = {}
    spots: dict[int, tuple[float, float]] = {}
    for _ in range(10):
        for number in chance.integers(0, 15_000, 2_000).tolist():
            spots[number] = float(chance.uniform(-200, 1000)), float(chance.uniform(-200, 400))
            oracle[number] = made(number, spots[number], float(chance.choice(LEADS)))
            homes.put(oracle[number])
        homes.settle()
        for number in chance.integers(0, 15_000, 300).tolist():
            homes.drop(number)
            oracle.pop(number, None)
    before = _all(homes)
    homes.served_by(known)
    assert _all(homes) == before
    places = {number: serving(spots[number], known) for number in oracle}
    assert {number for number, at in places.items() if at >= 0} == {number for number, _, _, _ in before}
    assert all(homes.places_of(number) == [places[number]] for number in sorted(oracle)[:200] if places[number] >= 0)


def _all(homes: MinutesHomes) -> list[Told]:
    found = [told for number in range(len(SPOTS)) for lead in LEADS for told in homes.at(number, lead)]
    assert len(set(found)) == len(found)
    return sorted(found)


def test_without_a_profile_nobody_is_told() -> None:
    """Homes wait for a profile, and are served once it is there."""
    homes = MinutesHomes()
    homes.put(made(1, (10.0, 0.0), 10.0))
    homes.settle()
    assert homes.leads_min == ()
    assert list(homes.at(0, 10.0)) == []
    homes.served_by(profile())
    assert list(homes.at(0, 10.0)) == [(1, "s1", 0, 10.0)]


def test_a_stop_close_by_serves_before_a_nearer_street() -> None:
    """Within sixty metres of a regular stop the stop serves; beyond it the nearest place does; far away nobody."""
    known = profile([(0.0, 0.0), (60.0, 0.0)], stops=1)
    homes = MinutesHomes()
    for number, x in enumerate((50.0, 61.0, 205.0, 215.0), start=1):
        homes.put(made(number, (x, 0.0), 10.0))
    homes.served_by(known)
    assert [homes.places_of(number) for number in (1, 2, 3, 4)] == [[0], [1], [1], []]


def test_of_two_stops_close_by_the_one_where_more_is_loaded_serves() -> None:
    """A home between a corner where little is loaded and the street's collection point belongs to the latter."""
    known = profile([(0.0, 0.0), (50.0, 0.0)], stops=2)
    homes = MinutesHomes()
    homes.put(made(1, (20.0, 0.0), 10.0))
    homes.served_by(known)
    assert homes.places_of(1) == [0]
    homes.served_by(msgspec.structs.replace(known, strength=np.array([1.0, 9.0])))
    assert homes.places_of(1) == [1]


@pytest.mark.parametrize(("asked", "kept"), [(3.0, 3.0), (9.8, 10.0), (12.3, 12.5), (60.0, 60.0)])
def test_leads_are_kept_to_half_minutes(asked: float, kept: float) -> None:
    """A lead that lies between is told with its neighbour."""
    homes = MinutesHomes()
    homes.put(made(7, (0.0, 0.0), asked))
    homes.served_by(profile())
    assert homes.leads_min == (kept,)
    assert list(homes.at(0, kept)) == [(7, "s7", 0, kept)]


def test_a_profile_without_places_serves_nobody() -> None:
    """A town of which nothing was learned has no homes to tell, and raises nothing."""
    homes = MinutesHomes()
    homes.put(made(1, (0.0, 0.0), 10.0))
    homes.served_by(profile([], stops=0))
    assert homes.leads_min == ()
    assert homes.places_of(1) == []
