"""The picture of an evaluation: three panels in one SVG. Pure.

Calibration of the intervals, when alerts came before the truck, and the error of predictions by horizon.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gomikuru.evaluation.alert_scores import HIT, AlertFigures, AlertScore, Judged
from gomikuru.evaluation.curves import MINUTES, NOMINAL_HIGH, NOMINAL_LOW, Curves
from gomikuru.evaluation.eta_scores import BUCKETS, EtaScore
from gomikuru.evaluation.svg import FAINT, INK, Drawing, Frame
from gomikuru.evaluation.tables import share

WIDTH, HEIGHT = 1340, 560
TOP = 96.0
BLUE, GREEN, AMBER = "#2563a8", "#2e8b57", "#c2410c"
LEADS_SHOWN = 4
COVERAGE_TICKS = {0.5: (0.5, 0.6, 0.7, 0.8, 0.9, 1), 0.0: (0, 0.2, 0.4, 0.6, 0.8, 1)}
PANEL, BETWEEN, WORDS = 408.0, 46.0, 18.0
BINS_A_LEAD = 10
BINS_LEADS = 3


class Drawn(NamedTuple):
    """What the picture shows; None where there is nothing of a kind."""

    title: str
    eta: EtaScore | None
    curves: Curves | None
    alerts: AlertScore | None
    judged: Judged | None


def picture(drawn: Drawn) -> str:
    """Draw the three panels; give the text of an SVG file."""
    page = Drawing(WIDTH, HEIGHT, drawn.title)
    page.text(24, 34, drawn.title, 18, bold=True)
    _calibration(page, drawn.curves)
    _leads(page, drawn.alerts, drawn.judged)
    _errors(page, drawn.eta, drawn.curves)
    return page.svg()


def _heading(page: Drawing, left: float, words: str, below: str) -> None:
    page.text(left, TOP - 32, words, 14, bold=True)
    page.text(left, TOP - 14, below, 11.5, colour=FAINT)


def _nothing(page: Drawing, frame: Frame, what: str) -> None:
    page.text(frame.left + frame.width / 2, frame.top + frame.height / 2, f"no {what}", 13, "middle", FAINT)


def _calibration(page: Drawing, curves: Curves | None) -> None:
    frame = Frame(76, TOP, 330, 222, 0, 1, 0, 1)
    _heading(page, frame.left, "Calibration of the interval", "on the dashed line it keeps its word; band: 2 points")
    ticks = (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1)
    page.area(frame.at([(0, 0), (0, 0.02), (0.98, 1), (1, 1), (1, 0.98), (0.02, 0)]), GREEN, 0.18)
    page.axes(frame, ticks, ticks, "share that should come by then", "share that came")
    page.line(frame.at([(0, 0), (1, 1)]), FAINT, 1.2, "5 4")
    if curves is None or curves.calibration is None:
        _nothing(page, frame, "intervals")
    else:
        found = curves.calibration
        edges = [(NOMINAL_LOW, found.by_low), (0.5, found.by_eta), (NOMINAL_HIGH, found.by_high)]
        page.line(frame.at([(0, 0), *edges, (1, 1)]), BLUE, 2)
        for (nominal, seen), name in zip(edges, ("eta_low", "eta", "eta_high"), strict=True):
            page.dot(frame.x(nominal), frame.y(seen), "#ffffff" if name == "eta" else BLUE, BLUE)
            side, anchor = (12, "start") if nominal < 0.8 else (-12, "end")
            below = min(frame.y(seen) + 14, frame.top + frame.height - 5)
            page.text(frame.x(nominal) + side, below, f"{name} {seen:.2f}", 11.5, anchor)
    _coverage(page, curves)


def _coverage(page: Drawing, curves: Curves | None) -> None:
    minutes = [each for each in curves.minutes if each.interval_coverage is not None] if curves else []
    floor = 0.5 if all((each.interval_coverage or 0.0) >= 0.5 for each in minutes) else 0.0
    frame = Frame(76, TOP + 296, 330, 112, 0, MINUTES, floor, 1)
    page.rect(frame.left, frame.y(0.82), frame.width, frame.y(0.78) - frame.y(0.82), GREEN, 0.18)
    page.axes(frame, range(0, MINUTES + 1, 5), COVERAGE_TICKS[floor], "minutes before arrival", "interval held")
    page.line(frame.at([(each.minute + 0.5, each.interval_coverage or 0.0) for each in minutes]), BLUE, 2)


def _leads(page: Drawing, score: AlertScore | None, judged: Judged | None) -> None:
    left, width = 520.0, 340.0
    leads = len(score.by_lead) if score else 0
    among = f"; {LEADS_SHOWN} of {leads} leads" if leads > LEADS_SHOWN else ""
    _heading(page, left, "When the alert came", f"shaded: hit, half to twice the lead; line: the lead{among}")
    if score is None or judged is None or not score.by_lead:
        frame = Frame(left, TOP, width, PANEL, 0, 30, 0, 1)
        page.axes(frame, range(0, 31, 5), (), "minutes before arrival", "share of arrivals")
        _nothing(page, frame, "alerts in minutes")
        return
    some = sorted(score.by_lead, key=lambda each: -each.arrivals)[:LEADS_SHOWN]
    step = (PANEL + BETWEEN) / len(some)
    for k, each in enumerate(sorted(some, key=lambda each: each.lead_min or 0.0)):
        _histogram(page, each, judged, (left, TOP + k * step + WORDS, width, step - BETWEEN - WORDS))


def _histogram(page: Drawing, each: AlertFigures, judged: Judged, place: tuple[float, float, float, float]) -> None:
    lead = each.lead_min or 1.0
    given = judged.given_min[judged.arrival_lead_min == lead]
    given = given[~np.isnan(given)]
    bins = BINS_A_LEAD * BINS_LEADS
    counts, _ = np.histogram(np.minimum(given, lead * BINS_LEADS * 0.9999), bins, (0, lead * BINS_LEADS))
    shares = (counts / max(each.arrivals, 1)).tolist()
    top = _ceiling(max([*shares, 0.02]))
    frame = Frame(*place, 0, lead * BINS_LEADS, 0, top)
    page.rect(
        frame.x(lead * HIT[0]), frame.top, frame.x(lead * HIT[1]) - frame.x(lead * HIT[0]), frame.height, GREEN, 0.15
    )
    half = [lead * k / 2 for k in range(2 * BINS_LEADS + 1)]
    page.axes(frame, half, (0, top / 2, top), "minutes before arrival (the last bar: and more)", "share", ".3g")
    for k, height in enumerate(shares):
        x, until = frame.x(k * lead / BINS_A_LEAD), frame.x((k + 1) * lead / BINS_A_LEAD)
        page.rect(x + 0.5, frame.y(height), until - x - 1, frame.y(0) - frame.y(height), BLUE, 0.85)
    page.line([(frame.x(lead), frame.top), (frame.x(lead), frame.top + frame.height)], INK, 1.5)
    words = f"lead {lead:g} min: hit {share(each.hit)}, late {share(each.late)}, missed {share(each.missed)}"
    page.text(frame.left, frame.top - 6, words, 11.5)


def _ceiling(figure: float) -> float:
    step = 10.0 ** math.floor(math.log10(figure))
    return float(next(step * part for part in (1, 2, 4, 6, 10) if step * part >= figure))


def _errors(page: Drawing, eta: EtaScore | None, curves: Curves | None) -> None:
    minutes = curves.minutes if curves else ()
    reach = max([6.0, *(abs(edge) / 60 * 1.1 for each in minutes for edge in (each.p10_s, each.p90_s))])
    reach = math.ceil(min(reach, 30.0) / 2) * 2.0
    frame = Frame(970, TOP, 340, PANEL, 0, MINUTES, -reach, reach)
    below = f"line: median; blue: P10 to P90; green: limits; headline {share(eta.headline if eta else None)}"
    _heading(page, frame.left, "Error by horizon", below)
    ticks = [-reach + k * reach / 4 for k in range(9)]
    page.axes(frame, range(0, MINUTES + 1, 5), ticks, "minutes before arrival", "actual minus predicted, minutes", "g")
    for each in BUCKETS:
        high, low = frame.y(each.latest_s / 60), frame.y(each.earliest_s / 60)
        left, right = frame.x(each.from_s / 60), frame.x(each.until_s / 60)
        page.rect(left, high, right - left, low - high, GREEN, 0.18)
    page.line(frame.at([(0, 0), (MINUTES, 0)]), FAINT, 1.2, "5 4")
    if not minutes:
        _nothing(page, frame, "predictions")
        return
    upper = [(each.minute + 0.5, each.p90_s / 60) for each in minutes]
    lower = [(each.minute + 0.5, each.p10_s / 60) for each in minutes]
    page.area(frame.at([*upper, *lower[::-1]]), BLUE, 0.22)
    page.line(frame.at([(each.minute + 0.5, each.median_s / 60) for each in minutes]), BLUE, 2)
    page.text(frame.left + frame.width - 6, frame.top + 14, "later than told", 11.5, "end", AMBER)
    page.text(frame.left + frame.width - 6, frame.top + frame.height - 8, "earlier than told", 11.5, "end", AMBER)
