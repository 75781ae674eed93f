"""Several files after one option, as a shell makes them of `--pings days/*.csv` without quotation marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from gomikuru.commands.several import each_named
from tests.unit.test_learn_command import city, run

__all__ = ["city"]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("--pings a b c --out x", "--pings a --pings b --pings c --out x"),
        ("--pings a --pings b", "--pings a --pings b"),
        ("--out x y", "--out x y"),  # no repeatable option: one word too many stays one too many
        ("--pings a --no-learning b", "--pings a --no-learning b"),
        ("--pings a - b", "--pings a --pings - --pings b"),  # a dash alone is a value
        ("", ""),
    ],
)
def test_a_repeatable_option_is_named_before_each_of_its_values(typed: str, read: str) -> None:
    assert " ".join(each_named(typed.split(), {"--pings"})) == read


def test_learn_replay_and_evaluate_take_what_a_shell_makes_of_a_pattern(city: Path) -> None:
    """The same bytes as by the pattern in quotation marks; what follows the files is read as ever."""
    past = sorted(city.parent.glob("past-*.csv"))
    made = [city.parent / name for name in ("quoted.bin", "spread.bin")]
    for profile, pings in zip(made, ([city.parent / "past-*.csv"], past), strict=True):
        done = run("learn", "--pings", *pings, "--city", city, "--out", profile, "--routes", f"{profile}.geojson")
        assert done.exit_code == 0, done.output
    assert made[0].read_bytes() == made[1].read_bytes()
    alerts = [city.parent / name for name in ("quoted.jsonl", "spread.jsonl")]
    (city / "profile.bin").write_bytes(made[0].read_bytes())
    residents = ("--residents", city.parent / "residents.csv")
    for out, pings in zip(alerts, ([city.parent / "past-*.csv"], past), strict=True):
        done = run("replay", "--city", city, "--pings", *pings, *residents, "--out", out)
        assert done.exit_code == 0, done.output
    assert alerts[0].read_bytes() == alerts[1].read_bytes()
    assert alerts[0].stat().st_size > 0
    truth = city.parent / "arrivals.csv"
    truth.write_text("resident_id,vehicle_id,arrived_at\nr1,17,2026-11-02T00:00:00Z\n")
    done = run("evaluate", "--alerts", *alerts, "--arrivals", truth, *residents, "--json", "-")
    assert done.exit_code == 0, done.output


def test_a_word_too_many_is_still_refused(city: Path) -> None:
    done = run("learn", "--city", city, city.parent / "past-0.csv")
    assert done.exit_code == 2
    assert "unexpected extra argument" in done.output
