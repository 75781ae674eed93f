-- KEYS: state, cursor.  Answers both, at one moment.
return {redis.call('GET', KEYS[2]) or '0-0', redis.call('HGETALL', KEYS[1])}
