"""The command `gomikuru evaluate`: alerts, predictions and what really happened in; tables, JSON and a picture out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gomikuru.commands.evaluate_archive import evaluate_archive
from gomikuru.commands.evaluation_files import each_file, wishes_in, write_file
from gomikuru.commands.inputs import city_at, fail, misused, pings_of
from gomikuru.commands.several import SeveralFiles
from gomikuru.commands.sheets import show
from gomikuru.evaluation.comparison import compare
from gomikuru.evaluation.evaluation import Evaluation
from gomikuru.evaluation.picture import picture
from gomikuru.evaluation.reading import BadFile, read_alerts, read_arrivals, read_predictions
from gomikuru.evaluation.report import Report, report_json
from gomikuru.evaluation.residents import Residents
from gomikuru.evaluation.tables import sheets, summary
from gomikuru.evaluation.timeline import Names, joined
from gomikuru.pings_csv import BadPings

ArrivalFiles = Annotated[
    list[str] | None, typer.Option("--arrivals", help="The truth, an arrivals.csv, several, or a pattern.")
]
AlertFiles = Annotated[
    list[str] | None, typer.Option("--alerts", help="An alerts.jsonl to score, several, or a pattern.")
]
PredictionFiles = Annotated[
    list[str] | None, typer.Option("--predictions", help="A predictions.csv to score, several, or a pattern.")
]
ResidentsFile = Annotated[
    Path | None, typer.Option("--residents", help="A residents.csv: score these residents only, with these leads.")
]
Baseline = Annotated[
    bool, typer.Option("--baseline", help="Score plain methods too; needs --pings, --residents and --city.")
]
PingFiles = Annotated[
    list[str] | None,
    typer.Option("--pings", help="For --baseline: the pings of the same days: a file, several, or a pattern."),
]
CityDir = Annotated[Path | None, typer.Option("--city", help="Folder of the city, for --days and --baseline.")]
PastFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--past-arrivals",
        help="For --baseline: arrivals of earlier days, for the timetable: a file, several, or a pattern.",
    ),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write every figure to this file; - is the terminal.")]
PictureFile = Annotated[Path | None, typer.Option("--picture", help="Draw calibration, leads and errors, as SVG.")]
Days = Annotated[
    int | None,
    typer.Option("--days", min=1, help="Judge the last so many days of --city by its archive, zone by zone."),
]
Daily = Annotated[bool, typer.Option("--daily", help="With --days: each day too.")]
Config = Annotated[Path | None, typer.Option("--config", help="With --days: settings file, over the defaults.")]


def evaluate(
    arrivals: ArrivalFiles = None,
    alerts: AlertFiles = None,
    predictions: PredictionFiles = None,
    residents: ResidentsFile = None,
    baseline: Baseline = False,
    pings: PingFiles = None,
    city: CityDir = None,
    past_arrivals: PastFiles = None,
    json_file: JsonFile = None,
    picture_file: PictureFile = None,
    days: Days = None,
    daily: Daily = False,
    config: Config = None,
) -> None:
    """Score alerts and predictions against what really happened: of files, or of a city's archive."""
    if days:
        others = (arrivals, alerts, predictions, residents, baseline, pings, past_arrivals, picture_file)
        evaluate_archive(_alone(city, others), days, daily, json_file, config)
        return
    if daily or config:
        misused("--daily and --config go with --days")
    truth = _something(arrivals, alerts or predictions or baseline)
    try:
        scored = _scored(truth, alerts or [], predictions or [], residents)
        if baseline:
            _baselines(scored, pings or [], city, past_arrivals or [])
    except (BadFile, BadPings) as error:
        fail(str(error))
    finished = scored.finish()
    if picture_file:
        write_file(picture_file, picture(finished.drawn).encode())
    if json_file:
        write_file(json_file, report_json(finished.report))
    if str(json_file) != "-":
        _show(finished.report)


def _alone(city: Path | None, others: Sequence[object]) -> Path:
    """Tell the city whose archive is judged; end the program where files are to be judged too."""
    if city is None or any(others):
        misused("--days goes with --city, --daily, --json and --config, and with nothing else")
    return city


def _something(arrivals: list[str] | None, scored: object) -> list[str]:
    """Tell the truth's files; end the program where there are none, or nothing is to be scored."""
    if not arrivals:
        misused("give what really happened with --arrivals, or --city and --days for a city's archive")
    if not scored:
        misused("nothing to score: give --alerts, --predictions or --baseline")
    return arrivals


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(cls=SeveralFiles)(evaluate)


def _scored(arrivals: list[str], alerts: list[str], predictions: list[str], residents: Path | None) -> Evaluation:
    names = Names()
    known = Residents.of(wishes_in(residents), names) if residents else None
    truth = joined(each_file(arrivals, lambda name, lines: read_arrivals(name, lines, names)))
    scored = Evaluation(names, truth, known)
    if predictions:
        for portions in each_file(predictions, lambda name, lines: read_predictions(name, lines, names)):
            scored.predicted(portions)
    if alerts:
        scored.told(list(each_file(alerts, lambda name, lines: (name, list(read_alerts(name, lines))))))
    return scored


def _baselines(scored: Evaluation, pings: list[str], city: Path | None, past: list[str]) -> None:
    needed = {"--pings": pings, "--residents": scored.residents, "--city": city}
    missing = [option for option, given in needed.items() if not given]
    if missing or not city or not scored.residents:
        misused(f"--baseline needs {', '.join(missing)} too")
    described = city_at(city)
    names = scored.names
    earlier = joined(each_file(past, lambda name, lines: read_arrivals(name, lines, names))) if past else None
    if not past:
        scored.note("no timetable: it needs --past-arrivals")
    try:
        scored.beside(compare(scored.timeline, scored.residents, pings_of(pings, described.id), described, earlier))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


def _show(report: Report) -> None:
    show(Console(), sheets(report))
    for line in summary(report):
        typer.echo(line)
