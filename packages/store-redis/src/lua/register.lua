-- Lists divisions before anything is written to them. KEYS: divisions, layout · ARGV: layout, division, …
-- Answers the layout that is written: a newer one is for the client to refuse, and nothing was listed then.
local layout = redis.call("GET", KEYS[2])
if not layout then
  layout = ARGV[1]
  redis.call("SET", KEYS[2], layout)
end
if tonumber(layout) <= tonumber(ARGV[1]) then
  for at = 2, #ARGV do
    redis.call("ZADD", KEYS[1], 0, ARGV[at])
  end
end
return layout
