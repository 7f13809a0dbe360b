-- Port of `domain/meter` and `domain/terms`: levels, caps and notes of one meter.
local function levelAtOrBelow(tier, amount)
  if amount < tier.at then
    return 0
  end
  if tier["repeat"] == 0 then
    return tier.at
  end
  return tier.at + math.floor((amount - tier.at) / tier["repeat"]) * tier["repeat"]
end

local function levelAbove(tier, amount)
  if amount < tier.at then
    return tier.at
  end
  if tier["repeat"] == 0 then
    return HUGE
  end
  local level = tier.at + (math.floor((amount - tier.at) / tier["repeat"]) + 1) * tier["repeat"]
  return level <= AMOUNT_MAX and level or HUGE
end

local function noNotes()
  return { buckets = {}, marks = {}, acknowledged = 0, refusals = 0, said = {}, told = {}, ends = 0 }
end

-- The facts of its terms that a meter is known and kept by.
local function underTerms(meter, terms)
  return with(meter, {
    terms = terms.id,
    unit = terms.unit,
    window = terms.window,
    slidingMs = terms.slidingMs,
    idleMs = terms.idleMs,
  })
end

local function emptyMeter(line)
  local terms = line.terms
  local slides = terms.slidingMs > 0
  local period = line.period
  if slides then
    period = { startMs = 0, endMs = FOREVER_MS, keptUntilMs = FOREVER_MS }
  end
  return underTerms({
    period = period,
    settled = 0,
    held = 0,
    notes = noNotes(),
    usedAtMs = (slides or terms.idleMs > 0) and now or 0,
    bornAtMs = (slides or terms.idleMs > 0) and now or 0,
  }, terms)
end

local function noted(meter, notes)
  return with(meter, { notes = with(meter.notes, notes) })
end

local function meterStart(line)
  return line.terms.slidingMs > 0 and 0 or line.period.startMs
end

local function isMeterOf(meter, line)
  return meter.period.startMs == meterStart(line)
    and meter.unit == line.terms.unit
    and meter.window == line.terms.window
end

-- Adds amounts without passing 2^53 − 1.
local function capped(one, other)
  return one > AMOUNT_MAX - other and AMOUNT_MAX or one + other
end

local function settledAt(meter, atMs)
  if meter.slidingMs == 0 then
    return meter.settled
  end
  local sum = 0
  for _, bucket in ipairs(meter.notes.buckets) do
    if bucket.period.endMs > atMs then
      sum = capped(sum, bucket.settled)
    end
  end
  return sum
end

-- A lifetime that nobody has used for so long is over, and so is a sliding window after three of its lengths, when
-- nothing of it counts: the next use begins another.
local function isIdle(meter, atMs)
  atMs = atMs or now
  if meter.held > 0 then
    return false
  elseif meter.idleMs > 0 then
    return atMs - meter.usedAtMs >= meter.idleMs
  end
  return meter.slidingMs > 0 and atMs - meter.usedAtMs >= 3 * meter.slidingMs and settledAt(meter, atMs) == 0
end

local function fitsFrom(meter, cost, cap, atMs)
  local settled = settledAt(meter, atMs)
  local live = filtered(meter.notes.buckets, function(bucket)
    return bucket.period.endMs > atMs
  end)
  table.sort(live, function(one, other)
    return one.period.endMs < other.period.endMs
  end)
  for _, bucket in ipairs(live) do
    settled = settled - bucket.settled
    if settled + cost <= cap then
      return bucket.period.endMs
    end
  end
  return nil
end

-- What a person has acknowledged and allowed, as far as it still holds.
local function seenBy(meter, atMs)
  local notes = meter.notes
  if notes.acknowledgedUntilMs and (atMs or now) >= notes.acknowledgedUntilMs then
    return 0, nil
  end
  return notes.acknowledged, notes.allow
end

local function capOf(meter, terms)
  local acknowledged, allow = seenBy(meter)
  local cap = HUGE
  for _, tier in ipairs(terms.tiers) do
    if tier.effect then
      cap = math.min(cap, levelAbove(tier, acknowledged))
    end
  end
  return allow and math.min(cap, allow.amount) or cap
end

local function isOf(mark, tier)
  return mark.at == tier.at and mark["repeat"] == tier["repeat"]
end

