-- Port of `domain/step/operator`: the commands of people.
local function audit(command, target)
  draft.events[#draft.events + 1] = {
    kind = "audit",
    id = reservationName(command.id, command.division) .. "/audit",
    atMs = text(now),
    channels = {},
    verb = command.kind,
    target = target,
    by = command.by,
    why = command.why,
  }
end

local function adjust(command)
  local line = command.line
  if not keeps(line) then
    return failed("unknown-period")
  end
  move(line, math.max(command.amount, -takeableOf(meterAt(line), line)), 0)
  audit(command, line.account)
  return { kind = "adjusted", settled = settledAt(meterAt(line), now) }
end

local function acknowledgedMeter(known, circuit, upTo)
  local meter = rearm(known)
  local period = meter.period
  if isIdle(meter) or now >= period.keptUntilMs then
    return known, false
  end
  local isCurrent = period.startMs <= now and now < period.endMs
  local causeStartMs = circuit.state ~= "closed" and circuit.causeStartMs or nil
  if not isCurrent and period.startMs ~= causeStartMs then
    return known, false
  end
  local acknowledged, before = seenBy(meter)
  local amount = firedUpTo(meter, upTo)
  local allow = before
  if before and before.fired and before.amount <= upTo then
    allow = nil
  end
  if amount <= acknowledged and allow == before then
    return known, false
  end
  return noted(meter, {
    acknowledged = math.max(amount, acknowledged),
    acknowledgedUntilMs = meter.slidingMs > 0 and now + meter.slidingMs or NONE,
    allow = allow or NONE,
    refusals = 0,
    refusedAtMs = NONE,
  }),
    true
end

-- What the tiers of the highest level at or below an amount do together.
local function togetherAt(blocking, amount)
  local levels, highest, lowest = {}, nil, HUGE
  for at, tier in ipairs(blocking) do
    local level = levelAtOrBelow(tier, amount)
    levels[at] = level == 0 and tier.at or level
    lowest = math.min(lowest, levels[at])
    if levels[at] <= amount then
      highest = math.max(highest or 0, levels[at])
    end
  end
  highest = highest or lowest
  local tiers = filtered(blocking, function(_, at)
    return levels[at] == highest
  end)
  local strongest, channels, telling, everyMs = tiers[1], {}, 0, 0
  for _, tier in ipairs(tiers) do
    channels = union(channels, tier.notify)
    if #tier.notify > 0 then
      telling, everyMs = telling + 1, tier.escalateAfterMs or 0
    end
    if isStronger(tier.effect, strongest.effect) then
      strongest = tier
    end
  end
  return {
    at = highest,
    ["repeat"] = 0,
    effect = strongest.effect,
    notify = channels,
    -- An order stays one where it is that of one tier alone; else all hear of it at once.
    escalateAfterMs = telling == 1 and everyMs or 0,
    message = messageOf(tiers),
  }
end

local function allowMore(line, allow)
  local meter = rearm(underTerms(meterAt(line), line.terms))
  local amount = settledAt(meter, now) + meter.held + allow
  local blocking = filtered(line.terms.tiers, function(tier)
    return tier.effect
  end)
  if #blocking == 0 then
    return
  end
  local before, next = meter.notes.acknowledged, HUGE
  for _, tier in ipairs(blocking) do
    next = math.min(next, levelAbove(tier, before))
  end
  local level = { amount = math.min(amount, AMOUNT_MAX), tier = togetherAt(blocking, before), fired = false }
  putMeter(line, noted(meter, {
    allow = amount < next and level or NONE,
    acknowledgedUntilMs = line.terms.slidingMs > 0 and now + line.terms.slidingMs or NONE,
  }))
end

local function acknowledge(command)
  local at = { base = command.home, account = command.account, division = command.division }
  local known = findAccount(at)
  if not known then
    return { kind = "nothing-to-acknowledge" }
  end
  local account = look(known)
  local circuit = account.circuit
  if circuit.generation > command.generation then
    return { kind = "later-generation", generation = circuit.generation }
  end
  local meters, some = {}, false
  for index, meter in ipairs(account.meters) do
    local seen, isSeen = acknowledgedMeter(meter, circuit, command.upTo)
    meters[index] = seen
    some = some or isSeen
  end
  local raises = false
  if command.allow and command.line then
    local _, allow = seenBy(meterAt(command.line))
    raises = allow ~= nil
  end
  if circuit.state == "closed" and not some and not raises then
    return { kind = "nothing-to-acknowledge" }
  end
  if some then
    putAccount(with(account, { meters = meters }))
  end
  close(accountAt(at), command)
  if command.allow and command.line then
    allowMore(command.line, command.allow)
  end
  audit(command, command.account)
  return { kind = "acknowledged" }
end

local function trip(command)
  local at = { base = command.home, account = command.account, division = command.division }
  local account = tripFor(look(accountAt(at)), command.coolDownMs, command)
  audit(command, command.account)
  return { kind = "tripped", generation = account.circuit.generation }
end

local function switchTo(command)
  local value = command.state == "off" and { untilMs = command.untilMs } or NONE
  draft.switches[ledger.shared .. "w:" .. command.switch] = value
  audit(command, command.switch)
  return { kind = "switched" }
end
