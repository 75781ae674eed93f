"""What each target was sent and has shown, in the store: one hash a city, one field a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from notifier.fallback import NOTHING, History, Sent, with_sends, with_shown, with_told
from streams.ports import Tables

SHOWN = "shown"
TRIES = 20


class StoreShowings:
    """Keeps the promises of notifier.ports.Showings."""

    def __init__(self, store: Tables) -> None:
        self._store = store

    def histories(self, city: str, targets: Sequence[str]) -> Mapping[str, History]:
        """Read those that there are."""
        stored = self._store.fields(city, SHOWN, list(dict.fromkeys(targets))) if targets else {}
        return {target: _read(data) for target, data in stored.items()}

    def sent(self, city: str, sends: Mapping[str, Sequence[Sent]]) -> None:
        """Note sends that a channel has accepted. Where others are always quicker, they are not noted: no harm."""
        self._change(city, {target: _adding(some) for target, some in sends.items()})

    def shown(self, city: str, target: str, alert: str) -> None:
        """Note that a target has shown an alert."""
        self._change(city, {target: lambda history: with_shown(history, alert)})

    def claim(self, city: str, target: str, notice: str) -> bool:
        """Tell, once, that the caller may tell the household."""
        return bool(self._change(city, {target: lambda history: with_told(history, notice)}))

    def forget(self, city: str, targets: Sequence[str]) -> None:
        """Forget targets."""
        if targets:
            self._store.transact(city, SHOWN, {}, list(targets), {})

    def _change(self, city: str, edits: Mapping[str, Callable[[History], History]]) -> int:
        """Edit fields; tell how many are another now, 0 also where others were quicker every time."""
        for _ in range(TRIES):
            stored = self._store.fields(city, SHOWN, list(edits)) if edits else {}
            befores = {target: _read(stored[target]) if target in stored else NOTHING for target in edits}
            afters = {target: edit(befores[target]) for target, edit in edits.items()}
            puts = {target: _encoder.encode(after) for target, after in afters.items() if after != befores[target]}
            expect = {target: stored.get(target) for target in puts}
            if not puts or self._store.transact(city, SHOWN, puts, (), {}, expect):
                return len(puts)
        return 0


def _adding(sends: Sequence[Sent]) -> Callable[[History], History]:
    return lambda history: with_sends(history, sends)


def _read(data: bytes) -> History:
    """Read a record; one that cannot be read counts as none: it is a help, not a truth."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return NOTHING


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(History)
