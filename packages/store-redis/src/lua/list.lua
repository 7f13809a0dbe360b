-- Keys of a division's accounts after one, at least so many where there are. KEYS: base · ARGV: after or "", limit
-- A name whose account ran out is dropped where it is met.
local from = ARGV[1] == "" and "-" or "(" .. ARGV[1]
local found = {}
for at = 0, 63 do
  local list = KEYS[1] .. string.format("names:%02d", at)
  local last, count = from, 0
  repeat
    local names = redis.call("ZRANGEBYLEX", list, last, "+", "LIMIT", 0, ARGV[2])
    for _, name in ipairs(names) do
      if redis.call("EXISTS", KEYS[1] .. "a:" .. name) == 1 then
        found[#found + 1] = name
        count = count + 1
      else
        redis.call("ZREM", list, name)
      end
      last = "(" .. name
    end
  until #names < tonumber(ARGV[2]) or count >= tonumber(ARGV[2])
end
return found
