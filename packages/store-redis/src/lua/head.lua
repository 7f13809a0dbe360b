-- Port of `domain/handles`: the facts by which `quick.lua` decides on a meter without its terms; nil where the
-- full rules must look each time.
local unitNumbers = { usd = 1, tokens = 2, requests = 3 }

function ledger.quickAccount(account)
  local at = #account.meters
  local meter = account.meters[at]
  if account.circuit.state ~= "closed" or not meter or at > 255 then
    return nil
  end
  local notes = meter.notes
  if meter.slidingMs > 0 or meter.idleMs > 0 or notes.refusals > 0 or notes.busySinceMs then
    return nil
  end
  local terms = ledger.keptTerms(meter.terms)
  if not terms or terms.observe then
    return nil
  end
  local untilMs, level, degradeAt = meter.period.keptUntilMs, HUGE, HUGE
  for other = 1, at - 1 do
    untilMs = math.min(untilMs, account.meters[other].period.keptUntilMs)
  end
  for _, other in ipairs(account.meters) do
    untilMs = math.min(untilMs, ledger.endsAt(other) or HUGE)
  end
  if notes.allow and not notes.allow.fired then
    level = notes.allow.amount
  end
  for _, tier in ipairs(terms.tiers) do
    level = math.min(level, levelAbove(tier, markOf(meter, tier).fired))
    if tier.degrade then
      degradeAt = math.min(degradeAt, tier.at)
    end
  end
  local meters = filtered(account.meters, function()
    return true
  end)
  meters[at] = with(meter, { held = 0 })
  local horizon = ledger.accountHorizon(with(account, { meters = meters })) or HUGE
  local isPlain = records.isPlain(account)
  return "A"
    .. struct.pack(
      records.ACCOUNT,
      meter.settled,
      meter.held,
      untilMs,
      meter.period.endMs,
      capOf(meter, terms),
      level,
      degradeAt,
      horizon,
      unitNumbers[meter.unit],
      isPlain and 0 or at
    )
    .. meter.terms
    .. "@"
    .. text(meter.period.startMs)
    .. "\0"
    .. (isPlain and meter.window .. "\0" .. account.division .. "\0" or cmsgpack.pack(account))
end
