"""What may be told, and which of it only those hear who ask for it."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What is told."""

    REMINDER = "reminder"
    APPROACHING = "approaching"
    CORRECTED = "corrected"
    HERE = "here"
    PASSED = "passed"
    DISRUPTED = "disrupted"


OPT_IN = (Kind.HERE, Kind.PASSED)
"""Told to homes that ask for it; `approaching`, `corrected` and `disrupted` are for everybody who subscribed."""
