-- The records of a ledger: read when they are first looked at, written together at the end. Nothing is
-- written before every check is done, for a script does not roll back.
--
-- Keys after the base of a division
--   a:ACCOUNT  account                  r:SOURCE NUL NUMBER  reservation
--   s:SOURCE   source and its unanswered outcomes            next  no running reservation ends before it
--   w:SWITCH   a switch that is off, t:ID terms as JSON: both under the shared base
--   off        while a switch of `offs` is off, by when that ends; both under the shared base
--   running    reservations by when they end; `crossing` those of other divisions that hold here
--   timed      accounts by when they may move by themselves  due       those that may by now, by name
--   names:NN   accounts, spread by name
--   lived:BORN:ACCOUNT  keys of expired reservations that held in a lifetime of it
local KEPT_MARGIN_MS = 600000
local LIFE_MAX_MS = 3650 * 86400000
local OPENINGS_KEPT_MS = 32 * 86400000
local SOURCE_KEPT_MS = 86400000
local TERMS_KEPT_MS = 100 * 86400000
local IN_FLIGHT_MAX = 1024
local SKEW_MAX_MS = 600000

local now
local ledger = { records = {}, dirty = {}, order = {}, terms = {}, bodies = {}, entries = {} }

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
    known = {}
    if packed then
      known.value, ledger.entries[key] = records.unpack(packed, key)
      known.was, known.first = true, known.value
    end
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

-- The same, or nil where they are not kept any more.
function ledger.keptTerms(id)
  local isKept, terms = pcall(ledger.termsOf, id)
  return isKept and terms or nil
end

-- The outcomes of a source by their numbers.
function ledger.entriesOf(base, source)
  local key = base .. "s:" .. source
  ledger.get(key)
  ledger.entries[key] = ledger.entries[key] or {}
  return ledger.entries[key], key
end

-- A source's outcome of a number, or nil.
function ledger.entry(base, source, n)
  return ledger.entriesOf(base, source)[n]
end

function ledger.putEntry(base, source, n, value)
  local entries, key = ledger.entriesOf(base, source)
  entries[n] = value
  ledger.put(key, ledger.get(key))
  ledger.records[key].kind = "source"
end

-- All numbers up to `upTo` are answered; a source that starts anew forgets all (`upTo` nil).
function ledger.dropEntries(base, source, upTo)
  local entries = ledger.entriesOf(base, source)
  for n in pairs(entries) do
    if not upTo or n <= upTo then
      entries[n] = nil
    end
  end
end

function ledger.countEntries(base, source)
  local count = 0
  for _ in pairs(ledger.entriesOf(base, source)) do
    count = count + 1
  end
  return count
end

local function nameList(base, at)
  return base .. string.format("names:%02d", at)
end

local function nameListOf(base, account)
  local sum = 0
  for at = 1, #account do
    sum = (sum * 31 + account:byte(at)) % 64
  end
  return nameList(base, sum)
end

-- Drops names of accounts that ran out: of `most` in a list, by chance.
local function dropNames(base, names, most)
  for _, name in ipairs(redis.call("ZRANDMEMBER", names, most)) do
    if redis.call("EXISTS", base .. "a:" .. name) == 0 then
      redis.call("ZREM", names, name)
    end
  end
end

-- Until when an account must be known; nil for ever.
function ledger.accountHorizon(account)
  local circuit = account.circuit
  if circuit.state ~= "closed" then
    return nil
  end
  local horizon = circuit.generation > 0 and circuit.sinceMs + OPENINGS_KEPT_MS or now
  for _, meter in ipairs(account.meters) do
    if meter.held > 0 or #(meter.notes.told or {}) > 0 then
      return nil
    end
    local ends = meter.period.keptUntilMs
    if meter.idleMs > 0 then
      ends = meter.usedAtMs + meter.idleMs
    elseif meter.slidingMs > 0 then
      ends = meter.usedAtMs + 3 * meter.slidingMs
      for _, bucket in ipairs(meter.notes.buckets) do
        ends = math.max(ends, bucket.period.endMs)
      end
    end
    horizon = math.max(horizon, ends)
  end
  return horizon
end

local function idleOf(line)
  local terms = ledger.keptTerms(line.terms)
  return terms and terms.idleMs or HUGE
end

-- An expired one of a lifetime is kept twice as long as that is kept without use; each use may prolong it.
local function reservationHorizon(reservation)
  if reservation.state == "running" then
    return nil
  end
  local horizon, lives = now, reservation.lives or {}
  for at, line in ipairs(reservation.lines) do
    local isLifetime = (lives[at] or 0) > 0
    horizon = math.max(horizon, isLifetime and now + 2 * idleOf(line) or line.period.keptUntilMs)
  end
  return horizon
end

local function set(key, value, horizon)
  local life = horizon and math.max(0, horizon - now) + KEPT_MARGIN_MS
  if life and life < LIFE_MAX_MS then
    redis.call("SET", key, value, "PX", text(life))
  else
    redis.call("SET", key, value)
  end
end

-- Lists an account by when it may move by itself; the terms of whose end is told then are kept until it is.
local function flushDue(known)
  local account, dueMs = known.value, ledger.dueOf(known.value)
  if known.dueMs == nil then
    known.dueMs = known.first and ledger.dueOf(known.first) or false
  end
  if dueMs == (known.dueMs or nil) then
    return
  end
  if known.dueMs then
    redis.call("ZREM", account.base .. "due", account.key)
  end
  if dueMs then
    redis.call("ZADD", account.base .. "timed", text(dueMs), account.key)
  else
    redis.call("ZREM", account.base .. "timed", account.key)
  end
  known.dueMs = dueMs or false
  for _, meter in ipairs(account.meters) do
    local endsAtMs = ledger.endsAt(meter)
    if endsAtMs and endsAtMs - now < LIFE_MAX_MS then
      local life = math.max(0, endsAtMs - now) + TERMS_KEPT_MS
      redis.call("PEXPIRE", ledger.shared .. "t:" .. meter.terms, text(life))
    end
  end
