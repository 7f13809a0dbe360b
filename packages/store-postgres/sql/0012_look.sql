-- The core's `look`, `escalation`, `periodEnd`, `incident` and `due`: what time does to an account, and what it is
-- called.

-- What time has done to an account, told and written by the first command that looks at it: its circuit moves,
-- a latch that nobody acknowledged goes on to its next channels, periods that are over end. Answers the circuit.
create function look(account_key text, division text, now_ms bigint) returns jsonb language plpgsql as $$
declare
  before jsonb := circuit_of(account_key, now_ms);
  circuit jsonb;
  m meter;
begin
  perform 1 from account a where a.key = account_key and a.due_ms <= now_ms;
  if not found then return before; end if;
  circuit := circuit_at(account_key, before, now_ms);
  if circuit <> before then
    perform write_circuit(account_key, division, circuit);
    perform tell_circuit(account_key, before, circuit, null, now_ms);
  end if;
  circuit := escalate(account_key, division, circuit, now_ms);
  for m in select * from meter o where o.account = account_key and o.ends_ms <= now_ms
    order by o.start_ms, o.place
  loop
    if is_meter_over(m, now_ms) then perform end_period(m, circuit->'generation', now_ms); end if;
  end loop;
  update account a set due_ms = due_of(a.key, a.circuit) where a.key = account_key;
  return circuit;
end $$;

-- Tells the channels of a latched circuit that are due by now.
create function escalate(account_key text, division text, circuit jsonb, now_ms bigint) returns jsonb
language plpgsql as $$
declare
  running jsonb := circuit->'escalation';
  until_ms bigint := number_at(running, 'untilMs');
  every_ms bigint := number_at(running, 'everyMs');
  next_ms bigint;
  step text;
  due jsonb;
  rest jsonb;
  escalated jsonb;
begin
  if circuit->>'state' <> 'latched' or until_ms is null or now_ms < until_ms then return circuit; end if;
  select coalesce(jsonb_agg(channel order by place) filter (where place <= 1 + (now_ms - until_ms) / every_ms), '[]'),
      coalesce(jsonb_agg(channel order by place) filter (where place > 1 + (now_ms - until_ms) / every_ms), '[]')
    into due, rest
    from jsonb_array_elements(running->'channels') with ordinality as one(channel, place);
  next_ms := until_ms + jsonb_array_length(due) * every_ms;
  step := ((next_ms - number_at(running, 'sinceMs')) / every_ms - 1)::text;
  escalated := circuit || jsonb_build_object('told', union_of(circuit->'told', due),
    'escalation', case when rest = '[]' then 'null'
      else running || jsonb_build_object('untilMs', next_ms::text, 'channels', rest) end);
  perform write_circuit(account_key, division, escalated);
  perform tell(jsonb_build_object('kind', 'escalation',
    'id', account_key || '/' || (circuit->>'generation') || '/escalation/' || step, 'atMs', now_ms::text,
    'channels', due, 'account', account_key, 'incident', account_key || '/' || (circuit->>'since'),
    'generation', circuit->'generation', 'step', step, 'sinceMs', running->'sinceMs'), now_ms);
  return escalated;
end $$;

-- Tells the end of a meter to the channels that heard of it.
create function end_period(known meter, generation jsonb, now_ms bigint) returns void language plpgsql as $$
declare
  m meter := rearm(known, now_ms);
  ends bigint := number_at(m.notes, 'ends');
  l ledger_line;
begin
  l.account := m.account;
  l.start_ms := m.start_ms;
  l.end_ms := m.end_ms;
  select t.body into l.terms from terms t where t.id = m.terms;
  perform tell(meter_facts(m, l, now_ms) || jsonb_build_object('kind', 'period-end',
    'id', meter_name(m) || '/period-end' || case when ends = 0 then '' else '/' || ends end,
    'atMs', now_ms::text, 'channels', m.notes->'told', 'account', m.account,
    'incident', meter_incident(m), 'generation', generation), now_ms);
  m.notes := m.notes || jsonb_build_object('told', '[]'::jsonb, 'ends', (ends + 1)::text);
  perform put_notes(m);
end $$;

