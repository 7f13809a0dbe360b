-- A page of a log. KEYS: base · ARGV: name, after or "", limit, "hook" where what it asks says what it has heard
-- Answers { heard before, number of the oldest kept or "0", entries }.
local head = KEYS[1] .. "outbox:"
local log = head .. "log:" .. ARGV[1]
local heard = redis.call("GET", head .. "heard") or "0"
local after = ARGV[2] ~= "" and tonumber(ARGV[2]) or 0
if ARGV[4] == "hook" and ARGV[2] ~= "" then
  local count = tonumber(redis.call("GET", head .. "count:" .. ARGV[1]) or "0")
  local upTo = math.min(after, count)
  if upTo > tonumber(heard) then
    redis.call("SET", head .. "heard", string.format("%.0f", upTo))
  end
elseif ARGV[4] == "hook" then
  after = tonumber(heard)
end
local oldest = redis.call("XRANGE", log, "-", "+", "COUNT", 1)[1]
local from = string.format("%.0f", after + 1) .. "-0"
local entries = redis.call("XRANGE", log, from, "+", "COUNT", ARGV[3])
return { heard, oldest and oldest[1] or "0-0", entries }
