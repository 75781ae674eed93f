-- KEYS: lease, its counter.  ARGV: owner, ttl in ms.  Answers the new number, or 0 while another owner holds it.
-- The same owner gets a new number: an answer was lost, and whoever still uses the old number must stop.
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%d+ (.*)$') ~= ARGV[1] then return 0 end
local number = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], string.format('%.0f', number) .. ' ' .. ARGV[1], 'PX', ARGV[2])
return number
