-- What trim_done and backlog share: the groups of a stream, as tables of their XINFO fields.
local function groups_of(stream)
  if redis.call('EXISTS', stream) == 0 then return {} end
  local groups = {}
  for i, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    groups[i] = {}
    for at = 1, #flat, 2 do groups[i][flat[at]] = flat[at + 1] end
  end
  return groups
end

local function no_group(stream, group)
  return redis.error_reply('NOGROUP No such key ' .. stream .. ' or consumer group ' .. group)
end

-- Tells whether id a stands before id b.
local function before(a, b)
  local a_ms, a_number = string.match(a, '(%d+)-(%d+)')
  local b_ms, b_number = string.match(b, '(%d+)-(%d+)')
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return tonumber(a_number) < tonumber(b_number)
end

