"""From nominees to alerts: what each kind needs before it is told, and that each is told once."""

from __future__ import annotations

from geofence.book import Book
from geofence.limits import Limits
from geofence.runs import Run, run_of
from geofence.scene import Nominee
from geofence.state import State, state_of
from geofence.telling import Occasion, fire
from model.alert import Alert, Kind
from model.subscription import MinutesLead
from tests.support.rounds import CITY

BOOK = Book(CITY, Limits())
RUN = Run("2026-11-23", "learned:17")
WHEN = Occasion("minami", "17", None, 1_000, "17@900")
ORDER = [
    (Kind.CORRECTED, 1),
    (Kind.APPROACHING, 2),
    (Kind.DISRUPTED, 1),
    (Kind.HERE, 1),
    (Kind.PASSED, 1),
    (Kind.APPROACHING, 1),
]


def nominee(kind: Kind, ordinal: int = 1, number: int = 7) -> Nominee:
    return Nominee(number, f"s{number}", MinutesLead(10.0), 60_000, kind=kind, ordinal=ordinal)


def told(state: State, run: Run = RUN) -> list[tuple[Kind, int]]:
    """Nominate a home for everything, and tell what it hears."""
    alerts: list[Alert] = fire([nominee(*each) for each in ORDER], state, run, WHEN, BOOK)
    assert all(alert.useful_until_ms == 61_000 for alert in alerts)
    return [(alert.kind, alert.ordinal) for alert in alerts]


def test_a_correction_needs_what_it_corrects_and_a_second_call_needs_a_correction() -> None:
    """Who was told nothing hears of no correction and no silence; here and passed stand by themselves."""
    state = State()
    assert told(state) == [(Kind.HERE, 1), (Kind.PASSED, 1), (Kind.APPROACHING, 1)]
    assert told(state) == [(Kind.CORRECTED, 1), (Kind.APPROACHING, 2), (Kind.DISRUPTED, 1)]
    assert told(state) == []
    assert len(fire([nominee(Kind.HERE, number=8)], state, RUN, WHEN, BOOK)) == 1


def test_every_kind_is_told_once_though_the_engine_starts_anew_in_between() -> None:
    """The record of each kind is committed and read back; the next run begins with none."""
    fields: dict[str, bytes] = {}
    heard = []
    for _ in range(4):
        state = state_of(fields)
        heard += told(state)
        fields |= state.puts()[0]
    assert sorted(heard) == sorted(ORDER)
    assert len(told(state, Run(RUN.day, RUN.name, 2))) == 3


def test_the_records_of_every_kind_are_forgotten_with_their_day() -> None:
    """Two service days later nothing of a run is kept, in memory or in the store."""
    state = State()
    told(state)
    told(state)
    state.foretold_on(RUN.key).tell(3, 10.0, 5)
    fields, _ = state.puts()
    state = state_of(fields)
    state.turn_day("2026-11-25")
    assert sorted(state.puts()[1]) == sorted(fields)
    assert state.told == {}
    assert state.foretold == {}


def test_what_was_foretold_to_nobody_outlives_a_restart() -> None:
    """A place without homes is not weighed anew on the same day because the engine was started again."""
    state = State()
    state.foretold_on(RUN.key).tell(3, 10.0, 5)
    again = state_of(state.puts()[0])
    again.turn_day(RUN.day)
    assert again.foretold_on(RUN.key).has(3, 10.0)


def test_a_runs_key_reads_back() -> None:
    """Whatever stands in a route's name."""
    for run in (RUN, Run("2026-11-23", "route:A/1", 2), Run("2026-11-23", "area:")):
        assert run_of(run.key) == run
