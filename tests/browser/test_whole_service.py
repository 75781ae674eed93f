"""From a truck to a phone, with everything that is ours real: broker, engine, notifier, page, encryption, browser.

The demonstration runs as a newcomer starts it; Firefox signs up on its page for a collection point that a simulated
truck has yet to serve, and gets its push through a local push service.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from gomikuru.city_files.places_csv import read_places
from gomikuru.places import sample_cities
from gomikuru.simulate import Simulation, drive_day, lively_start_ms, next_collection_day, read_town
from residents.places import NamedPlace
from tests.browser.showing import SCREENSHOTS
from tests.browser.test_firefox_push import SHOWN, Firefox, browser, push_service
from tests.support.autopush import Autopush
from tests.support.waiting import wait_until

__all__ = ["browser", "push_service"]
pytestmark = pytest.mark.timeout(400)
SAMPLE = sample_cities() / "sample"
SPEED = 20.0
AHEAD_MIN = 18.0


def point_ahead() -> NamedPlace:
    """Find the collection point that a truck serves first of those that it serves late enough to sign up before."""
    town = read_town(SAMPLE)
    when = next_collection_day(town, datetime.now(UTC).date())
    tours = drive_day(town, when, 1, Simulation())
    starts_ms = lively_start_ms(tours)
    assert starts_ms is not None
    places, _ = read_places((SAMPLE / "places.csv").read_bytes())
    best: tuple[int, NamedPlace] | None = None
    for place in (each for each in places if each.kind == "point" and each.lat and each.lon):
        spot = town.plane.to_xy(np.array([[place.lon, place.lat]]))[0]
        for tour in tours:
            near = np.hypot(*(tour.track.xy - spot).T) < 40.0
            at_ms = tour.track.t_ms[near & ~np.isnan(tour.track.route_m)]
            late = at_ms[:1][at_ms[:1] > starts_ms + AHEAD_MIN * 60_000]
            if len(late) and (best is None or late[0] < best[0]):
                best = int(late[0]), place
    assert best is not None, "no truck serves a collection point late enough"
    return best[1]


@pytest.fixture
def service(push_service: Autopush, tmp_path: Path) -> Iterator[str]:
    """The demonstration, and the address at which it says that one signs up."""
    log = tmp_path / "demo.log"
    options = ["--homes", "200", "--speed", str(SPEED), "--plain"]
    environ = {**os.environ, "TMPDIR": str(tmp_path), "GOMIKURU_WEBPUSH__SERVICES": push_service.origin}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gomikuru", "run", "--demo", *options], stdout=out, stderr=out, env=environ
        )
    try:
        found = wait_until(lambda: re.search(r"sign up here: (\S+)", log.read_text()), 60, "the page's address")
        yield found[1].replace("127.0.0.1", "localhost")
    finally:
        process.terminate()
        process.wait(40)


def sign_up(browser: Firefox, url: str, place: NamedPlace) -> None:
    """Choose the place by its name and 500 m for the lead; leave the rest as it is; allow notifications."""
    browser.allow("notifications", url.rstrip("/"))
    browser.go(f"{url}c/sample/")
    browser.wait_for("document.body.dataset.ready === 'yes'")
    browser.press("#where")
    browser.type(place.name)
    browser.wait_for("document.querySelectorAll('.found button').length > 0")
    browser.run(
        f"[...document.querySelectorAll('.found button')].find(each => each.innerText.startsWith({place.name!r}))"
        ".setAttribute('id', 'the-one')"
    )
    browser.press("#the-one")
    for number in range(2, 8):
        browser.press(".steps .main")
        browser.wait_for(f"document.querySelector('progress')?.value === {number}")
        if number == 3:
            browser.press("details summary")
            browser.press("label:has([value=m500])")
            browser.wait_for("document.querySelector('[value=m500]').checked")
    browser.press(".answers .main")
    browser.wait_for("document.getElementById('main').dataset.screen === 'done'")


def test_a_truck_comes_near_and_the_phone_of_who_signed_up_shows_it(service: str, browser: Firefox) -> None:
    """The notification says the waste, the distance and what to do, under the alert's own tag."""
    sign_up(browser, service, point_ahead())
    shown = browser.wait_for(f"{SHOWN}.then(all => all.length && all)", within_s=240)
    assert len(shown) == 1
    assert shown[0]["title"] == "まもなく収集車が来ます"
    assert re.fullmatch(r".+の収集車が約500m以内に来ました。袋を出してください。", shown[0]["body"])
    assert re.fullmatch(r"[0-9a-f]{24}", shown[0]["tag"])
    assert shown[0]["lang"] == "ja"
    browser.go(f"{service}c/sample/")
    browser.wait_for("document.querySelector('.state:not(.stale)')?.textContent", within_s=30)
    browser.shoot(SCREENSHOTS / "whole-service-home.png")
