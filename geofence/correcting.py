"""When what was foretold of a place turns out otherwise: one correction, and where it is later, one more call.

A correction says that the one time that a household remembers is wrong; so it waits until the new one has lasted.
"""

from __future__ import annotations

import numpy as np

from geofence.forecast.walk import Ints
from geofence.forecaster import Ahead
from geofence.foretold import Doubt, Foretold, Saying
from geofence.scene import Scene

CORRECT_SHARE = 1 / 3
CORRECT_S = 300.0
"""A correction is due when the time moved by a third of the lead, and by five minutes at least."""
CORRECT_CHANCE = 0.5
SOONER_LASTS_MS = 60_000
LATER_LASTS_MS = 120_000
"""So long the new time must have been expected, no further from itself than half of what is material."""
AWAY_LASTS_MS = 240_000
"""So long a truck that was near must have been unlikely to come soon before its next coming is news."""
AGAIN_S = 120.0
"""Who is corrected to less than this beyond the lead has been called already."""


def coming(ahead: Ahead) -> list[int]:
    """Tell which of the places ahead the truck is more likely to reach than not."""
    return np.flatnonzero(ahead.outlook.within(1e9) >= CORRECT_CHANCE).tolist()


def soonest(ahead: Ahead, rows: Ints) -> int | None:
    """Tell which of some places ahead the truck reaches first; None of none."""
    return int(rows[int(np.argmin(ahead.middle_s[rows]))]) if len(rows) else None


def first_coming(ahead: Ahead, places: Ints) -> int | None:
    """Tell which of a zone's places the truck reaches first, of those that it is more likely to reach than not."""
    rows = np.array(coming(ahead), dtype=np.int64)
    return soonest(ahead, rows[np.isin(ahead.outlook.place[rows], places)])


def corrected(ahead: Ahead, lead_min: float, scene: Scene) -> list[tuple[int, int]]:
    """Tell which places to correct now, each once, with the instant that was told, and record it."""
    ahead_at = ahead.outlook.place.tolist()
    found = ((k, moved(ahead, k, ahead_at[k], lead_min, scene)) for k in coming(ahead))
    return [(k, was_ms) for k, was_ms in found if was_ms is not None]


def moved(ahead: Ahead, k: int, told_by: int, lead_min: float, scene: Scene) -> int | None:
    """Tell the instant foretold under a number, if it is to be corrected to the k-th place's time, and record that."""
    foretold = scene.round_foretold
    said = foretold.to_correct(told_by, lead_min)
    if said is None:
        return None
    eta_ms = ahead.middle_ms(k, scene.fix_ms)
    if _foreign(said, eta_ms, scene.truck) or not _lasting(said, ahead, k, scene.fix_ms, foretold):
        return None
    foretold.correct(said, eta_ms, again=float(ahead.middle_s[k]) > 60.0 * lead_min + AGAIN_S)
    return said.eta_ms


def _foreign(said: Saying, eta_ms: int, truck: str) -> bool:
    """Tell whether another truck was told of that will be there first: who broke down does not call off who helps."""
    return said.teller not in ("", truck) and eta_ms >= said.eta_ms


def _lasting(said: Saying, ahead: Ahead, k: int, fix_ms: int, foretold: Foretold) -> bool:
    """Tell whether another time than the one told has been expected for a while; note it when it begins."""
    middle = ahead.middle_ms(k, fix_ms)
    material_ms = 1000.0 * max(60.0 * said.lead_min * CORRECT_SHARE, CORRECT_S)
    if abs(middle - said.eta_ms) <= material_ms or _holds(ahead, k, said.eta_ms, fix_ms):
        foretold.doubt(said, None)
        return False
    if said.doubt is None or abs(middle - said.doubt.eta_ms) > material_ms / 2:
        foretold.doubt(said, Doubt(fix_ms, middle))
        return False
    return fix_ms - said.doubt.since_ms >= (SOONER_LASTS_MS if middle < said.eta_ms else LATER_LASTS_MS)


def _holds(ahead: Ahead, k: int, eta_ms: int, fix_ms: int) -> bool:
    """Tell whether an instant lies within the interval of the k-th place."""
    _, low, high = ahead.instants(k, fix_ms)
    return low <= eta_ms <= high
