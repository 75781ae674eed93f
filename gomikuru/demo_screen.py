"""The demo in a terminal: trucks, counters, each push as the phone shows it; plain lines where there is no terminal.

`render` and `plain_lines` are pure: a frozen DemoState in, what to show out. DemoScreen alone writes.
"""

from __future__ import annotations

from types import TracebackType

import msgspec
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from model.times import local

WIDE = 120
STATUS_EVERY_MS = 60_000
BODY_LINES = 3
BURST = 5
"""Pushes that one update prints as plain lines; of more, only the number is told."""

DOINGS = {"collecting": ("●", "green"), "driving": ("➤", "blue"), "standing": ("■", "yellow"), "silent": ("?", "dim")}


class TruckLine(msgspec.Struct, frozen=True):
    """One truck: `where` is its street or zone, `doing` one of DOINGS; a silent truck is never shown as live."""

    truck: str
    where: str
    doing: str
    speed_mps: float | None = None
    age_s: int = 0


class PushLine(msgspec.Struct, frozen=True):
    """One push as a phone shows it. `number` counts all pushes, from 1; `resident` names whose phone."""

    number: int
    at_ms: int
    resident: str
    title: str
    body: str


class Counts(msgspec.Struct, frozen=True):
    """What was counted since the demo began."""

    homes: int = 0
    pings_accepted: int = 0
    pings_rejected: int = 0
    alerts: int = 0
    pushes: int = 0
    duplicates: int = 0
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None


class DemoState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the demo shows at one moment of service time. `pushes`: the newest, oldest first."""

    city: str
    timezone: str
    at_ms: int
    speed: float
    url: str | None = None
    trucks: tuple[TruckLine, ...] = ()
    pushes: tuple[PushLine, ...] = ()
    counts: Counts = Counts()


def render(state: DemoState, width: int = 80, height: int = 24) -> RenderableType:
    """Lay the state out for a terminal of this size; never more lines than it has."""
    counts = _counts(state)
    head = [_head(state), counts]
    room = max(height - 2 - -(-counts.cell_len // max(width - 16, 1)), 2)
    if width >= WIDE:
        columns = Table.grid(expand=True, padding=(0, 2))
        columns.add_column(ratio=1)
        columns.add_column(ratio=1)
        columns.add_row(_trucks(state, room), _phones(state, room, width // 2 - 4))
        return Group(*head, Rule(style="dim"), columns)
    trucks = min(len(state.trucks) + 1, max(room // 2, 2))
    return Group(*head, _trucks(state, trucks), Rule(style="dim"), _phones(state, max(room - trucks, 0), width))


def plain_lines(before: DemoState | None, now: DemoState) -> list[str]:
    """Tell what is new since an earlier state: pushes, and now and then where things stand."""
    last = before.pushes[-1].number if before and before.pushes else 0
    fresh = [push for push in now.pushes if push.number > last]
    lines = [
        f"{_clock(push.at_ms, now)}  phone of {push.resident}: {push.title} | {push.body}" for push in fresh[-BURST:]
    ]
    missed = max((fresh[-1].number - last if fresh else 0) - len(lines), 0)
    if missed:
        lines.insert(0, f"{_clock(now.at_ms, now)}  {missed} more pushes")
    if before is None:
        lines.insert(0, f"{now.city}: a simulated day, {now.speed:g} times as fast as life" + _at(now.url))
    if before is None or now.at_ms // STATUS_EVERY_MS > before.at_ms // STATUS_EVERY_MS:
        lines.append(f"{_clock(now.at_ms, now)}  {_counts(now).plain}")
    return lines


class DemoScreen:
    """Shows states, live in a terminal and line by line elsewhere. Use as a context."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._last: DemoState | None = None

    def __enter__(self) -> DemoScreen:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, state: DemoState) -> None:
        """Show a state, in place of the last."""
        if self._live:
            size = self._console.size
            self._live.update(render(state, size.width, size.height), refresh=True)
        else:
            for line in plain_lines(self._last, state):
                self._console.print(Text(line), soft_wrap=True)
        self._last = state


def _head(state: DemoState) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    title = Text.assemble((f" {state.city} ", "bold white on green"), f" {_clock(state.at_ms, state)} ×{state.speed:g}")
    line.add_row(title, Text(state.url or "", "cyan underline"))
    return line


def _counts(state: DemoState) -> Text:
    counts = state.counts
    parts = [
        f"{counts.homes} homes",
        f"{counts.pings_accepted} pings",
        f"{counts.pings_rejected} refused",
        f"{counts.alerts} alerts",
        f"{counts.pushes} pushes",
        f"{counts.duplicates} twice",
    ]
    if counts.latency_p50_ms is not None and counts.latency_p99_ms is not None:
        parts.append(f"ping to phone p50/p99 {counts.latency_p50_ms:.0f}/{counts.latency_p99_ms:.0f} ms")
    return Text("  ".join(parts))


def _trucks(state: DemoState, lines: int) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column("truck", no_wrap=True, overflow="ellipsis", max_width=14)
    table.add_column("where", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("doing", no_wrap=True, width=12)
    table.add_column("speed", no_wrap=True, justify="right", width=8)
    table.add_column("age", no_wrap=True, justify="right", width=7)
    table.add_row(*(Text(name, "dim") for name in ("truck", "where", "doing", "speed", "fix")))
    shown = state.trucks if len(state.trucks) < lines else state.trucks[: max(lines - 2, 0)]
    for truck in shown:
        table.add_row(*_truck_cells(truck))
    if len(shown) < len(state.trucks):
        table.add_row(Text(f"+{len(state.trucks) - len(shown)} more", "dim"))
    return table


def _truck_cells(truck: TruckLine) -> tuple[Text, ...]:
    sign, style = DOINGS.get(truck.doing, ("·", ""))
    silent = truck.doing == "silent"
    speed = "" if silent or truck.speed_mps is None else f"{truck.speed_mps * 3.6:.0f} km/h"
    cells = (truck.truck, truck.where, f"{sign} {truck.doing}", speed, _age(truck.age_s))
    return tuple(Text(cell, style if silent or at == 2 else "") for at, cell in enumerate(cells))


def _phones(state: DemoState, lines: int, width: int) -> RenderableType:
    if not state.pushes:
        return Align.center(Text("no push yet", "dim")) if lines else Text("", end="")
    shown: list[Text] = []
    for push in reversed(state.pushes):
        phone = _phone(push, state, width)
        if len(shown) + len(phone) > lines:
            break
        shown += phone
    return Group(*shown)


def _phone(push: PushLine, state: DemoState, width: int) -> list[Text]:
    head = Text.assemble(
        (f"▌{_clock(push.at_ms, state)} ", "cyan"), (push.title, "bold"), (f"  {push.resident}", "dim"), no_wrap=True
    )
    head.overflow = "ellipsis"
    body = Text(push.body).wrap(Console(width=width), max(width - 1, 2))[:BODY_LINES]
    return [head, *(Text.assemble(("▌", "cyan"), line, no_wrap=True) for line in body)]


def _clock(at_ms: int, state: DemoState) -> str:
    return local(at_ms, state.timezone).strftime("%H:%M:%S")


def _age(age_s: int) -> str:
    return f"{age_s} s" if age_s < 120 else f"{age_s // 60} min"


def _at(url: str | None) -> str:
    return f", shown at {url}" if url else ""
