-- Port of `domain/circuit`: when an account's circuit moves, and what is told of it.
local function moveTo(account, circuit, hand)
  local moved = with(account, { circuit = circuit })
  -- A closing ends what it closes: the same incident, told to whoever heard of that.
  local opened = circuit.state == "closed" and account.circuit or circuit
  putAccount(moved)
  draft.events[#draft.events + 1] = {
    kind = "circuit",
    id = account.key .. "/" .. text(circuit.generation) .. "/" .. circuit.state,
    atMs = text(now),
    channels = opened.told,
    account = account.key,
    incident = facts.openingOf(account.key, opened),
    generation = text(circuit.generation),
    state = circuit.state,
    untilMs = orNull(circuit.untilMs),
    observed = opened.observed,
    by = hand and hand.by or cjson.null,
    why = hand and hand.why or cjson.null,
  }
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
local function moveByTime(account)
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

-- The generation that an opening belongs to from now on: its own, or that of the one it goes on.
local function sinceOf(circuit)
  return circuit.state == "closed" and circuit.generation + 1 or circuit.since or circuit.generation
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
  local told = toldOf(circuit, cause.channels)
  local opening = {
    generation = circuit.generation + 1,
    since = sinceOf(circuit),
    observed = cause.observed,
    told = told,
    causeStartMs = period.startMs,
  }
  if effect.kind == "latch" and now < period.keptUntilMs then
    local latched = { state = "latched", escalation = escalation.after(circuit, cause, told) }
    return moveTo(account, with(opening, latched))
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

local function tripFor(account, coolDownMs, hand)
  local circuit = account.circuit
  if circuit.state == "latched" then
    return account
  end
  local untilMs = now + coolDownMs
  return moveTo(account, {
    state = "open",
    generation = circuit.generation + 1,
    since = sinceOf(circuit),
    observed = false,
    told = toldOf(circuit, {}),
    untilMs = isOpenAlike(circuit, false) and math.max(circuit.untilMs, untilMs) or untilMs,
    coolDownMs = coolDownMs,
    maxCoolDownMs = coolDownMs,
  }, hand)
end

local function close(account, hand)
  return account.circuit.state == "closed" and account or moveTo(account, closedAfter(account.circuit), hand)
end

local function refuses(circuit)
  return circuit.state == "latched" or (circuit.state == "open" and now < circuit.untilMs)
end
