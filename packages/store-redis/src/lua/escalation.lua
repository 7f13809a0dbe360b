-- Port of `domain/escalation`: channels that hear of a latch one after the other, until somebody acknowledges it.
local escalation = {}

-- The channels of a tier that hear of it at once.
function escalation.atOnceOf(tier)
  if (tier.escalateAfterMs or 0) == 0 then
    return tier.notify
  end
  return { tier.notify[1] }
end

-- What tiers that are reached together go on to, beside whom they tell at once; the shortest wait is that of all.
function escalation.furtherOf(tiers)
  local atOnce, channels, everyMs = {}, {}, HUGE
  for _, tier in ipairs(tiers) do
    atOnce = union(atOnce, escalation.atOnceOf(tier))
  end
  for _, tier in ipairs(tiers) do
    if (tier.escalateAfterMs or 0) > 0 then
      everyMs = math.min(everyMs, tier.escalateAfterMs)
      channels = union(channels, without(tier.notify, atOnce))
    end
  end
  return #channels > 0 and { everyMs = everyMs, channels = channels } or nil
end

-- The escalation of a circuit that latches. One that runs goes on as it was: whom this latch tells at once waits no
-- longer, and whom it brings, told by nobody yet, comes last.
function escalation.after(circuit, cause, told)
  local running = circuit.state == "latched" and circuit.escalation or nil
  local waiting = running and without(running.channels, cause.channels) or {}
  local channels = union(waiting, without(cause.further and cause.further.channels or {}, told))
  if #channels == 0 then
    return nil
  elseif running then
    return with(running, { channels = channels })
  end
  local everyMs = cause.further.everyMs
  return { sinceMs = now, untilMs = now + everyMs, everyMs = everyMs, channels = channels }
end

-- Tells the channels of a latched circuit that are due by now.
function escalation.escalate(account)
  local circuit = account.circuit
  local running = circuit.state == "latched" and circuit.escalation
  if not running or now < running.untilMs then
    return account
  end
  local count = math.min(#running.channels, 1 + math.floor((now - running.untilMs) / running.everyMs))
  local due = filtered(running.channels, function(_, at)
    return at <= count
  end)
  local nextMs = running.untilMs + count * running.everyMs
  local left = with(running, { untilMs = nextMs, channels = without(running.channels, due) })
  local escalated = with(account, {
    circuit = with(circuit, {
      told = union(circuit.told, due),
      escalation = #left.channels > 0 and left or NONE,
    }),
  })
  putAccount(escalated)
  local step = text((nextMs - running.sinceMs) / running.everyMs - 1)
  draft.events[#draft.events + 1] = {
    kind = "escalation",
    id = account.key .. "/" .. text(circuit.generation) .. "/escalation/" .. step,
    atMs = text(now),
    channels = due,
    account = account.key,
    incident = facts.openingOf(account.key, circuit),
    generation = text(circuit.generation),
    step = step,
    sinceMs = text(running.sinceMs),
  }
  return escalated
end
