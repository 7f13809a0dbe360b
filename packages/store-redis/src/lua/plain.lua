-- Data as it crosses: every number is a decimal string, every text encoded. No number leaves by `..` or
-- cjson.encode, which keep 14 digits.
local AMOUNT_MAX = 9007199254740991
local FOREVER_MS = 8640000000000000
local HUGE = math.huge
local UNITS = { "usd", "tokens", "requests" }

local function text(number)
  return number == HUGE and "Infinity" or string.format("%.0f", number)
end

-- In place of a value: the field goes.
local NONE = {}

-- A copy of a record with other fields.
local function with(record, fields)
  local made = {}
  for key, value in pairs(record) do
    made[key] = value
  end
  for key, value in pairs(fields) do
    if value == NONE then
      made[key] = nil
    else
      made[key] = value
    end
  end
  return made
end

local function filtered(list, keep)
  local made = {}
  for at, item in ipairs(list) do
    if keep(item, at) then
      made[#made + 1] = item
    end
  end
  return made
end

local function includes(list, item)
  for _, one in ipairs(list) do
    if one == item then
      return true
    end
  end
  return false
end

-- Adds what is not there yet, in order.
local function union(list, more)
  local made = filtered(list, function()
    return true
  end)
  for _, item in ipairs(more) do
    if not includes(made, item) then
      made[#made + 1] = item
    end
  end
  return made
end

-- Takes out what is in another list.
local function without(list, other)
  return filtered(list, function(item)
    return not includes(other, item)
  end)
end

local NUMBERS = {}
for name in ([[n done seq generation untilMs startMs endMs keptUntilMs limit slidingMs bucketMs idleMs at repeat
  coolDownMs maxCoolDownMs allow forMs usd tokens requests amount least most issuedAtMs expiresAtMs swallowed
  upTo escalateAfterMs]]):gmatch("%S+") do
  NUMBERS[name] = true
end

-- Reads parsed JSON: nulls are left out, and numbers are known by the names of their fields.
local function fromPlain(plain, key)
  if plain == cjson.null then
    return nil
  end
  if type(plain) == "string" then
    return NUMBERS[key] and tonumber(plain) or plain
  end
  if type(plain) ~= "table" then
    return plain
  end
  local made = {}
  for name, member in pairs(plain) do
    made[name] = fromPlain(member, name)
  end
  return made
end

-- Writes what was read: numbers as text, `null` for the fields named in `nullable`.
local function toPlain(value)
  if type(value) == "number" then
    return text(value)
  end
  if type(value) ~= "table" then
    return value
  end
  local made = {}
  for name, member in pairs(value) do
    made[name] = toPlain(member)
  end
  return made
end

local function orNull(number)
  return number and text(number) or cjson.null
end
