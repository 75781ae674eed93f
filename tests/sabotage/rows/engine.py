"""Sabotage of geofence/: who is told, once, by a collecting truck only; the worker around the engine; zones."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

APPROACH = "tests/unit/test_geofence_approach.py::"
RUNS = "tests/unit/test_geofence_runs.py::"
STATE = "tests/unit/test_geofence_state.py::"
WATCH = "tests/contract/test_geofence_watch.py::"
WORKER = "tests/contract/test_geofence_worker.py::"
ZONES = "tests/unit/test_geofence_zones.py::"

ROWS = (
    row(
        "told-record",
        "Once: one alert a subscription and run",
        "nobody writes down who was told",
        Cut("geofence/telling.py", "        told.tell(nominee.number)\n", ""),
        APPROACH + "test_jitter_at_the_border_tells_once",
        RUNS + "test_a_substituted_vehicle_on_the_same_route_does_not_tell_twice",
    ),
    row(
        "told-committed",
        "Who was told is committed with the alert",
        "the told-record is not among the fields of a commit",
        Cut("geofence/state.py", "for chunk in sorted(told.touched):", "for chunk in ():"),
        STATE + "test_a_crash_at_any_commit_changes_no_alert",
        WORKER + "test_a_hand_over_in_the_middle_of_the_stream_gives_the_alerts_of_one[memory]",
    ),
    row(
        "truck-committed",
        "What a truck did is committed with the cursor",
        "trucks are not among the fields of a commit",
        Cut("geofence/state.py", "for name in sorted(self._trucks_touched)}", "for name in ()}"),
        WORKER + "test_a_hand_over_in_the_middle_of_the_stream_gives_the_alerts_of_one[memory]",
    ),
    row(
        "deterministic-id",
        "An alert's id follows from what it tells",
        "ids are drawn by lot",
        Cut(
            "model/alert.py",
            "digest_size=12).hexdigest()",
            "digest_size=12, key=__import__('os').urandom(8)).hexdigest()",
        ),
        RUNS + "test_an_alerts_id_follows_from_what_it_tells",
        STATE + "test_the_same_events_give_the_same_bytes",
    ),
    row(
        "collecting-homes",
        "Only a collecting truck is announced to homes",
        "any truck is",
        Cut("geofence/approach.py", "    if not scene.collecting:\n", "    if scene.collecting is None:\n"),
        APPROACH + "test_a_truck_that_drives_by_tells_nobody",
        APPROACH + "test_a_truck_that_drives_to_work_tells_only_where_it_works",
    ),
    row(
        "collecting-zones",
        "Only a collecting truck is announced to a zone",
        "any truck is",
        Cut("geofence/entering.py", "if due and scene.collecting and _serves", "if due and _serves"),
        ZONES + "test_a_truck_that_crosses_a_zone_without_collecting_tells_nobody",
    ),
    row(
        "not-moving-away",
        "A truck that moves away is not coming",
        "the direction is not looked at",
        Cut("geofence/approach.py", "leaving = now > nearest + slack", "leaving = now < -slack"),
        APPROACH + "test_a_truck_that_moves_away_is_not_coming",
    ),
    row(
        "state-not-edge",
        "A truck that begins to work within reach is announced: the state counts, not the edge",
        "only what is newly reached is weighed",
        Cut("geofence/approach.py", "whole = scene.began or truck.weigh_all or scene.move.fresh", "whole = False"),
        APPROACH + "test_a_truck_that_begins_to_collect_where_it_stands_is_told",
    ),
    row(
        "turned-round",
        "A home passed over is found again when the truck turns round",
        "the whole disk is never weighed anew",
        Cut("geofence/approach.py", "if swept >= scene.limits.sweep_m:", "if swept < 0.0:"),
        APPROACH + "test_a_truck_that_turns_round_within_the_reach_is_told",
    ),
    row(
        "facility",
        "Work within a depot or an incinerator tells nobody",
        "facilities are not looked at",
        Cut("geofence/step.py", "    for facility in book.city.facilities:\n", "    for facility in ():\n"),
        RUNS + "test_work_within_a_facility_tells_nobody",
    ),
    row(
        "categories",
        "Only those who wait for this waste are told",
        "every home waits for everything",
        Cut("geofence/book.py", "        for category in home.categories:\n", "        for category in ():\n"),
        APPROACH + "test_only_those_who_wait_for_this_waste_are_told",
        ZONES + "test_a_zone_of_other_waste_is_not_announced",
    ),
    row(
        "weigh-a-change",
        "Every change of a subscription is weighed once against the trucks at work",
        "a change waits for the next crossing",
        Cut("geofence/changes.py", "replace(truck, weigh_all=True, fences=fences)", "truck"),
        APPROACH + "test_who_subscribes_beside_a_truck_that_stands_is_told",
    ),
    row(
        "forget-who-left",
        "Everything about a removed subscription is removed",
        "the told-record keeps its bit",
        Cut("geofence/changes.py", "        told.forget(event.gone)\n", "        pass\n"),
        APPROACH + "test_the_record_of_who_was_told_forgets_who_is_gone",
    ),
    row(
        "days-forgotten",
        "The records of days that are over are forgotten: memory stays bounded",
        "they are kept for ever",
        Cut("geofence/state.py", "if ended(key, today)):", "if key == today):"),
        RUNS + "test_the_records_of_days_that_are_over_are_forgotten",
    ),
    row(
        "lease-of-the-city",
        "One worker at a time works a city",
        "a worker without the lease works too",
        Cut("streams/memory.py", 'if lease.owner not in ("", owner) and now_ms < lease.until_ms:', "if lease is None:"),
        WORKER + "test_only_the_holder_of_the_lease_works[memory]",
        "tests/contract/test_streams_fenced.py::test_a_lease_belongs_to_one_owner[memory]",
    ),
    row(
        "lease-renewed",
        "A lease is renewed while there is nothing to do",
        "it is not",
        Cut(
            "geofence/worker.py",
            "        if now_ms - held.renewed_ms < self._pace.lease_ms / 3:\n",
            "        if held:\n",
        ),
        WORKER + "test_a_lease_is_renewed_while_there_is_nothing_to_do",
    ),
    row(
        "commit-in-doubt",
        "A commit whose answer was lost is asked again until it is certain",
        "it is taken as done",
        Cut(
            "geofence/worker.py",
            "                if self._stop.wait(self._pace.retry_ms / 1000):\n                    raise\n",
            "                break\n",
        ),
        WORKER + "test_a_store_that_fails_everywhere_at_random_changes_no_alert",
    ),
    row(
        "trim-ordered",
        "Trimming never drops an event that is unprocessed",
        "the events are trimmed to the newest that was read",
        Cut(
            "geofence/trimming.py",
            "self._store.trim(keys.events(self._city), upto)",
            "self._store.trim(keys.events(self._city), self._store.newest(keys.events(self._city), 1)[0].id)",
        ),
        WORKER + "test_trimming_never_drops_what_is_unprocessed[memory]",
    ),
    row(
        "garbage-aside",
        "What is no event is set aside and the line goes on",
        "it ends the turn",
        Cut("geofence/worker.py", 'self._set_aside(entry, f"no event: {error}")', "raise"),
        WORKER + "test_what_is_no_event_is_set_aside_and_the_line_goes_on[memory]",
    ),
    row(
        "poison-alone",
        "An event on which the engine fails is set aside alone",
        "its whole batch is tried again, for ever",
        Cut(
            "geofence/worker.py",
            "        self._careful = self._pace.batch\n        if not alone:",
            "        if not alone:",
        ),
        WORKER + "test_an_event_on_which_the_engine_fails_is_set_aside_alone[memory]",
    ),
    row(
        "broken-zones",
        "A broken set of zones leaves the last good one in force",
        "whatever can be read of it takes force",
        (
            Cut("geofence/files.py", "(() if reader.problems else tuple(reader.zones))", "tuple(reader.zones)"),
            Cut("geofence/changes.py", "    if not problems:\n", "    if zones or problems:\n"),
            Cut(
                "geofence/watched.py",
                "        if problems:\n            self._refuse",
                "        if problems is None:\n            self._refuse",
            ),
        ),
        WORKER + "test_a_broken_set_of_zones_leaves_the_last_good_one_in_force[memory]",
    ),
    row(
        "zones-again",
        "Zones whose announcement crashed are announced again",
        "a worker that takes a city over does not look at the file",
        Cut(
            "geofence/watched.py",
            "        self._announced = version\n        self._due = True\n",
            "        self._announced = version\n        self._due = False\n",
        ),
        WORKER + "test_zones_whose_announcement_crashed_are_announced_again[memory]",
        WORKER + "test_a_worker_that_takes_the_city_back_looks_at_the_file_again[memory]",
    ),
    row(
        "watch-lives",
        "A watch of the disk that fails is told, and files are compared instead",
        "its exception ends the watch",
        Cut("geofence/adapters/watch.py", "except Exception as error:", "except ZeroDivisionError as error:"),
        WATCH + "test_a_watch_that_fails_is_told_and_the_file_is_compared_instead",
        WATCH + "test_a_folder_that_comes_later_is_watched",
    ),
    row(
        "folder-swapped",
        "A city's folder that is swapped for another takes force",
        "only what the system tells of is looked at",
        Cut("geofence/adapters/watch.py", "if _stamp(self._path) != self._read_as:", "if self._read_as is None:"),
        WATCH + "test_a_folder_that_is_swapped_for_another_is_noticed_and_watched",
    ),
    row(
        "mistyped-degree",
        "A mistyped degree in zones.geojson does not fill the engine's memory",
        "a zone may be as large as the earth",
        Cut("geofence/files.py", "if km[far] <= WIDEST_KM:", "if km:"),
        "tests/unit/test_geofence_files.py::test_what_is_wrong_is_said_with_its_place",
    ),
)