end

-- Names of accounts that may move by themselves by now: the first `most` in the order of their names. What this
-- command has changed counts; what is listed and may not move any more is listed anew.
function ledger.dueAccounts(base, most)
  local timed, due = base .. "timed", base .. "due"
  for _, key in ipairs(ledger.order) do
    local known = ledger.records[key]
    if known.kind == "account" and known.value.base == base then
      flushDue(known)
    end
  end
  repeat
    local names = redis.call("ZRANGEBYSCORE", timed, "-inf", text(now), "LIMIT", 0, 1000)
    for _, name in ipairs(names) do
      redis.call("ZADD", due, 0, name)
      redis.call("ZREM", timed, name)
    end
  until #names < 1000
  local found, from, names = {}, "-", nil
  repeat
    names = redis.call("ZRANGEBYLEX", due, from, "+", "LIMIT", 0, most - #found)
    for _, name in ipairs(names) do
      local account = ledger.get(base .. "a:" .. name)
      local dueMs = account and ledger.dueOf(account)
      if dueMs and dueMs <= now then
        found[#found + 1] = name
      else
        redis.call("ZREM", due, name)
        if dueMs then
          redis.call("ZADD", timed, text(dueMs), name)
        end
      end
      from = "(" .. name
    end
  until #names == 0 or #found == most
  return found
end

local function livedKey(base, account, bornAtMs)
  return base .. "lived:" .. text(bornAtMs) .. ":" .. account
end

-- Reservations of a lifetime live on with it: prolonged seldom, so that a use costs nothing for each.
local function prolonged(account, meter)
  local endsAtMs = meter.usedAtMs + meter.idleMs
  if not meter.livedUntilMs or endsAtMs <= meter.livedUntilMs then
    return meter
  end
  local lived = livedKey(account.base, account.key, meter.bornAtMs)
  local life = math.min(LIFE_MAX_MS, math.max(0, endsAtMs + meter.idleMs - now)) + KEPT_MARGIN_MS
  for _, member in ipairs(redis.call("SMEMBERS", lived)) do
    local left = redis.call("PTTL", member)
    if left == -2 then
      redis.call("SREM", lived, member)
    elseif left >= 0 and left < life then
      redis.call("PEXPIRE", member, text(life))
    end
  end
  redis.call("PEXPIRE", lived, text(life))
  return with(meter, { livedUntilMs = endsAtMs + meter.idleMs })
end

-- Notes an expired reservation with each lifetime that it held in.
local function flushLived(key, reservation)
  for at, line in ipairs(reservation.lines) do
    if reservation.lives[at] > 0 then
      local lived = livedKey(line.base, line.account, reservation.lives[at])
      redis.call("SADD", lived, key)
      redis.call("PEXPIRE", lived, text(math.min(LIFE_MAX_MS, 2 * idleOf(line)) + KEPT_MARGIN_MS))
    end
  end
end

local function flushAccount(key, known)
  local account = known.value
  for at, meter in ipairs(account.meters) do
    account.meters[at] = prolonged(account, meter)
  end
  flushDue(known)
  if not known.was then
    -- A new name takes the place of two that ran out, where it meets them: so that names stay in proportion.
    local names = nameListOf(account.base, account.key)
    dropNames(account.base, names, 2)
    redis.call("ZADD", names, 0, account.key)
  end
  local packed = ledger.quickAccount(account) or "a" .. cmsgpack.pack(account)
  set(key, packed, ledger.accountHorizon(account))
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
    set(key, records.packReservation(reservation), reservationHorizon(reservation))
    if reservation.state == "expired" and reservation.lives then
      flushLived(key, reservation)
    end
  else
    redis.call("DEL", key)
  end
end

-- Keeps which switches are off; `off` is there while one is.
function ledger.flushOff(key, untilMs)
  local index, off = ledger.shared .. "offs", ledger.shared .. "off"
  if untilMs then
    redis.call("ZADD", index, text(untilMs), key)
  else
    redis.call("ZREM", index, key)
  end
  redis.call("ZREMRANGEBYSCORE", index, "-inf", text(now - KEPT_MARGIN_MS))
  local last = redis.call("ZRANGE", index, -1, -1, "WITHSCORES")
  if last[2] then
    set(off, "1", tonumber(last[2]))
  else
    redis.call("DEL", off)
  end
end

-- Looks at a few names of one list by turns, and drops those of accounts that ran out.
function ledger.flushNames(base, turn)
  dropNames(base, nameList(base, turn % 64), 16)
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
      set(key, records.packSource(known.value, ledger.entries[key] or {}), known.value.lastAtMs + SOURCE_KEPT_MS)
    elseif known.value then
      set(key, "w" .. cmsgpack.pack(known.value), known.value.untilMs)
      ledger.flushOff(key, known.value.untilMs or FOREVER_MS)
    else
      redis.call("DEL", key)
      ledger.flushOff(key)
    end
  end
end


-- No running reservation ends before `next`; without it nobody knows, and the full rules look. It is never far
-- away, so that shorter holds than those that run are seldom before it.
function ledger.flushNext(base)
  local first = redis.call("ZRANGE", base .. "running", 0, 0, "WITHSCORES")
  local nextMs = math.min(now + 60000, tonumber(first[2]) or FOREVER_MS)
  set(base .. "next", text(nextMs), nextMs)
end
