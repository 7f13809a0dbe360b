-- What became of rows. KEYS: base · ARGV: now or "", verb, word, how many dead letters, events and audit events are
-- kept, how many events are told where one of the ids was known, each event as JSON, id, … · Answers how many were known
-- include: outbox.lua
-- include: clock.lua
local now, known, told = clockOf(ARGV[1]), 0, tonumber(ARGV[7])
local events = {}
for at = 1, told do
  events[at] = cjson.decode(ARGV[7 + at])
end
for at = 8 + told, #ARGV do
  known = known + outbox.ended(KEYS[1], ARGV[at], ARGV[2], ARGV[3], ARGV[4], now)
end
for at = 1, known > 0 and told or 0 do
  outbox.write(KEYS[1], events[at], ARGV[7 + at], now, ARGV[5], ARGV[6])
end
return known
