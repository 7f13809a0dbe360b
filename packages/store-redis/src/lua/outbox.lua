-- The outbox of a base: rows to be told, by channel and account in order, and the logs of events, of
-- operators' acts, and of dead letters. Every text and number in an event is a string already.
--
-- Keys after the base, each beginning with `outbox:`
--   row:ID                 a row, packed { channel, account, event, dueAtMs, attempts, createdAtMs }
--   rows:LEN:CHANNEL ACC   list of the ids of one channel and account, oldest first
--   state:LEN:CHANNEL ACC  packed { turn, leasedUntilMs, ids claimed }
--   ready:CHANNEL          accounts that may be claimed, by turn: who was claimed goes to the end
--   waiting:CHANNEL        accounts that are leased or not yet due, by when that ends
--   log:NAME, count:NAME   stream of a log, each entry under its number and instant; how many it was ever given
--   heard                  the number of the last event that the hook is known to have
--   numbers                of each dead letter, by the id of its row; gone: the highest that was dropped
local outbox = {}

local function outboxKey(base, kind, rest)
  return base .. "outbox:" .. kind .. ":" .. rest
end

local function queueOf(channel, account)
  return #channel .. ":" .. channel .. account
end

local function numeral(number)
  return string.format("%.0f", number)
end

local function nextNumber(base, name)
  return numeral(redis.call("INCR", outboxKey(base, "count", name)))
end

-- Appends to a log that keeps at least `kept` of the latest.
local function append(base, name, kept, body, now)
  local entry = nextNumber(base, name) .. "-" .. numeral(now)
  redis.call("XADD", outboxKey(base, "log", name), "MAXLEN", "~", kept, entry, "event", body)
end

local function nextTurn(base)
  return redis.call("INCR", base .. "outbox:turns")
end

local function put(base, channel, account, id, body, now)
  local rowKey = outboxKey(base, "row", id)
  if redis.call("EXISTS", rowKey) == 1 then
    return
  end
  redis.call("SET", rowKey, cmsgpack.pack({ channel, account, body, now, 0, now }))
  local queue = queueOf(channel, account)
  if redis.call("RPUSH", outboxKey(base, "rows", queue), id) > 1 then
    return
  end
  local turn = nextTurn(base)
  redis.call("SET", outboxKey(base, "state", queue), cmsgpack.pack({ turn, 0, {} }))
  redis.call("ZADD", outboxKey(base, "ready", channel), numeral(turn), account)
end

-- Writes one event, whose wire form `body` is: into the log, and a row for each channel.
function outbox.write(base, event, body, now, eventsKept, auditKept)
  append(base, "events", eventsKept, body, now)
  if event.kind == "audit" then
    append(base, "audit", auditKept, body, now)
  end
  local account = type(event.account) == "string" and event.account or ""
  for _, channel in ipairs(event.channels) do
    put(base, channel, account, event.id .. "#" .. channel, body, now)
  end
end

-- Writes what one step raised.
-- `events`: list of tables in the wire's form; `now`: number; `eventsKept`, `auditKept`: how many the logs keep.
function outbox.tell(base, events, now, eventsKept, auditKept)
  for _, event in ipairs(events) do
    outbox.write(base, event, cjson.encode(event), now, eventsKept, auditKept)
  end
end

local function rowAt(base, id)
  local packed = redis.call("GET", outboxKey(base, "row", id))
  return packed and cmsgpack.unpack(packed)
end

-- Puts an account where its lease and its first row say.
local function place(base, channel, account, state, now)
  local ready, waiting = outboxKey(base, "ready", channel), outboxKey(base, "waiting", channel)
  local head = redis.call("LINDEX", outboxKey(base, "rows", queueOf(channel, account)), 0)
  local untilMs = state[2]
  if untilMs <= now then
    local row = rowAt(base, head)
    if not row then
      error("CORRUPT a row of the outbox is gone")
    end
    untilMs = row[4]
  end
  if untilMs <= now then
    redis.call("ZREM", waiting, account)
    redis.call("ZADD", ready, numeral(state[1]), account)
  else
    redis.call("ZREM", ready, account)
    redis.call("ZADD", waiting, numeral(untilMs), account)
  end
end

local function stateAt(base, channel, account)
  local packed = redis.call("GET", outboxKey(base, "state", queueOf(channel, account)))
  if not packed then
    error("CORRUPT the state of an outbox queue is gone")
  end
  return cmsgpack.unpack(packed)
end

