"""A whole evaluation as one value: each method's scores, and what the reader must know of them; and its JSON."""

from __future__ import annotations

import msgspec

from gomikuru.evaluation.alert_scores import AlertScore
from gomikuru.evaluation.curves import Curves
from gomikuru.evaluation.eta_scores import EtaScore


class MethodScore(msgspec.Struct, frozen=True):
    """How one method did: `gomikuru` is what was given, the others are baselines. None where it says nothing."""

    method: str
    eta: EtaScore | None = None
    curves: Curves | None = None
    alerts: AlertScore | None = None


class Report(msgspec.Struct, frozen=True):
    """Every method on the same arrivals, and notes."""

    methods: tuple[MethodScore, ...]
    notes: tuple[str, ...] = ()


def report_json(report: Report) -> bytes:
    """Write a report; docs/evaluation.md describes the form."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
