"""Sabotage of ingest/: acknowledgements, gates of time and identity, bounds."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

BROKER = "tests/contract/test_broker_mqtt.py::"
DIALECTS = "tests/unit/test_ingest_dialects.py::"
INBOX = "tests/unit/test_ingest_inbox.py::"
SCREEN = "tests/unit/test_ingest_screen.py::"
WORKER = "tests/unit/test_ingest_worker.py::"

ROWS = (
    row(
        "acknowledge-after-append",
        "A ping is acknowledged only once it is kept",
        "ingest acknowledges before it appends",
        Cut(
            "ingest/worker.py",
            "if not self._append(part, stop):\n                break\n            self._source.done(part)\n",
            "self._source.done(part)\n            if not self._append(part, stop):\n                break\n",
        ),
        WORKER + "test_nothing_is_acknowledged_before_it_is_kept",
        WORKER + "test_a_worker_that_is_stopped_while_the_store_fails_leaves_everything_with_the_broker",
    ),
    row(
        "receipt-of-its-connection",
        "A receipt acknowledges only the message that it stands for, on its own connection",
        "any message with this packet id will do",
        Cut(
            "ingest/adapters/mqtt_link.py", "self.held.get(message.receipt) is message", "message.receipt in self.held"
        ),
        BROKER + "test_a_receipt_from_before_a_cut_acknowledges_nothing_after_it[Mosquitto-5]",
        BROKER + "test_a_packet_id_that_means_another_message_now_is_not_acknowledged_for_the_old_one",
    ),
    row(
        "session-kept",
        "The broker keeps the session while ingest is away",
        "the session ends with the connection (the default of MQTT 5)",
        Cut(
            "ingest/adapters/mqtt_link.py",
            "properties.SessionExpiryInterval = options.session_expiry_s",
            "properties.SessionExpiryInterval = 0",
        ),
        "tests/contract/test_broker_port.py::test_what_is_published_while_ingest_is_away_is_kept[mosquitto-5]",
    ),
    row(
        "manual-acknowledgement",
        "paho acknowledges nothing by itself",
        "manual_ack is off",
        Cut("ingest/adapters/mqtt_link.py", "manual_ack=True", "manual_ack=False"),
        "tests/contract/test_broker_port.py::test_what_is_not_acknowledged_comes_again[mosquitto-5]",
    ),
    row(
        "parting",
        "A clean stop waits until the broker has read every receipt, also before it confirmed the subscription",
        "only a confirmed subscription waits",
        Cut("ingest/adapters/mqtt_link.py", "if self.accepted and self.socket() is not None:", "if self.subscribed:"),
        "tests/flow/test_ingest_flow.py::test_a_clean_stop_before_the_broker_confirms_the_subscription_is_one_too"
        "[Mosquitto-3.1.1]",
    ),
    row(
        "redelivery-in-hand",
        "What the broker sends again while it is in hand is not queued twice",
        "every arrival is queued",
        Cut("ingest/adapters/mqtt_link.py", "held[:3] == message[:3]", "held[:3] is None"),
        BROKER + "test_a_redelivery_in_mid_session_is_not_queued_twice",
    ),
    row(
        "bounded-inbox",
        "The queue between broker and store is bounded, and the broker waits",
        "the inbox is never full",
        Cut("ingest/adapters/inbox.py", "return len(self._messages) >= self._limit or", "return"),
        BROKER + "test_reading_stops_while_the_queue_is_full",
    ),
    row(
        "bounded-inbox-bytes",
        "The queue between broker and store is bounded in bytes too",
        "only messages are counted",
        Cut("ingest/adapters/inbox.py", " or self._bytes >= self._limit_bytes", ""),
        INBOX + "test_a_queue_is_full_of_bytes_as_well_as_of_messages",
    ),
    row(
        "cut-on-arrival",
        "Of a payload that is too large only the beginning is held in memory",
        "the whole waits in the queue",
        Cut("ingest/decode.py", "if len(payload) > MAX_PAYLOAD else", "if len(payload) < 0 else"),
        "tests/contract/test_broker_port.py::test_of_a_payload_that_is_too_large_only_the_beginning_is_held[memory]",
    ),
    row(
        "high-water-mark",
        "Ingest stops taking while the engine is too far behind",
        "nobody looks at the backlog",
        Cut("ingest/worker.py", "self._backlog(city) > self._pace.high_water", "self._backlog(city) < 0"),
        WORKER + "test_ingest_stops_taking_while_the_engine_is_too_far_behind",
    ),
    row(
        "bounded-quarantine",
        "Refused payloads are kept in a bounded stream",
        "they are appended without a bound",
        Cut(
            "ingest/worker.py",
            "self._store.append_bounded(stream_of(city), items, self._pace.quarantine_len)",
            "self._store.append(stream_of(city), items)",
        ),
        WORKER + "test_the_quarantine_is_bounded",
    ),
    row(
        "quarantine-unusable",
        "A quarantine that cannot be used does not stop the line",
        "its fault is the batch's",
        Cut("ingest/worker.py", "except StoreFault as error:", "except ZeroDivisionError as error:"),
        WORKER + "test_a_quarantine_that_is_unusable_does_not_stop_the_line",
    ),
    row(
        "refusal-kept",
        "A refused payload is acknowledged only once it is in quarantine",
        "a store that is away costs the refusal",
        Cut("ingest/worker.py", "except StoreFault as error:  # a stream", "except Exception as error:  # a stream"),
        WORKER + "test_a_refusal_waits_for_the_store_as_a_ping_does",
    ),
    row(
        "one-city-fails",
        "A batch that is tried again appends no city's pings twice",
        "what was kept at the first try is appended again",
        Cut("ingest/worker.py", "in kept.pings:", "in ():"),
        WORKER + "test_a_city_whose_pings_are_kept_is_not_appended_again_for_another_that_failed",
    ),
    row(
        "received-anew",
        "What waited long for the store is history when it is kept",
        "the moment of receipt is that of the first try",
        Cut(
            "ingest/worker.py",
            "self._clock.now_ms()  # anew",
            'vars(self).setdefault("_first_ms", self._clock.now_ms())  # anew',
        ),
        WORKER + "test_what_waited_long_for_the_store_is_history_when_it_is_kept",
    ),
    row(
        "defect-costs-one",
        "A defect of a dialect costs one message and not the line",
        "its exception ends the batch",
        Cut("ingest/prepare.py", "except Exception as error:", "except MemoryError as error:"),
        WORKER + "test_a_defect_of_a_dialect_costs_one_message",
    ),
    row(
        "stale-gate",
        "A fix received long after it was taken is history",
        "ingest marks nothing as late",
        Cut(
            "ingest/screen.py",
            "msgspec.structs.replace(ping, late=True) if -ahead_ms > limits.late_ms else ping",
            "ping",
        ),
        SCREEN + "test_a_fix_received_more_than_two_minutes_after_it_was_taken_is_late",
    ),
    row(
        "future-gate",
        "A fix from the future is refused",
        "its time is not compared with its receipt",
        Cut("ingest/screen.py", "if ahead_ms > limits.future_ms:", "if ahead_ms < -(2**62):"),
        SCREEN + "test_a_fix_more_than_a_minute_ahead_of_its_receipt_is_from_the_future",
    ),
    row(
        "pole-gate",
        "A position near a pole, where the engine's plane has no bound, is refused",
        "any latitude of the world will do",
        Cut("ingest/letter.py", "_LARGEST_LAT_DEG = 85.0", "_LARGEST_LAT_DEG = 90.0"),
        DIALECTS + "test_a_place_outside_the_world_or_at_null_island_is_a_bad_position",
    ),
    row(
        "date-gate",
        "A receiver that has not learnt the date is refused",
        "any year will do",
        Cut("ingest/screen.py", "if ping.fix_ms < limits.oldest_ms or", "if ping.fix_ms < 0 or"),
        SCREEN + "test_a_fix_from_before_the_year_2000_is_a_bad_time",
    ),
    row(
        "retained-gate",
        "A retained message alerts nobody",
        "it is decoded as any other",
        Cut("ingest/decode.py", "    if retained:\n", "    if retained is None:\n"),
        DIALECTS + "test_a_retained_message_is_refused_and_filed_under_its_city",
    ),
    row(
        "claimed-truck",
        "A payload that claims another truck is refused",
        "claims are not compared with the topic",
        Cut("ingest/dialects/native.py", "claimed is not None and str(claimed) not in allowed", "claimed == ()"),
        DIALECTS + "test_a_payload_that_claims_another_truck_is_refused",
    ),
    row(
        "owntracks-credential",
        "An OwnTracks phone is the truck of its credential and device together",
        "the device's name alone will do",
        Cut(
            "ingest/dialects/owntracks.py",
            "letter.directory.devices.get((levels[1], levels[2]))",
            "next((held for (_, device), held in letter.directory.devices.items() if device == levels[2]), None)",
        ),
        DIALECTS + "test_an_owntracks_device_that_no_trucks_csv_names_is_unknown",
    ),
    row(
        "traccar-credential",
        "A Traccar device is never the truck of a phone",
        "trucks of every credential are looked up",
        Cut(
            "ingest/directory.py",
            "(of_gateway or truck.credential == TRACCAR_CREDENTIAL)",
            "(of_gateway or truck.credential)",
        ),
        DIALECTS + "test_a_traccar_device_does_not_become_the_truck_of_a_phone",
    ),
    row(
        "listed-gateway",
        "Only a gateway that the city lists may speak for trucks",
        "an unlisted one is believed as well",
        Cut(
            "ingest/dialects/native.py",
            "        if listed is None:\n",
            "        listed = listed or next(iter(letter.directory.gateways.values()))\n        if listed is None:\n",
        ),
        DIALECTS + "test_a_gateway_that_the_city_does_not_list_is_refused",
    ),
    row(
        "received-at",
        "Only a trusted gateway may say when a ping was received",
        "every sender may",
        Cut("ingest/dialects/native.py", "if not sender.may_say_receipt:", "if sender is None:"),
        DIALECTS + "test_nobody_else_may_say_when_it_was_received",
    ),
    row(
        "repeated-fix-owntracks",
        "An OwnTracks sign of life does not date an old place anew",
        "t:p is read as a fix",
        Cut("ingest/dialects/owntracks.py", 'if fix.t == "p" and', 'if fix.t == "" and'),
        DIALECTS + "test_a_sign_of_life_with_the_sending_time_is_a_repeated_fix",
    ),
    row(
        "repeated-fix-traccar",
        "A fix that Traccar sends again with a newer device time is no fix",
        "outdated and deviceTime are not looked at",
        Cut(
            "ingest/dialects/traccar.py",
            "if fix.outdated or (fix.device_time is not None and",
            "if fix.outdated is None or (False and",
        ),
        DIALECTS + "test_a_traccar_fix_older_than_its_device_time_is_a_repeated_fix",
    ),
    row(
        "payload-bound",
        "A payload over the limit is refused unread",
        "payloads of any size are read",
        Cut("ingest/decode.py", "cut_from)) > MAX_PAYLOAD:", "cut_from)) < 0:"),
        DIALECTS + "test_a_payload_over_the_limit_is_refused_unread",
    ),
    row(
        "batch-bytes",
        "What is decoded at once is bounded in bytes, not only in messages",
        "a batch of large backlogs is decoded as one",
        Cut("ingest/prepare.py", "held + len(message.payload) > most_bytes:", "held < 0:"),
        WORKER + "test_a_batch_of_large_backlogs_is_seen_through_in_parts",
    ),
    row(
        "backlog-bound",
        "A backlog of more fixes than the limit is refused as a whole",
        "any number of fixes is read",
        Cut("ingest/dialects/native.py", "if len(parts) > letter.max_fixes:", "if len(parts) < 0:"),
        DIALECTS + "test_a_backlog_longer_than_the_limit_is_refused_as_a_whole",
    ),
    row(
        "decode-total",
        "Any bytes give a Ping or a Rejected",
        "a lone surrogate in a topic raises",
        Cut(
            "ingest/decode.py",
            "    except UnicodeError:\n        return None\n",
            "    except ZeroDivisionError:\n        return None\n",
        ),
        "tests/unit/test_ingest_total.py::test_any_topic_and_any_bytes_have_an_outcome",
    ),
    row(
        "refusals-share-bytes",
        "The refusals of one backlog share the bytes that are kept of it",
        "each keeps a copy",
        Cut("ingest/prepare.py", "message.topic, kept)", "message.topic, message.payload[:KEPT_BYTES])"),
        "tests/fuzz/test_decode.py::test_the_largest_hostile_payload_is_read_in_bounded_time_and_memory",
    ),
)
