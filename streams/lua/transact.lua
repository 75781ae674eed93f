-- KEYS: hash, streams...  ARGV: expected, puts, deletes, items of each stream..., then (field, '=' or '-', value) for each
-- expected field, the deletes, the puts, the items. Answers 1, or 0 when an expected field has another value.
local refusal = misfit(KEYS[1], 'hash') or misfit_stream(2)
if refusal then return refusal end
local at = 3 + #KEYS
for _ = 1, tonumber(ARGV[1]) do
  local value = redis.call('HGET', KEYS[1], ARGV[at])
  if ARGV[at + 1] == '-' then
    if value then return 0 end
  elseif value ~= ARGV[at + 2] then
    return 0
  end
  at = at + 3
end

at = in_pieces('HDEL', KEYS[1], at, tonumber(ARGV[3]))
at = in_pieces('HSET', KEYS[1], at, 2 * tonumber(ARGV[2]))
append_all(2, 4, at)
return 1
