"""What the engine believes of a city's trucks, read from its committed state: for the page and the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from geofence.motion import Phase
from geofence.state import TRUCK, state_of
from streams.ports import StoreFault, StoreUnavailable, Tables

DOING = {Phase.COLLECTING: "collecting", Phase.DRIVING: "driving", Phase.RESTING: "standing", Phase.UNKNOWN: "driving"}


def doing(store: Tables, city: str, trucks: Iterable[str]) -> Mapping[str, str]:
    """Tell what trucks do; nothing at all while the store does not answer."""
    try:
        return _doing(store, city, trucks)
    except (StoreUnavailable, StoreFault):
        return {}


def _doing(store: Tables, city: str, trucks: Iterable[str]) -> Mapping[str, str]:
    """Tell what trucks do: collecting, driving or standing; nothing of a truck that the engine does not know."""
    names = [TRUCK + truck for truck in trucks]
    known = state_of(store.fields(city, "state", names)).trucks if names else {}
    return {
        name: "collecting" if truck.collecting else DOING[truck.motion.phase]
        for name, truck in known.items()
        if truck.motion is not None
    }


def judge(store: Tables, city: str) -> Callable[[Iterable[str]], Mapping[str, bool]]:
    """Make the page's question: which of these trucks collect? It raises what the store raises."""
    return lambda trucks: {truck: what == "collecting" for truck, what in _doing(store, city, trucks).items()}
