"""The import of 5374.jp calendars: two real cities whole, and every odd cell by hand."""

from __future__ import annotations

import csv
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gomikuru.city_files.calendar_csv import read_calendar
from gomikuru.city_files.exceptions_csv import read_exceptions
from gomikuru.city_files.form_5374 import AREA_DAYS, CENTER, import_5374, rules_of
from gomikuru.city_files.plan_files import read_plan
from gomikuru.cli import program
from residents.calendar.rules import Rule, words_of
from tests.support.needs import shared_data

HEAD = "地名,センター,燃えるごみ,資源\n"


def area_days(*rows: str) -> dict[str, bytes]:
    return {AREA_DAYS: (HEAD + "".join(f"{row}\n" for row in rows)).encode()}


@pytest.mark.parametrize(
    ("name", "areas", "twice", "cells"), [("suita_osaka", 147, 0, 735), ("settsu_osaka", 44, 1, 258)]
)
def test_every_row_of_a_real_city_comes_through_or_is_refused_with_its_reason(
    tmp_path: Path, name: str, areas: int, twice: int, cells: int
) -> None:
    """Counted in the original with csv alone: areas in = places out + refused, cells = lines, and what they say."""
    folder = shared_data("jp_5374_calendars") / name
    result = CliRunner().invoke(program(), ["import-5374", "--from", str(folder), "--city", str(tmp_path / "city")])
    assert result.exit_code == (1 if twice else 0), result.output
    with (folder / AREA_DAYS).open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if any(row.values())]
    assert len(rows) == areas
    written = {path.name: path.read_bytes() for path in (tmp_path / "city").iterdir()}
    places = list(csv.DictReader(written["places.csv"].decode().splitlines()))
    assert len(places) == areas - twice
    assert result.output.count("error: ") == twice
    calendar, problems = read_calendar(written["calendar.csv"])
    assert problems == []
    assert len(calendar) == cells
    kinds = [key for key in rows[0] if key not in ("地名", "センター")]
    names = {
        each["names"]["ja"]: each["id"] for each in tomllib.loads(written["categories.toml"].decode())["categories"]
    }
    assert list(names) == kinds
    by_area = {place["name"]: place["zone"] for place in places}
    first = {row["地名"].strip(): row for row in reversed(rows)}
    for area, zone in by_area.items():
        for kind in kinds:
            said = {words_of(line.rule) for line in calendar if (line.zone, line.category) == (zone, names[kind])}
            assert said == {words_of(rule) for rule in rules_of(first[area][kind])}
    changes, problems = read_exceptions(written["exceptions.csv"])
    assert problems == []
    plan, _ = read_plan(written["calendar.csv"], written["exceptions.csv"], "ja")
    assert plan is not None
    for zone in by_area.values():
        assert not any(plan.on(zone, day) for day in (date(2013, 12, 31), date(2014, 1, 2)))
    assert plan.idle() == ()
    assert {change.day.year for change in changes} == {2013, 2014}


@pytest.mark.parametrize(
    ("cell", "rules"),
    [
        ("月 木", ["weekly mon thu"]),
        ("月木", ["weekly mon thu"]),
        (" 金3", ["monthly 3 fri"]),
        ("水1 水3", ["monthly 1,3 wed"]),
        ("水13", ["monthly 1,3 wed"]),
        ("火１　木１", ["monthly 1 tue thu"]),
        ("月 水2", ["weekly mon", "monthly 2 wed"]),
        ("火1 木3", ["monthly 1 tue", "monthly 3 thu"]),
        ("20260403 20260501", ["dates 2026-04-03 2026-05-01"]),
        ("", []),
        ("月 毎月", []),
        ("水6", []),
        ("20260231", []),
        ("*1", []),
    ],
)
def test_a_cell_says_its_days(cell: str, rules: list[str]) -> None:
    """Weekly and monthly parts apart; what is not understood whole gives nothing."""
    assert [words_of(rule) for rule in rules_of(cell)] == rules


def test_what_is_refused_is_named_and_counted() -> None:
    """A second row of an area, a row without a name, a cell that says nothing, a closure of nobody."""
    files = area_days("東町,北,月 木,水1", "東町,北,火,水2", ",北,火,水2", "西町,南,いつでも,水2")
    files[CENTER] = "名称,休止開始日,休止終了日\n北,2026/12/29,2027/01/03\n東,2026/12/29,2027/01/03\n南,x,y\n".encode()
    found = import_5374(files, 510)
    assert [(area.name, area.line) for area in found.areas] == [("東町", 2), ("西町", 5)]
    assert found.counted == (4, 2, 4, 1, 3, 2)
    said = [str(problem) for problem in found.problems]
    assert [each.split(";")[0] for each in said] == [
        "area_days.csv: line 3: area '東町' stands on line 2 already",
        "area_days.csv: line 4: the area has no name",
        "area_days.csv: line 5: 'いつでも' for '燃えるごみ' is not understood",
        "center.csv: line 3: no area has the centre '東'",
        "center.csv: line 4: 'x' to 'y': no days",
    ]
    assert {change.zone for change in found.changes} == {"area-1"}
    assert [change.day.isoformat() for change in found.changes] == ["2026-12-31"]
    assert {line.out_by_min for line in found.collections} == {510}


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    """The operator's calendar stays as it is."""
    source, city = tmp_path / "from", tmp_path / "city"
    source.mkdir()
    city.mkdir()
    (source / AREA_DAYS).write_bytes(area_days("東町,北,月,水1")[AREA_DAYS])
    (city / "calendar.csv").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(program(), ["import-5374", "--from", str(source), "--city", str(city)])
    assert result.exit_code == 1
    assert "calendar.csv exist" in result.output
    assert (city / "calendar.csv").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in city.iterdir()] == ["calendar.csv"]


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_any_bytes_end_in_lines_and_problems(days: bytes, centre: bytes) -> None:
    """Whatever stands in the folder."""
    found = import_5374({AREA_DAYS: days, CENTER: centre})
    assert found.areas or found.problems or not found.collections


@given(st.lists(st.sampled_from("月火水木金土日"), min_size=1, max_size=3), st.sets(st.integers(1, 5), max_size=3))
def test_a_cell_falls_on_the_days_that_it_names(weekdays: list[str], nth: set[int]) -> None:
    """Said once more for every day of a leap year."""
    numbers = "".join(map(str, sorted(nth)))
    rules = list(rules_of(" ".join(f"{day}{numbers}" for day in weekdays)))
    for ordinal in range(date(2028, 1, 1).toordinal(), date(2029, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        due = "月火水木金土日"[day.weekday()] in weekdays and (not nth or (day.day + 6) // 7 in nth)
        assert due == any(rule.falls_on(day) for rule in rules)
    assert all(isinstance(rule, Rule) for rule in rules)
