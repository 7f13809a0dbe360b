-- KEYS: base · ARGV: now or "", verb, word, how many dead letters are kept, id, … · Answers how many were known
-- include: outbox.lua
-- include: clock.lua
local now, known = clockOf(ARGV[1]), 0
for at = 5, #ARGV do
  known = known + outbox.ended(KEYS[1], ARGV[at], ARGV[2], ARGV[3], ARGV[4], now)
end
return known
