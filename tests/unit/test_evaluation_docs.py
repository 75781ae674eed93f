"""docs/evaluation.md against the code: every figure of the JSON, every option and every limit is explained."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
import typer

from gomikuru.cli import program
from gomikuru.evaluation.alert_scores import AlertFigures, AlertScore
from gomikuru.evaluation.curves import Calibration, Curves, Minute
from gomikuru.evaluation.eta_scores import BUCKETS, BucketScore, EtaScore
from gomikuru.evaluation.report import MethodScore, Report

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
FORM = GUIDE.partition("## scores.json")[2]


@pytest.mark.parametrize(
    "form", [Report, MethodScore, EtaScore, BucketScore, Curves, Calibration, Minute, AlertScore, AlertFigures]
)
def test_every_figure_of_the_json_is_documented(form: type[msgspec.Struct]) -> None:
    """The last section names each field."""
    assert [name for name in form.__struct_fields__ if f"`{name}`" not in FORM] == []


def test_every_option_is_documented() -> None:
    """The table of options names what --help names."""
    command = typer.main.get_command(program()).commands["evaluate"]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts} - {"--help"}
    table = GUIDE.partition("| option |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(--[\w-]+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:]))) == options


def test_the_limits_of_the_buckets_are_those_of_the_guide() -> None:
    """From, until, earliest and latest, bucket by bucket."""
    rows = re.findall(r"^\| (\d+) to under (\d+) min \| -(\d+) to \+(\d+) s \|$", GUIDE, re.MULTILINE)
    assert [tuple(map(int, row)) for row in rows] == [
        (each.from_s // 60, each.until_s // 60, -each.earliest_s, each.latest_s) for each in BUCKETS
    ]
