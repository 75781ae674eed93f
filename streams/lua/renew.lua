-- KEYS: lease.  ARGV: fence, ttl in ms.  Answers 1 if it is still held.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
