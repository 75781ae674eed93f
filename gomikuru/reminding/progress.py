"""How far the reminders of a city are, in the store: who was told of which day, up to when, by which leader.

Everything is one hash, changed in the same transaction that appends the alerts, and only while the leader's fence
stands in it: so who is killed in the middle is followed by another that misses nobody and repeats nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from model.alert import encode_alert
from residents.reminded import encode_told
from residents.reminders import Piece
from streams import keys
from streams.ports import Fence, LeaseLost, Store

HASH = "reminders"
FENCE, UPTO, PLAN = "#fence", "#upto", "#plan"


class Progress:
    """The record of one city in the hands of its leader. All calls block; raise StoreUnavailable, LeaseLost."""

    def __init__(self, store: Store, city: str, fence: Fence) -> None:
        self._store = store
        self._city = city
        self._mine = b"%d %s" % (fence.number, fence.owner.encode())
        self._number = fence.number
        self.told: dict[str, bytes] = {}
        self.upto_ms: int | None = None
        self.plan = ""
        self._take_over()

    def _take_over(self) -> None:
        """Put this leader's fence in, so that nothing of an earlier one is written any more; then read."""
        stored = self._store.fields(self._city, HASH, [FENCE]).get(FENCE)
        newer = stored is not None and int(stored.split(b" ")[0]) > self._number
        if newer or not self._store.transact(self._city, HASH, {FENCE: self._mine}, (), {}, {FENCE: stored}):
            raise LeaseLost(f"another leader took the reminders of {self._city}")
        fields = self._store.fields(self._city, HASH)
        self.upto_ms = int(fields[UPTO]) if UPTO in fields else None
        self.plan = fields.get(PLAN, b"").decode()
        self.told = {name: value for name, value in fields.items() if not name.startswith("#")}

    def hand_on(self, pieces: Sequence[Piece], upto_ms: int | None = None) -> None:
        """Append alerts and remember who was told, at once; `upto_ms` moves how far all are told."""
        puts = {piece.key: encode_told(piece.told) for piece in pieces}
        alerts = [encode_alert(piece.alert) for piece in pieces]
        if upto_ms is not None:
            puts[UPTO] = b"%d" % upto_ms
        self._write(puts, (), {keys.alerts(self._city): alerts} if alerts else {})
        self.told.update((piece.key, puts[piece.key]) for piece in pieces)
        self.upto_ms = self.upto_ms if upto_ms is None else upto_ms

    def checked(self, plan: str) -> None:
        """Remember that everybody who had to be corrected under a plan has been."""
        self._write({PLAN: plan.encode()}, (), {})
        self.plan = plan

    def forget_before(self, day: date, most: int) -> None:
        """Forget who was told of past days, so many at a time."""
        past = [name for name in self.told if name[:10] < day.isoformat()]
        for at in range(0, len(past), most):
            gone = past[at : at + most]
            self._write({}, gone, {})
            for name in gone:
                del self.told[name]

    def _write(self, puts: dict[str, bytes], deletes: Sequence[str], appends: dict[str, list[bytes]]) -> None:
        if not self._store.transact(self._city, HASH, puts, deletes, appends, {FENCE: self._mine}):
            raise LeaseLost(f"another leader took the reminders of {self._city}")
