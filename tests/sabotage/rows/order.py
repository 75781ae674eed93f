"""Sabotage of a truck's track: repeats, order, jumps, accuracy, confirmation, boundaries, the path."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

APPROACH = "tests/unit/test_geofence_approach.py::"
FIXES = "tests/unit/test_geofence_fixes.py::"
GRID = "tests/unit/test_geofence_grid.py::"
ZONES = "tests/unit/test_geofence_zones.py::"

ROWS = (
    row(
        "dedupe",
        "A fix is known by truck and fix time, and counts once",
        "the track does not look for it among the last fixes",
        Cut("geofence/track.py", "if any(seen.at_ms == fix.at_ms for", "if any(seen.at_ms < 0 for"),
        FIXES + "test_the_same_fix_again_changes_nothing",
        FIXES + "test_a_duplicate_is_known_though_others_came_between",
        FIXES + "test_a_doubted_fix_delivered_again_is_no_agreement",
    ),
    row(
        "late-in-the-engine",
        "Old news is no news: what is marked late decides nothing",
        "the engine does not look at the mark",
        Cut("geofence/step.py", "    if ping.late:\n", "    if ping.late is None:\n"),
        FIXES + "test_a_backlog_newest_first_is_history",
        FIXES + "test_hours_old_fixes_between_live_ones_change_nothing",
    ),
    row(
        "reorder",
        "Fixes a few seconds out of order are put in order",
        "whatever was overtaken is left out",
        Cut("geofence/track.py", "last.at_ms - fix.at_ms > limits.reorder_ms or not before", "last.at_ms > fix.at_ms"),
        FIXES + "test_fixes_that_overtake_each_other_by_seconds_are_put_in_order",
        FIXES + "test_a_fix_that_comes_late_within_seconds_still_bends_the_path",
    ),
    row(
        "window-of-order",
        "A fix older than the window of order is left out",
        "any old fix is put in order",
        Cut("geofence/track.py", "last.at_ms - fix.at_ms > limits.reorder_ms or not before", "not before"),
        FIXES + "test_a_fix_older_than_the_window_of_order_is_left_out",
    ),
    row(
        "jump-filter",
        "A jump that no truck could drive crosses nothing",
        "every leg is drivable",
        Cut(
            "geofence/track.py",
            "    return metres * 1000.0 <= limits.top_speed_mps * (two.at_ms - one.at_ms)\n",
            "    return True\n",
        ),
        FIXES + "test_a_jump_that_no_truck_could_drive_crosses_nothing",
    ),
    row(
        "re-acquisition",
        "A truck that moved unseen is believed after a few fixes that agree",
        "it is doubted for ever",
        Cut("geofence/track.py", "if len(suspects) < limits.believe_after:", "if suspects:"),
        FIXES + "test_a_truck_that_moved_unseen_is_believed_after_three_fixes_that_agree",
    ),
    row(
        "agreement",
        "Wild fixes that do not agree are never believed",
        "any three will do",
        Cut("geofence/track.py", "    agree = agree and _drivable(track.suspects[-1], fix, plane_per_m, limits)\n", ""),
        FIXES + "test_wild_fixes_that_do_not_agree_are_never_believed",
    ),
    row(
        "gap",
        "After a long silence the way between is not assumed",
        "a leg is drawn over any gap",
        Cut("geofence/limits.py", "gap_ms: int = 180_000", "gap_ms: int = 10**12"),
        FIXES + "test_after_a_long_silence_the_way_between_is_not_assumed",
    ),
    row(
        "accuracy-gate",
        "A fix of useless accuracy is left out",
        "accuracy is not looked at",
        Cut("geofence/track.py", "if accuracy_m is not None and accuracy_m > limits.coarse_m:", "if fix is None:"),
        FIXES + "test_a_fix_of_useless_accuracy_is_left_out",
    ),
    row(
        "coarse-for-homes",
        "A fix coarser than a home's lead does not confirm it",
        "a coarse fix decides for every home",
        Cut("geofence/approach.py", "if reach[j] < too_narrow:", "if reach[j] < 0:"),
        FIXES + "test_a_coarse_fix_does_not_confirm_a_home_whose_lead_is_narrower",
    ),
    row(
        "coarse-for-zones",
        "A fix coarser than a zone is wide decides nothing there",
        "a coarse fix decides for every zone",
        Cut("geofence/entering.py", "if move.again or move.accuracy_m > fence.width_m:", "if move.again:"),
        ZONES + "test_a_fix_coarser_than_the_zone_decides_nothing",
    ),
    row(
        "coarse-jump",
        "A coarse fix where no truck could be decides nothing",
        "coarse fixes may be anywhere",
        Cut("geofence/track.py", "limits, slack_m=accuracy_m)", "limits, slack_m=1e9)"),
        FIXES + "test_coarse_fixes_where_no_truck_could_be_tell_nobody",
        FIXES + "test_a_coarse_fix_may_be_off_by_its_own_accuracy",
    ),
    row(
        "leg-across-the-globe",
        "A leg across the globe does not fill the engine's memory",
        "a leg of any length is asked cell by cell",
        Cut("geofence/zones.py", "MANY_CELLS = 4_096", "MANY_CELLS = 10**6"),
        ZONES + "test_a_leg_across_the_globe_costs_no_more_memory_than_its_zones",
    ),
    row(
        "confirmation",
        "A home or a zone is entered by several fixes, not by one",
        "one fix is enough",
        Cut("geofence/limits.py", "confirm_fixes: int = 2", "confirm_fixes: int = 1"),
        APPROACH + "test_one_jump_of_the_noise_tells_nobody",
        ZONES + "test_one_fix_thrown_into_a_zone_does_not_announce_it",
    ),
    row(
        "sparse-confirmation",
        "A tracker that speaks once a minute is not late: driven length confirms",
        "only fixes confirm",
        Cut("geofence/limits.py", "confirm_m: float = 30.0", "confirm_m: float = 1e9"),
        ZONES + "test_a_zone_that_lies_between_two_sparse_fixes_was_crossed",
        APPROACH + "test_sparse_fixes_are_still_in_time_and_never_after_the_truck_has_left",
    ),
    row(
        "zone-inner-boundary",
        "Work on the road beside a zone does not enter it",
        "the inner boundary is the drawn one",
        Cut("geofence/limits.py", "zone_inner_m: float = 10.0", "zone_inner_m: float = -15.0"),
        ZONES + "test_work_on_the_main_road_beside_a_zone_does_not_announce_it",
    ),
    row(
        "zone-outer-boundary",
        "A truck leaves a zone at the outer boundary only: borders do not flap",
        "there is no outer boundary",
        Cut("geofence/limits.py", "zone_outer_m: float = 25.0", "zone_outer_m: float = -10.0"),
        ZONES + "test_a_truck_that_wobbles_between_the_two_boundaries_of_a_zone_has_not_left_it",
    ),
    row(
        "home-outer-boundary",
        "A fix that wobbles over the edge of a lead still confirms it",
        "there is no outer boundary",
        Cut("geofence/approach.py", "reach + np.maximum(limits.outer_m * scale, limits.outer_share * reach)", "reach"),
        APPROACH + "test_a_fix_that_wobbles_over_the_edge_of_the_lead_still_confirms",
    ),
    row(
        "path-of-homes",
        "The path counts for homes, not the points: the kernel sweeps the capsule",
        "the kernel measures to the end of a leg only",
        Cut("geofence/grid.py", "along = min(1.0, max(0.0, (ex * dx + ey * dy) * inverse))", "along = 1.0"),
        GRID + "test_what_a_leg_newly_reaches_is_what_brute_force_finds",
    ),
    row(
        "newly-within",
        "What was within reach before is not reached anew",
        "the disk around the start is not taken away",
        Cut("geofence/grid.py", "if outside | (old & (ex * ex + ey * ey <= reach2)):", "if outside:"),
        GRID + "test_what_a_leg_newly_reaches_is_what_brute_force_finds",
    ),
    row(
        "path-of-zones",
        "The path counts for zones: one between two sparse fixes was crossed",
        "only the fix itself is looked at",
        Cut(
            "geofence/entering.py",
            "metres += sum(fence.metres_inside(leg) for leg in move.legs)",
            "metres += sum(fence.metres_inside((*leg[2:], *leg[2:])) for leg in move.legs)",
        ),
        ZONES + "test_a_zone_that_lies_between_two_sparse_fixes_was_crossed",
    ),
    row(
        "bounded-memory-of-fixes",
        "The memory of a truck's fixes is bounded",
        "thousands are remembered",
        Cut("geofence/track.py", "MOST = 32", "MOST = 32_000"),
        FIXES + "test_the_memory_of_fixes_is_bounded",
    ),
)
