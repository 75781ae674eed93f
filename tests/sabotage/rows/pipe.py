"""Sabotage of streams/: fences, cursors, repeats, trimming, and one city's keys apart from another's."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

FENCED = "tests/contract/test_streams_fenced.py::"
REDIS = "tests/contract/test_streams_redis.py::"
SHARED = "tests/contract/test_streams_shared.py::"

_FENCE_LUA = Cut("streams/lua/commit.lua", "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'LEASE' end\n", "")
_FENCE_MEMORY = Cut(
    "streams/memory.py",
    "if not self._holds(fence):\n                raise LeaseLost",
    "if not fence.number:\n                raise LeaseLost",
)
_CURSOR_LUA = Cut("streams/lua/commit.lua", "if stored ~= ARGV[2] then return 'CURSOR' end\n", "")
_CURSOR_MEMORY = Cut("streams/memory.py", "if stored != commit.was:", "if not stored:")
_LOST_LUA = Cut("streams/lua/commit.lua", "if stored == ARGV[3] then", "if stored == '' then")
_LOST_MEMORY = Cut("streams/memory.py", "if stored == commit.cursor:", "if not stored:")

ROWS = (
    row(
        "fence-lua",
        "Only the holder of the lease commits (store)",
        "commit.lua does not look at the fence",
        _FENCE_LUA,
        FENCED + "test_a_commit_without_the_lease_is_refused_whole[valkey]",
        FENCED + "test_a_stale_owner_cannot_commit_after_its_lease_ran_out[valkey]",
    ),
    row(
        "fence-memory",
        "Only the holder of the lease commits (memory)",
        "MemoryStore.commit does not look at the fence",
        _FENCE_MEMORY,
        FENCED + "test_a_commit_without_the_lease_is_refused_whole[memory]",
    ),
    row(
        "fence-anew",
        "Who asks for a lease again makes the old fence void",
        "acquire.lua answers the old number",
        Cut("streams/lua/acquire.lua", "redis.call('INCR', KEYS[2])", "(redis.call('GET', KEYS[2]) or 1)"),
        FENCED + "test_an_owner_that_asks_again_gets_a_new_fence_and_the_old_one_is_void[valkey]",
    ),
    row(
        "cursor-lua",
        "A commit goes on from the stored cursor only (store)",
        "commit.lua does not look at the cursor",
        _CURSOR_LUA,
        FENCED + "test_a_commit_from_a_cursor_that_is_not_stored_is_refused_whole[valkey]",
    ),
    row(
        "cursor-memory",
        "A commit goes on from the stored cursor only (memory)",
        "MemoryStore.commit does not look at the cursor",
        _CURSOR_MEMORY,
        FENCED + "test_a_commit_from_a_cursor_that_is_not_stored_is_refused_whole[memory]",
    ),
    row(
        "lost-answer-lua",
        "A commit whose answer was lost has succeeded (store)",
        "commit.lua does not know its own last commit",
        _LOST_LUA,
        FENCED + "test_a_commit_repeated_after_a_lost_answer_succeeds_and_writes_nothing_again[valkey]",
        REDIS + "test_a_commit_whose_answer_was_lost_is_repeated_without_harm",
    ),
    row(
        "lost-answer-memory",
        "A commit whose answer was lost has succeeded (memory)",
        "MemoryStore.commit does not know its own last commit",
        _LOST_MEMORY,
        FENCED + "test_a_commit_repeated_after_a_lost_answer_succeeds_and_writes_nothing_again[memory]",
    ),
    row(
        "commit-whole",
        "A commit is written whole or not at all",
        "commit.lua checks nothing before its first write",
        Cut("streams/lua/commit.lua", "misfit(KEYS[2], 'hash') or misfit_stream(4)", "nil"),
        REDIS + "test_a_commit_that_cannot_be_written_whole_writes_nothing",
    ),
    row(
        "no-retry-of-appends",
        "A command goes out once: a lost answer appends nothing twice",
        "the client tries again three times",
        Cut("streams/connect.py", "Retry(NoBackoff(), 0)", "Retry(NoBackoff(), 3)"),
        REDIS + "test_a_lost_answer_to_an_append_is_told_and_nothing_is_written_twice",
        "tests/unit/test_streams_connect.py::test_the_client_neither_retries_nor_decodes",
    ),
    row(
        "wait-for-replicas",
        "With wait_replicas an answer means that a replica has it",
        "the answer of WAIT is not looked at",
        Cut("streams/link.py", "if confirmed < self._wait_replicas:", "if confirmed < 0:"),
        REDIS + "test_with_wait_replicas_an_answer_means_that_a_replica_has_it",
    ),
    row(
        "trim-shared-lua",
        "Trimming alerts never drops what is pending (store)",
        "trim_done.lua looks at what was delivered only",
        Cut("streams/lua/trim_done.lua", "if group['pending'] > 0 then", "if group['pending'] < 0 then"),
        SHARED + "test_trimming_keeps_everything_from_the_oldest_pending_on[valkey]",
    ),
    row(
        "trim-shared-memory",
        "Trimming alerts never drops what is pending (memory)",
        "MemoryStream forgets what was taken",
        Cut("streams/memory_stream.py", "min(self.taken) if self.taken else (", "("),
        SHARED + "test_trimming_keeps_everything_from_the_oldest_pending_on[memory]",
    ),
    row(
        "bury-once",
        "A poison alert is buried once, also when the answer was lost",
        "bury.lua does not look whether the entry is still pending",
        Cut("streams/lua/bury.lua", "if #pending == 0 then return 0 end\n", ""),
        SHARED + "test_a_poison_entry_is_buried_once[valkey]",
    ),
    row(
        "city-keys",
        "No city sees another's keys",
        "all keys are named alike, whatever the city",
        Cut("streams/keys.py", 'f"{what}:{{{city}}}"', 'f"{what}:{{minami}}"'),
        "tests/contract/test_streams_tables.py::test_hashes_and_cities_stand_apart[memory]",
        "tests/contract/test_registry.py::test_cities_do_not_see_each_other[memory]",
    ),
    row(
        "city-transactions",
        "A transaction never reaches into another city",
        "nobody checks the keys that a caller hands in",
        Cut("streams/within.py", 'if f"{{{city}}}" not in name:', "if not name:"),
        FENCED + "test_a_commit_stays_within_its_city[memory]",
        "tests/contract/test_streams_tables.py::test_a_transaction_stays_within_its_city[memory]",
    ),
    row(
        "homes-with-record",
        "A subscription and what the engine hears of it are one write",
        "the event is appended before the record, by itself",
        Cut(
            "residents/adapters/redis_registry.py",
            "        return self._store.transact(city, SUBS, puts, deletes, appends, expect)",
            "        for stream, items in appends.items():\n"
            "            self._store.append(stream, items)\n"
            "        return self._store.transact(city, SUBS, puts, deletes, {}, expect)",
        ),
        "tests/contract/test_registry.py::test_a_change_that_others_overtook_is_not_announced",
        "tests/contract/test_registry.py::test_writers_at_once_never_share_a_number[memory]",
    ),
    row(
        "numbers-contested",
        "Two writers never give two homes one number",
        "a transaction expects nothing of what was read",
        Cut("residents/adapters/redis_registry.py", "for field in (*puts, *deletes)}", "for field in ()}"),
        "tests/contract/test_registry.py::test_writers_at_once_never_share_a_number[valkey]",
    ),
)
