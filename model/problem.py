"""What is wrong with something that a person wrote: where, what, and what to do."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong in one file; a `warning` is worth a look but stops nothing."""

    file: str
    where: str
    what: str
    remedy: str = ""
    warning: bool = False

    def __str__(self) -> str:
        head = f"{self.file}: {self.where}: " if self.where else f"{self.file}: "
        return head + self.what + (f"; {self.remedy}" if self.remedy else "")
