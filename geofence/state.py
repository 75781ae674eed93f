"""What the engine remembers of a city, and its form in the store: one field a truck, chunks of told-records,
and what was foretold on each run.

A State is consumed by each step: the one that came in must not be used again. `puts` gives what changed since the
last call, so that a commit is as small as what happened.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from geofence.forecast.today import DaySoFar
from geofence.foretold import Foretold, decode_foretold
from geofence.motion import Motion
from geofence.runs import Run, ended
from geofence.told import CHUNK_BYTES, Told
from geofence.track import Track

TRUCK = "truck/"
TOLD = "told/"
FORETOLD = "foretold/"
ORDINAL = "ordinal/"


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A home within reach whose approach is not confirmed: the fixes and the metres driven inside so far."""

    number: int
    fixes: int
    metres: float


class InFence(msgspec.Struct, frozen=True, array_like=True):
    """A zone in which the truck is: not yet confirmed, confirmed, or also announced to its subscribers on a run."""

    zone: str
    fixes: int
    metres: float
    confirmed: bool = False
    announced: str = ""


class Leaving(msgspec.Struct, frozen=True, array_like=True):
    """A place that the truck served and has not passed for good: at how many looks in a row it was well away."""

    place: int
    looks: int = 0


class Truck(msgspec.Struct, frozen=True, array_like=True):
    """All that is remembered of one truck. `weigh_all` asks for the whole disk on its next ping.

    `round`: the key of the run for leads in minutes; `hushed`: its silence was weighed, and it has not spoken since.
    """

    track: Track = Track()
    motion: Motion | None = None
    waiting: tuple[Waiting, ...] = ()
    fences: tuple[InFence, ...] = ()
    collecting: bool = False
    weigh_all: bool = False
    swept_m: float = 0.0
    muted: bool = False
    so_far: DaySoFar | None = msgspec.field(default=None, name="day")
    looked_ms: int = 0
    leaving: tuple[Leaving, ...] = ()
    round: str = ""
    hushed: bool = False


_truck_encoder = msgspec.msgpack.Encoder()
_truck_decoder: msgspec.msgpack.Decoder[Truck] = msgspec.msgpack.Decoder(Truck)
_run_encoder = msgspec.msgpack.Encoder()
_run_decoder: msgspec.msgpack.Decoder[Run] = msgspec.msgpack.Decoder(Run)


class State:
    """A city's trucks and told-records."""

    def __init__(self) -> None:
        self.trucks: dict[str, Truck] = {}
        self.told: dict[str, Told] = {}
        self.foretold: dict[str, Foretold] = {}
        self.today = ""
        self._ordinals: dict[str, Run] = {}
        self._renumbered: set[str] = set()
        self._trucks_touched: set[str] = set()
        self._gone: list[str] = []

    def truck(self, name: str) -> Truck:
        """Give what is remembered of a truck; a new one when nothing is."""
        return self.trucks.get(name) or Truck()

    def remember(self, name: str, truck: Truck) -> None:
        """Take a truck's next state."""
        self.trucks[name] = truck
        self._trucks_touched.add(name)

    def told_on(self, key: str) -> Told:
        """Give a run's told-record, opening it when it is new."""
        told = self.told.get(key)
        if told is None:
            told = self.told[key] = Told()
        return told

    def was_told(self, key: str, number: int) -> bool:
        """Tell whether a subscription stands in a told-record, without opening one."""
        told = self.told.get(key)
        return told is not None and told.has(number)

    def foretold_on(self, key: str) -> Foretold:
        """Give what was foretold on a run, opening it when it is new."""
        foretold = self.foretold.get(key)
        if foretold is None:
            foretold = self.foretold[key] = Foretold()
        return foretold

    def run(self, day: str, name: str) -> Run:
        """Tell the run of a service on a day: the first, unless dispatch has begun another."""
        run = self._ordinals.get(name)
        return run if run is not None and run.day == day else Run(day, name)

    def restore(self, run: Run) -> None:
        """Take a service's run as it was committed."""
        self._ordinals[run.name] = run

    def next_run(self, day: str, name: str) -> None:
        """Begin the next run of a service on a day."""
        self._ordinals[name] = Run(day, name, self.run(day, name).ordinal + 1)
        self._renumbered.add(name)

    def turn_day(self, today: str) -> None:
        """Close the runs of days that are over."""
        if today <= self.today:
            return
        self.today = today
        for key in sorted(key for key in {*self.told, *self.foretold} if ended(key, today)):
            told, foretold = self.told.pop(key, None), self.foretold.pop(key, None)
            if told is not None:
                self._gone.extend(f"{TOLD}{key}/{chunk}" for chunk in range(len(told.bits) // CHUNK_BYTES))
            if foretold:
                self._gone.append(FORETOLD + key)

    def puts(self) -> tuple[dict[str, bytes], list[str]]:
        """Tell the fields to write and to delete since the last call."""
        fields = {TRUCK + name: _truck_encoder.encode(self.trucks[name]) for name in sorted(self._trucks_touched)}
        for key, told in self.told.items():
            for chunk in sorted(told.touched):
                fields[f"{TOLD}{key}/{chunk}"] = told.chunk(chunk)
            told.touched.clear()
        for key, foretold in self.foretold.items():
            if foretold.touched:
                fields[FORETOLD + key] = foretold.encode()
                foretold.touched = False
        fields |= {ORDINAL + name: _run_encoder.encode(self._ordinals[name]) for name in sorted(self._renumbered)}
        self._renumbered.clear()
        gone, self._gone = self._gone, []
        self._trucks_touched.clear()
        return fields, gone


def state_of(fields: Mapping[str, bytes]) -> State:
    """Build a State from its fields; fields of other kinds are passed over."""
    state = State()
    for name, data in fields.items():
        if name.startswith(TRUCK):
            state.trucks[name.removeprefix(TRUCK)] = _truck_decoder.decode(data)
        elif name.startswith(TOLD):
            key, chunk = name.removeprefix(TOLD).rsplit("/", 1)
            state.told_on(key).load(int(chunk), data)
        elif name.startswith(FORETOLD):
            state.foretold[name.removeprefix(FORETOLD)] = decode_foretold(data)
        elif name.startswith(ORDINAL):
            state.restore(_run_decoder.decode(data))
    return state
