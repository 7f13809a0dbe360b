-- Whether accounts hold what running reservations hold on them; it only reads. KEYS: base of a division, shared base ·
-- ARGV: reservations at most, account, …: without any, those that running reservations name
-- Answers { reservations, accounts, meters, unreadable, earliest end or "", then account, unit, held, reserved for each
-- that differs }; { "many", reservations } where there are more
-- include: plain.lua
-- include: records.lua
local base, shared = KEYS[1], KEYS[2]
local held, units = {}, {}
local accounts, meters, unreadable = 0, 0, 0

local function add(to, account, unit, amount)
  to[account] = to[account] or {}
  to[account][unit] = (to[account][unit] or 0) + amount
end

local function unitOf(terms)
  if type(terms) == "table" then
    return terms.unit
  end
  if units[terms] == nil then
    local body = redis.call("GET", shared .. "t:" .. terms)
    units[terms] = body and cjson.decode(body).unit or false
  end
  return units[terms]
end

-- Whether it holds anything.
local function look(name)
  local key = base .. "a:" .. name
  local packed = redis.call("GET", key)
  held[name] = held[name] or {}
  if not packed then
    return false
  end
  local holds = false
  accounts = accounts + 1
  for _, meter in ipairs(records.unpack(packed, key).meters) do
    meters = meters + 1
    holds = holds or meter.held > 0
    add(held, name, meter.unit, meter.held)
  end
  return holds
end

local asked, wants = {}, #ARGV == 1
for at = 2, #ARGV do
  asked[ARGV[at]] = true
  wants = look(ARGV[at]) or wants
end
local count = redis.call("ZCARD", base .. "running") + redis.call("ZCARD", base .. "crossing")
local first = redis.call("ZRANGE", base .. "running", 0, 0, "WITHSCORES")
local found = { text(count), text(accounts), text(meters), "0", first[2] and text(tonumber(first[2])) or "" }
if not wants then
  return found
end
if count > tonumber(ARGV[1]) then
  return { "many", text(count) }
end

local keys, reserved = {}, {}
for _, member in ipairs(redis.call("ZRANGE", base .. "running", 0, -1)) do
  keys[#keys + 1] = base .. "r:" .. member
end
for _, key in ipairs(redis.call("ZRANGE", base .. "crossing", 0, -1)) do
  keys[#keys + 1] = key
end
for _, key in ipairs(keys) do
  local packed = redis.call("GET", key)
  local reservation = packed and records.unpack(packed, key)
  if not reservation then
    unreadable = unreadable + 1
  end
  for _, line in ipairs(reservation and reservation.lines or {}) do
    local unit = unitOf(line.terms)
    if line.base == base and not unit then
      unreadable = unreadable + 1
    elseif line.base == base then
      local rest = math.max(0, reservation.hold[unit] - reservation.settled[unit])
      add(reserved, line.account, unit, rest)
    end
  end
end
if #ARGV == 1 then
  for name in pairs(reserved) do
    asked[name] = true
    look(name)
  end
end
found[2], found[3], found[4] = text(accounts), text(meters), text(unreadable)
for name in pairs(asked) do
  for _, unit in ipairs(UNITS) do
    local has = held[name] and held[name][unit] or 0
    local should = reserved[name] and reserved[name][unit] or 0
    if has ~= should then
      found[#found + 1] = name
      found[#found + 1] = unit
      found[#found + 1] = text(has)
      found[#found + 1] = text(should)
    end
  end
end
return found
