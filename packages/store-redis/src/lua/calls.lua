-- Port of `domain/step/{parts,reserve,extend,settle,release,charge,expire}`: what calls ask for.
local function unknown(base, id)
  return failed(endedAs(base, id) and "not-running" or "unknown-reservation")
end

local function drains(reservation)
  for _, key in ipairs(reservation.switches) do
    if switchedOff(key) then
      return true
    end
  end
  for _, line in ipairs(reservation.lines) do
    local circuit = accountAt(line).circuit
    if not line.terms.observe and binds(circuit, false) and refuses(circuit) then
      return true
    end
  end
  return false
end

-- An admission ends a row of refusals.
local function admitted(line)
  local meter = meterAt(line)
  if meter.notes.refusals > 0 or meter.notes.busySinceMs then
    putMeter(line, noted(meter, { refusals = 0, refusedAtMs = NONE, busySinceMs = NONE }))
  end
end

local function livesOf(lines)
  local lives, some = {}, false
  for at, line in ipairs(lines) do
    lives[at] = 0
    if line.terms.idleMs > 0 then
      some = true
      lives[at] = meterAt(line).bornAtMs
    end
  end
  return some and lives or nil
end

local function heldOf(hold, settled)
  return math.max(0, hold - settled)
end

local function eachUnit(make)
  return { usd = make("usd"), tokens = make("tokens"), requests = make("requests") }
end

local function amountsOf(asked, n)
  return eachUnit(function(unit)
    return asked.base[unit] + n * asked.perUnit[unit]
  end)
end

local function nothing()
  return { usd = 0, tokens = 0, requests = 0 }
end

local function reserve(command)
  if math.abs(command.issuedAtMs - now) > SKEW_MAX_MS then
    return failed("skewed")
  end
  if reservationAt(command.home, command.id) then
    return failed("conflict")
  end
  local verdict = admit(command)
  if verdict.kind ~= "fits" then
    return verdict
  end
  local hold = amountsOf(command, verdict.granted)
  for _, line in ipairs(command.lines) do
    move(line, 0, hold[line.terms.unit])
    admitted(line)
  end
  putReservation({
    id = command.id,
    division = command.division,
    base = command.home,
    lines = command.lines,
    switches = command.switches,
    granted = verdict.granted,
    expiresAtMs = command.expiresAtMs,
    state = "running",
    seq = 0,
    hold = hold,
    settled = nothing(),
    actual = nothing(),
    lives = livesOf(command.lines),
    skipped = {},
    via = command.via,
    static = command.static,
    hash = command.hash,
  })
  return { kind = "reserved", granted = verdict.granted }
end

local function raiseHold(command, found, expiresAtMs)
  local verdict = admit(with(command, {
    lines = found.lines,
    switches = found.switches,
    via = found.via or NONE,
    swallowed = 0,
    raises = true,
  }))
  if verdict.kind ~= "fits" then
    return verdict
  end
  local more = amountsOf(command, verdict.granted)
  local hold = eachUnit(function(unit)
    return found.hold[unit] + more[unit]
  end)
  if not (isAmount(hold.usd) and isAmount(hold.tokens) and isAmount(hold.requests)) then
    return failed("overflow")
  end
  for _, line in ipairs(found.lines) do
    local unit = line.terms.unit
    move(line, 0, heldOf(hold[unit], found.settled[unit]) - heldOf(found.hold[unit], found.settled[unit]))
    admitted(line)
  end
  putReservation(with(found, {
    hold = hold,
    granted = found.granted + verdict.granted,
    expiresAtMs = expiresAtMs,
    lives = livesOf(found.lines) or NONE,
  }))
  return { kind = "extended", granted = verdict.granted, drain = drains(found) }
end

local function extend(command)
  local found = reservationAt(command.home, command.reservation)
  if not found then
    return unknown(command.home, command.reservation)
  end
  if found.state ~= "running" then
    return failed("not-running")
  end
  local expiresAtMs = math.max(found.expiresAtMs, command.expiresAtMs or 0)
  local base = command.base
  if command.units.most == 0 and base.usd == 0 and base.tokens == 0 and base.requests == 0 then
    putReservation(with(found, { expiresAtMs = expiresAtMs }))
    return { kind = "extended", granted = 0, drain = drains(found) }
  end
  if math.abs(command.issuedAtMs - now) > SKEW_MAX_MS then
    return failed("skewed")
  end
  for _, line in ipairs(found.lines) do
    if now >= line.period.endMs then
      return failed("period-over")
    end
  end
  return raiseHold(command, found, expiresAtMs)
end

