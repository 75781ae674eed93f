"""Finding words for problems: which of them stop a city, and which known word was meant."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

from model.problem import Problem


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Keep the problems that stop the city from being used."""
    return [problem for problem in problems if not problem.warning]


def meant(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, or list them all."""
    names = list(known)
    tidy = unicodedata.normalize("NFKC", word).strip().lower().replace("-", "_").replace(" ", "_")
    by_tidy = {name.lower().replace("-", "_"): name for name in names}
    near = difflib.get_close_matches(tidy, by_tidy, n=1, cutoff=0.6)
    if near:
        return f"did you mean {by_tidy[near[0]]!r}?"
    return f"known are {', '.join(names)}" if names else "there are none"
