"""One evaluation from beginning to end: takes what was read, piece by piece, and gives the report. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gomikuru.evaluation.alert_scores import Judged
from gomikuru.evaluation.curves import curves_of
from gomikuru.evaluation.eta_scores import EtaTally, Predictions
from gomikuru.evaluation.picture import Drawn
from gomikuru.evaluation.reading import AlertRow
from gomikuru.evaluation.remarks import remarks
from gomikuru.evaluation.report import MethodScore, Report
from gomikuru.evaluation.residents import Residents
from gomikuru.evaluation.scoring import Told, alert_score, judge_told, take_alerts
from gomikuru.evaluation.timeline import Arrivals, Names, Timeline

OURS = "gomikuru"
TITLE = "Predictions and alerts against what really happened"


class Finished(NamedTuple):
    """The end of an evaluation."""

    report: Report
    drawn: Drawn


class Evaluation:
    """Scores the alerts and predictions of one method on the truth; baselines are added with `beside`."""

    def __init__(self, names: Names, truth: Arrivals, residents: Residents | None) -> None:
        self.names = names
        self.residents = residents
        self.timeline = Timeline(truth)
        self._tally: EtaTally | None = None
        self._told: Told | None = None
        self._judged: Judged | None = None
        self._beside: list[MethodScore] = []
        self._notes: list[str] = []

    def predicted(self, portions: Iterable[Predictions]) -> None:
        """Take predictions of the method."""
        self._tally = self._tally or EtaTally(self.timeline)
        for portion in portions:
            self._tally.add(portion)

    def told(self, files: list[tuple[str, list[AlertRow]]]) -> None:
        """Take all alerts of the method, with the names of their files; raise BadFile where a lead is unknown."""
        self._told = take_alerts(files, self.names, self.residents.leads if self.residents else None)
        self._judged = judge_told(self.timeline, self._told)

    def beside(self, methods: Iterable[MethodScore]) -> None:
        """Add the scores of other methods on the same arrivals."""
        self._beside.extend(methods)

    def note(self, text: str) -> None:
        """Add what the reader must know."""
        self._notes.append(text)

    def finish(self) -> Finished:
        """Give the scores of everything, and what the picture shows of the method itself."""
        alerts = alert_score(self._judged, self._told) if self._judged and self._told else None
        eta = self._tally.score() if self._tally else None
        curves = curves_of(self._tally.fulfilled()) if self._tally else None
        ours = (MethodScore(OURS, eta, curves, alerts),) if eta or alerts else ()
        notes = (*self._notes, *remarks(self.timeline, self.residents is not None, self._tally, self._told))
        return Finished(Report((*ours, *self._beside), notes), Drawn(TITLE, eta, curves, alerts, self._judged))
