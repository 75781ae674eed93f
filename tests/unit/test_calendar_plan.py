"""The plan: calendar and exceptions together, and the files that they stand in."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gomikuru.city_files.exceptions_csv import in_language, read_exceptions
from gomikuru.city_files.plan_files import read_plan
from residents.calendar.plan import Change, Collection, Due, Missed, Note, Plan
from residents.calendar.rules import Rule

MON, THU = 0, 3
LINES = (
    Collection("a", "burnable", Rule((MON, THU)), 480, 2),
    Collection("a", "plastic", Rule((THU,)), 510, 3),
    Collection("b", "burnable", Rule((MON,)), None, 4),
)
NEW_YEAR = date(2026, 12, 31)
"""A Thursday."""
WHY = {"ja": "年末のため"}


def test_without_exceptions_a_day_has_what_its_rules_give() -> None:
    """Each category once, with the time by which bags must be out."""
    plan = Plan(LINES)
    assert plan.on("a", NEW_YEAR) == (Due("burnable", 480), Due("plastic", 510))
    assert plan.on("b", NEW_YEAR) == plan.on("nowhere", NEW_YEAR) == ()
    assert (plan.covers("b"), plan.covers("nowhere")) == (True, False)
    assert plan.categories("a") == ("burnable", "plastic")


def test_a_year_end_without_collection_is_jumped_over() -> None:
    """The next collection after Monday, 28 December is that of 4 January."""
    closed = [Change(date(2026, 12, 29) + timedelta(days=n), reasons=WHY) for n in range(6)]
    plan = Plan(LINES, closed)
    assert plan.on("a", NEW_YEAR) == ()
    assert plan.missed("a", NEW_YEAR) == (Missed("burnable", None, WHY), Missed("plastic", None, WHY))
    assert plan.next("a", date(2026, 12, 28)) == (date(2027, 1, 4), (Due("burnable", 480),))
    assert plan.next("a", date(2026, 12, 28), ["plastic"]) == (date(2027, 1, 7), (Due("plastic", 510),))


def test_a_moved_collection_comes_on_its_new_day_with_a_note() -> None:
    """It keeps its time, and says from where and why; over the year's end too."""
    moved = Change(NEW_YEAR, "a", "burnable", date(2027, 1, 2), WHY)
    plan = Plan(LINES, [moved])
    assert plan.on("a", NEW_YEAR) == (Due("plastic", 510),)
    assert plan.missed("a", NEW_YEAR) == (Missed("burnable", date(2027, 1, 2), WHY),)
    assert plan.on("a", date(2027, 1, 2)) == (Due("burnable", 480, Note(NEW_YEAR, WHY)),)


def test_of_several_exceptions_the_one_that_names_most_holds() -> None:
    """The whole city is cancelled, but for one zone's burnable waste, which is moved."""
    everywhere = Change(NEW_YEAR)
    burnable = Change(NEW_YEAR, "a", "burnable", date(2026, 12, 30))
    plan = Plan(LINES, [everywhere, burnable])
    assert [due.category for due in plan.on("a", date(2026, 12, 30))] == ["burnable"]
    assert plan.on("a", NEW_YEAR) == ()


def test_a_move_onto_a_day_of_its_own_collects_once_and_is_found() -> None:
    """Nobody is told twice; `gomikuru check` says so."""
    onto = Change(NEW_YEAR, "a", "burnable", date(2026, 12, 28))
    plan = Plan(LINES, [onto])
    assert plan.on("a", date(2026, 12, 28)) == (Due("burnable", 480),)
    assert plan.moved_onto_itself() == (onto,)


def test_exceptions_that_change_nothing_are_found() -> None:
    """A Friday, and one that a closer one overrules everywhere."""
    friday, all_a, burnable, plastic = (
        Change(date(2027, 1, 1)),
        Change(NEW_YEAR, "a"),
        Change(NEW_YEAR, "a", "burnable"),
        Change(NEW_YEAR, "a", "plastic"),
    )
    assert set(map(id, Plan(LINES, [friday, all_a, burnable, plastic]).idle())) == {id(friday), id(all_a)}
    assert Plan(LINES, [all_a, burnable]).idle() == ()


changes = st.builds(
    Change,
    st.dates(date(2026, 12, 20), date(2027, 1, 10)),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([None, "burnable", "plastic"]),
    st.none() | st.dates(date(2026, 12, 20), date(2027, 1, 10)),
)


@given(st.lists(changes, max_size=6, unique_by=lambda each: (each.day, each.zone, each.category)))
def test_a_plan_is_the_rules_less_what_is_taken_plus_what_arrives(found: list[Change]) -> None:
    """Said once more, slowly, for every zone, category and day around a year's end."""
    plan = Plan(LINES, found)
    window = [date(2026, 12, 15) + timedelta(days=n) for n in range(40)]
    expected: set[tuple[str, str, date]] = set()
    for line in LINES:
        for day in filter(line.rule.falls_on, window):
            mine = [each for each in found if each.day == day and each.hits(line.zone, line.category)]
            best = max(mine, key=lambda each: (each.zone is not None, each.category is not None), default=None)
            if best is None or best.moved_to is not None:
                expected.add((line.zone, line.category, best.moved_to if best and best.moved_to else day))
    got = {(zone, due.category, day) for zone in "ab" for day in window for due in plan.on(zone, day)}
    assert got == expected


FILE = "date,zone,category,change,reason,reason_en\n"


def test_the_file_says_when_where_what_and_why() -> None:
    """Stars and nothing mean every one; reasons stand by language, the first in the city's."""
    text = FILE + "2026-12-31,*,,cancelled,年末のため,New Year\n2026-05-05,a,burnable,Moved to 2026-05-06,,\n"
    found, problems = read_exceptions(text.encode())
    assert problems == []
    assert in_language(found, "ja") == [
        Change(NEW_YEAR, None, None, None, {"ja": "年末のため", "en": "New Year"}, 2),
        Change(date(2026, 5, 5), "a", "burnable", date(2026, 5, 6), {}, 3),
    ]


def test_all_that_is_wrong_with_the_file_is_said_at_once() -> None:
    """Each line with its number and what to do."""
    text = FILE + "31.12.,*,*,cancelled\n2026-12-31,*,*,gone\n2026-12-30,,,moved to 2026-12-30\n"
    text += "2026-12-29,,,cancelled\n2026-12-29,*,*,moved to 2026-12-30\n"
    found, problems = read_exceptions(text.encode())
    assert [change.line for change in found] == [5]
    assert [problem.where for problem in problems] == ["line 2", "line 3", "line 4", "line 6"]
    assert "moved to 2026-05-06" in problems[1].remedy


def test_a_broken_file_gives_no_plan_so_that_the_last_one_holds() -> None:
    """An absent one gives a plan that covers what is left."""
    good = b"zone,category,rule\na,burnable,weekly mon\n"
    assert read_plan(good, b"date\n", "ja")[0] is None
    assert read_plan(b"zone", None, "ja")[0] is None
    plan, problems = read_plan(good, None, "ja")
    assert plan is not None
    assert problems == []
    empty, _ = read_plan(None, None, "ja")
    assert empty is not None
    assert not empty.covers("a")


@given(st.binary(max_size=200))
def test_any_bytes_give_exceptions_or_problems(data: bytes) -> None:
    """Whatever is saved under the file's name, reading it ends."""
    found, problems = read_exceptions(data)
    assert found or problems
