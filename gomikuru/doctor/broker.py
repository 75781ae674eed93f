"""The broker: does it answer, may ingest read its topics, what does it tell of its limits, does a message come round.

MQTT has no way to ask whether a broker keeps sessions on its disk: that is said, not guessed.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any

from gomikuru.doctor.broker_keeping import keeps
from gomikuru.doctor.broker_visit import Visit
from gomikuru.doctor.findings import Finding, error, note, ok, warning
from gomikuru.settings import Broker, Settings

PART = "broker"
VERSION_TOPIC = "$SYS/broker/version"
ROUND_TRIP = "gomikuru/doctor/"
SHORT_WAIT_S = 1.0
REMEDIES = {
    "Bad user name or password": "check broker.username and broker.password",
    "Not authorized": "check broker.username and broker.password, and the broker's list of users",
    "Client identifier not valid": "choose another broker.client_id",
    "Unsupported protocol version": 'set broker.protocol = "3.1.1"',
}
UNKNOWN = (
    "whether it keeps sessions and messages on its disk, and (Mosquitto) whether its ACL lets this user receive what it"
    " subscribed to, cannot be asked over MQTT: not checked",
    "compare its configuration with config/mosquitto.conf and .acl, or config/nats.conf",
)


def examine_broker(settings: Settings, filters: Sequence[str]) -> Iterator[Finding]:
    """Connect under a name of our own (the running ingest is not disturbed), subscribe, publish, leave."""
    broker = settings.broker
    try:
        visit = Visit(broker)
        with visit:
            yield from _look(visit, broker, filters)
    except OSError as fault:
        what = f"broker.url, {broker.url}: {type(fault).__name__}: {fault}"
        yield error(PART, what, "check address, network and certificates (broker.ca_file), and that the broker runs")
    except ValueError as fault:
        yield error(PART, f"broker: {fault}", "mend the settings")


def _look(visit: Visit, broker: Broker, filters: Sequence[str]) -> Iterator[Finding]:
    refusal = visit.connect()
    if refusal:
        remedy = REMEDIES.get(refusal, "look at the broker's log")
        yield error(PART, f"broker.url, {broker.url}: refused: {refusal}", remedy)
        return
    yield ok(PART, f"{broker.url} lets {broker.username or 'us, without a user,'} in with MQTT {broker.protocol}")
    yield from _limits(visit.told, broker)
    wanted = [f"$share/{broker.share_group}/{one}" for one in filters] if broker.share_group else list(filters)
    for topic in wanted:
        if refused := visit.subscribe(topic):
            remedy = "allow this user to read it, see config/mosquitto.acl"
            yield error(PART, f"may not read {topic}: {refused}", remedy)
        else:
            yield ok(PART, f"subscribed to {topic}")
    yield from _product(visit)
    came_round = _round_trip(visit)
    yield came_round
    if came_round.level == "ok":
        yield keeps(visit, broker)
    else:
        yield note(PART, "whether it keeps what is published while ingest is away was not tried: see the round trip")


def _limits(told: Any, broker: Broker) -> Iterator[Finding]:
    """Read what an MQTT 5 broker says of itself when it accepts a connection."""
    if told is None:
        return
    if broker.share_group and getattr(told, "SharedSubscriptionAvailable", 1) == 0:
        yield error(PART, "it has no shared subscriptions", "remove broker.share_group and run one ingest")
    expiry = getattr(told, "SessionExpiryInterval", broker.session_expiry_s)
    if expiry < broker.session_expiry_s:
        what = f"it keeps an absent session for {expiry} s, not {broker.session_expiry_s}"
        yield warning(PART, what, "allow more there (Mosquitto: persistent_client_expiration)")
    if getattr(told, "MaximumQoS", 2) == 0:
        yield error(PART, "it takes QoS 0 only: pings would be lost", "use a broker with QoS 1")


def _product(visit: Visit) -> Iterator[Finding]:
    version = None if visit.subscribe(VERSION_TOPIC) else visit.wait_for(VERSION_TOPIC, SHORT_WAIT_S)
    if version:
        yield note(PART, f"it is {version.decode(errors='replace')}; {UNKNOWN[0]}", UNKNOWN[1])
    else:
        yield note(PART, f"it does not tell this user what it is; {UNKNOWN[0]}", UNKNOWN[1])


def _round_trip(visit: Visit) -> Finding:
    topic = ROUND_TRIP + secrets.token_hex(8)
    if visit.subscribe(topic):
        return note(PART, f"a round trip was not tried: this user may not read {ROUND_TRIP}#")
    began = time.monotonic()
    visit.publish(topic)
    if visit.wait_for(topic, SHORT_WAIT_S) is None:
        what = (
            f"a message to {ROUND_TRIP} did not come back: this user may not publish (ingest need not), or it was lost"
        )
        return note(PART, what, f"to check it, allow `topic readwrite {ROUND_TRIP}#`")
    return ok(PART, f"a message came round in {(time.monotonic() - began) * 1000:.0f} ms")
