-- A page of a log, and nothing more. KEYS: base · ARGV: name, "latest" or the number it comes after, limit
-- Answers { number of the oldest kept or "0", entries }.
local head = KEYS[1] .. "outbox:"
local log = head .. "log:" .. ARGV[1]
local oldest = redis.call("XRANGE", log, "-", "+", "COUNT", 1)[1]
local first = oldest and oldest[1] or "0-0"
if ARGV[1] == "dead" then
  -- What was sent again is no more there, and was not dropped.
  first = string.format("%.0f", tonumber(redis.call("GET", head .. "gone:dead") or "0") + 1)
end
if ARGV[2] ~= "latest" then
  local from = string.format("%.0f", tonumber(ARGV[2]) + 1)
  return { first, redis.call("XRANGE", log, from, "+", "COUNT", ARGV[3]) }
end
local entries = redis.call("XREVRANGE", log, "+", "-", "COUNT", ARGV[3])
for at = 1, math.floor(#entries / 2) do
  entries[at], entries[#entries + 1 - at] = entries[#entries + 1 - at], entries[at]
end
return { first, entries }
