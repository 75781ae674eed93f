"""Sabotage of plans: assignments.csv (who drives which route) and timetables as a first guess."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

ASSIGNED = "tests/unit/test_assignments.py::"
ROUTES = "tests/unit/test_learned_routes.py::"
TIMETABLE = "tests/unit/test_timetable.py::"
WORKER = "tests/contract/test_minutes_worker.py::"

ROWS = (
    row(
        "assigned-broken-version",
        "A broken version of the assignments leaves the last one in force",
        "what could be read of it takes force",
        Cut("geofence/changes.py", "    if not wrong:\n", "    if wrong is not None:\n"),
        ASSIGNED + "test_a_broken_version_leaves_the_last_one_in_force",
    ),
    row(
        "assigned-broken-file",
        "Broken assignments are refused with their line, and never announced",
        "a saved file is not read before it is announced",
        Cut(
            "geofence/watched.py",
            "    return tuple(str(problem) for problem in read_assignments(data)[1])\n",
            "    return ()\n",
        ),
        WORKER + "test_broken_assignments_leave_the_last_good_ones_in_force[memory]",
    ),
    row(
        "assigned-half",
        "A file with one fault assigns nobody",
        "the rows that could be read count",
        Cut("geofence/assignments.py", "Assignments(() if broken else tuple(rows))", "Assignments(tuple(rows))"),
        ASSIGNED + "test_each_fault_is_named_with_its_line_and_nothing_takes_force",
    ),
    row(
        "assigned-committed",
        "Which assignments are in force is committed with what follows from them",
        "their version is not among the fields of a commit",
        Cut("geofence/book.py", "        self._touched.add(ASSIGNMENTS)\n", ""),
        ASSIGNED + "test_assignments_survive_a_hand_over",
    ),
    row(
        "assigned-hand-over",
        "Assignments survive a hand-over of the city",
        "the next worker does not load them",
        Cut(
            "geofence/documents.py",
            "            book.take_assignments(read_assignments(assignments)[0], version)\n",
            "            pass\n",
        ),
        WORKER + "test_assignments_are_announced_in_the_stream_and_survive_hand_overs[memory]",
    ),
    row(
        "assigned-particular",
        "A date counts before a weekday, and a weekday before always",
        "what holds always is looked at first",
        Cut("geofence/assignments.py", "= (ordinal, (ordinal + 6) % 7, None)", "= (None, (ordinal + 6) % 7, ordinal)"),
        ASSIGNED + "test_a_date_counts_before_a_weekday_and_a_weekday_before_always",
    ),
    row(
        "assigned-no-route",
        "A row without a route says that none is driven",
        "it is taken for no row",
        Cut(
            "geofence/assignments.py",
            "(begun[-1].route, True) if begun",
            "(begun[-1].route, bool(begun[-1].route)) if begun",
        ),
        ASSIGNED + "test_a_row_without_a_route_says_that_none_is_driven",
    ),
    row(
        "assigned-second-route",
        "A second route begins at its time",
        "the first of the day goes on",
        Cut("geofence/assignments.py", "(begun[-1].route, True)", "(begun[0].route, True)"),
        ASSIGNED + "test_a_second_route_begins_at_its_time",
        ASSIGNED + "test_a_second_route_past_the_same_stops_tells_again",
    ),
    row(
        "assigned-day-anew",
        "Another route begins the truck's day anew, so that stops served on the first are foretold on the second",
        "the day goes on over the change of route",
        Cut("geofence/minutes.py", "/{scene.day_ordinal}/{scene.run}", "/{scene.day_ordinal}/"),
        ASSIGNED + "test_a_second_route_past_the_same_stops_tells_again",
    ),
    row(
        "assigned-believed",
        "A truck is believed on its assigned route from the first fix",
        "it is followed by its own past days",
        Cut(
            "geofence/forecaster.py",
            "        return own if own in self._vehicles else self._crews.get(route, vehicle)\n",
            "        return vehicle if own else route\n",
        ),
        ASSIGNED + "test_an_assigned_truck_is_believed_on_its_route_from_the_start",
    ),
    row(
        "assigned-said",
        "A route that the truck names itself goes before its assignment",
        "the assignment is looked at first",
        Cut(
            "geofence/book.py",
            "        if said or not self.assignments.rows:\n",
            "        if not self.assignments.rows:\n",
        ),
        ASSIGNED + "test_a_route_that_a_ping_names_goes_before_its_assignment",
    ),
    row(
        "assigned-next-run",
        "A new run that dispatch asks for is of the route assigned at that moment",
        "it is of the route that the truck always drives",
        Cut(
            "geofence/changes.py",
            "book.route_of(word.truck, word.at_ms)",
            "book.routes.get(word.truck)",
        ),
        ASSIGNED + "test_dispatch_begins_the_next_run_of_the_assigned_route",
    ),
    row(
        "assigned-learned",
        "Days of an assigned route are learned as the route's, whichever truck drove",
        "they are the truck's own",
        Cut(
            "gomikuru/learning/drawn.py",
            "vehicle=self.assigned.crew(day.vehicle, day.ordinal, tied))",
            "vehicle=day.vehicle if tied is None else tied)",
        ),
        ROUTES + "test_days_of_an_assigned_route_are_learned_as_the_routes",
    ),
    row(
        "timetable-first-day",
        "A timetable alone tells homes in time on the first day",
        "planned days are made and not kept",
        Cut("geofence/forecast/learn.py", "kept = timetable.days + kept", "kept = timetable.days[:0] + kept"),
        TIMETABLE + "test_on_the_first_day_homes_are_told_from_the_timetable_alone",
    ),
    row(
        "timetable-wide",
        "An interval that rests on a timetable alone is wider, and so says that less is known",
        "planned days are as good as seen ones",
        Cut("geofence/forecaster.py", "return WIDE if day in self._planned else", "return"),
        TIMETABLE + "test_intervals_are_stretched_on_days_that_were_planned_and_not_on_days_that_were_seen",
    ),
    row(
        "timetable-gives-way",
        "Planned days give way to days that were seen",
        "they stay",
        Cut("geofence/forecast/timetable.py", "GIVES_WAY * len(drove)", "0 * len(drove)"),
        TIMETABLE + "test_planned_days_give_way_to_days_that_were_seen",
    ),
    row(
        "timetable-other-round",
        "Who only passed the stops has not driven the route",
        "driving by is enough",
        Cut("geofence/forecast/timetable.py", "(passes.excess_s >= NEED_S[0]) & ~", "~"),
        TIMETABLE + "test_days_of_another_round_leave_the_timetable_as_it_is",
    ),
    row(
        "timetable-pause",
        "A long pause in a timetable is no place to load",
        "the truck does not rest, but crawls on through it",
        Cut("geofence/forecast/timetable.py", "    if room_s - usual_s >= LONG_S:\n", "    if room_s < 0.0:\n"),
        TIMETABLE + "test_a_long_pause_in_the_timetable_is_no_place_to_load",
    ),
    row(
        "timetable-learned",
        "Routes that were learned from pings promise nothing when they are learned from again",
        "they are taken for a timetable",
        Cut("geofence/forecast/timetable.py", "return not self.learned and sum(", "return sum("),
        TIMETABLE + "test_what_was_learned_promises_nothing_when_it_is_learned_again",
    ),
    row(
        "timetable-replaces-nothing",
        "A timetable alone does not replace what pings taught",
        "nobody looks at the profile that is there",
        Cut(
            "gomikuru/learning/profile_file.py",
            "        return bool(seen_of(decode_profile(target.read_bytes())))\n",
            "        return bool(seen_of(decode_profile(target.read_bytes()))[:0])\n",
        ),
        ROUTES + "test_a_timetable_does_not_replace_what_pings_taught",
    ),
    row(
        "routes-drawn-stay",
        "routes.geojson that people drew is never overwritten",
        "what was learned is written into it",
        Cut("gomikuru/commands/learn.py", "routes or (None if own.exists() else own)", "routes or own"),
        ROUTES + "test_a_file_that_is_there_is_never_overwritten",
    ),
)
