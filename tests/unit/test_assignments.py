"""assignments.csv: who drives which route on which day, from the file to the run and the days that are believed."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofence.assignments import COLUMNS, Assignments, read_assignments
from geofence.batch import run_batch
from geofence.book import Book, assignments_version
from geofence.forecast.learn import learn
from geofence.forecast.profile import encode_profile
from geofence.forecast.recorded import Recording
from geofence.geometry import stretch
from geofence.limits import Limits
from geofence.state import State
from gomikuru.city_files.routes_geojson import read_routes
from gomikuru.plans import plans_of
from model.event import AssignmentsChanged, Word, WordKind
from tests.support.rounds import CITY, LAT, Drive, home, instant_ms, minutes_before, routes_document, told, weekdays

MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)
HEADER = ",".join(COLUMNS) + "\n"
SOUTH = [(300.0 * k, 0.0) for k in range(1, 9)]
NORTH = [(300.0 * k, 8.0) for k in range(8, 0, -1)]
"""Two rounds of one street, there and back, past the same stops."""


def rows(text: str) -> Assignments:
    found, problems = read_assignments((HEADER + text).encode())
    assert problems == []
    return found


def route(found: Assignments, day: date, minute: int = 600, vehicle: str = "17") -> str | None:
    return found.route(vehicle, day.toordinal(), minute)[0]


# The file


def test_a_date_counts_before_a_weekday_and_a_weekday_before_always() -> None:
    """The most particular row holds; a vehicle without a row is not assigned."""
    found = rows(",17,A\nmon thu,17,B\n2026-11-02,17,C\n")
    assert [route(found, day) for day in (MONDAY, TUESDAY, date(2026, 11, 5), date(2026, 11, 9))] == list("CABB")
    assert found.route("18", MONDAY.toordinal(), 600) == (None, False)


def test_a_row_without_a_route_says_that_none_is_driven() -> None:
    """On such a day not even the route that trucks.csv ties holds: where the truck goes is found out from its path."""
    found = rows(",17,A\n2026-11-02,17,\n")
    assert found.route("17", MONDAY.toordinal(), 600) == (None, True)
    assert found.crew("17", MONDAY.toordinal(), "A") == "17"


def test_a_second_route_begins_at_its_time() -> None:
    """Until four the truck drives A, from then on B, after midnight too; such a day belongs to no single route."""
    found = rows(",17,B,16:00\n,17,A\n")
    assert [route(found, MONDAY, minute) for minute in (0, 959, 960, 1500)] == ["A", "A", "B", "B"]
    assert found.crew("17", MONDAY.toordinal(), None) == "17"
    assert rows(",17,A\n").crew("17", MONDAY.toordinal(), None) == "route:A"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,vehicle_id\n", "line 1: columns 'route_id' do not fit"),
        ("tag,vehicle_id,route_id\n", "line 1: columns 'tag' do not fit"),
        ("", "line 1"),
        (HEADER + "monday,17,A\n", "line 2: day 'monday' is not understood"),
        (HEADER + ",17,A\n2026-02-30,17,A\n", "line 3: day '2026-02-30' is not understood"),
        (HEADER + ",,A\n", "line 2: vehicle_id is empty"),
        (HEADER + ",17,A,25:77\n", "line 2: from '25:77' is no time"),
        (HEADER + ",17,A,,x\n", "line 2: 5 values under 4 columns"),
        (HEADER + ",17,A\n,17,B\n", "line 3: vehicle '17' is assigned for the same day and time on line 2"),
        (HEADER + "mon tue,17,A\ntue,17,B\n", "line 3: vehicle '17' is assigned for the same day and time on line 2"),
        (HEADER + ',17,"A\n', "not readable as CSV"),
    ],
)
def test_each_fault_is_named_with_its_line_and_nothing_takes_force(text: str, said: str) -> None:
    """A broken file assigns nobody: half of it could send a truck's residents wrong news."""
    found, problems = read_assignments(text.encode())
    assert said in " ".join(map(str, problems))
    assert found.rows == ()


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_rows_or_problems(data: bytes) -> None:
    """The reader raises on nothing."""
    found, problems = read_assignments(data)
    assert found.rows == () or problems == []


# The engine


@lru_cache(maxsize=1)
def profile() -> bytes:
    """Two timetables of one street: A goes out at eight, B comes back at eleven."""
    stops = {
        name: [(x, y, f"{hour:02d}:{3 * k:02d}") for k, (x, y) in enumerate(spots)]
        for name, spots, hour in (("A", SOUTH, 8), ("B", NORTH, 11))
    }
    routes, _ = read_routes(routes_document(stops))
    return encode_profile(learn([], stretch(LAT), plans=plans_of(routes, stretch(LAT))))


