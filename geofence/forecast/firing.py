"""When a minutes-alert fires: as soon as the truck is likely enough to come within a share of the lead. Pure.

The rule for a lead L is: the chance of arrival within `share * L` is at least `chance`, or that within `last_share * L`
at least `last_chance` (the last moment at which it is still of use). Which figures serve best is learned from
rehearsals: they maximise hits, less what is late, missed, and false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import msgspec
import numpy as np
import numpy.typing as npt

from geofence.forecast.rehearsal import GRID_S, Rows
from geofence.forecast.visits import firsts
from geofence.forecast.walk import Floats, Ints

LEADS_MIN = (3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
SHARES = (0.5, 0.65, 0.8, 1.0, 1.15, 1.35, 1.6)
CHANCES = (0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.7)
LAST = ((0.0, 1.0), (0.4, 0.12), (0.4, 0.2), (0.5, 0.15), (0.5, 0.3))
"""Low chances are tried most closely: there the rules that rehearsals choose are found."""
AWAY_LEADS = 2.0
AWAY_CHANCE = 0.2
"""After a call the truck has turned away when it is less likely than this within so many leads: one more is due."""
LATE_COSTS = 1.5
FALSE_COSTS = 0.6
FALSE_AFTER_S = 2700.0


class Rule(msgspec.Struct, frozen=True, array_like=True):
    """The figures for one lead."""

    lead_min: float
    share: float
    chance: float
    last_share: float
    last_chance: float


DEFAULT = (0.75, 0.5, 0.45, 0.35)


class Score(msgspec.Struct, frozen=True):
    """Shares of arrivals (hit, late with missed) and of alerts (false)."""

    arrivals: int
    hit: float
    late: float
    false: float

    @property
    def worth(self) -> float:
        """What the rule is worth: hits, less late and false alerts."""
        return self.hit - LATE_COSTS * self.late - FALSE_COSTS * self.false


def default_rule(lead_min: float) -> Rule:
    """The rule where nothing could be learned."""
    return Rule(lead_min, *DEFAULT)


def candidates(lead_min: float) -> Iterator[Rule]:
    """All rules that are tried for a lead."""
    for share, chance, (last_share, last_chance) in product(SHARES, CHANCES, LAST):
        yield Rule(lead_min, share, chance, last_share, last_chance)


def learned(rows: Rows, arrivals: int, leads_min: Sequence[float] = LEADS_MIN) -> tuple[Rule, ...]:
    """Choose the best rule for each lead, with an eye to its neighbours: what serves only by luck serves alone."""
    if not len(rows.at_s) or arrivals < MOST_LUCK:
        return tuple(default_rule(lead) for lead in leads_min)
    tables = np.array([_worths(rows, arrivals, lead) for lead in leads_min])
    padded = np.concatenate((tables[:1], tables, tables[-1:]))
    even = 0.5 * tables + 0.25 * (padded[:-2] + padded[2:])
    best = [int(np.argmax(table)) for table in even]
    return tuple(list(candidates(lead))[k] for lead, k in zip(leads_min, best, strict=True))


def _worths(rows: Rows, arrivals: int, lead_min: float) -> Floats:
    """Tell what each candidate is worth, smoothed over share and chance."""
    judge = _Judge(rows, arrivals, lead_min)
    table = np.array([judge.score(rule).worth for rule in candidates(lead_min)])
    return _smoothed(table.reshape(len(SHARES), len(CHANCES), len(LAST)))


MOST_LUCK = 30
"""With fewer arrivals than this the default rule stays."""


def _smoothed(table: Floats) -> Floats:
    """Average each rule's worth with that of its neighbours in share and chance."""
    padded = np.pad(table, ((1, 1), (1, 1), (0, 0)), mode="edge")
    total = 2.0 * table
    for a, b in ((0, 1), (2, 1), (1, 0), (1, 2)):
        total = total + padded[a : a + table.shape[0], b : b + table.shape[1]]
    smooth: Floats = total / 6.0
    return smooth


class _Judge:
    """Scores rules for one lead on the same rows; the chances within a share of the lead are looked up once."""

    def __init__(self, rows: Rows, arrivals: int, lead_min: float) -> None:
        self._rows = rows
        self._arrivals = arrivals
        self._lead_s = 60.0 * lead_min
        self._group = rows.run * 1_000_000 + rows.place
        self._begin = np.flatnonzero(firsts(self._group))
        self._end = np.append(self._begin[1:], len(self._group))
        self._left = np.append(rows.actual_s, np.inf)
        self._chances: dict[float, Floats] = {}
        self._next_away = _next(self._chance(AWAY_LEADS) < AWAY_CHANCE)

    def score(self, rule: Rule) -> Score:
        """Judge a rule by what it would have told: a first call, and a second one after the truck has turned away."""
        fires = self._chance(rule.share) >= rule.chance
        if rule.last_share > 0.0:
            fires = fires | (self._chance(rule.last_share) >= rule.last_chance)
        next_fire = _next(fires)
        first = self._within(next_fire[self._begin])
        second = self._within(next_fire[self._next_away[first]])
        in_time = max(FALSE_AFTER_S, 3.0 * self._lead_s)
        called = np.concatenate((first, second))
        called = called[called < len(fires)]
        false = int((self._left[called] > in_time).sum())
        mended = (self._left[first] > in_time) & (self._left[second] <= in_time)
        given = np.where(mended, self._left[second], self._left[first])
        told = int(np.isfinite(given).sum())
        hit = int(((given >= 0.5 * self._lead_s) & (given <= 2.0 * self._lead_s)).sum())
        late = int((given < 0.3 * self._lead_s).sum()) + self._arrivals - told
        of = max(self._arrivals, 1)
        return Score(self._arrivals, hit / of, late / of, false / max(len(called), 1))

    def _within(self, row: Ints) -> Ints:
        """Keep the rows that are of their own group; the others become the row after the last."""
        kept: Ints = np.where(row < self._end, row, len(self._group))
        return kept

    def _chance(self, share: float) -> Floats:
        known = self._chances.get(share)
        if known is None:
            known = self._chances[share] = _chance(self._rows.within, share * self._lead_s)
        return known


def _next(marked: npt.NDArray[np.bool_]) -> Ints:
    """Tell for each row, and for the one after the last, the first marked row from there on."""
    size = len(marked)
    rows = np.append(np.where(marked, np.arange(size), size), size)
    found: Ints = np.minimum.accumulate(rows[::-1])[::-1]
    return found


def _chance(within: npt.NDArray[np.float32], seconds: float) -> Floats:
    grid = np.array(GRID_S)
    k = int(np.clip(np.searchsorted(grid, seconds), 1, len(grid) - 1))
    share = float(np.clip((seconds - grid[k - 1]) / (grid[k] - grid[k - 1]), 0.0, 1.0))
    chance: Floats = within[:, k - 1] * (1.0 - share) + within[:, k] * share
    return chance


def score(rows: Rows, arrivals: int, rule: Rule) -> Score:
    """Judge a rule by what it would have told."""
    return _Judge(rows, arrivals, rule.lead_min).score(rule)


def rule_for(rules: Iterable[Rule], lead_min: float) -> Rule:
    """Tell the rule for a lead: between two that were learned, the figures of the nearer in ratio."""
    known = list(rules)
    if not known:
        return default_rule(lead_min)
    nearest = min(known, key=lambda rule: abs(np.log(rule.lead_min / lead_min)))
    return msgspec.structs.replace(nearest, lead_min=lead_min)
