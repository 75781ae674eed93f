"""The crash matrix in the default suite: 40 kills, and the runs that failed once."""

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
    ("sample", "mosquitto", "202/4", 40),
)
"""Workload, broker, seed and kills. A run that failed once stays: what `matrix` gives for it, "<seed>/<run>", kills.

202/4: on a starved machine a worker alone lost its own lease for ever.
"""


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
