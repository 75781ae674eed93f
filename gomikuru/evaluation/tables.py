"""A report as tables for people: titles, columns and rows of text, and their form without colours. Pure."""

from __future__ import annotations

from typing import NamedTuple

from gomikuru.evaluation.alert_scores import AlertFigures
from gomikuru.evaluation.eta_scores import BucketScore, EtaScore
from gomikuru.evaluation.report import MethodScore, Report

ETA_HEAD = ("horizon", "n", "accuracy", "bias s", "median s", "P90 s", "interval", "never came", "coverage")
ALERT_HEAD = (
    *("method", "lead", "arrivals", "hit", "close", "late", "missed", "early"),
    *("alerts", "false", "repeated", "median min", "too short"),
)
BORDER = 3


class Sheet(NamedTuple):
    """One table: the first `names` columns say what a row is, the others are figures."""

    title: str
    names: int
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def widths(self) -> list[int]:
        """Tell how wide each column is."""
        return [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]

    def fitted(self, width: int) -> list[Sheet]:
        """Part the figures into as many tables as a screen of some width needs; each repeats the names."""
        widths = [BORDER + each for each in self.widths()]
        parts: list[list[int]] = [[]]
        for column in range(self.names, len(self.head)):
            used = 1 + sum(widths[: self.names]) + sum(widths[each] for each in parts[-1])
            if parts[-1] and used + widths[column] > width:
                parts.append([])
            parts[-1].append(column)
        return [self._only([*range(self.names), *some]) for some in parts]

    def _only(self, columns: list[int]) -> Sheet:
        rows = [tuple(row[k] for k in columns) for row in self.rows]
        return Sheet(self.title, self.names, tuple(self.head[k] for k in columns), rows)


def sheets(report: Report) -> list[Sheet]:
    """Lay out a report: an ETA table a method, and one table of alerts."""
    found = [_eta_sheet(each.method, each.eta) for each in report.methods if each.eta]
    rows = [row for each in report.methods for row in _alert_rows(each)]
    return [*found, Sheet("Alerts", 2, ALERT_HEAD, rows)] if rows else found


def summary(report: Report) -> list[str]:
    """Say the headlines, and what must be known of the figures."""
    lines = []
    for each in report.methods:
        if each.eta:
            lines.append(_eta_summary(each.method, each.eta))
        if each.alerts and each.alerts.corrected:
            lines.append(f"{each.method}: {each.alerts.corrected} corrected alerts")
        if each.alerts and each.alerts.total.renewed:
            lines.append(
                f"{each.method}: {each.alerts.total.renewed} of the repeated alerts came after a corrected one"
            )
    return [*lines, *(f"note: {note}" for note in report.notes)]


def plain(sheet: Sheet) -> str:
    """Write a table in aligned columns, for files and pipes."""
    widths = sheet.widths()
    lines = [_aligned(row, widths, sheet.names) for row in (sheet.head, *sheet.rows)]
    return "\n".join([sheet.title, *lines])


def _aligned(row: tuple[str, ...], widths: list[int], names: int) -> str:
    cells = [
        cell.ljust(width) if k < names else cell.rjust(width)
        for k, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _eta_sheet(method: str, score: EtaScore) -> Sheet:
    rows = [_bucket_row(bucket) for bucket in score.buckets]
    whole = ("all", str(sum(bucket.predictions for bucket in score.buckets)), share(score.headline), "", "", "")
    never = str(sum(bucket.never_fulfilled for bucket in score.buckets))
    rows.append((*whole, share(score.interval_coverage), never, share(score.coverage)))
    return Sheet(f"Predictions: {method}", 1, ETA_HEAD, rows)


def _bucket_row(bucket: BucketScore) -> tuple[str, ...]:
    return (
        bucket.bucket,
        str(bucket.predictions),
        share(bucket.accuracy),
        _figure(bucket.bias_s, "+.0f"),
        _figure(bucket.median_error_s, ".0f"),
        _figure(bucket.p90_error_s, ".0f"),
        share(bucket.interval_coverage),
        str(bucket.never_fulfilled),
        share(bucket.coverage),
    )


def _eta_summary(method: str, score: EtaScore) -> str:
    held = f"{share(score.interval_coverage)} under 15 min, {share(score.interval_coverage_all)} under 45"
    intervals = "" if score.interval_coverage_all is None else f"intervals hold {held}, "
    return (
        f"{method}: headline {share(score.headline)}, {score.predictions} predictions for {score.arrivals} arrivals, "
        f"{intervals}{score.never_fulfilled} never fulfilled, {score.escaped} too late for the table"
    )


def _alert_rows(score: MethodScore) -> list[tuple[str, ...]]:
    if not score.alerts:
        return []
    rows = [_alert_row(score.method, "all", score.alerts.total)]
    if len(score.alerts.by_lead) > 1:
        rows += [_alert_row(score.method, f"{each.lead_min:g} min", each) for each in score.alerts.by_lead]
    return rows


def _alert_row(method: str, lead: str, each: AlertFigures) -> tuple[str, ...]:
    outcomes = (share(part) for part in (each.hit, each.close, each.late, each.missed, each.early))
    alerts = (str(each.alerts), share(each.false), share(each.repeated))
    return (
        *(method, lead, str(each.arrivals), *outcomes),
        *(*alerts, _figure(each.median_given_min, ".1f"), share(each.short)),
    )


def share(figure: float | None) -> str:
    """Write a share with three digits; a dash where there is none."""
    return _figure(figure, ".3f")


def _figure(figure: float | None, form: str) -> str:
    if figure is None:
        return "-"
    written = format(figure, form)
    return written if written not in ("+0", "-0") else "0"
