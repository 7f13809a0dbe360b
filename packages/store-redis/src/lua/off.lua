-- What `*` says of its switches. KEYS: base of `*` · ARGV: now or "", the turn that it must be above, then nothing for
-- all that are off, or the name of one. Answers a turn, above all before it, then names, each with when it ends:
-- `never`, or `on` where it is not off.
-- include: clock.lua
-- include: plain.lua
-- include: records.lua
-- include: ledger.lua
now = clockOf(ARGV[1])
ledger.shared = KEYS[1]
local head = KEYS[1] .. "w:"
local names = { ARGV[3] }
if not ARGV[3] then
  for at, key in ipairs(redis.call("ZRANGE", KEYS[1] .. "offs", 0, -1)) do
    names[at] = key:sub(#head + 1)
  end
end
local answer = {}
for _, name in ipairs(names) do
  local found = ledger.get(head .. name)
  if found or ARGV[3] then
    answer[#answer + 1] = name
    answer[#answer + 1] = not found and "on" or found.untilMs and text(found.untilMs) or "never"
  end
end
local turn = math.max(tonumber(redis.call("GET", KEYS[1] .. "turn") or "0"), tonumber(ARGV[2])) + 1
redis.call("SET", KEYS[1] .. "turn", text(turn))
table.insert(answer, 1, text(turn))
return answer
