"""Sabotage of notifier/: the tag, the life, quiet hours, pruning, tries, dead letters, order of the ends."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

FCM = "tests/flow/test_notifier_fcm.py::"
OUTCOMES = "tests/contract/test_fcm_outcomes.py::"
PARTS = "tests/unit/test_notifier_small_parts.py::"
POLICY = "tests/unit/test_notifier_policy.py::"
WIRE = "tests/contract/test_fcm_wire.py::test_an_urgent_push_says_the_same_life_tag_and_urgency_to_all_three_worlds"
WORKER = "tests/flow/test_notifier_worker.py::"

ROWS = (
    row(
        "tag-on-the-wire",
        "A repeat carries the same tag on the wire",
        "each send draws a tag of its own",
        Cut(
            "notifier/adapters/fcm_message.py",
            "tag = collapse_tag(push.message.tag)",
            "tag = collapse_tag(str(id(push)))",
        ),
        WIRE,
        "tests/contract/test_channel.py::test_a_repeat_carries_the_same_tag[fcm]",
    ),
    row(
        "tag-of-the-alert",
        "The tag is the alert's id, whoever sends it",
        "the moment stands in the tag",
        Cut("notifier/words.py", "tag=tag_of(alert)", "tag=__import__('time').monotonic().hex()"),
        WORKER + "test_a_push_is_tried_again_until_it_arrives_under_the_same_tag",
        WORKER + "test_what_a_dead_worker_took_is_sent_by_another_under_the_same_tag",
    ),
    row(
        "ttl-on-the-wire",
        "A push carries the alert's useful life",
        "Android's life is left at four weeks",
        Cut("notifier/adapters/fcm_message.py", "ttl=timedelta(seconds=push.ttl_s)", "ttl=timedelta(days=28)"),
        WIRE,
    ),
    row(
        "expiry",
        "What is no longer useful is expired and never sent late",
        "nothing expires",
        Cut("notifier/policy.py", "    return now_ms >= alert.useful_until_ms\n", "    return now_ms < 0\n"),
        POLICY + "test_an_alert_is_expired_from_the_very_millisecond_on",
        WORKER + "test_expired_quiet_and_unaddressed_alerts_are_counted_and_never_sent",
    ),
    row(
        "expiry-in-the-lane",
        "An alert that expires while it waits its turn is not sent",
        "the lane does not look again",
        Cut(
            "notifier/carrier.py",
            "        if leg.notice is None and is_expired(errand.alert, now_ms):\n",
            "        if errand is None:\n",
        ),
        WORKER + "test_an_alert_that_expires_while_it_waits_its_turn_is_not_sent",
    ),
    row(
        "quiet-hours",
        "Quiet hours hold a push back",
        "nobody asks for them",
        Cut(
            "notifier/policy.py",
            "if subscription.quiet is not None and is_quiet(",
            "if subscription is None and is_quiet(",
        ),
        POLICY + "test_quiet_hours_that_span_midnight_hold_back_on_both_sides",
        WORKER + "test_expired_quiet_and_unaddressed_alerts_are_counted_and_never_sent",
    ),
    row(
        "prune-rule",
        "A bad template prunes no target",
        "every INVALID_ARGUMENT is held against the target",
        Cut(
            "notifier/adapters/fcm_answers.py",
            "answer.status_code == 400 and _blames_the_target(error, said)",
            "answer.status_code == 400",
        ),
        OUTCOMES + "test_what_will_never_work_is_refused_with_advice",
        FCM + "test_a_bad_template_prunes_nobody",
    ),
    row(
        "prune-only-it",
        "What is gone is pruned, and nothing else",
        "a barred target is dropped too",
        Cut("notifier/carrier.py", "await self._pruning.bar(city,", "await self._pruning.drop(city,"),
        WORKER + "test_every_target_has_its_own_outcome_and_only_what_is_gone_is_pruned",
    ),
    row(
        "no-sdk-retry",
        "One POST a send: nothing is tried again behind our back",
        "the client of the SDK tries a 503 again",
        Cut(
            "notifier/adapters/fcm_sdk.py",
            "        service._async_client = OneTryClient(http)\n",
            "        once = OneTryClient(http).request\n\n"
            "        async def twice(self: Any, *given: Any, **named: Any) -> Any:\n"
            "            try:\n"
            "                return await once(*given, **named)\n"
            "            except Exception:\n"
            "                return await once(*given, **named)\n\n"
            "        OneTryClient.request = twice\n"
            "        service._async_client = OneTryClient(http)\n",
        ),
        "tests/contract/test_fcm_sdk.py::test_the_public_send_reaches_our_client_and_makes_one_request_for_a_503",
    ),
    row(
        "retry-after-read",
        "Retry-After is read and told to the caller",
        "the header is not looked at",
        Cut("notifier/adapters/fcm_answers.py", 'answer.headers.get("retry-after")', "None"),
        OUTCOMES + "test_an_answer_becomes_its_outcome_after_one_request",
    ),
    row(
        "wait-by-device",
        "What a channel asks to wait is waited for also when the alert was let go, device by device",
        "what is taken again goes at once",
        Cut("notifier/carrier.py", "self._not_before_s.get((errand.key", "dict[object, float]().get((errand.key"),
        "tests/flow/test_notifier_waits.py::test_each_device_of_a_household_waits_as_long_as_it_was_told",
        "tests/flow/test_notifier_waits.py::test_a_device_that_waits_in_hand_is_not_hurried_by_one_that_waits_longer",
    ),
    row(
        "retry-after-kept",
        "What a channel asks to wait is waited for",
        "the back-off goes by its own figures",
        Cut("notifier/backoff.py", "if asked_s is not None:", "if asked_s == -1.0:"),
        PARTS + "test_what_was_asked_for_is_waited_for_whatever_the_attempt",
        WORKER + "test_a_wait_beyond_the_alerts_life_is_not_waited_for",
    ),
    row(
        "record-before-done",
        "An alert is finished only after its outcome is written",
        "it is finished first",
        Cut(
            "notifier/ledger.py",
            "        if records:\n"
            "            self._store.append_bounded(keys.outcomes(self._city), records, self._max_outcomes)\n"
            "        stream, dead",
            "        self._store.done(keys.alerts(self._city), self._group, [each.delivery.id for each in batch])\n"
            "        if records:\n"
            "            self._store.append_bounded(keys.outcomes(self._city), records, self._max_outcomes)\n"
            "        stream, dead",
        ),
        WORKER + "test_an_entry_is_not_finished_while_its_outcome_is_not_written",
    ),
    row(
        "taken-over",
        "What a dead worker took is sent by another",
        "nobody looks at what was left undone",
        Cut("notifier/intake.py", "        return left or self._store.take(", "        return self._store.take("),
        WORKER + "test_what_a_dead_worker_took_is_sent_by_another_under_the_same_tag",
    ),
    row(
        "in-hand-once",
        "What is in hand is not begun twice",
        "what the store gives back is begun again",
        Cut("notifier/worker.py", "if self._hands.holds(city, delivery.id):", "if not delivery.id:"),
        WORKER + "test_a_send_that_outlasts_the_reclaim_is_not_begun_again_by_the_same_worker",
    ),
    row(
        "poison-alert",
        "Bytes that are no alert are buried and the line goes on",
        "they end the turn",
        Cut("notifier/worker.py", "except msgspec.MsgspecError as error:", "except ZeroDivisionError as error:"),
        WORKER + "test_bytes_that_are_no_alert_are_buried_and_the_next_is_sent",
    ),
    row(
        "poison-text",
        "An alert with bad text in it is no alert, and is buried",
        "its UnicodeDecodeError goes through",
        Cut(
            "model/alert.py", "except (UnicodeDecodeError, RecursionError) as error:", "except RecursionError as error:"
        ),
        WORKER + "test_bytes_that_are_no_alert_are_buried_and_the_next_is_sent",
        "tests/fuzz/test_codecs.py::test_bytes_that_are_none_give_one_kind_of_error[alert]",
    ),
    row(
        "poison-wording",
        "An alert that cannot be worded is buried and the next is sent",
        "its exception ends the turn",
        Cut(
            "notifier/worker.py", "except Exception as error:  # poison", "except ZeroDivisionError as error:  # poison"
        ),
        WORKER + "test_an_alert_that_cannot_be_worded_is_buried_and_the_next_is_sent",
    ),
    row(
        "channel-raises",
        "A channel that raises costs one try and not the worker",
        "its exception ends the lane",
        (
            Cut(
                "notifier/carrier.py",
                "            await self._carry(leg)\n        except Exception:",
                "            await self._carry(leg)\n        except ZeroDivisionError:",
            ),
            Cut(
                "notifier/carrier.py",
                "except Exception:  # a channel's bug",
                "except ZeroDivisionError:  # a channel's bug",
            ),
        ),
        WORKER + "test_a_channel_that_raises_costs_one_try_and_not_the_worker",
    ),
    row(
        "bounded-sends",
        "No more sends are under way than a channel has slots",
        "a lane has a thousand slots",
        Cut("notifier/lanes.py", "for _ in range(self._channel.slots)", "for _ in range(1000)"),
        WORKER + "test_no_more_sends_are_under_way_than_the_channel_has_slots",
    ),
    row(
        "urgent-first",
        "What is imminent overtakes what is bulky",
        "lanes are first come, first served",
        Cut("notifier/lanes.py", "self._waiting.put_nowait((leg.rank, ", "self._waiting.put_nowait(((0, 0, 0), "),
        WORKER + "test_what_is_imminent_overtakes_what_is_bulky",
    ),
    row(
        "bounded-dead-letters",
        "Dead letters are bounded",
        "the house never looks at them",
        Cut("notifier/house.py", "        if surplus > 0:\n", "        if surplus > 10**9:\n"),
        WORKER + "test_dead_letters_are_bounded",
    ),
    row(
        "bounded-outcomes",
        "The record of outcomes is bounded",
        "outcomes are appended without a bound",
        Cut(
            "notifier/ledger.py",
            "self._store.append_bounded(keys.outcomes(self._city), records, self._max_outcomes)",
            "self._store.append(keys.outcomes(self._city), records)",
        ),
        WORKER + "test_the_record_of_outcomes_is_bounded",
    ),
    row(
        "dead-letter-in-the-end",
        "An alert that never gets through becomes a dead letter",
        "tries are not counted",
        Cut("notifier/worker.py", "if delivery.tries > self._limits.max_tries and", "if delivery.tries < 0 and"),
        WORKER + "test_an_alert_that_never_gets_through_becomes_a_dead_letter_after_its_tries",
    ),
)
