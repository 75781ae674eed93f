"""Sabotage of the forecast: what serves a place, where on its round a truck is, and where that goes on."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

HALTS = "tests/unit/test_forecast_halts.py::"
KINDS = "tests/unit/test_minutes_kinds.py::"
ORDER = "tests/unit/test_forecast_outlook.py::"
PROGRESS = "tests/unit/test_forecast_progress.py::"
RECORDS = "tests/unit/test_minutes_records.py::"
REGULAR = "tests/unit/test_forecast_regular.py::"
RESUME = "tests/unit/test_forecast_resume.py::"
SERVING = "tests/unit/test_serving.py::"
SIDES = "tests/unit/test_forecast_sides.py::"
VISITS = "tests/unit/test_forecast_visits.py::"
WALK = "tests/unit/test_forecast_walk.py::"

ROWS = (
    row(
        "minutes-own-weekdays",
        "A stop with weekdays of its own is foretold on these only",
        "all weekdays of a round are one",
        Cut(
            "geofence/forecast/outlook.py",
            "    like = np.where(library.weekday == weekday, manner.weekday * like, like)\n",
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
        Cut(
            "geofence/forecast/outlook.py",
            "np.maximum(expected, library.weekly[crew].least[today.weekday])",
            "np.maximum(expected, 0.0)",
        ),
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
        Cut(
            "geofence/forecast/resume.py",
            "orders.weight * np.tile(_near(library, orders.place, orders.owed, today, manner), 2)",
            "orders.weight",
        ),
        RESUME + "test_a_truck_that_has_gone_to_another_street_goes_on_there[2-0.5-2.0]",
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
        "minutes-columns-fit",
        "A profile whose columns contradict each other is refused",
        "nobody compares them",
        Cut("geofence/forecast/profile.py", "or sum(stored.sizes) != len(columns):", "or None:"),
        "tests/unit/test_forecast_profile.py::test_columns_that_do_not_fit_each_other_are_refused",
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
        "minutes-regular-places",
        "The rule of an alert is learned from places that are served regularly, not from lights",
        "every place is rehearsed",
        Cut("geofence/forecast/rehearsal.py", "wanted = library.regular[ahead.place] & ", "wanted = "),
        REGULAR + "test_only_regular_places_are_rehearsed",
    ),
    row(
        "minutes-depot",
        "The place where trucks begin and end their days is no stop",
        "it is learned from like one",
        Cut(
            "geofence/forecast/library.py",
            "depots = at_depots[self.spots.first]",
            "depots = np.zeros_like(at_depots)",
        ),
        REGULAR + "test_a_depot_is_not_regular",
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
        REGULAR + "test_a_light_at_which_two_trucks_stand_on_one_date_is_not_regular",
    ),
    row(
        "minutes-order",
        "A street that is driven twice is told apart by what was served before",
        "what was served is not looked at",
        Cut("geofence/forecast/modes.py", "return (1.0 + amiss) ** -order, ", "return 0.0 * amiss + 1.0, "),
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
        "minutes-soon",
        "An interval holds eight of ten of what comes within a quarter of an hour",
        "it is counted by what was foretold only",
        Cut("geofence/forecast/calibration.py", "[actual <= SOON_S]", "[:0]"),
        "tests/unit/test_forecast_calibration.py::test_of_what_comes_soon_eight_of_ten_are_held",
    ),
    row(
        "minutes-halt",
        "A stand whose fixes drift is not begun anew",
        "each knot is a stand of its own",
        Cut("geofence/forecast/halts.py", "HALT_M = 70.0", "HALT_M = 0.0"),
        HALTS + "test_a_stand_that_drifts_is_not_begun_anew[drifts1]",
    ),
    row(
        "minutes-outstayed",
        "How much longer a truck stays is told by days that stayed so long",
        "days that had left by now say as much",
        Cut("geofence/forecast/modes.py", "np.where(outstayed, manner.outstayed * mass, mass)", "mass"),
        HALTS + "test_days_that_had_left_by_now_say_less_of_how_long_it_stays",
    ),
    row(
        "minutes-lingers",
        "A truck that has stood longer than on any past day need not leave at once",
        "it is expected to leave now",
        Cut("geofence/forecast/modes.py", "np.where(outstayed, manner.lingers * stood_s, 0.0)", "0.0"),
        HALTS + "test_a_truck_that_outstayed_every_day_stays_on_a_while",
    ),
    row(
        "minutes-habit",
        "That the likest day left a stop out says little of today",
        "the likest days alone say what is left out",
        Cut("geofence/forecast/outlook.py", "+ manner.habit * habit) / (days + manner.habit)", ") / days"),
        ORDER + "test_that_the_likest_day_left_a_stop_out_says_little_of_today",
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
)
