-- KEYS: lease, state, cursor, streams...  ARGV: fence, was, cursor, puts, deletes, items of each stream..., then these.
-- Answers OK, LEASE or CURSOR.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'LEASE' end
local stored = redis.call('GET', KEYS[3]) or '0-0'
if stored == ARGV[3] then
  redis.call('SET', KEYS[3], stored) -- a write, so that a WAIT after this answer speaks of this commit
  return 'OK'
end
if stored ~= ARGV[2] then return 'CURSOR' end
local refusal = misfit(KEYS[2], 'hash') or misfit_stream(4)
if refusal then return refusal end

redis.call('SET', KEYS[3], ARGV[3]) -- first: the one command that a full store refuses, before anything is written
local streams = #KEYS - 3
local at = in_pieces('HDEL', KEYS[2], 6 + streams, tonumber(ARGV[5]))
at = in_pieces('HSET', KEYS[2], at, 2 * tonumber(ARGV[4]))
append_all(4, 6, at)
return 'OK'
