"""residents.csv: wishes of the good lines, the number of every bad one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gomikuru.residents_csv import Residents, read_residents
from model.kind import OPT_IN
from model.subscription import InZone, MetresLead, MinutesLead, Pin, Quiet, Target, TargetKind, ZoneLead
from residents.wish import ANYTHING, Known, Wish

HEAD = "resident_id,lat,lon,category,lead_minutes,lead_metres"
LONG = f"{HEAD},language,zone,quiet,target_kind,target"


def read(*lines: str, known: Known = ANYTHING) -> Residents:
    return read_residents(lines, known)


def test_the_form_of_the_design_is_read() -> None:
    """The six columns of the design give one wish a line."""
    found = read(HEAD, "r1,34.83,135.47,burnable,,300", "r2,34.84,135.48,,10,")
    assert found.problems == []
    assert found.wishes == [
        Wish(id="r1", place=Pin(34.83, 135.47), lead=MetresLead(300.0), categories=("burnable",)),
        Wish(id="r2", place=Pin(34.84, 135.48), lead=MinutesLead(10.0)),
    ]


def test_the_optional_columns_are_read() -> None:
    """Language, zone, quiet hours and target stand in columns of their own."""
    found = read(LONG, "r1,,,burnable;paper,,,en,sakura-3,22:00-06:30,fcm_fid,abc")
    assert found.problems == []
    assert found.wishes == [
        Wish(
            id="r1",
            place=InZone("sakura-3"),
            lead=ZoneLead(),
            categories=("burnable", "paper"),
            language="en",
            quiet=Quiet(1320, 390),
            targets=(Target(TargetKind.FCM_FID, "abc"),),
        )
    ]


def test_kinds_are_joined_by_a_plus() -> None:
    """A column of its own says what a home wants to hear besides; what is no choice is told with its line."""
    rows = ("here+passed", "passed + here", "", "here+", "approaching")
    found = read(f"{HEAD},kinds", *(f"r{k},34.83,135.47,,10,,{kinds}" for k, kinds in enumerate(rows)))
    assert [wish.kinds for wish in found.wishes] == [OPT_IN, OPT_IN, ()]
    assert [(problem.line, problem.text.split(" is ")[0]) for problem in found.problems] == [
        (5, "kinds: ''"),
        (6, "kinds: 'approaching'"),
    ]


def test_every_bad_line_is_told_with_its_number() -> None:
    """One reading reports all faults of all lines, and keeps the good lines."""
    found = read(
        LONG,
        "r1,34.83,135.47,burnable,,300,,,,,",
        "r2,north,,burnable,5,300,,,22-6,,",
        "r3,34.83,135.47",
        "r4,34.83,135.47,glass,,50,,,,pager,x",
        "r5,135.47,34.83,,,300,,,,,",
        "r1,34.83,135.47,burnable,,400,,,,,",
        "r6,34.83,135.47,,,300,,sakura-1,,,",
        known=Known(categories=frozenset({"burnable"})),
    )
    assert [wish.id for wish in found.wishes] == ["r1"]
    told = [(problem.line, problem.text.split(":")[0]) for problem in found.problems]
    assert told == [
        (3, "lat"),
        (3, "lon"),
        (3, "lead_minutes, lead_metres"),
        (3, "quiet"),
        (4, "has 3 cells, the header has 11"),
        (5, "target_kind"),
        (6, "lat"),
        (7, "resident_id"),
        (8, "zone"),
    ]


def test_a_home_with_two_devices_has_two_lines() -> None:
    """Lines that differ in their target only are one home with several devices."""
    found = read(LONG, "r1,34.83,135.47,,,300,,,,,a", "r1,34.83,135.47,,,300,,,,,b")
    assert found.problems == []
    assert [wish.targets for wish in found.wishes] == [
        (Target(TargetKind.FCM_TOKEN, "a"), Target(TargetKind.FCM_TOKEN, "b"))
    ]


def test_the_same_device_twice_is_a_problem() -> None:
    """A repeated line is reported, not swallowed."""
    found = read(LONG, "r1,34.83,135.47,,,300,,,,,a", "r1,34.83,135.47,,,300,,,,,a")
    assert [problem.line for problem in found.problems] == [3]


def test_a_wrong_header_says_what_is_missing() -> None:
    """Without its columns a file gives no wish and one problem in line 1."""
    assert str(read("id,lat,lon").problems[0]).startswith(
        "line 1: the first line must name the columns; missing: resid"
    )
    assert read().problems[0].line == 1
    assert "unknown columns: 'colour'" in str(read(f"{HEAD},colour").problems[0])


def test_a_column_that_nobody_fills_may_be_left_out() -> None:
    """Homes that all want ten minutes need no metres and no category; without any lead the line says what lacks."""
    found = read("resident_id,lat,lon,lead_minutes", "r1,34.83,135.47,10")
    assert ([wish.lead for wish in found.wishes], found.problems) == ([MinutesLead(10.0)], [])
    assert "exactly one must be filled" in str(read("resident_id,lat,lon", "r1,34.83,135.47").problems[0])


def test_a_spreadsheet_file_is_read() -> None:
    """A byte order mark, quoted cells and empty lines do no harm."""
    found = read("\ufeff" + HEAD, '"r1","34.83","135.47","","","300"', "")
    assert (len(found.wishes), found.problems) == (1, [])


@given(st.text(max_size=200))
def test_any_text_gives_wishes_or_problems(text: str) -> None:
    """No text whatever makes the reader fail."""
    read_residents([HEAD, *text.splitlines(keepends=True)])
    read_residents(text.splitlines(keepends=True))
