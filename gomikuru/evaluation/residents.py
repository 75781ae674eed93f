"""The residents of residents.csv as columns: leads and places. Pure."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from gomikuru.evaluation.scoring import Leads
from gomikuru.evaluation.timeline import Floats, Names
from model.subscription import AtPoint, MinutesLead, Pin
from residents.wish import Wish


class Residents(NamedTuple):
    """Leads, places in degrees (NaN: none) and categories (empty: all), in the order of the residents' numbers."""

    leads: Leads
    lat: Floats
    lon: Floats
    categories: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, wishes: list[Wish], names: Names) -> Self:
        """Number the wishes, and let nobody else in."""
        names.codes([wish.id or str(number) for number, wish in enumerate(wishes, start=1)])
        names.close()
        minutes = [wish.lead.minutes if isinstance(wish.lead, MinutesLead) else np.nan for wish in wishes]
        places = [wish.place if isinstance(wish.place, Pin | AtPoint) else None for wish in wishes]
        lead_min = np.array(minutes, dtype=np.float64)
        lat = np.array([place.lat if place else np.nan for place in places], dtype=np.float64)
        lon = np.array([place.lon if place else np.nan for place in places], dtype=np.float64)
        return cls(Leads(lead_min, ~np.isnan(lead_min)), lat, lon, tuple(wish.categories for wish in wishes))
