-- Whether a claim of the channel might find something. KEYS: base · ARGV: channel, now or ""
-- include: clock.lua
local head = KEYS[1] .. "outbox:"
if redis.call("EXISTS", head .. "ready:" .. ARGV[1]) == 1 then
  return 1
end
local now = string.format("%.0f", clockOf(ARGV[2]))
return #redis.call("ZRANGEBYSCORE", head .. "waiting:" .. ARGV[1], "-inf", now, "LIMIT", 0, 1)
