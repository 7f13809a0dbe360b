-- The records of a ledger: read when they are first looked at, written together at the end. Nothing is
-- written before every check is done, for a script does not roll back.
--
-- Keys after the base of a division
--   a:ACCOUNT  account, packed          r:SOURCE NUL NUMBER  reservation, packed
--   s:SOURCE   source, packed           e:SOURCE             hash: number to outcome, packed
--   w:SWITCH   a switch that is off, t:ID terms as JSON: both under the shared base
--   running    reservations by when they end; `crossing` those of other divisions that hold here
--   timed      accounts whose circuit moves by itself        names:NN  accounts, spread by name
local KEPT_MARGIN_MS = 600000
local OPENINGS_KEPT_MS = 32 * 86400000
local SOURCE_KEPT_MS = 86400000
local TERMS_KEPT_MS = 100 * 86400000
local IN_FLIGHT_MAX = 1024
local SKEW_MAX_MS = 600000

local now
local ledger = { records = {}, dirty = {}, order = {}, terms = {}, bodies = {}, entries = {}, dones = {} }

local function reservationName(id, division)
  local name = id.source .. "/" .. text(id.n)
  return division == "*" and name or name .. "@" .. division
end

local function numbered(id)
  return id.source .. "\0" .. string.format("%016.0f", id.n)
end

-- The record under a key, or nil; tables that come from here are never changed in place.
function ledger.get(key)
  local known = ledger.records[key]
  if known == nil then
    local packed = redis.call("GET", key)
    known = packed and { value = cmsgpack.unpack(packed), was = true } or {}
    ledger.records[key] = known
  end
  return known.value
end

