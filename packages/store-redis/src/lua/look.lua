-- Port of `domain/{look,periodEnd,due}`: what time does to an account, and when.

-- Whether a meter that somebody heard of is over.
local function isOver(meter, atMs)
  if #facts.toldOf(meter) == 0 then
    return false
  elseif meter.idleMs > 0 then
    return isIdle(meter, atMs)
  elseif meter.slidingMs == 0 then
    return atMs >= meter.period.endMs
  end
  return isIdle(meter, atMs) or highestFired(rearm(meter, atMs)) == 0
end

-- Tells the end of each meter that is over to the channels that heard of it, once.
local function endPeriods(account)
  local some = false
  local meters = {}
  for at, known in ipairs(account.meters) do
    meters[at] = known
    if isOver(known, now) then
      some = true
      local meter = rearm(known)
      local ends = meter.notes.ends or 0
      -- Terms are kept far longer than a period; where they are gone, its limit is too.
      local terms = ledger.keptTerms(meter.terms) or { limit = 0, unit = meter.unit, tiers = {} }
      draft.events[#draft.events + 1] = with(facts.of(meter, terms, meter.period), {
        kind = "period-end",
        id = facts.nameOf(account.key, meter) .. "/period-end" .. (ends == 0 and "" or "/" .. text(ends)),
        atMs = text(now),
        channels = facts.toldOf(meter),
        account = account.key,
        incident = facts.incidentOf(account.key, meter),
        generation = text(account.circuit.generation),
      })
      meters[at] = noted(meter, { told = {}, ends = ends + 1 })
    end
  end
  if not some then
    return account
  end
  local ended = with(account, { meters = meters })
  putAccount(ended)
  return ended
end

-- What time has done to an account, told and written by the first command that looks at it.
local function look(account)
  return endPeriods(escalation.escalate(moveByTime(account)))
end

-- The first instant at which a meter that somebody heard of can be over as it stands; nil where there is none.
function ledger.endsAt(meter)
  if #facts.toldOf(meter) == 0 then
    return nil
  elseif meter.idleMs > 0 then
    return meter.usedAtMs + meter.idleMs
  elseif meter.slidingMs == 0 then
    return meter.period.endMs
  end
  local steps = { meter.usedAtMs }
  for _, bucket in ipairs(meter.notes.buckets) do
    steps[#steps + 1] = bucket.period.endMs
  end
  steps[#steps + 1] = meter.notes.acknowledgedUntilMs
  table.sort(steps)
  for _, atMs in ipairs(steps) do
    if atMs >= meter.usedAtMs and isOver(meter, atMs) then
      return atMs
    end
  end
  return nil
end

-- The first instant at which an account may move by itself, as it stands; nil where it does not.
function ledger.dueOf(account)
  local circuit, dueMs = account.circuit, HUGE
  if circuit.state == "latched" then
    dueMs = circuit.escalation and circuit.escalation.untilMs or HUGE
  elseif circuit.state ~= "closed" then
    dueMs = circuit.untilMs
  end
  for _, meter in ipairs(account.meters) do
    dueMs = math.min(dueMs, ledger.endsAt(meter) or HUGE)
  end
  return dueMs < HUGE and dueMs or nil
end
