"""Does the broker keep what it acknowledges while ingest is away? Tried with a session and a topic of the doctor's own.

More is published than the bounds that brokers come with (Mosquitto: 1,000 messages), and too little to hurt anybody.
"""

from __future__ import annotations

import secrets

from gomikuru.doctor.broker_visit import Visit, own_name
from gomikuru.doctor.findings import Finding, error, note, ok
from gomikuru.settings import Broker

PART = "broker"
COUNT = 1_200
SESSION_S = 300
"""How long the doctor's session may outlive a doctor who is killed."""
PUBLISH_S = 20.0
QUIET_S = 2.0
LOSES = (
    "take over config/mosquitto.conf (max_queued_messages 0, max_queued_bytes, max_inflight_messages) or"
    " config/nats.conf; as it is, pings are lost whenever ingest restarts"
)


def keeps(visit: Visit, broker: Broker) -> Finding:
    """Leave a session behind, publish through `visit`, come back, count, and clear the session."""
    name, topic = own_name(broker), f"gomikuru/doctor/{secrets.token_hex(8)}"
    try:
        with Visit(broker, name, SESSION_S) as leaving:
            if refused := leaving.connect() or leaving.subscribe(topic):
                return note(PART, f"whether it keeps what is published while ingest is away was not tried: {refused}")
        sent = visit.publish_many(topic, COUNT, PUBLISH_S)
        with Visit(broker, name, SESSION_S) as back:
            if refused := back.connect():
                return note(PART, f"whether it keeps what is published while ingest is away was not tried: {refused}")
            found = back.collect(topic, sent, QUIET_S)
        return _judged(sent, found)
    finally:
        with Visit(broker, name) as last:
            last.connect()


def _judged(sent: int, found: int) -> Finding:
    if sent < COUNT:
        what = f"it acknowledged {sent} of {COUNT} messages in {PUBLISH_S:g} s; whether it keeps them was not judged"
        return note(PART, what, "look at the broker's log and load")
    if found < sent:
        return error(PART, f"of {sent} messages that it acknowledged while nobody was there it kept {found}", LOSES)
    return ok(PART, f"it kept all {sent} messages that it acknowledged while nobody was there")