function ledger.put(key, value)
  local known = ledger.records[key]
  if known == nil then
    ledger.get(key)
    known = ledger.records[key]
  end
  known.value = value
  if not ledger.dirty[key] then
    ledger.dirty[key] = true
    ledger.order[#ledger.order + 1] = key
  end
end

-- Terms by their id, as the command brought them or as they are kept.
function ledger.termsOf(id)
  local known = ledger.terms[id]
  if known == nil then
    local body = ledger.bodies[id] or redis.call("GET", ledger.shared .. "t:" .. id)
    if not body then
      error({ missing = true })
    end
    known = fromPlain(cjson.decode(body))
    known.id = id
    ledger.terms[id] = known
  end
  return known
end

-- A source's outcome of a number; false where there is none.
function ledger.entry(base, source, n)
  local key = base .. "e:" .. source
  local known = ledger.entries[key]
  if known == nil then
    known = {}
    ledger.entries[key] = known
  end
  local field = text(n)
  if known[field] == nil then
    local packed = redis.call("HGET", key, field)
    known[field] = packed and { value = cmsgpack.unpack(packed) } or {}
  end
  return known[field].value
end

function ledger.putEntry(base, source, n, value)
  ledger.entry(base, source, n)
  ledger.entries[base .. "e:" .. source][text(n)] = { value = value, isNew = true }
end

-- All numbers up to `upTo` are answered; a source that starts anew forgets all (`upTo` nil).
function ledger.dropEntries(base, source, from, upTo)
  local key = base .. "e:" .. source
  local fields
  if upTo ~= nil and upTo - from <= IN_FLIGHT_MAX then
    fields = {}
    for n = from + 1, upTo do
      fields[#fields + 1] = text(n)
    end
  else
    fields = filtered(redis.call("HKEYS", key), function(field)
      return upTo == nil or tonumber(field) <= upTo
    end)
  end
  ledger.entries[key] = ledger.entries[key] or {}
  for _, field in ipairs(fields) do
    ledger.entries[key][field] = { isGone = true }
  end
end

local function nameList(base, account)
  local sum = 0
  for at = 1, #account do
    sum = (sum * 31 + account:byte(at)) % 64
  end
  return base .. string.format("names:%02d", sum)
end

-- Until when an account must be known; nil for ever.
local function accountHorizon(account)
  local circuit = account.circuit
  if circuit.state ~= "closed" then
    return nil
  end
  local horizon = circuit.generation > 0 and circuit.sinceMs + OPENINGS_KEPT_MS or now
  for _, meter in ipairs(account.meters) do
    if meter.held > 0 then
      return nil
    end
    local ends = meter.period.keptUntilMs
    if meter.idleMs > 0 then
      ends = meter.usedAtMs + meter.idleMs
    elseif meter.slidingMs > 0 then
      ends = meter.usedAtMs + 3 * meter.slidingMs
    end
    horizon = math.max(horizon, ends)
  end
  return horizon
end

local function reservationHorizon(reservation)
  if reservation.state == "running" or reservation.lives then
    return nil
  end
  local horizon = now
  for _, line in ipairs(reservation.lines) do
    horizon = math.max(horizon, line.period.keptUntilMs)
  end
  return horizon
end

local LIFE_MAX_MS = 3650 * 86400000

local function set(key, value, horizon)
  local life = horizon and math.max(0, horizon - now) + KEPT_MARGIN_MS
  if life and life < LIFE_MAX_MS then
    redis.call("SET", key, value, "PX", text(life))
  else
    redis.call("SET", key, value)
  end
end

local function flushAccount(key, known)
  local account = known.value
  local timed = account.base .. "timed"
  if account.circuit.state == "open" or account.circuit.state == "half-open" then
    redis.call("ZADD", timed, 0, account.key)
  elseif account.circuit.generation > 0 then
    redis.call("ZREM", timed, account.key)
  end
  if not known.was then
    redis.call("ZADD", nameList(account.base, account.key), 0, account.key)
  end
  set(key, cmsgpack.pack(account), accountHorizon(account))
end

-- Lists a reservation while it runs: in its division, and where it holds in another one.
local function flushReservation(key, known)
  local reservation = known.value or known.ended
  local member = numbered(reservation.id)
  local others = {}
  for _, line in ipairs(reservation.lines) do
    if line.base ~= reservation.base then
      others[line.base .. "crossing"] = true
    end
  end
  if known.value and reservation.state == "running" then
    redis.call("ZADD", reservation.base .. "running", text(reservation.expiresAtMs), member)
    for other in pairs(others) do
      redis.call("ZADD", other, text(reservation.expiresAtMs), key)
    end
  else
    redis.call("ZREM", reservation.base .. "running", member)
    for other in pairs(others) do
      redis.call("ZREM", other, key)
    end
  end
  if known.value then
    set(key, cmsgpack.pack(reservation), reservationHorizon(reservation))
  else
    redis.call("DEL", key)
  end
end

-- Writes everything; no command here can fail by type or argument.
function ledger.flush()
  for id, body in pairs(ledger.bodies) do
    redis.call("SET", ledger.shared .. "t:" .. id, body, "PX", text(TERMS_KEPT_MS))
  end
  for _, key in ipairs(ledger.order) do
    local known = ledger.records[key]
    local kind = known.kind
    if kind == "account" then
      flushAccount(key, known)
    elseif kind == "reservation" then
      flushReservation(key, known)
    elseif kind == "source" then
      set(key, cmsgpack.pack(known.value), known.value.lastAtMs + SOURCE_KEPT_MS)
    elseif known.value then
      set(key, cmsgpack.pack(known.value), known.value.untilMs)
    else
      redis.call("DEL", key)
    end
  end
  for key, fields in pairs(ledger.entries) do
    local gone, written = {}, {}
    for field, entry in pairs(fields) do
      if entry.isGone then
        gone[#gone + 1] = field
      elseif entry.isNew then
        written[#written + 1] = field
        written[#written + 1] = cmsgpack.pack(entry.value)
      end
    end
    for from = 1, #gone, 1000 do
      redis.call("HDEL", key, unpack(gone, from, math.min(#gone, from + 999)))
    end
    if #written > 0 then
      redis.call("HSET", key, unpack(written))
      redis.call("PEXPIRE", key, text(SOURCE_KEPT_MS + KEPT_MARGIN_MS))
    end
  end
end
