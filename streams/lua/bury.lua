-- KEYS: stream, dead.  ARGV: group, id, item.  Answers 1, or 0 if the entry was finished already (an answer was lost).
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
if #pending == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', 'd', ARGV[3])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return 1
