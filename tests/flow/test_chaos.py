"""The crash matrix in the default suite: 40 kills, and every seed that ever failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.chaos.conductor import run
from tests.chaos.zygote import Zygote

SEEDS = (
    ("sample", "mosquitto", "ci/0", 20),
    ("jersey", "nats", "ci/1", 20),
)
"""Workload, broker, seed and kills. Seeds that failed once stay here: (workload, broker, "<seed>/<run>", kills)."""


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """The process that victims are forked from."""
    parent = Zygote(tmp_path_factory.mktemp("zygote") / "victims.log")
    yield parent
    parent.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("workload", "broker", "seed", "kills"), SEEDS)
def test_whatever_dies_the_books_balance(
    tmp_path: Path, zygote: Zygote, workload: str, broker: str, seed: str, kills: int
) -> None:
    """Stages, store and broker killed and frozen: nothing acknowledged is lost, nothing added, every push tagged."""
    outcome = run(tmp_path / "run", zygote, workload, broker, Random(seed), kills)

    assert outcome.books.why == []
    assert outcome.kills >= kills
    assert outcome.books.alerts > 20, "a day on which hardly anybody is told proves little"
    assert outcome.books.pushes >= outcome.books.alerts