create function highest_fired(m meter) returns bigint language sql immutable as $$
  select greatest(case when (notes_of(m)#>>'{allow,fired}')::boolean then number_at(notes_of(m)->'allow', 'amount') end,
    (select max(number_at(mark, 'fired')) from jsonb_array_elements(notes_of(m)->'marks') mark), 0)
$$;

-- Whether a meter that somebody heard of is over: a period when its end has come, a lifetime when it is idle, a
-- sliding window when it is idle, or no level of it is fired any more once it was armed again.
create function is_meter_over(m meter, now_ms bigint) returns boolean language sql immutable as $$
  select case when (m).notes is null or (m).notes->'told' = '[]' then false
    when (m).idle_ms > 0 then is_idle(m, now_ms)
    when (m).sliding_ms = 0 then now_ms >= (m).end_ms
    else is_idle(m, now_ms) or highest_fired(rearm(m, now_ms)) = 0 end
$$;

-- The first instant at which it can be over as it stands; null where nobody heard of it, or where that takes a
-- movement first.
create function ends_at(m meter) returns bigint language plpgsql immutable as $$
begin
  if m.notes is null or m.notes->'told' = '[]' then return null; end if;
  if m.idle_ms > 0 then return m.used_ms + m.idle_ms; end if;
  if m.sliding_ms = 0 then return m.end_ms; end if;
  return (select min(at_ms) from (
      select m.used_ms as at_ms union all select number_at(m.notes, 'acknowledgedUntilMs')
      union all select number_at(b->'period', 'endMs') from jsonb_array_elements(m.notes->'buckets') b) steps
    where at_ms >= m.used_ms and is_meter_over(m, at_ms));
end $$;

-- The first instant at which an account may move by itself, as it stands; null where it does not.
create function due_of(account_key text, circuit jsonb) returns bigint language sql stable as $$
  select least(case circuit->>'state' when 'open' then number_at(circuit, 'untilMs')
      when 'half-open' then number_at(circuit, 'untilMs')
      when 'latched' then number_at(circuit->'escalation', 'untilMs') end,
    (select min(ends_at(m)) from meter m where m.account = account_key and m.ends_ms is not null))
$$;

-- An account moves by itself no later than this.
create function due_by(account_key text, at_ms bigint) returns void language sql as $$
  update account set due_ms = at_ms where key = account_key and (due_ms is null or due_ms > at_ms)
$$;

-- The meter with other notes, in its place.
create function put_notes(m meter) returns void language plpgsql as $$
begin
  m.ends_ms := ends_at(m);
  update meter o set notes = m.notes, ends_ms = m.ends_ms, quick = null
    where o.account = m.account and o.start_ms = m.start_ms and o.unit = m.unit and o.cut = m.cut;
  if m.ends_ms is not null then perform due_by(m.account, m.ends_ms); end if;
end $$;

-- The escalation of a circuit that latches. One that runs goes on as it was: whom this latch tells at once waits
-- no longer, and whom it brings, told by nobody yet, comes last.
create function escalation_after(circuit jsonb, strongest jsonb, told jsonb, now_ms bigint) returns jsonb
language plpgsql immutable as $$
declare
  running jsonb := case when circuit->>'state' = 'latched' then circuit->'escalation' end;
  every_ms text := strongest#>>'{further,everyMs}';
  channels jsonb := union_of(without(running->'channels', strongest->'channels'),
    without(strongest#>'{further,channels}', told));
begin
  if channels = '[]' then return null; end if;
  if jsonb_typeof(running) = 'object' then return running || jsonb_build_object('channels', channels); end if;
  return jsonb_build_object('sinceMs', now_ms::text, 'untilMs', (now_ms + every_ms::bigint)::text,
    'everyMs', every_ms, 'channels', channels);
end $$;

create function without(channels jsonb, others jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_agg(channel order by place) filter (where not others @> channel), '[]')
  from jsonb_array_elements(channels) with ordinality as one(channel, place)
$$;

-- What tiers that are reached together go on to, beside whom they tell at once; the shortest wait is that of all.
create function further_of(tiers jsonb) returns jsonb language plpgsql immutable as $$
declare
  escalating jsonb := jsonb_path_query_array(tiers, '$[*] ? (@.escalateAfterMs != "0")');
  channels jsonb := without(notified_by(escalating), channels_of(tiers));
begin
  if channels = '[]' then return null; end if;
  return jsonb_build_object('channels', channels,
    'everyMs', (select min(number_at(tier, 'escalateAfterMs'))::text from jsonb_array_elements(escalating) tier));
end $$;

-- All whom tiers tell, at once or later.
create function notified_by(tiers jsonb) returns jsonb language sql immutable as $$
  select union_of(coalesce(jsonb_agg(channel order by place, inner_place), '[]'), '[]')
  from jsonb_array_elements(tiers) with ordinality as one(tier, place),
    jsonb_array_elements(tier->'notify') with ordinality as two(channel, inner_place)
$$;

-- An order stays one where it is that of one tier alone; else all hear of it at once.
create function escalate_after_of(tiers jsonb) returns text language sql immutable as $$
  select case when count(*) = 1 then max(tier->>'escalateAfterMs') else '0' end
  from jsonb_array_elements(tiers) tier where tier->'notify' <> '[]'
$$;

-- The name of a meter's life: it is part of the ids of what is told of it.
create function meter_name(m meter) returns text language sql immutable as $$
  select (m).account || '@' || case when (m).sliding_ms > 0 or (m).idle_ms > 0 then (m).born_ms
    else (m).start_ms end
$$;

-- What an event of a meter belongs to whose circuit is closed; an end that was told begins another.
create function meter_incident(m meter) returns text language sql immutable as $$
  select meter_name(m) || case when (m).notes is null or (m).notes->>'ends' = '0' then ''
    else '+' || ((m).notes->>'ends') end
$$;

-- What every event of a meter says of it, under the terms and in the period of a line.
create function meter_facts(m meter, l ledger_line, now_ms bigint) returns jsonb language plpgsql stable as $$
declare
  cap bigint := cap_of(m, l.terms, now_ms);
begin
  return jsonb_build_object('periodStartMs', l.start_ms::text, 'periodEndMs', l.end_ms::text,
    'settled', settled_at(m, now_ms)::text, 'held', m.held::text, 'limit', l.terms->'limit',
    'cap', case when cap <> infinite() then cap::text end, 'unit', l.terms->'unit');
end $$;
