"""Today's order of a round: which stops are served, which blocks change places, what is left for the end."""

from __future__ import annotations

import msgspec
from numpy.random import Generator

from gomikuru.simulation.bed.plan import Unrest
from gomikuru.simulation.bed.rounds import Round, Stop

ROUTINE_HABIT = 0.6


class Task(msgspec.Struct, frozen=True):
    """A stop to serve; whether a block ends with it, and when the part of a timetable starts that it opens."""

    stop: Stop
    ends_block: bool
    starts_min: float | None


def todays_order(each: Round, unrest: Unrest, rng: Generator) -> list[Task]:
    """Decide which stops are served today, and in which order. Parts of a timetable never change places."""
    starts = each.block_starts_min or (None,) * len(each.blocks)
    tasks: list[Task] = []
    first = 0
    for cut in [k for k in range(1, len(starts)) if starts[k] is not None] + [len(starts)]:
        blocks = _shuffled([_served(block, unrest, rng) for block in each.blocks[first:cut]], unrest, rng)
        part = [Task(stop, stop is block[-1], None) for block in blocks for stop in block]
        if part:
            part[0] = msgspec.structs.replace(part[0], starts_min=starts[first])
        tasks, first = tasks + part, cut
    return tasks


def _served(block: tuple[Stop, ...], unrest: Unrest, rng: Generator) -> list[Stop]:
    served = [stop for stop in block if rng.random() < _chance(stop, unrest)]
    return served[::-1] if rng.random() < unrest.reverse_share else served


def _chance(stop: Stop, unrest: Unrest) -> float:
    if stop.habit > ROUTINE_HABIT:
        return 1.0 - min(1.0, (1.0 - stop.habit) * unrest.skip_factor)
    return min(ROUTINE_HABIT - 0.02, stop.habit * unrest.extra_factor)


def _shuffled(blocks: list[list[Stop]], unrest: Unrest, rng: Generator) -> list[list[Stop]]:
    count = len(blocks)
    if count > 1 and rng.random() < unrest.swap_share:
        one = int(rng.integers(0, count))
        other = (one + 1) % count if rng.random() < 0.6 else int(rng.integers(0, count))
        blocks[one], blocks[other] = blocks[other], blocks[one]
    if count > 2 and rng.random() < unrest.swap_share / 3:
        blocks.append(blocks.pop(0))
    left = []
    for block in blocks:
        for stop in [stop for stop in block if rng.random() < unrest.move_share]:
            block.remove(stop)
            left.append(stop)
    return [block for block in (*blocks, left) if block]