def out(truck: str = "99") -> Drive:
    return Drive(MONDAY, "08:00", truck, at=(-600.0, 0.0)).serve(SOUTH, 130.0)


def test_an_assigned_truck_is_believed_on_its_route_from_the_start() -> None:
    """99, which always drove elsewhere, is lent to A: its first homes hear in time with the file, else late or not."""
    recording = Recording(CITY)
    for day in weekdays(3):
        recording.add(Drive(day, "08:00", "99", at=(0.0, 5000.0)).serve([(x, 5000.0) for x, _ in SOUTH]).pings)
    routes, _ = read_routes(routes_document({"A": [(x, y, f"08:{3 * k:02d}") for k, (x, y) in enumerate(SOUTH)]}))
    learned = encode_profile(learn(recording.days(stretch(LAT)), stretch(LAT), plans=plans_of(routes, stretch(LAT))))
    today, last = out(), SOUTH[-1]
    homes = [home(1, SOUTH[1], 5.0), home(2, last, 5.0)]
    with_file = told(learned, homes, today, assignments=(HEADER + ",99,A\n").encode())
    without = told(learned, homes, today, assignments=b"")
    (first,) = with_file["s1"]
    assert 2.5 <= minutes_before(first, today.reached[SOUTH[1]]) <= 10.0
    assert all(minutes_before(alert, today.reached[SOUTH[1]]) < 2.5 for alert in without["s1"])
    for alerts in (with_file["s2"], without["s2"]):
        assert 2.5 <= minutes_before(alerts[0], today.reached[last]) <= 10.0


def test_a_second_route_past_the_same_stops_tells_again() -> None:
    """17 serves the street on A in the morning and on B before noon: its homes hear of both, each in time."""
    today = Drive(MONDAY, "08:00", at=(-600.0, 0.0)).serve(SOUTH, 130.0).to(3000.0, 8.0).stand(7200)
    morning = dict(today.reached)
    today.serve(NORTH, 130.0)
    alerts = told(profile(), [home(1, SOUTH[3])], today, assignments=(HEADER + ",17,A\n,17,B,10:00\n").encode())["s1"]
    assert [alert.route for alert in alerts] == ["A", "B"]
    assert 5.0 <= minutes_before(alerts[0], morning[SOUTH[3]]) <= 20.0
    assert 5.0 <= minutes_before(alerts[1], today.reached[NORTH[4]]) <= 20.0


def test_a_substitute_on_an_assigned_route_tells_nobody_again() -> None:
    """17 and 99 are assigned to one route: whom the first told the second does not tell."""
    assignments = (HEADER + ",17,A\n,99,A\n").encode()
    first, second = out("17"), Drive(MONDAY, "09:00", "99", at=(-600.0, 0.0)).serve(SOUTH, 130.0)
    (alert,) = told(profile(), [home(1, SOUTH[6])], first, second, assignments=assignments)["s1"]
    assert alert.vehicle == "17"


def test_a_route_that_a_ping_names_goes_before_its_assignment() -> None:
    """The crew knows better than the plan."""
    today = out()
    today.pings = [msgspec.structs.replace(ping, route="A") for ping in today.pings]
    (alert,) = told(profile(), [home(1, SOUTH[6])], today, assignments=(HEADER + ",99,B\n").encode())["s1"]
    assert alert.route == "A"


def test_dispatch_begins_the_next_run_of_the_assigned_route() -> None:
    """A word of a new run lets the truck's route of that moment tell once more."""
    book, state = Book(CITY, Limits()), State()
    data = (HEADER + ",17,A\n,17,B,16:00\n").encode()
    words = [Word(instant_ms(MONDAY, clock), WordKind.NEW_RUN, "17") for clock in ("09:00", "17:00", "18:00")]
    run_batch(state, book, [AssignmentsChanged(0, "v"), *words], {"v": data})
    assert [state.run("2026-11-02", f"route:{name}").ordinal for name in "AB"] == [2, 3]


def test_assignments_survive_a_hand_over() -> None:
    """What is in force stands among the fields that a commit writes, by version."""
    book = Book(CITY, Limits())
    outcome = run_batch(State(), book, [AssignmentsChanged(0, "v7")], {"v7": (HEADER + ",17,A\n").encode()})
    assert assignments_version(outcome.puts) == "v7"
    assert book.route_of("17", instant_ms(MONDAY, "09:00")) == "A"


def test_a_broken_version_leaves_the_last_one_in_force() -> None:
    """Bytes that are no assignments change nothing."""
    book = Book(CITY, Limits())
    events = [AssignmentsChanged(0, "good"), AssignmentsChanged(0, "bad")]
    run_batch(State(), book, events, {"good": (HEADER + ",17,A\n").encode(), "bad": b"rubbish"})
    assert (book.assignments_version, book.route_of("17", instant_ms(MONDAY, "09:00"))) == ("good", "A")
