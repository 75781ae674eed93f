"""What LINE would cost a city in a month: the figures, and where each comes from."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gomikuru.cli import program
from gomikuru.line_costs import alerts_a_collection, collections_a_month

HEAD = "zone,category,rule,out_by\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "city.toml").write_text('id = "minami"\nname = "南市"\ntimezone = "Asia/Tokyo"\n')
    return tmp_path


def cost(folder: Path, *options: str) -> tuple[int, str]:
    run = CliRunner().invoke(program(), ["line-cost", "--city", str(folder), *options])
    return run.exit_code, run.output


def test_collections_are_counted_day_by_day_over_a_year_and_zones_averaged(folder: Path) -> None:
    """Two a week and one a week, two kinds on one day being one: 1.5 a week, 6.5 a month."""
    rows = "a,burnable,weekly tue fri,08:30\na,plastic,weekly tue,08:30\nb,burnable,weekly mon,08:30\n"
    (folder / "calendar.csv").write_text(HEAD + rows)
    often = collections_a_month(folder, date(2026, 1, 5))
    assert often is not None
    assert often.value == pytest.approx((104 + 52) / 2 / 12, abs=0.1)
    assert "2 zones" in often.source


def test_without_an_archive_the_assumption_is_said(folder: Path) -> None:
    """Nobody takes it for a measurement."""
    each = alerts_a_collection(folder / "archive", "minami", date(2026, 1, 5))
    assert each.value == 1.3
    assert each.source.startswith("assumed")


def test_the_command_says_messages_price_and_where_the_figures_come_from(folder: Path) -> None:
    """1,000 households, 8 collections, 1.3 alerts: 10,400, beyond 5,000 at 3 each, and the plan's fee."""
    code, said = cost(
        folder, "--households", "1000", "--price", "3", "--free", "5000", "--fee", "5000", "--collections", "8"
    )
    assert code == 0
    assert "10,400, of which 5,400 beyond the 5,000" in said
    assert "21,200" in said
    assert "assumed" in said
    assert "given" in said


def test_a_city_without_a_calendar_is_asked_for_the_figure(folder: Path) -> None:
    """Nothing is guessed."""
    code, said = cost(folder, "--households", "10", "--price", "3")
    assert code == 1
    assert "give --collections" in said
