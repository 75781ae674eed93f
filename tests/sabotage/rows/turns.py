"""Sabotage of places with hours: what is served at noon and again in the evening is foretold and told twice."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

TURNS = "tests/unit/test_forecast_turns.py::"

ROWS = (
    row(
        "turns-two-places",
        "A stop that is served at noon and in the evening is told at noon and in the evening",
        "it is one place, served once a day",
        Cut(
            "geofence/forecast/places.py",
            "by_hours(stands_of(traces), np.array(date, dtype=np.int64), x[:stops], y[:stops])",
            "(x[:stops], y[:stops], all_day(stops))",
        ),
        TURNS + "test_a_home_hears_at_noon_and_in_the_evening_each_in_time",
    ),
    row(
        "turns-hours-today",
        "A truck that first comes in the evening has not served the noon",
        "it serves its spot at every hour",
        Cut("geofence/forecast/library.py", "kept = self.hours.covers(found, at_s)\n", "kept = found >= 0\n"),
        TURNS + "test_the_page_of_a_home_that_was_served_at_noon_awaits_the_evening",
    ),
    row(
        "turns-hours-past",
        "What past days served at noon says nothing of the evening",
        "they served the spot at every hour",
        Cut("geofence/forecast/visits.py", "    if hours is not None:\n", "    if hours is None:\n"),
        TURNS + "test_what_really_happened_counts_both_services",
    ),
    row(
        "turns-run",
        "The evening's service is a run of its own: who was told at noon is told again",
        "a round is one run a day",
        Cut("geofence/telling.py", "service = _turned(run, nominee.turn)", "service = run"),
        TURNS + "test_a_home_hears_at_noon_and_in_the_evening_each_in_time",
    ),
    row(
        "turns-homes",
        "A home stands under each hour of its spot",
        "it stands under the first only",
        Cut(
            "geofence/minutes_homes.py",
            "return place if self._serving is None else int(self._serving.spots.first[place])",
            "return place",
        ),
        TURNS + "test_a_home_hears_at_noon_and_in_the_evening_each_in_time",
    ),
    row(
        "turns-zones",
        "A home known by its zone is told of the evening as well",
        "a zone is foretold once a day",
        Cut("geofence/minutes_zones.py", "turn = profile.spots().turn\n", "turn = 0 * profile.spots().turn\n"),
        TURNS + "test_a_home_known_by_its_zone_hears_twice",
    ),
    row(
        "turns-here-passed",
        "The truck is here, and has passed, at each service",
        "once a day",
        Cut("geofence/presence.py", "            turn=scene.book.turn_of(place),\n", ""),
        TURNS + "test_here_and_passed_are_told_at_each_service",
    ),
    row(
        "turns-silence",
        "A truck that falls silent in the evening is told to who was told in the evening",
        "it is told as of the noon",
        Cut("geofence/silence.py", "        turn=turn,\n", ""),
        TURNS + "test_a_truck_that_falls_silent_in_the_evening_is_told_to_who_was_told_in_the_evening",
    ),
    row(
        "turns-reopened",
        "A home that subscribes in the evening is told of the evening",
        "only the first service of its spot is weighed once more",
        Cut("geofence/minutes_homes.py", "self._serving.spots.at(key // _LEADS).tolist()", "[key // _LEADS]"),
        TURNS + "test_a_home_that_subscribes_after_the_evenings_call_is_told_of_the_evening",
    ),
    row(
        "turns-renumbered",
        "Who was told in the evening is found again there in a new profile",
        "the spot alone counts",
        Cut("geofence/forecaster.py", "self.guide.library.hours.covers(places, at_s)", "places >= 0"),
        TURNS + "test_who_was_told_in_the_evening_is_found_again_there_in_another_profile",
    ),
    row(
        "turns-page-missed",
        "A noon that was left out does not hide that the evening was served",
        "it stays on its way for ever",
        Cut("geofence/expecting.py", "    stage[over] = Stage.NOTHING\n", ""),
        TURNS + "test_a_noon_that_was_left_out_does_not_hide_the_evening_on_the_page",
    ),
    row(
        "turns-depot",
        "A yard to which trucks come back at midday is a depot at midday too",
        "it is a stop at midday",
        Cut("geofence/forecast/library.py", "depots = at_depots[self.spots.first]\n", "depots = at_depots\n"),
        TURNS + "test_a_yard_is_a_depot_at_midday_too",
    ),
    row(
        "turns-planned",
        "Two routes of a timetable past the same stops are two services",
        "each planned day is a day of its own",
        Cut("geofence/forecast/learn.py", "day.ordinal if planned(day) else FIRST_SEEN + k", "FIRST_SEEN + k"),
        TURNS + "test_two_planned_routes_of_one_date_past_the_same_stops_are_two_services",
    ),
    row(
        "minutes-horizon",
        "What is farther off than the forecast sees is not foretold",
        "it is foretold for the end of what it sees",
        Cut(
            "geofence/forecast/outlook.py",
            "np.where(at_s < HORIZON_S, weight / len(BLUR), 0.0)",
            "np.where(at_s < 1e9, weight / len(BLUR), 0.0)",
        ),
        TURNS + "test_the_page_of_a_home_that_was_served_at_noon_awaits_the_evening",
    ),
)
