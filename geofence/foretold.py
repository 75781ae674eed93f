"""What was foretold on a run, by place and lead: the time told, and what became of it. A form to store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum

import msgspec


class Again(IntEnum):
    """Whether a place is to be told once more: corrected to later than its lead (due), or the truck has turned away."""

    NO = 0
    DUE = 1
    TOLD = 2
    AWAY = 3


_OPEN = (Again.NO, Again.DUE)


class Doubt(msgspec.Struct, frozen=True, array_like=True):
    """Another time than the one told, since when it is expected; told if it lasts."""

    since_ms: int
    eta_ms: int


class Saying(msgspec.Struct, frozen=True, array_like=True):
    """One thing foretold, by whom; `whole` until homes of the place that were not told have come.

    `unlikely_ms`: since when the truck, once so near, has been unlikely to come soon.
    """

    place: int
    lead_min: float
    eta_ms: int
    corrected: bool = False
    whole: bool = True
    doubt: Doubt | None = None
    again: Again = Again.NO
    teller: str = ""
    unlikely_ms: int | None = None


class Foretold:
    """Grows by `tell`; `touched` says that a commit must write it."""

    def __init__(self, said: list[Saying] | None = None) -> None:
        self._said = {(one.place, one.lead_min): one for one in said or ()}
        self._open = {key for key, one in self._said.items() if one.again in _OPEN}
        self.touched = False

    def __len__(self) -> int:
        return len(self._said)

    def __iter__(self) -> Iterator[Saying]:
        return iter(self._said.values())

    def has(self, place: int, lead_min: float) -> bool:
        """Tell whether all homes of a place with a lead were told."""
        said = self._said.get((place, lead_min))
        return said is not None and said.whole

    def tell(self, place: int, lead_min: float, eta_ms: int, teller: str = "") -> None:
        """Record what was told, of which truck."""
        before = self._said.get((place, lead_min))
        if before is None:
            self._put(Saying(place, lead_min, eta_ms, teller=teller))
        else:
            self._put(msgspec.structs.replace(before, eta_ms=eta_ms, whole=True, doubt=None, teller=teller))

    def to_correct(self, place: int, lead_min: float) -> Saying | None:
        """Give what was told and not yet corrected, or None."""
        said = self._said.get((place, lead_min))
        return None if said is None or said.corrected else said

    def doubt(self, said: Saying, doubt: Doubt | None) -> None:
        """Note since when another time is expected, or that the one told is expected again."""
        if said.doubt != doubt:
            self._put(msgspec.structs.replace(said, doubt=doubt))

    def correct(self, said: Saying, eta_ms: int, *, again: bool) -> None:
        """Record that a correction was told; `again`: the place is to be told once more when its lead is reached."""
        due = said.again if said.again not in _OPEN else Again.DUE if again else Again.NO
        self._put(msgspec.structs.replace(said, eta_ms=eta_ms, corrected=True, doubt=None, again=due))

    def waiting(self, teller: str) -> list[tuple[int, float]]:
        """Give the places and leads that were told of a truck, once, and from which it has not turned away since."""
        return sorted(key for key in self._open if self._said[key].teller == teller)

    def unlikely(self, place: int, lead_min: float, at_ms: int | None, lasts_ms: int) -> None:
        """Note that the truck has become unlikely (None: that it is likely again).

        When that has lasted it has turned away, and the place is told once more when it comes.
        """
        said = self._said[place, lead_min]
        if at_ms is None or said.unlikely_ms is None:
            if said.unlikely_ms != at_ms:
                self._put(msgspec.structs.replace(said, unlikely_ms=at_ms))
        elif at_ms - said.unlikely_ms >= lasts_ms:
            self._put(msgspec.structs.replace(said, again=Again.AWAY, unlikely_ms=None))

    def settle(self, place: int, lead_min: float) -> None:
        """Wait no longer for a place, since it was served; nothing to store."""
        self._open.discard((place, lead_min))

    def again(self, place: int, lead_min: float) -> Again:
        """Tell whether a place waits to be told once more."""
        said = self._said.get((place, lead_min))
        return Again.NO if said is None else said.again

    def tell_again(self, place: int, lead_min: float, eta_ms: int) -> None:
        """Record that it was told once more."""
        said = self._said[place, lead_min]
        self._put(msgspec.structs.replace(said, eta_ms=eta_ms, doubt=None, again=Again.TOLD))

    def reopen(self, place: int, lead_min: float) -> None:
        """Let the homes of a place be weighed once more, since one has come; the told-record keeps those told."""
        said = self._said.get((place, lead_min))
        if said is not None:
            self._put(msgspec.structs.replace(said, whole=False))

    def _put(self, said: Saying) -> None:
        key = said.place, said.lead_min
        self._said[key] = said
        if said.again in _OPEN:
            self._open.add(key)
        else:
            self._open.discard(key)
        self.touched = True

    def moved(self, now_at: Callable[[int, int], int | None]) -> None:
        """Let what was told by places stand under other numbers, those of a new profile; what has none is forgotten.

        `now_at` tells the number by the old one and the instant that was told. Zones keep theirs, which are negative.
        """
        kept: dict[tuple[int, float], Saying] = {}
        waited: set[tuple[int, float]] = set()
        for (place, lead_min), said in self._said.items():
            now = place if place < 0 else now_at(place, said.eta_ms)
            if now is not None and (now, lead_min) not in kept:
                kept[now, lead_min] = msgspec.structs.replace(said, place=now)
                if (place, lead_min) in self._open:
                    waited.add((now, lead_min))
        if kept != self._said:
            self._said, self._open, self.touched = kept, waited, True

    def encode(self) -> bytes:
        """Write it as msgpack."""
        return msgspec.msgpack.encode(list(self._said.values()))


def decode_foretold(data: bytes) -> Foretold:
    """Read what `encode` wrote."""
    return Foretold(msgspec.msgpack.decode(data, type=list[Saying]))
