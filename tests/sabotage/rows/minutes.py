"""Sabotage of leads in minutes: told once, corrected once, by a truck that is on the round, from a good profile."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

HOMES = "tests/unit/test_minutes_homes.py::"
KINDS = "tests/unit/test_minutes_kinds.py::"
LEARN = "tests/unit/test_learn_command.py::"
NIGHTS = "tests/unit/test_replay_nights.py::"
PROFILE_CHANGE = "tests/unit/test_profile_change.py::"
RECORDS = "tests/unit/test_minutes_records.py::"
SCENARIOS = "tests/unit/test_minutes_scenarios.py::"
WORKER = "tests/contract/test_minutes_worker.py::"
ZONES = "tests/unit/test_minutes_zones.py::"

ROWS = (
    row(
        "minutes-profile-of-today",
        "A smaller profile takes force overnight, and the engine goes on",
        "yesterday's day is looked up among the new knots",
        Cut(
            "geofence/step.py",
            "    truck = _of_today(state.truck(ping.truck), ping, book)\n",
            "    truck = state.truck(ping.truck)\n",
        ),
        PROFILE_CHANGE + "test_a_smaller_profile_takes_force_overnight",
    ),
    row(
        "minutes-places-moved",
        "Who was told stays told, and nobody else, when a new profile numbers places anew",
        "what was foretold keeps its old numbers",
        Cut("geofence/changes.py", "            foretold.moved(now_at)\n", "            pass\n"),
        PROFILE_CHANGE + "test_whoever_was_told_stays_told_and_nobody_else_when_places_get_other_numbers",
    ),
    row(
        "replay-nights",
        "A replay of many days learns from the days it has played",
        "the profile in force stays",
        Cut(
            "gomikuru/learning/offline.py",
            "        return None if self._profile is before else self._profile\n",
            "        return None\n",
        ),
        NIGHTS + "test_a_street_that_is_new_this_week_is_foretold_from_its_second_day_on",
        NIGHTS + "test_the_days_played_join_the_past_once_and_at_half_past_two",
    ),
    row(
        "replay-no-future",
        "A recording of one truck after another foretells nothing from days to come",
        "time only goes on",
        Cut(
            "gomikuru/learning/offline.py",
            "        if now_ms < self._newest_ms - BACK_MS:\n",
            "        if now_ms < 0:\n",
        ),
        NIGHTS + "test_one_truck_after_another_knows_no_future",
    ),
    row(
        "replay-backlog-of-a-learned-day",
        "A day that was learned from at night stays whole when a backlog of it comes",
        "the backlog takes its place",
        Cut(
            "gomikuru/learning/offline.py",
            "        days = [day for day in self._played.values() if last_over <= day.ordinal < self._over]\n",
            "        days = [self._drawn.crewed(day, self._city) for day in ended]\n",
        ),
        NIGHTS + "test_what_arrives_after_its_day_was_learned_from_does_not_take_the_place_of_the_day",
    ),
    row(
        "minutes-told-record",
        "Once for leads in minutes too: a home is told once on a round",
        "who was told is not looked at for a lead in minutes",
        Cut(
            "geofence/telling.py",
            "        if told.has(nominee.number):\n",
            "        if not nominee.by_round and told.has(nominee.number):\n",
        ),
        RECORDS + "test_a_neighbour_that_subscribes_later_tells_nobody_a_second_time",
        SCENARIOS + "test_a_home_that_subscribes_in_mid_run_is_told_at_once_what_still_applies",
    ),
    row(
        "minutes-corrected-once",
        "A time that moved is corrected once",
        "a correction is not written down as one",
        Cut("geofence/foretold.py", "None if said is None or said.corrected else", "None if said is None else"),
        RECORDS + "test_nobody_is_told_or_corrected_twice_whatever_the_round_does",
        RECORDS + "test_what_was_foretold_survives_its_bytes_and_is_corrected_once",
    ),
    row(
        "minutes-foretold-committed",
        "What was foretold is committed with the alert",
        "it is not among the fields of a commit",
        Cut("geofence/state.py", "            if foretold.touched:\n", "            if foretold is None:\n"),
        RECORDS + "test_a_restart_after_every_ping_changes_no_alert_and_no_correction",
        WORKER + "test_a_hand_over_in_the_middle_of_a_round_changes_no_alert[memory]",
    ),
    row(
        "minutes-broken-profile",
        "A broken profile never takes force",
        "it is announced unread, and the engine lets the last one go",
        (
            Cut(
                "geofence/watched.py",
                '        return (f"{PROFILE_FILE}: {error}",)\n',
                "        return () if error else ()\n",
            ),
            Cut(
                "geofence/changes.py",
                "    except BadProfile:\n        return\n",
                "    except BadProfile:\n        book.forecaster = None\n        return\n",
            ),
        ),
        WORKER + "test_a_broken_profile_leaves_the_last_good_one_in_force[memory]",
        WORKER + "test_a_profile_that_is_no_profile_is_refused_in_words",
    ),
    row(
        "minutes-homes-sorted",
        "Sorting a city's homes anew loses nobody",
        "what was kept is sorted without the last of it",
        Cut("geofence/minutes_homes.py", "kept = sorted(self._row.values())", "kept = sorted(self._row.values())[:-1]"),
        HOMES + "test_sorting_anew_keeps_everything",
    ),
    row(
        "minutes-other-side",
        "A place that is served twice a day is passed after the last time",
        "it is not asked whether the truck comes back",
        Cut("geofence/presence.py", " if chance < COMES_BACK]", " if chance < 2.0]"),
        KINDS + "test_a_street_served_on_both_sides_is_passed_after_the_second",
    ),
    row(
        "minutes-kinds",
        "A home hears the kinds only that it asked for",
        "all homes of the place are told",
        Cut("geofence/minutes_homes.py", " for row in fresh if self._wants[row] & _BIT[kind])", " for row in fresh)"),
        KINDS + "test_what_was_not_asked_for_is_not_told",
    ),
    row(
        "minutes-correction-lasts",
        "A correction waits until the new time has lasted",
        "the first look will do",
        Cut(
            "geofence/correcting.py",
            "    if said.doubt is None or abs(middle - said.doubt.eta_ms) > material_ms / 2:\n",
            "    if said.doubt is None:\n        return True\n    if middle == 0:\n",
        ),
        KINDS + "test_a_correction_waits_until_the_new_time_has_lasted",
    ),
    row(
        "minutes-called-again",
        "Who was told of a truck that then turned away is told once more when it comes",
        "turning away is never noted",
        Cut(
            "geofence/foretold.py",
            "        elif at_ms - said.unlikely_ms >= lasts_ms:\n",
            "        elif lasts_ms < 0:\n",
        ),
        RECORDS + "test_a_truck_that_stays_unlikely_has_turned_away_and_calls_once_more",
    ),
    row(
        "minutes-away-lasts",
        "A truck has turned away only when it has been unlikely for some minutes",
        "one look will do",
        Cut("geofence/correcting.py", "AWAY_LASTS_MS = 240_000", "AWAY_LASTS_MS = 0"),
        KINDS + "test_a_correction_waits_until_the_new_time_has_lasted",
    ),
    row(
        "minutes-silence-told",
        "Who waits for a truck that falls silent is told so",
        "the silence is noted and nobody told",
        Cut("geofence/silence.py", "        alerts += fire(", "        fire("),
        KINDS + "test_a_truck_that_falls_silent_is_told_to_those_who_wait",
        WORKER + "test_a_worker_with_a_profile_tells_what_the_replay_tells[memory]",
    ),
    row(
        "minutes-silence-helped",
        "Nobody hears that a truck is silent while another serves its round",
        "the others are not looked at",
        Cut("geofence/silence.py", " or _others(truck, name, state, at_ms, book):", ":"),
        KINDS + "test_a_silent_truck_whose_round_another_serves_disrupts_nobody",
    ),
    row(
        "minutes-silence-zones",
        "Homes known by their zone hear of a truck's silence too",
        "only those with a place are looked for",
        Cut(
            "geofence/silence.py",
            "chain(_at_places(ahead, said, book), _in_zones(",
            "_at_places(ahead, said, book) or chain(_in_zones(",
        ),
        ZONES + "test_a_truck_that_falls_silent_before_a_zone_is_told_to_its_homes",
    ),
    row(
        "minutes-silence-zone-served",
        "Nobody hears that a truck is silent which has served their zone already",
        "what was served is not looked at",
        Cut("geofence/silence.py", " and not minutes.served_any(so_far, zone.places):", ":"),
        ZONES + "test_a_truck_that_falls_silent_in_a_zone_is_not_told_to_its_homes",
    ),
    row(
        "minutes-refused-ping",
        "A refused ping does not silence the predictions",
        "the next moment is set by any ping",
        Cut("gomikuru/predictions.py", "if last is None or last.at_ms != ping.fix_ms or", "if last is None or"),
        LEARN + "test_a_refused_ping_does_not_silence_what_is_foretold",
    ),
)
