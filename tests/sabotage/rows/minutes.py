"""Sabotage of leads in minutes: told once, corrected once, by a truck that is on the round, from a good profile."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

HOMES = "tests/unit/test_minutes_homes.py::"
KINDS = "tests/unit/test_minutes_kinds.py::"
LEARN = "tests/unit/test_learn_command.py::"
NIGHTS = "tests/unit/test_replay_nights.py::"
ORDER = "tests/unit/test_forecast_outlook.py::"
PROFILE_CHANGE = "tests/unit/test_profile_change.py::"
PROGRESS = "tests/unit/test_forecast_progress.py::"
RECORDS = "tests/unit/test_minutes_records.py::"
REGULAR = "tests/unit/test_forecast_regular.py::"
RESUME = "tests/unit/test_forecast_resume.py::"
SCENARIOS = "tests/unit/test_minutes_scenarios.py::"
SERVING = "tests/unit/test_serving.py::"
SIDES = "tests/unit/test_forecast_sides.py::"
VISITS = "tests/unit/test_forecast_visits.py::"
WALK = "tests/unit/test_forecast_walk.py::"
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
        Cut("geofence/changes.py", "            foretold.moved(places)\n", "            pass\n"),
        PROFILE_CHANGE + "test_whoever_was_told_stays_told_and_nobody_else_when_places_get_other_numbers",
    ),
    row(
        "minutes-own-weekdays",
        "A stop with weekdays of its own is foretold on these only",
        "all weekdays of a round are one",
        Cut(
            "geofence/forecast/outlook.py",
            "    like = np.where(library.weekday == today.weekday, manner.weekday * like, like)\n",
            "",
        ),
        ORDER + "test_a_stop_with_weekdays_of_its_own_is_foretold_on_these_only",
    ),
    row(
        "minutes-regular-weekdays",
        "A stop with weekdays of its own is a regular one",
        "it is expected on all days of its round",
        Cut("geofence/forecast/regular.py", "WEEKDAY = 10.0\n", "WEEKDAY = 1.0\n"),
        REGULAR + "test_a_stop_with_weekdays_of_its_own_is_regular",
    ),
    row(
        "minutes-weekly-regular",
        "A stop of certain weekdays is a regular one, though several trucks stand there",
        "it is taken for a light",
        Cut("geofence/forecast/library.py", "stops | (weekly & ~depots)", "stops"),
        REGULAR + "test_a_stop_of_two_weekdays_is_regular_though_two_trucks_stand_there_on_one_date",
    ),
    row(
        "minutes-weekly-ruled-out",
        "A stop of certain weekdays is ruled out on the others",
        "days of other weekdays speak for it",
        Cut("geofence/forecast/weekly.py", "np.where(times == 0, 1.0 - sure, 1.0)", "np.ones_like(sure)"),
        ORDER + "test_a_stop_of_certain_weekdays_counts_by_these[weekdays2-4-0.0-0.1]",
    ),
    row(
        "minutes-weekly-always",
        "A stop of certain weekdays is foretold on these as one of every day",
        "days of other weekdays speak against it",
        Cut("geofence/forecast/outlook.py", " * _sure(library, crew, modes.day, weight, today)", ""),
        ORDER + "test_a_stop_of_certain_weekdays_counts_by_these[weekdays0-0-0.6-1.0]",
    ),
    row(
        "minutes-backwards",
        "A round that is driven backwards is foretold backwards",
        "rounds go on as they did",
        Cut("geofence/forecast/resume.py", "*= manner.back", "*= 0.0"),
        RESUME + "test_a_round_that_is_driven_backwards_is_foretold_backwards",
    ),
    row(
        "minutes-strayed",
        "A truck that has served some stops in a row goes on from there",
        "it goes on where it broke off",
        Cut("geofence/forecast/resume.py", "** -manner.strayed", "** 0.0"),
        RESUME + "test_a_round_that_is_driven_backwards_goes_on_backwards[6]",
    ),
    row(
        "minutes-near",
        "A truck that has just served goes on nearby",
        "how far it is says nothing",
        Cut("geofence/forecast/resume.py", "kin * near,", "kin,"),
        RESUME + "test_a_truck_that_has_gone_to_another_street_goes_on_there[2-0.5-2.0]",
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
        "minutes-silent-stop",
        "A stop counts where the tracker is silent while the truck stands",
        "silence is taken for driving",
        Cut("geofence/forecast/walk.py", "    parked = _parked(walk, at_s, away)\n", "    parked = False\n"),
        WALK + "test_a_truck_whose_tracker_is_silent_while_it_stands_stood_where_it_fell_silent",
        WALK + "test_a_tracker_that_speaks_when_it_has_moved_a_little_does_not_move_the_stop",
    ),
    row(
        "minutes-quick-service",
        "A stop that took long on some days is served on the quick ones too",
        "what a service takes on the slow days is taken for usual",
        Cut("geofence/forecast/visits.py", "USUAL = 0.6", "USUAL = 0.9"),
        VISITS + "test_a_stop_that_took_long_on_some_days_is_served_on_the_quick_ones_too",
    ),
    row(
        "minutes-serving-light",
        "A home is served by its stop, not by the light at which all trucks wait",
        "what is loaded at a light counts as much as at a stop",
        Cut("geofence/forecast/library.py", "np.where(self.regular, 1.0, SELDOM_WORTH)", "1.0"),
        SERVING + "test_a_home_between_its_stop_and_a_light_at_which_other_trucks_wait_is_served_by_the_stop",
    ),
    row(
        "minutes-sides-waits",
        "Two sides of a street stay apart where other trucks wait too",
        "days that only waited there once count",
        Cut("geofence/forecast/sides.py", "MOST_DAYS * float(again.sum())", "MOST_DAYS * len(days)"),
        SIDES + "test_days_that_only_wait_there_once_leave_the_sides_apart",
    ),
    row(
        "minutes-served",
        "A place that was served today is not foretold again",
        "what was served is forgotten at each look",
        Cut(
            "geofence/forecast/today.py",
            "        served = served_places(so_far.served, len(self.library.place_x))\n",
            "        served = np.zeros(len(self.library.place_x), dtype=bool)\n",
        ),
        RECORDS + "test_a_place_that_was_served_is_not_foretold_again",
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
        "minutes-foreign-round",
        "Another truck's round is believed only after about a kilometre on it",
        "a truck is on whatever round passes by",
        Cut(
            "geofence/forecast/progress.py",
            "np.where(own, 1.0, FOREIGN) if own.any()",
            "np.ones(len(own)) if own.any()",
        ),
        PROGRESS + "test_another_vehicles_round_is_believed_only_after_about_a_kilometre",
    ),
    row(
        "minutes-substitute",
        "A truck with a round of its own that takes over another's is believed after a while",
        "another vehicle's way fits hardly better than none",
        Cut("geofence/forecast/progress.py", "ELSEWHERE_FIT * FOREIGN_FIT, 1.0)", "ELSEWHERE_FIT * 1.1, 1.0)"),
        RECORDS + "test_a_substitute_that_has_a_round_of_its_own_is_believed_too",
        PROGRESS + "test_another_vehicles_round_is_believed_only_after_about_a_kilometre",
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
        "minutes-columns-fit",
        "A profile whose columns contradict each other is refused",
        "nobody compares them",
        Cut("geofence/forecast/profile.py", "or sum(stored.sizes) != len(columns):", "or None:"),
        "tests/unit/test_forecast_profile.py::test_columns_that_do_not_fit_each_other_are_refused",
    ),
    row(
        "minutes-homes-sorted",
        "Sorting a city's homes anew loses nobody",
        "what was kept is sorted without the last of it",
        Cut("geofence/minutes_homes.py", "kept = sorted(self._row.values())", "kept = sorted(self._row.values())[:-1]"),
        HOMES + "test_sorting_anew_keeps_everything",
    ),
    row(
        "minutes-driven-past",
        "A truck that drives past is not here, and on its way to the tip has passed nobody who is still ahead",
        "driving by is a service",
        Cut("geofence/forecast/today.py", "if seconds >= need[p] and not served", "if not served"),
        KINDS + "test_a_tipping_trip_has_not_passed_the_homes_still_ahead",
        KINDS + "test_a_truck_that_drives_past_is_not_here",
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
        "tests/unit/test_minutes_records.py::test_a_truck_that_stays_unlikely_has_turned_away_and_calls_once_more",
    ),
    row(
        "minutes-away-lasts",
        "A truck has turned away only when it has been unlikely for some minutes",
        "one look will do",
        Cut("geofence/correcting.py", "AWAY_LASTS_MS = 240_000", "AWAY_LASTS_MS = 0"),
        KINDS + "test_a_correction_waits_until_the_new_time_has_lasted",
    ),
    row(
        "minutes-regular-places",
        "The rule of an alert is learned from places that are served regularly, not from lights",
        "every place is rehearsed",
        Cut("geofence/forecast/rehearsal.py", "wanted = library.regular[ahead.place] & ", "wanted = "),
        "tests/unit/test_forecast_regular.py::test_only_regular_places_are_rehearsed",
    ),
    row(
        "minutes-depot",
        "The place where trucks begin and end their days is no stop",
        "it is learned from like one",
        Cut(
            "geofence/forecast/library.py",
            "depots = depots_of(self.services, self.served, begins_s, ends_s)",
            "depots = np.zeros_like(stops)",
        ),
        "tests/unit/test_forecast_regular.py::test_a_depot_is_not_regular",
    ),
    row(
        "minutes-shared-light",
        "A light at which several trucks stand on one date is no stop",
        "it is learned from like one",
        Cut(
            "geofence/forecast/regular.py",
            "return own if 2 * own.sum() >= regular.sum() else regular",
            "return regular",
        ),
        "tests/unit/test_forecast_regular.py::test_a_light_at_which_two_trucks_stand_on_one_date_is_not_regular",
    ),
    row(
        "minutes-order",
        "A street that is driven twice is told apart by what was served before",
        "what was served is not looked at",
        Cut("geofence/forecast/modes.py", "return (1.0 + amiss) ** -manner.order, ", "return 0.0 * amiss + 1.0, "),
        ORDER + "test_a_street_driven_twice_is_told_apart_by_what_was_served_before[False]",
    ),
    row(
        "minutes-order-from-the-start",
        "What a truck has not served counts from the start of its day",
        "it counts from its first position only",
        Cut("geofence/forecast/today.py", "since_s = 0.0 if len(self._starts", "since_s = at_s if len(self._starts"),
        ORDER + "test_a_street_driven_twice_is_told_apart_by_what_was_served_before[False]",
    ),
    row(
        "minutes-blocks",
        "A truck that takes blocks in another order is found again",
        "what is amiss counts as much far off as near by",
        Cut("geofence/forecast/modes.py", "np.exp(rank / -manner.recent), 0.0)", "1.0, 0.0)"),
        ORDER + "test_a_truck_that_takes_blocks_in_another_order_is_found_again",
    ),
    row(
        "minutes-foreign-street",
        "A truck of another round that drives along a street has not come to serve it",
        "all past days are taken for its own",
        Cut("geofence/forecast/modes.py", "fits, manner.foreign * fits)", "fits, fits)"),
        ORDER + "test_a_truck_of_another_round_that_drives_along_a_street_has_not_come_to_serve_it[18]",
    ),
    row(
        "minutes-sure",
        "An interval holds eight of ten, also among those times that are foretold because they are sure",
        "one stretch is learned for sure and unsure times",
        Cut("geofence/forecast/calibration.py", " + sure * HORIZONS", " + 0 * HORIZONS"),
        "tests/unit/test_forecast_calibration.py::test_sure_guesses_have_factors_of_their_own",
    ),
    row(
        "minutes-errand",
        "A truck that serves nothing of what it passes is on an errand",
        "the way alone says what comes next",
        Cut("geofence/forecast/outlook.py", "known = _known(progress, modes, points, manner)", "known = 1.0"),
        ORDER + "test_a_truck_that_serves_nothing_of_what_it_passes_is_on_an_errand[True]",
    ),
    row(
        "minutes-resume",
        "A truck that has left its round is expected back where it broke off",
        "what was served does not say where it goes on",
        Cut("geofence/forecast/outlook.py", "if resumes(today, manner) else", "if not manner.resume else"),
        RESUME + "test_a_truck_that_tips_later_than_ever_does_not_serve_again_what_it_has_served",
        RESUME + "test_a_truck_that_rests_where_none_ever_did_is_expected_back_after_such_a_while",
    ),
    row(
        "minutes-resume-lasts",
        "A truck on a way that no past day knows is not expected back at once",
        "only the way back counts",
        Cut("geofence/forecast/resume.py", "if len(longer) < FEW_TRIPS:", "if len(longer) >= 0:"),
        RESUME + "test_a_truck_that_rests_where_none_ever_did_is_expected_back_after_such_a_while",
    ),
    row(
        "minutes-resume-own",
        "A truck on another's round is not expected to go on with its own",
        "a round is the truck's by its name alone",
        Cut("geofence/forecast/outlook.py", "elsewhere * ours", "elsewhere"),
        RESUME + "test_a_truck_on_another_round_does_not_go_on_with_its_own",
    ),
    row(
        "minutes-sides",
        "Two sides of a street that are served by turns are two places",
        "what lies within 25 m is one",
        Cut(
            "geofence/forecast/places.py",
            "both_sides(stands, *_gathered(x[here], y[here], day[here], MERGE_M, need))",
            "_gathered(x[here], y[here], day[here], MERGE_M, need)",
        ),
        SIDES + "test_a_place_to_which_trucks_come_back_a_little_farther_along_is_two",
    ),
    row(
        "minutes-sides-nearer",
        "A truck on one side of a street has not served the other",
        "a stand counts at every place within reach",
        Cut("geofence/forecast/library.py", "at &= nearest_of(", "at |= nearest_of("),
        SIDES + "test_a_truck_on_one_side_has_not_served_the_other",
    ),
    row(
        "minutes-splinters",
        "A spot where trucks stood now and then beside a stop is that stop",
        "it is a place of its own",
        Cut("geofence/forecast/sides.py", "SPLINTER * days[other]", "0 * days[other]"),
        SIDES + "test_where_trucks_stood_elsewhere_close_by_now_and_then_is_no_place_of_its_own",
    ),
    row(
        "minutes-unseen",
        "What was served unseen is not held against a truck",
        "a silence is no reason",
        Cut("geofence/forecast/today.py", "since_s = at_s if unseen else so_far.since_s", "since_s = so_far.since_s"),
        ORDER + "test_what_was_served_unseen_is_not_held_against_a_truck",
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
