"""The names of everything kept in the store. One hash tag a city, so that a city is one slot of a cluster."""

from __future__ import annotations


def key(what: str, city: str) -> str:
    """Name a city's key, such as events:{minami}."""
    return f"{what}:{{{city}}}"


def events(city: str) -> str:
    """Name the ordered stream of everything that can change an alert."""
    return key("events", city)


def alerts(city: str) -> str:
    """Name the stream of decided alerts."""
    return key("alerts", city)


def quarantine(city: str) -> str:
    """Name the bounded stream of refused payloads."""
    return key("quarantine", city)


def dead(city: str) -> str:
    """Name the stream of alerts that could not be sent after all tries."""
    return key("dead", city)


def aside(city: str) -> str:
    """Name the bounded stream of events that the engine could not take."""
    return key("aside", city)


def outcomes(city: str) -> str:
    """Name the bounded stream of what became of each push."""
    return key("outcomes", city)


def pages(city: str) -> str:
    """Name the bounded stream of what open pages are to show at once."""
    return key("pages", city)


def state(city: str) -> str:
    """Name the hash of a city's committed state."""
    return key("state", city)


def cursor(city: str) -> str:
    """Name the place in the event stream up to which the state has come."""
    return key("cursor", city)


def lease(city: str) -> str:
    """Name the lease on a city's work."""
    return key("lease", city)


def blob(city: str, name: str) -> str:
    """Name immutable bytes of a city."""
    return f"{key('blob', city)}:{name}"


def reports(city: str) -> str:
    """Name the bounded stream of residents' reports."""
    return key("reports", city)
