"""Which nodes of a street graph can be driven to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def reached(start: int, next_to: Sequence[Iterable[int]]) -> set[int]:
    """Tell the nodes that can be driven to, the start with them; `next_to`: of each node, where its streets end."""
    seen, todo = {start}, [start]
    while todo:
        for other in next_to[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen
