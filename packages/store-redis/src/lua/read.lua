-- Accounts as they are kept. KEYS: base of their division, shared base · ARGV: now or "", account, …
-- Answers { now, JSON or "" for each account, then ids and bodies of the terms that their meters name }.
-- include: clock.lua
-- include: plain.lua
-- include: records.lua
local found = { text(clockOf(ARGV[1])) }
local bodies, seen = {}, {}
for at = 2, #ARGV do
  local key = KEYS[1] .. "a:" .. ARGV[at]
  local packed = redis.call("GET", key)
  local account = packed and records.unpack(packed, key)
  for _, meter in ipairs(account and account.meters or {}) do
    if not seen[meter.terms] then
      seen[meter.terms] = true
      bodies[#bodies + 1] = meter.terms
      bodies[#bodies + 1] = redis.call("GET", KEYS[2] .. "t:" .. meter.terms) or ""
    end
  end
  found[at] = account and cjson.encode(toPlain(account)) or ""
end
for _, one in ipairs(bodies) do
  found[#found + 1] = one
end
return found
