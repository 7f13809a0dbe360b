-- Port of `domain/draft`: a decision's own writes on top of the ledger. An error throws them away.
local draft

local function newDraft()
  draft = { accounts = {}, accountKeys = {}, reservations = {}, switches = {}, marks = {}, events = {} }
end

local function accountKey(at)
  return at.base .. "a:" .. at.account
end

local function reservationKey(base, id)
  return base .. "r:" .. numbered(id)
end

-- The circuit as it counts: long after it closed its openings are forgotten.
local function remembered(circuit)
  if circuit.state == "closed" and now - circuit.sinceMs >= OPENINGS_KEPT_MS then
    return { state = "closed", generation = 0, observed = false, sinceMs = 0 }
  end
  return circuit
end

local function findAccount(at)
  local key = accountKey(at)
  local found = draft.accounts[key] or ledger.get(key)
  if not found then
    return nil
  end
  local circuit = remembered(found.circuit)
  return circuit == found.circuit and found or with(found, { circuit = circuit })
end

local function accountAt(at)
  return findAccount(at)
    or {
      key = at.account,
      base = at.base,
      division = at.division,
      circuit = { state = "closed", generation = 0, observed = false, sinceMs = 0 },
      meters = {},
    }
end

local function findMeter(line)
  local account = findAccount(line)
  for _, meter in ipairs(account and account.meters or {}) do
    if isMeterOf(meter, line) then
      if isIdle(meter) then
        return nil
      end
      return meter
    end
  end
  return nil
end

local function meterAt(line)
  return findMeter(line) or emptyMeter(line)
end

local function keeps(line)
  if now < line.period.keptUntilMs then
    return true
  end
  local meter = line.terms.slidingMs == 0 and findMeter(line)
  return meter and meter.held > 0 or false
end

local function putAccount(account)
  local key = account.base .. "a:" .. account.key
  if not draft.accounts[key] then
    draft.accountKeys[#draft.accountKeys + 1] = key
  end
  draft.accounts[key] = account
end

-- Windows that forget by use remember it, and let go of the buckets that are no longer kept.
local function used(meter)
  if meter.slidingMs == 0 and meter.idleMs == 0 then
    return meter
  end
  local kept = filtered(meter.notes.buckets, function(bucket)
    return now < bucket.period.keptUntilMs
  end)
  return noted(with(meter, { usedAtMs = math.max(meter.usedAtMs, now) }), { buckets = kept })
end

local function putMeter(line, meter)
  local account = accountAt(line)
  local meters = filtered(account.meters, function(other)
    return not isMeterOf(other, line) and (other.held > 0 or now < other.period.keptUntilMs)
  end)
  local next = used(meter)
  local at = #meters + 1
  while at > 1 and meters[at - 1].period.startMs > next.period.startMs do
    at = at - 1
  end
  table.insert(meters, at, next)
  putAccount(with(account, { meters = meters }))
end

-- Whether a reservation's line still counts: its period is kept, and it is the life that was held in.
local function counts(reservation, line, at)
  local unit = line.terms.unit
  if reservation.state == "running" and reservation.hold[unit] > reservation.settled[unit] then
    return true
  end
  if reservation.lives and line.terms.idleMs > 0 then
    local meter = findMeter(line)
    return meter ~= nil and meter.bornAtMs == reservation.lives[at]
  end
  return keeps(line)
end

-- An expired reservation is forgotten with the last of its periods.
local function isOver(reservation)
  if reservation.state ~= "expired" then
    return false
  end
  for at, line in ipairs(reservation.lines) do
    if counts(reservation, line, at) then
      return false
    end
  end
  return true
end

-- A reservation as it is kept, with the terms of its lines in place of their ids.
local function opened(kept)
  local lines = {}
  for at, line in ipairs(kept.lines) do
    lines[at] = with(line, { terms = ledger.termsOf(line.terms) })
  end
  return with(kept, { lines = lines })
end

local function closed(reservation)
  local lines = {}
  for at, line in ipairs(reservation.lines) do
    lines[at] = with(line, { terms = line.terms.id })
  end
  return with(reservation, { lines = lines })
end

local function reservationAt(base, id)
  local key = reservationKey(base, id)
  local changed = draft.reservations[key]
  if changed then
    return changed.value
  end
  local kept = ledger.get(key)
  if not kept then
    return nil
  end
  local found = opened(kept)
  if isOver(found) then
    return nil
  end
  return found
end

local function putReservation(reservation)
  draft.reservations[reservationKey(reservation.base, reservation.id)] = { value = reservation, of = reservation }
end

local function endReservation(reservation)
  draft.reservations[reservationKey(reservation.base, reservation.id)] = { of = reservation }
end

local function switchedOff(key)
  local found = ledger.get(ledger.shared .. "w:" .. key)
  if not found or (found.untilMs and found.untilMs <= now) then
    return nil
  end
  return found
end

-- Port of `domain/evolve`: what was decided is what the ledger holds.
local function evolve()
  for _, key in ipairs(draft.accountKeys) do
    ledger.put(key, draft.accounts[key])
    ledger.records[key].kind = "account"
  end
  for key, change in pairs(draft.reservations) do
    ledger.put(key, change.value and closed(change.value))
    ledger.records[key].kind = "reservation"
    ledger.records[key].ended = closed(change.of)
  end
  for key, value in pairs(draft.switches) do
    ledger.put(key, value ~= NONE and value or nil)
  end
end
