-- Port of `domain/raise`: amounts move, and tiers, circuit and words follow in order.
local RANK = { block = 1, trip = 2, latch = 3 }

local function within(amount)
  return math.max(0, math.min(AMOUNT_MAX, amount))
end

local function bucketOf(buckets, line)
  for _, bucket in ipairs(buckets) do
    if bucket.period.startMs == line.period.startMs then
      return bucket
    end
  end
  return nil
end

local function postBucket(buckets, line, delta)
  if delta == 0 then
    return buckets, false
  end
  local old = bucketOf(buckets, line)
  local sum = (old and old.settled or 0) + delta
  local made = filtered(buckets, function(other)
    return other ~= old
  end)
  made[#made + 1] = { period = line.period, settled = within(sum) }
  return made, sum > AMOUNT_MAX
end

local function postMeter(meter, line, settled, held)
  local stopped = meter.held + held > AMOUNT_MAX
  local after = within(meter.held + held)
  if line.terms.slidingMs > 0 then
    local buckets, isFull = postBucket(meter.notes.buckets, line, settled)
    local sum = 0
    for _, bucket in ipairs(buckets) do
      sum = sum + bucket.settled
    end
    return noted(with(meter, { settled = within(sum), held = after }), { buckets = buckets }), stopped or isFull
  end
  local sum = meter.settled + settled
  return with(meter, { settled = within(sum), held = after }), stopped or sum > AMOUNT_MAX
end

local function takeableOf(meter, line)
  if line.terms.slidingMs > 0 then
    local bucket = bucketOf(meter.notes.buckets, line)
    return bucket and bucket.settled or 0
  end
  return meter.settled
end

local function isStronger(one, other)
  if one.kind ~= other.kind then
    return RANK[one.kind] > RANK[other.kind]
  end
  return one.kind == "trip" and one.coolDownMs > other.coolDownMs
end

local function channelsOf(tiers)
  local channels = {}
  for _, tier in ipairs(tiers) do
    channels = union(channels, escalation.atOnceOf(tier))
  end
  return channels
end

local function tiersOf(levels)
  local tiers = {}
  for _, level in ipairs(levels) do
    for _, tier in ipairs(level.tiers) do
      tiers[#tiers + 1] = tier
    end
  end
  return tiers
end

local function strongestOf(levels)
  local effect
  local blocking = filtered(tiersOf(levels), function(tier)
    return tier.effect
  end)
  for _, tier in ipairs(blocking) do
    if not effect or isStronger(tier.effect, effect) then
      effect = tier.effect
    end
  end
  return effect
    and { effect = effect, channels = channelsOf(blocking), further = escalation.furtherOf(blocking) }
end

local function messageOf(tiers)
  local messages = {}
  for _, tier in ipairs(tiers) do
    if tier.message ~= "" then
      messages[#messages + 1] = tier.message
    end
  end
  return table.concat(messages, "; ")
end

local LEVEL_EFFECTS = { notify = 1, degrade = 2, block = 3, trip = 4, latch = 5 }

local function levelEffectOf(tiers)
  local strongest = "notify"
  for _, tier in ipairs(tiers) do
    local effect = tier.effect and tier.effect.kind or tier.degrade and "degrade" or "notify"
    if LEVEL_EFFECTS[effect] > LEVEL_EFFECTS[strongest] then
      strongest = effect
    end
  end
  return strongest
end

local function meterHead(line, kind)
  local name, meter, circuit = line.account, meterAt(line), accountAt(line).circuit
  return with(facts.of(meter, line.terms, line.period), {
    id = facts.nameOf(name, meter) .. "/" .. kind,
    atMs = text(now),
    account = name,
    incident = circuit.state == "closed" and facts.incidentOf(name, meter) or facts.openingOf(name, circuit),
    generation = text(circuit.generation),
  })
end

local function tierEvent(line, level)
  local tier = level.named
  draft.events[#draft.events + 1] = with(meterHead(line, text(level.amount) .. "/" .. text(level.arming)), {
    kind = "tier",
    channels = channelsOf(level.tiers),
    level = text(level.amount),
    passed = text(level.passed),
    message = messageOf(level.tiers),
    effect = levelEffectOf(level.tiers),
    tier = { at = text(tier.at), ["repeat"] = text(tier["repeat"]), percent = tier.percent or cjson.null },
  })
end

-- Who hears of a line is remembered by what will end it: the circuit that stands, else the meter. A sliding window
-- ends with its levels: a `word` beside them has no end there.
local function hear(line, channels, word)
  local account = accountAt(line)
  local circuit = account.circuit
  if circuit.state ~= "closed" then
    local told = union(circuit.told, channels)
    if #told > #circuit.told then
      putAccount(with(account, { circuit = with(circuit, { told = told }) }))
    end
  elseif not word or line.terms.slidingMs == 0 then
    local meter = meterAt(line)
    local told = union(facts.toldOf(meter), channels)
    if #told > #facts.toldOf(meter) then
      putMeter(line, noted(meter, { told = told }))
    end
  end
end

local function capChannels(line)
  local meter = meterAt(line)
  local cap = capOf(meter, line.terms)
  local makes = filtered(line.terms.tiers, function(tier)
    return tier.effect
      and tier.at <= cap
      and (tier.at == cap or (tier["repeat"] > 0 and math.fmod(cap - tier.at, tier["repeat"]) == 0))
  end)
  local allow = meter.notes.allow
  return channelsOf((#makes > 0 or not allow) and makes or { allow.tier })
end

-- Says something once for a meter, to the channels of the level that makes its cap.
local function sayOnce(line, kind, reason)
  local meter = meterAt(line)
  local word = reason and kind .. " " .. reason or kind
  if includes(meter.notes.said, word) then
    return
  end
  putMeter(line, noted(meter, { said = union(meter.notes.said, { word }) }))
  local channels = capChannels(line)
  draft.events[#draft.events + 1] =
    with(meterHead(line, word), { kind = kind, reason = reason, channels = channels })
  hear(line, channels, true)
end

local function openCircuit(line, strongest, overAllowance)
  local account = accountAt(line)
  if overAllowance and not (strongest and strongest.effect.kind == "latch") then
    reopen(account)
  elseif strongest then
    openFor(account, with(strongest, { period = line.period, observed = line.terms.observe }))
  end
end

-- Fires every level that `amount` newly reaches, and moves the circuit to the strongest effect.
local function fire(line, amount)
  local meter = meterAt(line)
  local circuit = accountAt(line).circuit
  local levels = reached(meter, line.terms, amount)
  local overAllowance = circuit.state == "half-open"
    and now < line.period.endMs
    and amount >= allowanceOf(circuit, meter)
  if #levels > 0 then
    putMeter(line, markReached(meter, line.terms, amount))
  end
  local told = draft.events
  draft.events = {}
  openCircuit(line, strongestOf(levels), overAllowance)
  local circuitEvents = draft.events
  draft.events = told
  for _, level in ipairs(levels) do
    tierEvent(line, level)
  end
  for _, event in ipairs(circuitEvents) do
    told[#told + 1] = event
  end
  hear(line, channelsOf(tiersOf(levels)))
end

-- Moves amounts on a line's meter and fires what they reach: tiers ascending, overshoot, then the circuit once.
local function move(line, settled, held)
  look(accountAt(line))
  local before = rearm(underTerms(meterAt(line), line.terms))
  local moved, stopped = postMeter(before, line, settled, held)
  putMeter(line, moved)
  if stopped then
    sayOnce(line, "overflow")
  end
  if settled <= 0 then
    return
  end
  fire(line, settledAt(moved, now))
  local meter = meterAt(line)
  if not line.terms.observe and settledAt(meter, now) + meter.held > capOf(before, line.terms) then
    sayOnce(line, "overshoot")
  end
end
