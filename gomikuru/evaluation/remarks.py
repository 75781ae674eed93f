"""What the reader of the figures must know of the files behind them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gomikuru.counted import counted
from gomikuru.evaluation.eta_scores import EtaTally
from gomikuru.evaluation.scoring import Told
from gomikuru.evaluation.timeline import HOUR_MS, Timeline

SILENT_HOURS = 12


def remarks(timeline: Timeline, with_residents: bool, tally: EtaTally | None, told: Told | None) -> Iterator[str]:
    """Say what is left out, what is empty, and what looks like the wrong file."""
    if not len(timeline):
        yield "there are no arrivals to score against"
    if told and not with_residents:
        yield "without --residents every resident without an alert is taken for one who wanted minutes and was missed"
    strangers = {
        "arrival": timeline.strangers,
        "prediction": tally.strangers if tally else 0,
        "alert": told.strangers if told else 0,
    }
    for noun, number in strangers.items():
        if number:
            yield f"{counted(number, noun)} of residents that are not in the file of --residents left out"
    if tally:
        yield from _empty_buckets(tally)
    yield from _silence(timeline, tally, told)


def _empty_buckets(tally: EtaTally) -> Iterator[str]:
    empty = [bucket.bucket for bucket in tally.score().buckets if not bucket.predictions]
    if empty:
        yield f"no headline: there are no predictions in {', '.join(empty)}"


def _silence(timeline: Timeline, tally: EtaTally | None, told: Told | None) -> Iterator[str]:
    """Arrivals of days on which nothing was said at all are mostly those of another file."""
    alerts = (told.alerts.fired_ms // HOUR_MS).tolist() if told else []
    spoken = np.array(sorted({*alerts, *(tally.hours if tally else ())}), dtype=np.int64)
    if not len(spoken) or not len(timeline):
        return
    hours = timeline.at_ms // HOUR_MS
    last = spoken[np.maximum(np.searchsorted(spoken, hours, side="right") - 1, 0)]
    silent = int(((last > hours) | (hours - last > SILENT_HOURS)).sum())
    if silent:
        said = f"more than {SILENT_HOURS} hours after any alert or prediction: are the files of the same days?"
        yield f"{counted(silent, 'arrival')} {said}"
