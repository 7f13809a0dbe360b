-- Port of `domain/quick` and `domain/evolveQuick`: the common Reserve and Settle, decided on packed records before
-- anything else of the step is even set up. Whatever else it meets, it answers nothing, and the full rules decide.
-- KEYS and ARGV are those of `step.lua` in their short form, or in that of many commands of one source: there it
-- answers those before the first that it may not decide.
local function shapesOf(count)
  local shapes, from = {}, 9
  for at = 1, count do
    local order, crossings = {}, {}
    for place in ARGV[from + 2]:gmatch("%d+") do
      order[#order + 1] = tonumber(place)
    end
    for place in ARGV[from + 3]:gmatch("%d+") do
      crossings[#crossings + 1] = tonumber(place)
    end
    shapes[at] = { text = ARGV[from], hash = ARGV[from + 1], order = order, crossings = crossings, from = from + 4 }
    shapes[at].hasSwitches = ARGV[from + 4] ~= "0"
    from = from + 5 + #order
  end
  return shapes, from
end

local function shapeAlone(lines)
  local order, crossings = {}, {}
  for at = 1, lines do
    order[at] = at
  end
  for at = 7 + lines, #KEYS do
    crossings[at - 6 - lines] = at
  end
  return { { text = ARGV[8], hash = ARGV[9], order = order, crossings = crossings, from = 11, hasSwitches = ARGV[11] ~= "0" } }
end

local function isSwitchedOff(static)
  local keys = {}
  for at, key in ipairs(static and cjson.decode(static).switches or {}) do
    keys[at] = KEYS[2] .. "w:" .. key
  end
  for _, off in ipairs(#keys > 0 and redis.call("MGET", unpack(keys)) or {}) do
    if off then
      return true
    end
  end
  return false
end

-- Whether the facts of all its accounts are known and hold. A known account is
-- { settled, held, until when, end, cap, next level, degrading from, horizon, unit, true once changed }.
local function isKnown(state, shape)
  local known, got = state.known, state.got
  for at = 1, #shape.order do
    local a = shape.order[at]
    local account, fact = got[a + 3], ARGV[shape.from + at]
    if not account or account:byte() ~= 65 or account:sub(68, 67 + #fact) ~= fact then
      return false
    end
    known[a] = known[a] or { struct.unpack("<ddddddddB", account, 2) }
    if state.now >= known[a][3] then
      return false
    end
  end
  return true
end

-- Where those of a source's outcomes begin that are not answered yet.
local function cut(source, from, upTo)
  while from do
    local answered = source:match("^\254(%d+)=", from)
    if not answered or tonumber(answered) > upTo then
      return from
    end
    from = source:find("\254", from + 1, true)
  end
  return nil
end

-- Decides one command, or nothing; it changes nothing where it answers nothing.
local function decide(state, kind, shape, fingerprint, numbers, place)
  local now, source, known, order = state.now, state.source, state.known, shape.order
  local reservation, key = state.got[3 + state.lines + place], KEYS[5 + state.lines + place]
  if state.isOff and shape.hasSwitches then
    local isHeld = reservation and reservation:byte() == 82
    if isSwitchedOff(kind == "r" and shape.text or isHeld and reservation:sub(66)) then
      return nil
    end
  end

  -- The Once rule, of a source that is known.
  local n, done, issuedOrOf, expiresOrSeq, one, two, three, rest =
    numbers:match("^(%d+);(%d+);(%d+);(%d+);(%d+);(%d+);(%d+);(.*)$")
  if not n or state.taken[key] then
    return nil
  end
  local number, upTo = tonumber(n), tonumber(done)
  if upTo < state.doneBefore then
    done, upTo = state.done, state.doneBefore
  end
  if number <= state.doneBefore or number - upTo > 1024 or state.fresh[number] then
    return nil
  end
  local from = state.from
  if upTo > state.doneBefore then
    from = cut(source, from, upTo)
  end
  if source:find("\254" .. n .. "=", from or #source, true) then
    return nil
  end
  if shape.isKnown == nil then
    shape.isKnown = isKnown(state, shape)
  end
  if not shape.isKnown then
    return nil
  end

  local most = 1125899906842624
  local usd, tokens, requests = tonumber(one), tonumber(two), tonumber(three)
  local answer
  if kind == "r" then
    local skew = issuedOrOf - now
    if reservation or skew > 600000 or skew < -600000 or expiresOrSeq - now > 604800000 then
      return nil
    end
    if tonumber(expiresOrSeq) < state.nextMs then
      return nil
    end
    local perUsd, perTokens, perRequests, least, granted = rest:match("^(%d+);(%d+);(%d+);(%d+);(%d+);")
    granted, least = tonumber(granted), tonumber(least)
    local base, each = { usd, tokens, requests }, { tonumber(perUsd), tonumber(perTokens), tonumber(perRequests) }
    for at = 1, #order do
      local a = order[at]
      local its = known[a]
      local settled, held, cap, degradeAt, unit = its[1], its[2], its[5], its[7], its[9]
      if settled + held > most or settled >= degradeAt then
        return nil
      end
      local room = cap - settled - held - base[unit]
      if each[unit] * granted > room then
        if each[unit] == 0 then
          return nil
        end
        granted = math.floor(room / each[unit])
        if granted < least then
          return nil
        end
      elseif room < 0 then
        return nil
      end
    end
    for unit = 1, 3 do
      base[unit] = base[unit] + granted * each[unit]
      if base[unit] > most then
        return nil
      end
    end
    for at = 1, #order do
      local a = order[at]
      local its = known[a]
      its[2] = its[2] + base[its[9]]
      its[10] = true
    end
    answer = "R;" .. string.format("%.0f", granted)
    local write, running = state.write, state.running
    write[#write + 1] = key
    write[#write + 1] = "R"
      .. struct.pack("<dddddd", base[1], base[2], base[3], granted, tonumber(expiresOrSeq), number)
      .. shape.hash
      .. shape.text
    running[#running + 1] = expiresOrSeq
    running[#running + 1] = key:sub(#KEYS[1] + 3)
    for _, at in ipairs(shape.crossings) do
      state.added[at] = state.added[at] or {}
      table.insert(state.added[at], expiresOrSeq)
      table.insert(state.added[at], key)
    end
  else
    if not reservation or reservation:byte() ~= 82 or reservation:sub(50, 65) ~= shape.hash or rest:byte() ~= 49 then
      return nil
    end
    local hold = { struct.unpack("<ddd", reservation, 2) }
    if expiresOrSeq == "0" or usd > hold[1] or tokens > hold[2] or requests > hold[3] then
      return nil
    end
    local actual = { usd, tokens, requests }
    for at = 1, #order do
      local a = order[at]
      local its = known[a]
      local settled, endMs, cap, level, unit = its[1], its[4], its[5], its[6], its[9]
      local sum = settled + its[2]
      if now >= endMs or sum > most or sum > cap or settled + actual[unit] >= level then
        return nil
      end
    end
    local of = tonumber(issuedOrOf)
    if of > upTo then
      local _, at = source:find("\254" .. issuedOrOf .. "=", from or #source, true)
      if not at then
        return nil
      end
      state.marks[#state.marks + 1] = at
    end
    for at = 1, #order do
      local a = order[at]
      local its = known[a]
      its[1] = its[1] + actual[its[9]]
      its[2] = its[2] - hold[its[9]]
      its[10] = true
    end
    answer = "S"
    state.ended[#state.ended + 1] = key
    for _, at in ipairs(shape.crossings) do
      state.removed[at] = state.removed[at] or {}
      table.insert(state.removed[at], key)
    end
  end
  state.answers[#state.answers + 1] = ";" .. state.done .. ";" .. answer
  state.entries[#state.entries + 1] = "\254" .. n .. "=-" .. fingerprint .. answer
  state.done, state.doneBefore, state.from = done, upTo, from
  state.fresh[number], state.taken[key] = true, true
  return true
end

local function quickly()
  local isMany = ARGV[5] == "m"
  local count, lines = 1, tonumber(ARGV[10])
  local shapes, first
  if isMany then
    count, lines = tonumber(ARGV[6]), tonumber(ARGV[7])
    shapes, first = shapesOf(tonumber(ARGV[8]))
  elseif not lines or lines == 0 or #ARGV ~= 11 + lines then
    return nil
  else
    shapes = shapeAlone(lines)
  end
  local now = tonumber(ARGV[1])
  if not now then
    local time = redis.call("TIME")
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local got = redis.call("MGET", unpack(KEYS, 3, 5 + lines + count))
  local source, nextMs = got[1], got[2]
  if not source or not nextMs or tonumber(nextMs) <= now then
    return nil
  end
  local before, lastAtMs, from = source:match("^1;(%d+);(%d+);1;()")
  if not before or now - lastAtMs >= 86400000 then
    return nil
  end
  local state = {
    now = now,
    lines = lines,
    got = got,
    isOff = got[3],
    source = source,
    from = from,
    nextMs = tonumber(nextMs),
    done = before,
    doneBefore = tonumber(before),
    known = {},
    fresh = {},
    taken = {},
    marks = {},
    write = {},
    running = {},
    ended = {},
    added = {},
    removed = {},
    answers = {},
    entries = {},
  }

  if isMany then
    for place = 1, count do
      local kind, shape, fingerprint, numbers = ARGV[first + place - 1]:match("^(.)(%d+);(%x+);(.*)$")
      if not decide(state, kind, shapes[tonumber(shape)], fingerprint, numbers, place) then
        break
      end
    end
    if #state.answers == 0 then
      return nil
    end
  elseif not decide(state, ARGV[5], shapes[1], ARGV[6], ARGV[7], 1) then
    return nil
  end

  -- Nothing is written before here. What holds nothing lives until its period is forgotten.
  local write, running, ended = state.write, state.running, state.ended
  for a = 1, lines do
    local known = state.known[a]
    if known and known[10] == true then
      local key = KEYS[a + 5]
      local value = "A" .. struct.pack("<dd", known[1], known[2]) .. got[a + 3]:sub(18)
      local life = known[2] == 0 and math.max(0, known[8] - now) + 600000
      if life and life < 315360000000 then
        redis.call("SET", key, value, "PX", string.format("%.0f", life))
      else
        write[#write + 1] = key
        write[#write + 1] = value
      end
    end
  end
  if #write > 0 then
    redis.call("MSET", unpack(write))
  end
  if #running > 0 then
    redis.call("ZADD", KEYS[1] .. "running", unpack(running))
  end
  if #ended > 0 then
    redis.call("DEL", unpack(ended))
    for at, key in ipairs(ended) do
      ended[at] = key:sub(#KEYS[1] + 3)
    end
    redis.call("ZREM", KEYS[1] .. "running", unpack(ended))
  end
  for at, members in pairs(state.added) do
    redis.call("ZADD", KEYS[at], unpack(members))
  end
  for at, members in pairs(state.removed) do
    redis.call("ZREM", KEYS[at], unpack(members))
  end

  local clock = string.format("%.0f", now)
  local kept, marks = "1;" .. state.done .. ";" .. clock .. ";1;", state.marks
  from = state.from
  if from and #marks == 1 and marks[1] >= from then
    kept = kept .. source:sub(from, marks[1]) .. "s" .. source:sub(marks[1] + 2) .. table.concat(state.entries)
  else
    local parts = {}
    table.sort(marks)
    for _, mark in ipairs(from and marks or {}) do
      if mark >= from then
        parts[#parts + 1] = source:sub(from, mark)
        from = mark + 2
      end
    end
    parts[#parts + 1] = from and source:sub(from) or ""
    kept = kept .. table.concat(parts, "s") .. table.concat(state.entries)
  end
  redis.call("SET", KEYS[3], kept, "PX", "87000000")
  local answers = state.answers
  for at, answer in ipairs(answers) do
    local rank = ARGV[2] == "1" and string.format("%.0f", redis.call("INCR", KEYS[2] .. "rank")) or ""
    answers[at] = clock .. ";" .. rank .. answer
  end
  return table.concat(answers, "\n")
end
