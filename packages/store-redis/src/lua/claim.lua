-- KEYS: base · ARGV: channel, limit, leaseMs, now or "" for the server's clock
-- include: outbox.lua
-- include: clock.lua
local rows = {}
for _, one in ipairs(outbox.claim(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), clockOf(ARGV[4]))) do
  rows[#rows + 1] = outbox.flat(one[1], one[2])
end
return rows
