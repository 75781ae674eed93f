-- KEYS: stream.  ARGV: group, worker, idle in ms, count.  Answers {id, tries, fields} for each, oldest first.
-- XAUTOCLAIM gives entries back out of order and spends its count on deleted ones; XPENDING lists by id.
local stream, group, worker, idle, count = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local claimed = {}
local from = '-'
while #claimed < count do
  local page = redis.call('XPENDING', stream, group, 'IDLE', idle, from, '+', count - #claimed)
  if #page == 0 then break end
  for _, row in ipairs(page) do
    local id, tries = row[1], row[4]
    local got = redis.call('XCLAIM', stream, group, worker, idle, id)
    if got[1] then
      claimed[#claimed + 1] = {id, tries + 1, got[1][2]}
    else
      redis.call('XACK', stream, group, id) -- deleted meanwhile; Redis 7 has forgotten it by itself
    end
    from = '(' .. id
  end
end
return claimed
