-- One step of one command, as `domain/step` does it.
-- KEYS: base of its division, base of outbox and terms; of a form that may be answered quickly then its source,
-- `next`, `off`, the accounts of its lines, its reservation, the `crossing` of other divisions.
-- ARGV: now or "", "1" for a rank, events kept, audit kept, then the form
--   "c", fingerprint, "", command as JSON, "", "0", "0"
--   "r" or "s", a Reserve or Settle: fingerprint, numbers, what is static as JSON, the hash of that, how many
--   lines the keys name, how many switches it has, the lines' facts
-- and last ids and bodies of terms; or
--   "m", many Reserves and Settles of one source and division, in order: how many, how many accounts the keys name,
--   how many shapes, each shape (what is static, its hash, places of its accounts, of its `crossing` keys, how many
--   switches, the lines' facts), then each command: kind and shape, fingerprint, numbers.
-- Answers { now, rank or "", done before, events, "1" where something stops, outcome }, or { "terms" }; quickly
-- `now;rank;done before;R;granted` or `now;rank;done before;S`; to many, lines of that for those before the first
-- that the full rules must decide: that one and all after it are not done, and must be sent alone.
--
-- A function of Lua has at most 200 locals: blocks let go of those that nothing after them needs.
local answered
do
-- include: quick.lua
  answered = quickly()
end
if answered or ARGV[5] == "m" then
  return answered or ""
end
-- include: clock.lua
-- include: plain.lua
-- include: records.lua
-- include: ledger.lua
-- include: meter.lua
-- include: head.lua
-- include: draft.lua
-- include: facts.lua
-- include: escalation.lua
-- include: circuit.lua
-- include: look.lua
-- include: raise.lua
-- include: admit.lua
-- include: once.lua
local steps
do
-- include: calls.lua
-- include: operator.lua
  steps = {
    reserve = reserve,
    extend = extend,
    settle = settle,
    release = release,
    charge = charge,
    adjust = adjust,
    acknowledge = acknowledge,
    trip = trip,
    switch = switchTo,
    expire = expire,
    sweep = sweep,
  }
end

-- include: outbox.lua
local function lineOf(line)
  return with(line, { terms = ledger.termsOf(line.terms) })
end

local function amounts(at, from)
  return { usd = at[from], tokens = at[from + 1], requests = at[from + 2] }
end

-- A command in its short form.
local function shortOf(kind)
  local command = kind == "r" and records.static(ARGV[8]) or fromPlain(cjson.decode(ARGV[8]))
  local at = {}
  for number in ARGV[7]:gmatch("[^;]+") do
    at[#at + 1] = tonumber(number)
  end
  command.id, command.done = { source = command.source, n = at[1] }, at[2]
  if kind == "r" then
    command.kind, command.issuedAtMs, command.expiresAtMs = "reserve", at[3], at[4]
    command.base, command.perUnit = amounts(at, 5), amounts(at, 8)
    command.static, command.hash = ARGV[8], ARGV[9]
    command.units, command.swallowed = { least = at[11], most = at[12] }, at[13]
  else
    command.kind, command.reservation, command.seq = "settle", { source = command.of, n = at[3] }, at[4]
    command.actual, command.final = amounts(at, 5), at[8] == 1
  end
  return command
end

local function commandOf()
  for at = 12 + tonumber(ARGV[10]), #ARGV, 2 do
    ledger.bodies[ARGV[at]] = ARGV[at + 1]
  end
  local command = ARGV[5] == "c" and fromPlain(cjson.decode(ARGV[8])) or shortOf(ARGV[5])
  command.home = KEYS[1]
  command.fingerprint = ARGV[6]
  for at, line in ipairs(command.lines or {}) do
    command.lines[at] = lineOf(line)
  end
  command.line = command.line and lineOf(command.line)
  return command
end

-- The two of a command's checks that need the clock.
local function isTooFar(command)
  if command.kind == "reserve" or command.kind == "extend" then
    return command.expiresAtMs ~= nil and command.expiresAtMs - now > 7 * 86400000
  end
  return command.kind == "trip" and now + command.coolDownMs > FOREVER_MS
end

-- An outcome as it crosses, null where the core has null.
local function outcomeBody(outcome)
  local plain = toPlain(outcome)
  if outcome.kind == "refused" then
    plain.untilMs = orNull(outcome.untilMs)
    for at, obstacle in ipairs(outcome.obstacles) do
      plain.obstacles[at].untilMs = orNull(obstacle.untilMs)
    end
  end
  return cjson.encode(plain)
end

local function stopsOf(events)
  for _, event in ipairs(events) do
    local opens = event.kind == "circuit" and (event.state == "open" or event.state == "latched")
    if opens or (event.kind == "audit" and event.verb == "switch") then
      return "1"
    end
  end
  return ""
end

local function decided(command, events)
  if isTooFar(command) then
    return outcomeBody(failed("invalid-command"))
  end
  local known = recall(sourceAt(command.home, command.id.source), command)
  if known then
    return known.body and '{"replayed":true,' .. known.body:sub(2) or outcomeBody(known)
  end
  local swept = steps.sweep(command.home, command.kind == "expire" and 128 or 16, events)
  newDraft()
  local outcome = steps[command.kind](command, swept)
  local body = outcomeBody(outcome)
  if outcome.kind == "error" then
    return body
  end
  evolve()
  remember(command, outcome, body)
  putMarks()
  for _, event in ipairs(draft.events) do
    events[#events + 1] = event
  end
  return body
end

local function run()
  now = clockOf(ARGV[1])
  ledger.shared = KEYS[2]
  local events = {}
  local command = commandOf()
  local before = sourceAt(command.home, command.id.source)
  local body = decided(command, events)
  ledger.flush()
  ledger.flushNext(command.home)
  if command.kind == "expire" then
    ledger.flushNames(command.home, command.id.n)
  end
  outbox.tell(ledger.shared, events, now, ARGV[3], ARGV[4])
  local rank = ARGV[2] == "1" and text(redis.call("INCR", ledger.shared .. "rank")) or ""
  return { text(now), rank, text(before and before.done or 0), text(#events), stopsOf(events), body }
end

local isDone, answer = pcall(run)
if isDone then
  return answer
end
if type(answer) == "table" and answer.missing then
  return { "terms" }
end
error(answer)
