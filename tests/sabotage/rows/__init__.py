"""The table of sabotage: every guarantee that can be switched off, room by room."""

from __future__ import annotations

from tests.sabotage.row import Row
from tests.sabotage.rows import archive, engine, forecast, house, ingest, minutes, notifier, order, pipe, plans, turns

ROWS: tuple[Row, ...] = (
    *pipe.ROWS,
    *ingest.ROWS,
    *order.ROWS,
    *engine.ROWS,
    *minutes.ROWS,
    *forecast.ROWS,
    *turns.ROWS,
    *plans.ROWS,
    *notifier.ROWS,
    *house.ROWS,
    *archive.ROWS,
)
