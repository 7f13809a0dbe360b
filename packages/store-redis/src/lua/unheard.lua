-- What the hook has not heard. KEYS: base · ARGV: "heard" where it has all up to the number, "from" where it only
-- begins there, "begin" where it has none, the number, limit
-- Answers { what was heard before, number of the oldest kept or "0", entries }.
local head = KEYS[1] .. "outbox:"
local log = head .. "log:events"
local heard = redis.call("GET", head .. "heard") or "0"
local after = tonumber(ARGV[2])
if ARGV[1] == "begin" then
  after = tonumber(heard)
elseif ARGV[1] == "heard" then
  local upTo = math.min(after, tonumber(redis.call("GET", head .. "count:events") or "0"))
  if upTo > tonumber(heard) then
    redis.call("SET", head .. "heard", string.format("%.0f", upTo))
  end
end
local oldest = redis.call("XRANGE", log, "-", "+", "COUNT", 1)[1]
local from = string.format("%.0f", after + 1)
return { heard, oldest and oldest[1] or "0", redis.call("XRANGE", log, from, "+", "COUNT", ARGV[3]) }