local function markOf(meter, tier)
  for _, mark in ipairs(meter.notes.marks) do
    if isOf(mark, tier) then
      return mark
    end
  end
  return { at = tier.at, ["repeat"] = tier["repeat"], fired = 0, arming = 0 }
end

local function round(number)
  return math.floor(number + 0.5)
end

local function stepsBetween(tier, fired, highest)
  if fired == 0 then
    return round((highest - tier.at) / tier["repeat"]) + 1
  end
  return round((highest - fired) / tier["repeat"])
end

-- Tiers that meet at one amount are one level; the first of them names it, if it has a percentage.
local function addLevel(levels, level)
  for at, other in ipairs(levels) do
    if other.amount == level.amount then
      local tiers = filtered(other.tiers, function()
        return true
      end)
      tiers[#tiers + 1] = level.tiers[1]
      levels[at] = {
        amount = other.amount,
        tiers = tiers,
        named = other.tiers[1].percent == nil and level.named or other.named,
        passed = math.max(other.passed, level.passed),
        arming = math.max(other.arming, level.arming),
      }
      return
    end
  end
  levels[#levels + 1] = level
end

local function reached(meter, terms, amount)
  local levels = {}
  for _, tier in ipairs(terms.tiers) do
    local highest = levelAtOrBelow(tier, amount)
    local mark = markOf(meter, tier)
    if highest > mark.fired then
      addLevel(levels, {
        amount = highest,
        tiers = { tier },
        named = tier,
        passed = tier["repeat"] == 0 and 1 or stepsBetween(tier, mark.fired, highest),
        arming = mark.arming,
      })
    end
  end
  local allow = meter.notes.allow
  if allow and not allow.fired and amount >= allow.amount then
    addLevel(levels, { amount = allow.amount, tiers = { allow.tier }, named = allow.tier, passed = 1, arming = 0 })
  end
  table.sort(levels, function(one, other)
    return one.amount < other.amount
  end)
  return levels
end

local function markReached(meter, terms, amount)
  local marks = meter.notes.marks
  for _, tier in ipairs(terms.tiers) do
    local fired = levelAtOrBelow(tier, amount)
    local mark = markOf(meter, tier)
    if fired > mark.fired then
      marks = filtered(marks, function(other)
        return not isOf(other, tier)
      end)
      marks[#marks + 1] = with(mark, { fired = fired })
    end
  end
  local allow = meter.notes.allow
  if allow and amount >= allow.amount then
    allow = with(allow, { fired = true })
  end
  return noted(meter, { marks = marks, allow = allow })
end

local function isTenthAbove(level, used)
  return level > 0 and level - used >= math.ceil(level / 10)
end

local function lessThanTenthAbove(used)
  return used % 9 == 0 and used + used / 9 - 1 or used + math.floor(used / 9)
end

local function rearm(meter, atMs)
  if meter.slidingMs == 0 then
    return meter
  end
  local acknowledged, allow = seenBy(meter, atMs)
  local seen = meter
  if acknowledged ~= meter.notes.acknowledged or allow ~= meter.notes.allow then
    seen = noted(meter, { acknowledged = acknowledged, allow = allow or NONE, acknowledgedUntilMs = NONE })
  end
  local used = settledAt(meter, atMs or now) + meter.held
  local some, marks = false, {}
  for at, mark in ipairs(seen.notes.marks) do
    if isTenthAbove(mark.fired, used) then
      some = true
      marks[at] = with(mark, { fired = levelAtOrBelow(mark, lessThanTenthAbove(used)), arming = mark.arming + 1 })
    else
      marks[at] = mark
    end
  end
  return some and noted(seen, { marks = marks }) or seen
end

-- The highest amount that any level of the meter has fired at.
local function highestFired(meter)
  local allow = meter.notes.allow
  local highest = allow and allow.fired and allow.amount or 0
  for _, mark in ipairs(meter.notes.marks) do
    highest = math.max(highest, mark.fired)
  end
  return highest
end

local function firedUpTo(meter, upTo)
  local allow = meter.notes.allow
  local amount = allow and allow.fired and allow.amount <= upTo and allow.amount or 0
  for _, mark in ipairs(meter.notes.marks) do
    if mark.fired > 0 then
      amount = math.max(amount, levelAtOrBelow(mark, math.min(mark.fired, upTo)))
    end
  end
  return amount
end
