-- KEYS: stream.  ARGV: group, an id or nothing.
-- Drops what precedes everything pending or undelivered in any group, and the id; answers how many.
local known, bound = false, nil
for _, group in ipairs(groups_of(KEYS[1])) do
  known = known or group['name'] == ARGV[1]
  local ms, number = string.match(group['last-delivered-id'], '(%d+)-(%d+)')
  local need = string.format('%s-%.0f', ms, tonumber(number) + 1)
  if group['pending'] > 0 then need = redis.call('XPENDING', KEYS[1], group['name'])[2] end
  if not bound or before(need, bound) then bound = need end
end
if not known then return no_group(KEYS[1], ARGV[1]) end
if ARGV[2] ~= '' and before(ARGV[2], bound) then bound = ARGV[2] end
return redis.call('XTRIM', KEYS[1], 'MINID', bound)
