-- What commit and transact share: checks that come before the first write, and writes in pieces that fit Lua's stack.
-- A script is not rolled back: whatever can be refused must be refused before anything is written.
local PIECE = 4000

local function misfit(key, kind)
  local is = redis.call('TYPE', key)['ok']
  if is ~= kind and is ~= 'none' then
    return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. is .. ', and must be a ' .. kind)
  end
end

local function misfit_stream(first)
  for i = first, #KEYS do
    local refusal = misfit(KEYS[i], 'stream')
    if refusal then return refusal end
  end
end

-- Runs a command on ARGV[from] .. ARGV[from + count - 1]; tells where the next argument stands.
local function in_pieces(command, key, from, count)
  local last = from + count - 1
  for at = from, last, PIECE do
    redis.call(command, key, unpack(ARGV, at, math.min(at + PIECE - 1, last)))
  end
  return last + 1
end

-- Appends to KEYS[first_key] .. the items from ARGV[from]; ARGV[count_at] .. says how many for each.
local function append_all(first_key, count_at, from)
  for i = first_key, #KEYS do
    for _ = 1, tonumber(ARGV[count_at + i - first_key]) do
      redis.call('XADD', KEYS[i], '*', 'd', ARGV[from])
      from = from + 1
    end
  end
end

