"""A test bed for arrival prediction: days of a made-up town, and the truth. All from a seed; only files.py writes.

make_bed(BedPlan) gives a Bed; each of bed.days() is one service day; bed.settle(all visits) gives the homes.
"""

from __future__ import annotations

from gomikuru.simulation.bed.bed import Bed, BedDay, make_bed
from gomikuru.simulation.bed.plan import LEVELS, BedPlan, Tracking, Unrest
from gomikuru.simulation.bed.timetable import RoutesUnusable, read_routes
from gomikuru.simulation.bed.truth import Home, Visit

__all__ = [
    "LEVELS",
    "Bed",
    "BedDay",
    "BedPlan",
    "Home",
    "RoutesUnusable",
    "Tracking",
    "Unrest",
    "Visit",
    "make_bed",
    "read_routes",
]
