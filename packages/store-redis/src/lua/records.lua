-- How records are packed. The first byte tells the form; an unknown one is of a newer version.
--   A  account with the facts that `quick.lua` needs: settled, held, until when they hold, end of the period, cap,
--      next level, degrading from, when it is forgotten once it holds nothing, unit, which meter; then the line's
--      fact (terms @ start NUL) and the account packed, whose meter's amounts are those before
--      or, where that is all that is to be known, its window NUL its division NUL (which meter: 0)
--   a  account packed         R  reservation that only holds: amounts, granted, end, number, hash, what is static
--   r  reservation packed     w  switch packed
--   1  source: done ; last ; known ; then for each entry byte 254, number = ended, fingerprint and outcome, which
--      is JSON, or as `quick.lua` answers it
local records = { ACCOUNT = "<ddddddddBB" }

-- What is constant in a Reserve of the same lines.
function records.static(body)
  local made = fromPlain(cjson.decode(body))
  for at, line in ipairs(made.lines) do
    made.lines[at] = {
      account = line[1],
      division = line[2],
      base = line[3],
      period = { startMs = tonumber(line[4]), endMs = tonumber(line[5]), keptUntilMs = tonumber(line[6]) },
      terms = line[7],
    }
  end
  return made
end

-- An account of one meter of which nothing has been noted.
function records.plainAccount(key, packed)
  local settled, held, keptUntilMs, endMs, _, _, _, _, unit = struct.unpack(records.ACCOUNT, packed, 2)
  local terms, startMs, window, division = packed:match("^(.-)@(%d+)%z(.-)%z(.-)%z$", 68)
  local base, name = key:match("^(%b{}%d+:)a:(.*)$")
  return {
    key = name,
    base = base,
    division = division,
    circuit = { state = "closed", generation = 0, observed = false, sinceMs = 0 },
    meters = {
      {
        period = { startMs = tonumber(startMs), endMs = endMs, keptUntilMs = keptUntilMs },
        terms = terms,
        unit = UNITS[unit],
        window = window,
        slidingMs = 0,
        idleMs = 0,
        settled = settled,
        held = held,
        notes = { buckets = {}, marks = {}, acknowledged = 0, refusals = 0, said = {}, told = {}, ends = 0 },
        usedAtMs = 0,
        bornAtMs = 0,
      },
    },
  }
end

function records.isPlain(account)
  local circuit, meter = account.circuit, account.meters[1]
  local notes = meter.notes
  return #account.meters == 1
    and circuit.generation == 0
    and circuit.sinceMs == 0
    and meter.usedAtMs == 0
    and meter.bornAtMs == 0
    and #notes.marks == 0
    and #notes.buckets == 0
    and #notes.said == 0
    and #(notes.told or {}) == 0
    and (notes.ends or 0) == 0
    and notes.acknowledged == 0
    and not notes.allow
    and not notes.refusedAtMs
    and not notes.acknowledgedUntilMs
end

function records.held(packed)
  local usd, tokens, requests, granted, expiresAtMs, n = struct.unpack("<dddddd", packed, 2)
  local made = records.static(packed:sub(66))
  made.static, made.hash = packed:sub(66), packed:sub(50, 65)
  made.id = { source = made.source, n = n }
  made.source = nil
  made.state = "running"
  made.granted = granted
  made.expiresAtMs = expiresAtMs
  made.seq = 0
  made.hold = { usd = usd, tokens = tokens, requests = requests }
  made.settled = { usd = 0, tokens = 0, requests = 0 }
  made.actual = made.settled
  made.skipped = {}
  return made
end

function records.isOnlyHolding(reservation)
  return reservation.static
    and reservation.state == "running"
    and reservation.seq == 0
    and not reservation.lives
    and #reservation.skipped == 0
end

function records.packReservation(reservation)
  if not records.isOnlyHolding(reservation) then
    return "r" .. cmsgpack.pack(with(reservation, { static = NONE, hash = NONE }))
  end
  local hold = reservation.hold
  return "R"
    .. struct.pack(
      "<dddddd",
      hold.usd,
      hold.tokens,
      hold.requests,
      reservation.granted,
      reservation.expiresAtMs,
      reservation.id.n
    )
    .. reservation.hash
    .. reservation.static
end

records.ENDED = { ["-"] = false, s = "settled", r = "released" }

function records.source(packed)
  local done, lastAtMs, known, from = packed:match("^1;(%d+);(%d+);([01]);()")
  if not done then
    error("CORRUPT a source cannot be read")
  end
  local made = { done = tonumber(done), lastAtMs = tonumber(lastAtMs), isKnown = known == "1" }
  local entries = {}
  for n, ended, rest in packed:sub(from):gmatch("\254(%d+)=([-sr])([^\254]*)") do
    local entry = { ended = records.ENDED[ended] or nil }
    if rest ~= "" then
      local short, granted = rest:match("^(.);?(%d*)$", 17)
      entry.fingerprint = rest:sub(1, 16)
      entry.outcome = short == "R" and '{"kind":"reserved","granted":"' .. granted .. '"}'
        or short == "S" and '{"kind":"settled","drain":false,"skipped":[]}'
        or rest:sub(17)
    end
    if tonumber(n) > made.done then
      entries[tonumber(n)] = entry
    end
  end
  return made, entries
end

function records.packSource(source, entries)
  local parts = { "1;" .. text(source.done) .. ";" .. text(source.lastAtMs) .. ";" .. (source.isKnown and 1 or 0) .. ";" }
  local numbers = {}
  for n in pairs(entries) do
    numbers[#numbers + 1] = n
  end
  table.sort(numbers)
  for _, n in ipairs(numbers) do
    local entry = entries[n]
    parts[#parts + 1] = "\254" .. text(n) .. "=" .. (entry.ended and entry.ended:sub(1, 1) or "-")
    parts[#parts + 1] = entry.outcome and entry.fingerprint .. entry.outcome or ""
  end
  return table.concat(parts)
end

-- A record, and the entries of a source.
function records.unpack(packed, key)
  local form = packed:sub(1, 1)
  if form == "A" then
    local settled, held, _, _, _, _, _, _, _, at = struct.unpack(records.ACCOUNT, packed, 2)
    if at == 0 then
      return records.plainAccount(key, packed)
    end
    local account = cmsgpack.unpack(packed:sub(packed:find("\0", 68, true) + 1))
    account.meters[at].settled = settled
    account.meters[at].held = held
    return account
  elseif form == "R" then
    return records.held(packed)
  elseif form == "1" then
    return records.source(packed)
  elseif form == "a" or form == "r" or form == "w" then
    return cmsgpack.unpack(packed:sub(2))
  end
  error("CORRUPT a record has a form that this version does not know")
end
