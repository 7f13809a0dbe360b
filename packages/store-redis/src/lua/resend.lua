-- Dead letters that go back to the outbox. KEYS: base · ARGV: now or "", id, … · Answers how many were known
-- include: outbox.lua
-- include: clock.lua
local now, known = clockOf(ARGV[1]), 0
for at = 2, #ARGV do
  known = known + outbox.resend(KEYS[1], ARGV[at], now)
end
return known
