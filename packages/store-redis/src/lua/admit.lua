-- Port of `domain/admit`: every switch and circuit, then every line; all fit, or every obstacle is named.
local REASONS = {
  ["switched-off"] = 1,
  latched = 2,
  open = 3,
  ["too-large"] = 4,
  exhausted = 5,
  probation = 6,
  degraded = 7,
  busy = 8,
}

local function costOf(line, asked, n)
  return asked.base[line.terms.unit] + n * asked.perUnit[line.terms.unit]
end

-- What raises a reservation counts where that was made: a sliding window is judged from its bucket on.
local function judgedAt(asked, line)
  return asked.raises and line.terms.slidingMs > 0 and line.period.startMs or asked.issuedAtMs
end

local function enforce(line)
  local account = look(accountAt(line))
  if not binds(account.circuit, line.terms.observe) then
    close(account)
  end
end

local function endOf(line)
  return line.period.endMs ~= FOREVER_MS and line.period.endMs or nil
end

local function isDegraded(line, settled, via)
  for _, tier in ipairs(line.terms.tiers) do
    if tier.degrade and settled >= tier.at and not (via and includes(tier.degrade, via)) then
      return true
    end
  end
  return false
end

local function isSameMeter(one, other)
  return one.account == other.account
    and one.base == other.base
    and meterStart(one) == meterStart(other)
    and one.terms.unit == other.terms.unit
    and one.terms.window == other.terms.window
end

local function holdsOn(reservation, line)
  local unit = line.terms.unit
  if reservation.state ~= "running" or reservation.hold[unit] <= reservation.settled[unit] then
    return false
  end
  for _, other in ipairs(opened(reservation).lines) do
    if isSameMeter(other, line) then
      return true
    end
  end
  return false
end

-- The first in an index of ends that holds on the line's meter.
local function oldestIn(index, prefix, line)
  local from = 0
  while true do
    local members = redis.call("ZRANGE", index, from, from + 99)
    for _, member in ipairs(members) do
      local reservation = ledger.get(prefix .. member)
      if reservation and holdsOn(reservation, line) then
        return reservation.expiresAtMs
      end
    end
    if #members < 100 then
      return nil
    end
    from = from + 100
  end
end

local function oldestExpiry(line)
  local own = oldestIn(line.base .. "running", line.base .. "r:", line)
  local other = oldestIn(line.base .. "crossing", "", line)
  return own and other and math.min(own, other) or own or other
end

local function obstacleOf(line, asked)
  local circuit = accountAt(line).circuit
  local meter = meterAt(line)
  local atMs = judgedAt(asked, line)
  local settled = settledAt(meter, atMs)
  local cap = capOf(meter, line.terms)
  local cost = costOf(line, asked, asked.units.least)
  local sum = settled + meter.held
  local function refused(reason, untilMs)
    return {
      kind = "line",
      account = line.account,
      reason = reason,
      settled = settled,
      held = meter.held,
      cap = cap,
      remaining = math.max(0, cap - sum),
      untilMs = untilMs,
    }
  end
  if circuit.state == "latched" then
    return refused("latched")
  elseif circuit.state == "open" then
    return refused("open", circuit.untilMs)
  elseif cost > 0 and cost > cap then
    return refused("too-large")
  elseif cost > 0 and settled + cost > cap then
    if line.terms.slidingMs > 0 then
      return refused("exhausted", fitsFrom(meter, cost, cap, atMs))
    end
    return refused("exhausted", endOf(line))
  elseif circuit.state == "half-open" and cost > 0 and sum + cost > allowanceOf(circuit, meter) then
    return refused("probation", circuit.untilMs)
  elseif isDegraded(line, settled, asked.via) then
    return refused("degraded", endOf(line))
  elseif cost > 0 and sum + cost > cap then
    return refused("busy", oldestExpiry(line))
  end
  return nil
end

local function largestFit(line, asked)
  local least, most = asked.units.least, asked.units.most
  local perUnit = asked.perUnit[line.terms.unit]
  if perUnit == 0 or line.terms.observe then
    return most
  end
  local meter = meterAt(line)
  local bound = math.min(capOf(meter, line.terms), allowanceOf(accountAt(line).circuit, meter))
  if bound == HUGE then
    return most
  end
  local room = bound - (settledAt(meter, judgedAt(asked, line)) + meter.held) - costOf(line, asked, 0)
  return math.max(least, math.min(most, math.floor(room / perUnit)))
