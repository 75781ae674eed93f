"""Which homes come newly within reach: the kernel over a plain grid, compiled by Numba. Arrays in, indices out.

What a leg newly reaches is the capsule around it minus the disk around its start. Homes are grouped in classes of
similar reach, and in a class sorted by grid row and cell, so that each row of the crescent is two runs of the array;
what lies behind the truck cannot be new. Cells at the rim of a grid hold also the homes beyond it. Its longest function
is one loop nest, since a call within it would cost more than its work (docs/decisions/0005-homes-on-a-grid.md).
"""

from __future__ import annotations

from math import floor, sqrt

import numpy as np
import numpy.typing as npt
from numba import njit

XMIN, YMIN, WIDE, HIGH, COLUMNS, ROWS, REACH_MIN, REACH_MAX, FIRST_CELL, HAS_HOMES = range(10)
"""The columns of a class's row in the table of classes."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Starts = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint8]
Masks = npt.NDArray[np.uint32]


@njit(cache=True, inline="always")
def _clip(value: float, top: int) -> int:
    """Bring a cell number into the grid; far-off values must not overflow an integer."""
    if value <= 0.0:
        return 0
    if value >= top:
        return top
    return floor(value)


@njit(cache=True, error_model="numpy")
def newly_within(  # noqa: C901, PLR0912, PLR0915 - one loop nest: a call within it would cost more than its work
    leg: tuple[float, float, float, float],
    old: bool,
    reach_from: float,
    classes: Floats,
    starts: Starts,
    homes: Floats,
    masks: Masks,
    numbers: Ints,
    bit: int,
    told: Bits,
    out: Ints,
) -> int:
    """Find the homes that a leg (x0, y0, x1, y1; plane metres) newly reaches.

    `old` says whether the disk around the start is behind us already; without it the whole capsule counts. `homes` is
    an (n, 3) array of x, y, reach; a negative reach is a home that is gone. Homes with a reach below `reach_from` plane
    metres, of other categories (`masks` against `bit`; 0 is every category), or already told (bits by number) do not
    count. Indices go to `out` as far as it reaches; the number found is returned even where it is more.
    """
    found = 0
    x0, y0, x1, y1 = leg
    dx, dy = x1 - x0, y1 - y0
    square = dx * dx + dy * dy
    if old and square == 0.0:
        return 0
    inverse = 1.0 / square if square > 0.0 else 0.0
    steep = 1e-3 * abs(dy)
    slope = dy / dx if abs(dx) > steep else 0.0
    left, right = min(x0, x1), max(x0, x1)
    low, high = min(y0, y1), max(y0, y1)
    for c in range(classes.shape[0]):
        outer = classes[c, REACH_MAX]
        if classes[c, HAS_HOMES] == 0.0 or outer < reach_from:
            continue
        inner2 = classes[c, REACH_MIN] * classes[c, REACH_MIN]
        xmin, ymin = classes[c, XMIN], classes[c, YMIN]
        tall, across = classes[c, HIGH], 1.0 / classes[c, WIDE]
        columns, rows = int(classes[c, COLUMNS]), int(classes[c, ROWS])
        base = int(classes[c, FIRST_CELL])
        row_first = _clip((low - outer - ymin) / tall, rows - 1)
        row_last = _clip((high + outer - ymin) / tall, rows - 1)
        for row in range(row_first, row_last + 1):
            rim = row == 0 or row == rows - 1
            bottom = ymin + row * tall
            top = bottom + tall
            away = 0.0 if rim else max(0.0, low - top, bottom - high)
            if away > outer:
                continue
            wide = sqrt(outer * outer - away * away)
            a = _clip((left - wide - xmin) * across, columns - 1)
            b = _clip((right + wide - xmin) * across, columns - 1)
            if old and not rim:
                if dx > steep:
                    a = max(
                        a, _clip((x0 - max((bottom - y0) * slope, (top - y0) * slope) - xmin) * across, columns - 1)
                    )
                elif dx < -steep:
                    b = min(
                        b, _clip((x0 - min((bottom - y0) * slope, (top - y0) * slope) - xmin) * across, columns - 1)
                    )
            end, begin = b, b + 1
            deep = max(abs(y0 - bottom), abs(y0 - top))
            if old and not rim and deep * deep < inner2:
                half = sqrt(inner2 - deep * deep)
                skip_a = _clip((x0 - half - xmin) * across, columns - 1) + 1
                skip_b = _clip((x0 + half - xmin) * across, columns - 1) - 1
                if skip_a <= skip_b:
                    end, begin = min(b, skip_a - 1), max(a, skip_b + 1)
            line = base + row * columns
            for side in range(2):
                first, last = (a, end) if side == 0 else (begin, b)
                if first > last:
                    continue
                for i in range(starts[line + first], starts[line + last + 1]):
                    reach = homes[i, 2]
                    ex, ey = homes[i, 0] - x0, homes[i, 1] - y0
                    reach2 = reach * reach
                    along = min(1.0, max(0.0, (ex * dx + ey * dy) * inverse))
                    fx, fy = ex - along * dx, ey - along * dy
                    outside = (fx * fx + fy * fy > reach2) | (reach < reach_from)
                    if outside | (old & (ex * ex + ey * ey <= reach2)):
                        continue
                    if bit != 0 and masks[i] != 0 and (masks[i] & bit) == 0:
                        continue
                    number = numbers[i]
                    if (number >> 3) < told.shape[0] and (told[number >> 3] >> (number & 7)) & 1:
                        continue
                    if found < out.shape[0]:
                        out[found] = i
                    found += 1
    return found


@njit(cache=True, error_model="numpy")
def path_distances(homes: Floats, index: Ints, path: Floats, nearest: Floats, now: Floats) -> None:
    """Measure from homes to a path ((k, 2) plane metres): its nearest point, and its end."""
    k = path.shape[0]
    for j in range(index.shape[0]):
        hx, hy = homes[index[j], 0], homes[index[j], 1]
        ex, ey = hx - path[k - 1, 0], hy - path[k - 1, 1]
        best = ex * ex + ey * ey
        now[j] = sqrt(best)
        for s in range(k - 1):
            ax, ay = path[s, 0], path[s, 1]
            dx, dy = path[s + 1, 0] - ax, path[s + 1, 1] - ay
            square = dx * dx + dy * dy
            along = 0.0
            if square > 0.0:
                along = min(1.0, max(0.0, ((hx - ax) * dx + (hy - ay) * dy) / square))
            fx, fy = hx - ax - along * dx, hy - ay - along * dy
            best = min(best, fx * fx + fy * fy)
        nearest[j] = sqrt(best)