-- Replaces what a reservation contributes by what is known now; nil where no line's period is kept.
local function post(found, actual, final, seq)
  local runs = found.state == "running"
  local settled = actual
  if not runs and not final then
    settled = eachUnit(function(unit)
      return math.max(found.settled[unit], actual[unit])
    end)
  end
  local skipped = {}
  for at, line in ipairs(found.lines) do
    if includes(found.skipped, line.account) or not counts(found, line, at) then
      skipped[#skipped + 1] = line.account
    end
  end
  if #skipped == #found.lines and #skipped > 0 then
    return nil
  end
  for _, line in ipairs(found.lines) do
    if not includes(skipped, line.account) then
      local unit = line.terms.unit
      local before = runs and heldOf(found.hold[unit], found.settled[unit]) or 0
      local after = runs and not final and heldOf(found.hold[unit], settled[unit]) or 0
      move(line, settled[unit] - found.settled[unit], after - before)
    end
  end
  if final then
    endReservation(found)
  else
    putReservation(with(found, { settled = settled, actual = actual, seq = seq, skipped = skipped }))
  end
  return skipped
end

local function settle(command)
  local id, home = command.reservation, command.home
  local found = reservationAt(home, id)
  if not found then
    return unknown(home, id)
  end
  if command.seq <= found.seq then
    return { kind = "settled", drain = drains(found), skipped = {} }
  end
  local skipped = post(found, command.actual, command.final, command.seq)
  if not skipped then
    return failed("unknown-period")
  end
  if command.final then
    markEnded(home, id, "settled")
  end
  return { kind = "settled", drain = drains(found), skipped = skipped }
end

local function release(command)
  local id, home = command.reservation, command.home
  local found = reservationAt(home, id)
  if not found then
    if endedAs(home, id) then
      return failed("not-running")
    end
    if not mayBeInFlight(home, id) then
      return unknown(home, id)
    end
    markEnded(home, id, "released")
    return { kind = "released" }
  end
  if not post(found, found.actual, true, found.seq) then
    endReservation(found)
  end
  markEnded(home, id, "released")
  return { kind = "released" }
end

local function count(command)
  local skipped = {}
  for _, line in ipairs(command.lines) do
    if keeps(line) then
      move(line, command.amounts[line.terms.unit], 0)
    else
      skipped[#skipped + 1] = line.account
    end
  end
  if #skipped == #command.lines and #skipped > 0 then
    return failed("unknown-period")
  end
  return { kind = "charged", skipped = skipped }
end

local function charge(command)
  local id, home = command.ends, command.home
  if not id then
    return count(command)
  end
  local found = reservationAt(home, id)
  if not found then
    if endedAs(home, id) == "settled" then
      return failed("not-running")
    end
    if not mayBeInFlight(home, id) then
      return unknown(home, id)
    end
    local counted = count(command)
    if counted.kind == "charged" then
      markEnded(home, id, "released")
    end
    return counted
  end
  local skipped = post(found, command.amounts, true, found.seq + 1)
  if not skipped then
    return failed("unknown-period")
  end
  markEnded(home, id, "settled")
  return { kind = "charged", skipped = skipped }
end

local function expire(command, swept)
  for _, name in ipairs(ledger.dueAccounts(command.home, 128)) do
    look(accountAt({ base = command.home, account = name }))
  end
  return { kind = "expired", reservations = swept }
end

local function endOverdue(reservation)
  local hold, settled = reservation.hold, reservation.settled
  for _, line in ipairs(reservation.lines) do
    local unit = line.terms.unit
    local assumed = heldOf(hold[unit], settled[unit])
    move(line, assumed, -assumed)
    local meter = meterAt(line)
    if line.terms.idleMs > 0 and not meter.livedUntilMs then
      putMeter(line, with(meter, { livedUntilMs = 0 }))
    end
  end
  putReservation(with(reservation, {
    state = "expired",
    settled = eachUnit(function(unit)
      return math.max(hold[unit], settled[unit])
    end),
  }))
  local name = reservationName(reservation.id, reservation.division)
  draft.events[#draft.events + 1] =
    { kind = "expired", id = name .. "/expired", atMs = text(now), channels = {}, reservation = name }
  return name
end

-- Ends overdue reservations, oldest first: the whole hold counts as spent until someone knows better.
local function sweep(base, most, events)
  local names = {}
  local overdue = redis.call("ZRANGEBYSCORE", base .. "running", "-inf", text(now), "LIMIT", 0, most)
  for _, member in ipairs(overdue) do
    local kept = ledger.get(base .. "r:" .. member)
    if kept and kept.state == "running" then
      newDraft()
      names[#names + 1] = endOverdue(opened(kept))
      evolve()
      for _, event in ipairs(draft.events) do
        events[#events + 1] = event
      end
    end
  end
  return names
end
