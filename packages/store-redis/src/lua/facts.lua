-- Port of `domain/incident`: what every event of a meter says, and what it belongs to.
local facts = {}

function facts.toldOf(meter)
  return meter.notes.told or {}
end

-- The name of a meter's life: it is part of the ids of what is told of it.
function facts.nameOf(account, meter)
  local isLife = meter.slidingMs > 0 or meter.idleMs > 0
  return account .. "@" .. text(isLife and meter.bornAtMs or meter.period.startMs)
end

-- What an event of a meter belongs to whose circuit is closed; an end that was told begins another.
function facts.incidentOf(account, meter)
  local name, ends = facts.nameOf(account, meter), meter.notes.ends or 0
  return ends == 0 and name or name .. "+" .. text(ends)
end

-- What everything belongs to from an opening to the closing.
function facts.openingOf(account, circuit)
  return account .. "/" .. text(circuit.since or circuit.generation)
end

-- The facts now, under the terms and in the period of whoever asks.
function facts.of(meter, terms, period)
  local cap = capOf(meter, terms)
  return {
    periodStartMs = text(period.startMs),
    periodEndMs = text(period.endMs),
    settled = text(settledAt(meter, now)),
    held = text(meter.held),
    limit = text(terms.limit),
    cap = orNull(cap ~= HUGE and cap),
    unit = terms.unit,
  }
end
