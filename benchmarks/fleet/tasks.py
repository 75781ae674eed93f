"""Words of a truck's day: what it has to do and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """A kind of work or rest."""

    SERVE = "serve"
    LOOK = "look"  # drive up to a container, see that it is not full, drive on
    ERRAND = "errand"
    LUNCH = "lunch"
    PAUSE = "pause"


@dataclass(frozen=True)
class Task:
    """Something to be done at a node; `stop` where it concerns one."""

    act: Act
    node: int
    stop: int | None = None
    takes_s: float = 0.0
    come_back: bool = False  # already put off once


@dataclass(frozen=True)
class Service:
    """A stop was served; the truck stood at it from then until then, seconds from local midnight."""

    stop: int
    start_s: float
    end_s: float
