"""The command `gomikuru evaluate`: alerts, predictions and what really happened in; tables, JSON and a picture out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gomikuru.commands.evaluation_files import each_file, wishes_in, write_file
from gomikuru.commands.inputs import city_at, fail, pings_of
from gomikuru.evaluation.comparison import compare
from gomikuru.evaluation.evaluation import Evaluation
from gomikuru.evaluation.picture import picture
from gomikuru.evaluation.reading import BadFile, read_alerts, read_arrivals, read_predictions
from gomikuru.evaluation.report import Report, report_json
from gomikuru.evaluation.residents import Residents
from gomikuru.evaluation.tables import Sheet, plain, sheets, summary
from gomikuru.evaluation.timeline import Names, joined
from gomikuru.pings_csv import BadPings

ArrivalFiles = Annotated[
    list[str], typer.Option("--arrivals", help="The truth, an arrivals.csv, or a pattern; repeatable.")
]
AlertFiles = Annotated[
    list[str] | None, typer.Option("--alerts", help="An alerts.jsonl to score, or a pattern; repeatable.")
]
PredictionFiles = Annotated[
    list[str] | None, typer.Option("--predictions", help="A predictions.csv to score, or a pattern; repeatable.")
]
ResidentsFile = Annotated[
    Path | None, typer.Option("--residents", help="A residents.csv: score these residents only, with these leads.")
]
Baseline = Annotated[
    bool, typer.Option("--baseline", help="Score plain methods too; needs --pings, --residents and --city.")
]
PingFiles = Annotated[
    list[str] | None, typer.Option("--pings", help="For --baseline: the pings of the same days; repeatable.")
]
CityDir = Annotated[Path | None, typer.Option("--city", help="For --baseline: folder of the city.")]
PastFiles = Annotated[
    list[str] | None,
    typer.Option("--past-arrivals", help="For --baseline: arrivals of earlier days, for the timetable; repeatable."),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write every figure to this file; - is the terminal.")]
PictureFile = Annotated[Path | None, typer.Option("--picture", help="Draw calibration, leads and errors, as SVG.")]


def evaluate(
    arrivals: ArrivalFiles,
    alerts: AlertFiles = None,
    predictions: PredictionFiles = None,
    residents: ResidentsFile = None,
    baseline: Baseline = False,
    pings: PingFiles = None,
    city: CityDir = None,
    past_arrivals: PastFiles = None,
    json_file: JsonFile = None,
    picture_file: PictureFile = None,
) -> None:
    """Score alerts and predictions against what really happened."""
    if not (alerts or predictions or baseline):
        _misused("nothing to score: give --alerts, --predictions or --baseline")
    try:
        scored = _scored(arrivals, alerts or [], predictions or [], residents)
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


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(evaluate)


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
        _misused(f"--baseline needs {', '.join(missing)} too")
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
    console = Console()
    for sheet in sheets(report):
        if console.is_terminal:
            for part in sheet.fitted(console.width):
                console.print(_table(part))
        else:
            typer.echo(plain(sheet) + "\n")
    for line in summary(report):
        typer.echo(line)


def _table(sheet: Sheet) -> Table:
    table = Table(title=sheet.title, title_justify="left", title_style="bold")
    for k, column in enumerate(sheet.head):
        table.add_column(column, justify="left" if k < sheet.names else "right", no_wrap=True)
    for row in sheet.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _misused(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(2)
