-- Port of `domain/circuit`: when an account's circuit moves, and what is told of it.
local function circuitEvent(account, circuit, told)
  draft.events[#draft.events + 1] = {
    kind = "circuit",
    id = account.key .. "/" .. text(circuit.generation) .. "/" .. circuit.state,
    atMs = text(now),
    channels = told,
    account = account.key,
    incident = account.key .. "/" .. text(circuit.generation),
    state = circuit.state,
    generation = text(circuit.generation),
    untilMs = orNull(circuit.untilMs),
  }
end

local function moveTo(account, circuit)
  local moved = with(account, { circuit = circuit })
  local told = circuit.state == "closed" and account.circuit or circuit
  putAccount(moved)
  circuitEvent(account, circuit, told.state == "closed" and {} or told.told)
  return moved
end

local function closedAfter(circuit)
  return { state = "closed", generation = circuit.generation, observed = false, sinceMs = now }
end

local function circuitAt(account)
  local circuit = account.circuit
  if circuit.state == "closed" or circuit.state == "latched" or now < circuit.untilMs then
    return circuit
  end
  if circuit.state == "half-open" or not circuit.probation then
    return closedAfter(circuit)
  end
  local current
  for _, meter in ipairs(account.meters) do
    if meter.period.startMs <= now and now < meter.period.endMs then
      current = meter
      break
    end
  end
  local base = current and settledAt(current, now) + current.held or 0
  return with(circuit, {
    state = "half-open",
    untilMs = now + circuit.probation.forMs,
    meterStartMs = current and current.period.startMs or NONE,
    allowance = math.min(AMOUNT_MAX, base + circuit.probation.allow),
  })
end

-- Moves a circuit whose time is over: the first command that looks at it does so.
local function look(account)
  local circuit = circuitAt(account)
  return circuit == account.circuit and account or moveTo(account, circuit)
end

local function binds(circuit, observes)
  return observes or not circuit.observed
end

local function allowanceOf(circuit, meter)
  if circuit.state ~= "half-open" then
    return HUGE
  end
  return circuit.meterStartMs == meter.period.startMs and circuit.allowance or circuit.probation.allow
end

local function toldOf(circuit, channels)
  return circuit.state == "closed" and channels or union(circuit.told, channels)
end

local function isOpenAlike(circuit, observed)
  return circuit.state == "open" and circuit.observed == observed
end

-- Opens or latches for the strongest effect; an ended period moves nothing (`latch`: one period later).
local function openFor(account, cause)
  local circuit, effect, period = account.circuit, cause.effect, cause.period
  if cause.observed and circuit.state ~= "closed" and not circuit.observed then
    return account
  end
  local opening = {
    generation = circuit.generation + 1,
    observed = cause.observed,
    told = toldOf(circuit, cause.channels),
    causeStartMs = period.startMs,
  }
  if effect.kind == "latch" and now < period.keptUntilMs then
    return moveTo(account, with(opening, { state = "latched" }))
  end
  if effect.kind ~= "trip" or now >= period.endMs or circuit.state == "latched" then
    return account
  end
  local untilMs = now + effect.coolDownMs
  return moveTo(account, with(opening, {
    state = "open",
    untilMs = isOpenAlike(circuit, cause.observed) and math.max(circuit.untilMs, untilMs) or untilMs,
    coolDownMs = effect.coolDownMs,
    maxCoolDownMs = effect.maxCoolDownMs,
    probation = effect.probation,
  }))
end

-- Probation's allowance is reached: open again, for twice as long.
local function reopen(account)
  local circuit = account.circuit
  if circuit.state ~= "half-open" then
    return account
  end
  local coolDownMs = math.min(circuit.coolDownMs * 2, circuit.maxCoolDownMs)
  return moveTo(account, with(circuit, {
    state = "open",
    generation = circuit.generation + 1,
    untilMs = now + coolDownMs,
    coolDownMs = coolDownMs,
    meterStartMs = NONE,
    allowance = NONE,
  }))
end

local function tripFor(account, coolDownMs)
  local circuit = account.circuit
  if circuit.state == "latched" then
    return account
  end
  local untilMs = now + coolDownMs
  return moveTo(account, {
    state = "open",
    generation = circuit.generation + 1,
    observed = false,
    told = toldOf(circuit, {}),
    untilMs = isOpenAlike(circuit, false) and math.max(circuit.untilMs, untilMs) or untilMs,
    coolDownMs = coolDownMs,
    maxCoolDownMs = coolDownMs,
  })
end

local function close(account)
  return account.circuit.state == "closed" and account or moveTo(account, closedAfter(account.circuit))
end

local function refuses(circuit)
  return circuit.state == "latched" or (circuit.state == "open" and now < circuit.untilMs)
end
