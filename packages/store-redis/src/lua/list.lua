-- Keys of a division's accounts after one: at least so many where there are, in any order. It only reads.
-- KEYS: base · ARGV: after or "", limit, how many names of each list are looked at
-- Answers where it stopped in each list that it did not read to its end, a "" after these, then the keys.
local from = ARGV[1] == "" and "-" or "(" .. ARGV[1]
local limit, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local found, stops = {}, {}
for at = 0, 63 do
  local list = KEYS[1] .. string.format("names:%02d", at)
  local last, count, looked = from, 0, 0
  repeat
    local names = redis.call("ZRANGEBYLEX", list, last, "+", "LIMIT", 0, limit)
    for _, name in ipairs(names) do
      -- Names of accounts that ran out are dropped elsewhere.
      if redis.call("EXISTS", KEYS[1] .. "a:" .. name) == 1 then
        found[#found + 1] = name
        count = count + 1
      end
      last = "(" .. name
    end
    looked = looked + #names
  until #names < limit or count >= limit or looked >= most
  if count < limit and looked >= most then
    stops[#stops + 1] = last:sub(2)
  end
end
stops[#stops + 1] = ""
for _, name in ipairs(found) do
  stops[#stops + 1] = name
end
return stops
