-- A division takes over switches of `*`. KEYS: base · ARGV: now or "", "all" where those that are not named are on,
-- what `off.lua` answered. Nothing is told. Answers "0", or the newest turn of those that had a later one.
-- include: clock.lua
-- include: plain.lua
-- include: records.lua
-- include: ledger.lua
-- Longer than a turn is under way.
local TURN_KEPT_MS = 86400000
now = clockOf(ARGV[1])
ledger.shared = KEYS[1]
local head = KEYS[1] .. "w:"
local turn, newest = tonumber(ARGV[3]), 0
local named, marks = {}, {}

local function take(name, value)
  local mark = KEYS[1] .. "turn:" .. name
  local last = tonumber(redis.call("GET", mark) or "0")
  if last > turn then
    newest = math.max(newest, last)
  elseif last < turn then
    ledger.put(head .. name, value)
    marks[#marks + 1] = mark
  end
end

for at = 4, #ARGV, 2 do
  local untilMs = ARGV[at + 1]
  named[ARGV[at]] = true
  take(ARGV[at], untilMs ~= "on" and { untilMs = tonumber(untilMs), isTaken = true } or nil)
end
if ARGV[2] == "all" then
  for _, key in ipairs(redis.call("ZRANGE", KEYS[1] .. "offs", 0, -1)) do
    local name, found = key:sub(#head + 1), ledger.get(key)
    if found and found.isTaken and not named[name] then
      take(name)
    end
  end
end
ledger.flush()
for _, mark in ipairs(marks) do
  redis.call("SET", mark, text(turn), "PX", text(TURN_KEPT_MS))
end
return text(newest)
