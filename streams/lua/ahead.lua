-- KEYS: stream.  ARGV: cursor.  Answers how many entries follow it.
-- Counted from both ends at once, which is exact when either side is small; else what the stream holds: too many.
local ENOUGH = 10000
local length = redis.call('XLEN', KEYS[1])
local after, passed, up, down = 0, 0, '(' .. ARGV[1], '-'
while after < ENOUGH do
  local page = redis.call('XRANGE', KEYS[1], up, '+', 'COUNT', 500)
  after = after + #page
  if #page < 500 then return after end
  up = '(' .. page[#page][1]
  page = redis.call('XRANGE', KEYS[1], down, ARGV[1], 'COUNT', 500)
  passed = passed + #page
  if #page < 500 then return length - passed end
  down = '(' .. page[#page][1]
end
return length
