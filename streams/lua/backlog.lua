-- KEYS: stream.  ARGV: group.  Answers how many entries are pending or not yet delivered.
-- The server's own `lag` is unknown, or wrong on some versions, once entries were deleted singly: count what is left,
-- and believe it only where counting would keep others waiting.
local ENOUGH = 10000

for _, group in ipairs(groups_of(KEYS[1])) do
  if group['name'] == ARGV[1] then
    local undelivered, from = 0, '(' .. group['last-delivered-id']
    while true do
      local page = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 500)
      undelivered = undelivered + #page
      if #page < 500 then return group['pending'] + undelivered end
      if undelivered >= ENOUGH and group['lag'] then return group['pending'] + math.max(group['lag'], undelivered) end
      from = '(' .. page[#page][1]
    end
  end
end
return no_group(KEYS[1], ARGV[1])
