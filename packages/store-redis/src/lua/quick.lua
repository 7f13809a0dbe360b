-- Port of `domain/quick` and `domain/evolveQuick`: the common Reserve and Settle, decided on packed records before
-- anything else of the step is even set up. Whatever else it meets, it answers nothing, and the full rules decide.
-- KEYS and ARGV are those of `step.lua` in their short form.
local function quickly()
  local kind, lines = ARGV[5], tonumber(ARGV[10])
  if not lines or lines == 0 or #ARGV ~= 11 + lines then
    return nil
  end
  local last = 6 + lines
  local now = tonumber(ARGV[1])
  if not now then
    local time = redis.call("TIME")
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local got = redis.call("MGET", unpack(KEYS, 3, last))
  local source, reservation, nextMs = got[1], got[2], got[3]
  if not source or not nextMs or tonumber(nextMs) <= now then
    return nil
  end
  if got[4 + lines] and ARGV[11] ~= "0" then
    local isHeld = reservation and reservation:byte() == 82
    local static = kind == "r" and ARGV[8] or isHeld and reservation:sub(66)
    local keys = {}
    for at, key in ipairs(static and cjson.decode(static).switches or {}) do
      keys[at] = KEYS[2] .. "w:" .. key
    end
    for _, off in ipairs(#keys > 0 and redis.call("MGET", unpack(keys)) or {}) do
      if off then
        return nil
      end
    end
  end

  -- The Once rule, of a source that is known.
  local n, done, issuedOrOf, expiresOrSeq, one, two, three, rest =
    ARGV[7]:match("^(%d+);(%d+);(%d+);(%d+);(%d+);(%d+);(%d+);(.*)$")
  local before, lastAtMs, from = source:match("^1;(%d+);(%d+);1;()")
  if not n or not before or now - lastAtMs >= 86400000 then
    return nil
  end
  local number, doneBefore = tonumber(n), tonumber(before)
  local upTo = tonumber(done)
  if upTo < doneBefore then
    done, upTo = before, doneBefore
  end
  if number <= doneBefore or number - upTo > 1024 or source:find("\254" .. n .. "=", from, true) then
    return nil
  end
  while from do
    local first = source:match("^\254(%d+)=", from)
    if not first or tonumber(first) > upTo then
      break
    end
    from = source:find("\254", from + 1, true)
  end

  local usd, tokens, requests = tonumber(one), tonumber(two), tonumber(three)
  local most = 1125899906842624
  local write, settled, held, horizons = {}, {}, {}, {}
  local answer, hold, heldUsd, heldTokens, heldRequests, mark
  if kind == "r" then
    local skew = issuedOrOf - now
    if reservation or skew > 600000 or skew < -600000 or expiresOrSeq - now > 604800000 then
      return nil
    end
    if tonumber(expiresOrSeq) < tonumber(nextMs) then
      return nil
    end
    local perUsd, perTokens, perRequests, least, granted = rest:match("^(%d+);(%d+);(%d+);(%d+);(%d+);")
    granted, least = tonumber(granted), tonumber(least)
    local base, each = { usd, tokens, requests }, { tonumber(perUsd), tonumber(perTokens), tonumber(perRequests) }
    local units = {}
    for at = 1, lines do
      local account, fact = got[at + 3], ARGV[at + 11]
      if not account or account:byte() ~= 65 or account:sub(68, 67 + #fact) ~= fact then
        return nil
      end
      local _, untilMs, cap, degradeAt, unit
      settled[at], held[at], untilMs, _, cap, _, degradeAt, horizons[at], unit =
        struct.unpack("<ddddddddB", account, 2)
      local sum = settled[at] + held[at]
      if now >= untilMs or sum > most or settled[at] >= degradeAt then
        return nil
      end
      local room = cap - settled[at] - held[at] - base[unit]
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
      units[at] = unit
    end
    for unit = 1, 3 do
      base[unit] = base[unit] + granted * each[unit]
      if base[unit] > most then
        return nil
      end
    end
    for at = 1, lines do
      held[at] = held[at] + base[units[at]]
    end
    answer = "R;" .. string.format("%.0f", granted)
    write[1] = KEYS[4]
    write[2] = "R"
      .. struct.pack("<dddddd", base[1], base[2], base[3], granted, tonumber(expiresOrSeq), number)
      .. ARGV[9]
      .. ARGV[8]
  else
    if not reservation or reservation:byte() ~= 82 or reservation:sub(50, 65) ~= ARGV[9] or rest:byte() ~= 49 then
      return nil
    end
    heldUsd, heldTokens, heldRequests = struct.unpack("<ddd", reservation, 2)
    if expiresOrSeq == "0" or usd > heldUsd or tokens > heldTokens or requests > heldRequests then
      return nil
    end
    local actual = { usd, tokens, requests }
    hold = { heldUsd, heldTokens, heldRequests }
    for at = 1, lines do
      local account, fact = got[at + 3], ARGV[at + 11]
      if not account or account:byte() ~= 65 or account:sub(68, 67 + #fact) ~= fact then
        return nil
      end
      local _, untilMs, endMs, cap, level, unit
      settled[at], held[at], untilMs, endMs, cap, level, _, horizons[at], unit =
        struct.unpack("<ddddddddB", account, 2)
      local sum = settled[at] + held[at]
      if now >= untilMs or now >= endMs or sum > most or sum > cap or settled[at] + actual[unit] >= level then
        return nil
      end
      settled[at] = settled[at] + actual[unit]
      held[at] = held[at] - hold[unit]
    end
    if tonumber(issuedOrOf) > upTo then
      local _, at = source:find("\254" .. issuedOrOf .. "=", from or #source, true)
      if not at then
        return nil
      end
      mark = at
    end
    answer = "S"
  end

  -- Nothing is written before here. What holds nothing lives until its period is forgotten.
  for at = 1, lines do
    local key = KEYS[at + 5]
    local value = "A" .. struct.pack("<dd", settled[at], held[at]) .. got[at + 3]:sub(18)
    local life = held[at] == 0 and math.max(0, horizons[at] - now) + 600000
    if life and life < 315360000000 then
      redis.call("SET", key, value, "PX", string.format("%.0f", life))
    else
      write[#write + 1] = key
      write[#write + 1] = value
    end
  end
  if #write > 0 then
    redis.call("MSET", unpack(write))
  end
  local member = KEYS[4]:sub(#KEYS[1] + 3)
  if kind == "r" then
    redis.call("ZADD", KEYS[1] .. "running", expiresOrSeq, member)
    for at = last + 1, #KEYS do
      redis.call("ZADD", KEYS[at], expiresOrSeq, KEYS[4])
    end
  else
    redis.call("DEL", KEYS[4])
    redis.call("ZREM", KEYS[1] .. "running", member)
    for at = last + 1, #KEYS do
      redis.call("ZREM", KEYS[at], KEYS[4])
    end
  end
  local clock = string.format("%.0f", now)
  local kept = ""
  if mark then
    kept = source:sub(from, mark) .. "s" .. source:sub(mark + 2)
  elseif from then
    kept = source:sub(from)
  end
  kept = "1;" .. done .. ";" .. clock .. ";1;" .. kept .. "\254" .. n .. "=-" .. ARGV[6] .. answer
  redis.call("SET", KEYS[3], kept, "PX", "87000000")
  local rank = ARGV[2] == "1" and string.format("%.0f", redis.call("INCR", KEYS[2] .. "rank")) or ""
  return clock .. ";" .. rank .. ";" .. before .. ";" .. answer
end
