"""Chance: generators that depend on a seed and a purpose alone, and factors around one."""

from __future__ import annotations

import math
import zlib

import numpy as np
from numpy.random import Generator


def generator(seed: int, purpose: str) -> Generator:
    """Give the generator of a purpose: drawing more for one leaves the others alone."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def factor(rng: Generator, cv: float) -> float:
    """Draw a lognormal factor with mean one and this coefficient of variation."""
    variance = math.log1p(cv * cv)
    return float(rng.lognormal(-variance / 2, math.sqrt(variance)))