-- Due rows from the first on, at most `limit`.
local function dueOf(base, channel, account, limit, now)
  local due = {}
  local ids = redis.call("LRANGE", outboxKey(base, "rows", queueOf(channel, account)), 0, limit - 1)
  for _, id in ipairs(ids) do
    local row = rowAt(base, id)
    if not row then
      error("CORRUPT a row of the outbox is gone")
    end
    if row[4] > now then
      break
    end
    due[#due + 1] = { id, row }
  end
  return due
end

-- Due rows of the account whose turn it is; nobody else gets them for `leaseMs`.
function outbox.claim(base, channel, limit, leaseMs, now)
  local ready, waiting = outboxKey(base, "ready", channel), outboxKey(base, "waiting", channel)
  for _, account in ipairs(redis.call("ZRANGEBYSCORE", waiting, "-inf", numeral(now), "LIMIT", 0, 256)) do
    place(base, channel, account, stateAt(base, channel, account), now)
  end
  for _ = 1, 256 do
    local account = redis.call("ZRANGE", ready, 0, 0)[1]
    if not account then
      return {}
    end
    local state = stateAt(base, channel, account)
    local due = state[2] > now and {} or dueOf(base, channel, account, limit, now)
    if #due > 0 then
      local claimed = {}
      for _, one in ipairs(due) do
        claimed[one[1]] = true
      end
      state = { nextTurn(base), now + leaseMs, claimed }
      redis.call("SET", outboxKey(base, "state", queueOf(channel, account)), cmsgpack.pack(state))
      place(base, channel, account, state, now)
      return due
    end
    -- The clock went back: what was ready is not due any more.
    place(base, channel, account, state, now)
  end
  return {}
end

local function remove(base, id, row, queue)
  redis.call("LREM", outboxKey(base, "rows", queue), 1, id)
  redis.call("DEL", outboxKey(base, "row", id))
  if redis.call("EXISTS", outboxKey(base, "rows", queue)) == 1 then
    return false
  end
  redis.call("DEL", outboxKey(base, "state", queue))
  redis.call("ZREM", outboxKey(base, "ready", row[1]), row[2])
  redis.call("ZREM", outboxKey(base, "waiting", row[1]), row[2])
  return true
end

-- A row as the client reads it.
function outbox.flat(id, row, why)
  return { id, row[1], row[2], row[3], numeral(row[4]), numeral(row[5]), numeral(row[6]), why }
end

-- Takes a dead letter out, and answers its fields; nil where it is not known.
local function unbury(base, id)
  local log, numbers = outboxKey(base, "log", "dead"), base .. "outbox:numbers"
  local number = redis.call("HGET", numbers, id)
  if not number then
    return nil
  end
  local entry = redis.call("XRANGE", log, number, number)[1]
  if not entry then
    error("CORRUPT a dead letter is gone")
  end
  redis.call("XDEL", log, entry[1])
  redis.call("HDEL", numbers, id)
  return entry[2]
end

-- Appends to the dead letters: one of a row, the latest, and exactly `kept` of all.
local function bury(base, id, row, why, kept, now)
  unbury(base, id)
  local log, numbers = outboxKey(base, "log", "dead"), base .. "outbox:numbers"
  local number = nextNumber(base, "dead")
  redis.call("XADD", log, number .. "-" .. numeral(now), unpack(outbox.flat(id, row, why)))
  redis.call("HSET", numbers, id, number)
  local over = math.min(redis.call("XLEN", log) - tonumber(kept), 64)
  for _, entry in ipairs(over > 0 and redis.call("XRANGE", log, "-", "+", "COUNT", over) or {}) do
    redis.call("SET", outboxKey(base, "gone", "dead"), entry[1]:match("^%d+"))
    redis.call("XDEL", log, entry[1])
    redis.call("HDEL", numbers, entry[2][1])
  end
end

-- A dead letter goes back to the end of its queue, as a new row. 0 where it is not known.
function outbox.resend(base, id, now)
  local fields = unbury(base, id)
  if not fields then
    return 0
  end
  put(base, fields[2], fields[3], id, fields[4], now)
  return 1
end

-- What became of a row: `confirm`, `retry` (`word` is when) or `dead` (`word` is why). 0 where it is not known.
function outbox.ended(base, id, verb, word, kept, now)
  local row = rowAt(base, id)
  if not row then
    return 0
  end
  local channel, account = row[1], row[2]
  local queue = queueOf(channel, account)
  local state = stateAt(base, channel, account)
  -- A late word of an earlier claimer must not end the lease of the one that took over.
  if state[3][id] then
    state[3][id] = nil
    if next(state[3]) == nil then
      state[2] = 0
    end
  end
  local isEmpty = false
  if verb == "retry" then
    row[4], row[5] = tonumber(word), row[5] + 1
    redis.call("SET", outboxKey(base, "row", id), cmsgpack.pack(row))
  else
    if verb == "dead" then
      bury(base, id, row, word, kept, now)
    end
    isEmpty = remove(base, id, row, queue)
  end
  if not isEmpty then
    redis.call("SET", outboxKey(base, "state", queue), cmsgpack.pack(state))
    place(base, channel, account, state, now)
  end
  return 1
end