end

local function refusal(obstacles)
  local first, untilMs = obstacles[1], 0
  for _, obstacle in ipairs(obstacles) do
    if REASONS[obstacle.reason] < REASONS[first.reason] then
      first = obstacle
    end
    untilMs = untilMs and obstacle.untilMs and math.max(untilMs, obstacle.untilMs) or nil
  end
  return { kind = "refused", reason = first.reason, obstacles = obstacles, untilMs = untilMs }
end

local function countExhausted(line, obstacle, swallowed)
  local meter = underTerms(meterAt(line), line.terms)
  local settled, cap = obstacle.settled, obstacle.cap
  local refusedAtMs, refusals = meter.notes.refusedAtMs, meter.notes.refusals
  if not refusedAtMs or math.abs(now - refusedAtMs) >= 1000 then
    refusals = math.min(refusals + 1 + swallowed, 1000000)
    putMeter(line, noted(meter, { refusals = refusals, refusedAtMs = now }))
  end
  sayOnce(line, "refusing")
  local nearlyAll = (cap - settled) * 100 < cap
  local tenth = refusals >= 10 and settled * 10 >= cap * 9
  if nearlyAll or tenth then
    fire(line, cap)
  end
end

local function countBusy(line)
  local meter = underTerms(meterAt(line), line.terms)
  local since = math.min(meter.notes.busySinceMs or now, now)
  if meter.notes.busySinceMs ~= since then
    putMeter(line, noted(meter, { busySinceMs = since }))
  end
  if now - since >= 60000 then
    sayOnce(line, "refusing")
  end
end

-- What refusals do to the meters they met: `refusing` once, and the level that a loop keeps missing.
local function countRefusals(asked, obstacles)
  local blocked, byAccount = false, {}
  for _, obstacle in ipairs(obstacles) do
    blocked = blocked or REASONS[obstacle.reason] <= 3
    if obstacle.kind == "line" then
      byAccount[obstacle.account] = obstacle
    end
  end
  for _, line in ipairs(asked.lines) do
    local obstacle = byAccount[line.account]
    if obstacle and obstacle.settled + obstacle.held > obstacle.cap then
      sayOnce(line, "overshoot")
    end
    if obstacle and not blocked and obstacle.reason == "exhausted" then
      countExhausted(line, obstacle, asked.swallowed)
    elseif obstacle and not blocked and obstacle.reason == "busy" then
      countBusy(line)
    end
  end
end

local function isAmount(number)
  return number >= 0 and number <= AMOUNT_MAX
end

local function admit(asked)
  local obstacles = {}
  for _, key in ipairs(asked.switches) do
    local off = switchedOff(key)
    if off then
      obstacles[#obstacles + 1] =
        { kind = "switch", switch = key, reason = "switched-off", untilMs = off.untilMs }
    end
  end
  local granted = asked.units.most
  for _, line in ipairs(asked.lines) do
    enforce(line)
    local obstacle = obstacleOf(line, asked)
    if obstacle and line.terms.observe then
      sayOnce(line, "would-refuse", obstacle.reason)
    elseif obstacle then
      obstacles[#obstacles + 1] = obstacle
    else
      granted = math.min(granted, largestFit(line, asked))
    end
  end
  if #obstacles > 0 then
    countRefusals(asked, obstacles)
    return refusal(obstacles)
  end
  for _, unit in ipairs(UNITS) do
    if not isAmount(asked.base[unit] + granted * asked.perUnit[unit]) then
      return { kind = "error", error = "overflow" }
    end
  end
  for _, line in ipairs(asked.lines) do
    local meter = meterAt(line)
    local sum = settledAt(meter, judgedAt(asked, line)) + meter.held
    if sum > AMOUNT_MAX - costOf(line, asked, granted) then
      return { kind = "error", error = "overflow" }
    end
  end
  return { kind = "fits", granted = granted }
end
