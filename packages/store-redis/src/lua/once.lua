-- Port of `domain/once`: a number counts once, and its outcome is kept until the source has it.
local function failed(name)
  return { kind = "error", error = name }
end

local function sourceAt(base, source)
  local found = ledger.get(base .. "s:" .. source)
  return found and now - found.lastAtMs < SOURCE_KEPT_MS and found or nil
end

local function recallEntry(command)
  local entry = ledger.entry(command.home, command.id.source, command.id.n)
  if not entry then
    return nil
  elseif not entry.outcome then
    return command.kind == "reserve" and failed("not-running") or nil
  elseif entry.fingerprint ~= command.fingerprint then
    return failed("conflict")
  end
  return { kind = "replayed", body = entry.outcome }
end

-- The answer to a command that is known already, or may not be counted; nil where it is new.
local function recall(source, command)
  local n = command.id.n
  if not source or not source.isKnown then
    if command.done == 0 then
      return source and recallEntry(command) or nil
    end
    return failed("unknown-source")
  end
  if n <= source.done then
    return failed("already-answered")
  end
  if n - math.max(source.done, command.done) > IN_FLIGHT_MAX then
    return failed("invalid-command")
  end
  return recallEntry(command)
end

local function putSource(base, name, source)
  local key = base .. "s:" .. name
  ledger.put(key, source)
  ledger.records[key].kind = "source"
end

-- Keeps the outcome until the source says that it has it. A refusal is not kept.
local function remember(command, outcome, body)
  local base, name, n = command.home, command.id.source, command.id.n
  local before = sourceAt(base, name)
  local kept = ledger.get(base .. "s:" .. name)
  local entry = ledger.entry(base, name, n)
  local ended = entry and entry.ended
  for _, mark in ipairs(draft.marks) do
    if mark.base == base and mark.source == name and mark.n == n then
      ended = mark.ended
    end
  end
  local source = before
  if not before or not before.isKnown then
    if kept and (kept.isKnown or now - kept.lastAtMs >= SOURCE_KEPT_MS) then
      ledger.dropEntries(base, name)
    end
    source = { done = command.done, lastAtMs = now, isKnown = true }
  end
  if command.done > source.done then
    ledger.dropEntries(base, name, command.done)
    source = with(source, { done = command.done })
  end
  putSource(base, name, with(source, { lastAtMs = now }))
  if outcome.kind ~= "refused" then
    ledger.putEntry(base, name, n, { fingerprint = command.fingerprint, outcome = body, ended = ended })
  end
end

-- Marks how a reservation ended on its Reserve's number, while that is unanswered.
local function markEnded(base, id, ended)
  local source = sourceAt(base, id.source)
  if source and id.n <= source.done then
    return
  end
  draft.marks[#draft.marks + 1] =
    { base = base, source = id.source, n = id.n, ended = ended, isFresh = source == nil }
end

-- Writes the marks, after the answer: that may have begun their source anew.
local function putMarks()
  for _, mark in ipairs(draft.marks) do
    local source = ledger.get(mark.base .. "s:" .. mark.source)
    if not source or (mark.isFresh and not (source.isKnown and source.lastAtMs == now)) then
      source = { done = 0, lastAtMs = now, isKnown = false }
      ledger.dropEntries(mark.base, mark.source)
      putSource(mark.base, mark.source, source)
    end
    if mark.n > source.done then
      local entry = ledger.entry(mark.base, mark.source, mark.n) or {}
      ledger.putEntry(mark.base, mark.source, mark.n, with(entry, { ended = mark.ended }))
    end
  end
end

-- How a reservation ended, while its Reserve is unanswered.
local function endedAs(base, id)
  local entry = sourceAt(base, id.source) and ledger.entry(base, id.source, id.n)
  return entry and entry.ended or nil
end

-- Whether the number can be one in flight: at most 1,024 above what its source has answered.
local function mayBeInFlight(base, id)
  local source = sourceAt(base, id.source)
  if not source then
    return true
  end
  if source.isKnown then
    return id.n - source.done <= IN_FLIGHT_MAX
  end
  return ledger.countEntries(base, id.source) < IN_FLIGHT_MAX
end
