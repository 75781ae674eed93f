-- KEYS: stream.  ARGV: longest length or 0, items...  Answers the ids.
local ids = {}
local longest = ARGV[1]
for i = 2, #ARGV do
  if longest == '0' then
    ids[i - 1] = redis.call('XADD', KEYS[1], '*', 'd', ARGV[i])
  else
    ids[i - 1] = redis.call('XADD', KEYS[1], 'MAXLEN', longest, '*', 'd', ARGV[i])
  end
end
return ids
