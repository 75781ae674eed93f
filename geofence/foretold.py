"""What was foretold on a run, by place and lead: the time told, and whether it was corrected. A form to store."""

from __future__ import annotations

import msgspec


class Saying(msgspec.Struct, frozen=True, array_like=True):
    """One thing foretold; `whole` until homes of the place that were not told have come."""

    place: int
    lead_min: float
    eta_ms: int
    corrected: bool = False
    whole: bool = True


class Foretold:
    """Grows by `tell`; `touched` says that a commit must write it."""

    def __init__(self, said: list[Saying] | None = None) -> None:
        self._said = {(one.place, one.lead_min): one for one in said or ()}
        self.touched = False

    def __len__(self) -> int:
        return len(self._said)

    def has(self, place: int, lead_min: float) -> bool:
        """Tell whether all homes of a place with a lead were told."""
        said = self._said.get((place, lead_min))
        return said is not None and said.whole

    def tell(self, place: int, lead_min: float, eta_ms: int) -> None:
        """Record what was told."""
        before = self._said.get((place, lead_min))
        self._said[place, lead_min] = Saying(place, lead_min, eta_ms, before is not None and before.corrected)
        self.touched = True

    def to_correct(self, place: int, lead_min: float) -> int | None:
        """Tell the time that was told and not yet corrected, or None."""
        said = self._said.get((place, lead_min))
        return None if said is None or said.corrected else said.eta_ms

    def correct(self, place: int, lead_min: float, eta_ms: int) -> None:
        """Record that a correction was told."""
        self._said[place, lead_min] = Saying(place, lead_min, eta_ms, True)
        self.touched = True

    def reopen(self, place: int, lead_min: float) -> None:
        """Let the homes of a place be weighed once more, since one has come; the told-record keeps those told."""
        said = self._said.get((place, lead_min))
        if said is not None:
            self._said[place, lead_min] = msgspec.structs.replace(said, whole=False)
            self.touched = True

    def encode(self) -> bytes:
        """Write it as msgpack."""
        return msgspec.msgpack.encode(list(self._said.values()))


def decode_foretold(data: bytes) -> Foretold:
    """Read what `encode` wrote."""
    return Foretold(msgspec.msgpack.decode(data, type=list[Saying]))
