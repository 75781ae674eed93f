"""Options that take several files at once: what a shell makes of `--pings days/*.csv` without quotation marks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import typer
from typer.core import TyperCommand


class SeveralFiles(TyperCommand):
    """A command without arguments, whose repeatable options may each be followed by several values."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Name a repeatable option before each of its values, and read them as ever."""
        many = {name for param in self.params if getattr(param, "multiple", False) for name in param.opts}
        return super().parse_args(ctx, list(each_named(args, many)))


def each_named(args: Iterable[str], many: Collection[str]) -> Iterator[str]:
    """Repeat an option of `many` before its second value, its third, up to the next option."""
    option, values = "", 0
    for arg in args:
        if arg.startswith("-") and len(arg) > 1:
            option, values = (arg if arg in many else ""), 0
        elif option:
            values += 1
            if values > 1:
                yield option
        yield arg
