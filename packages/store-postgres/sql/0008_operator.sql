-- The core's `step/operator` and `step/expire`: what persons do, and what time does.

create function audit(command jsonb, target text, now_ms bigint) returns void language sql as $$
  select tell(jsonb_build_object('kind', 'audit',
    'id', reservation_name(command#>>'{id,source}', (command#>>'{id,n}')::bigint, command->>'division')
      || '/audit',
    'atMs', now_ms::text, 'channels', '[]'::jsonb, 'verb', command->'kind', 'target', target,
    'by', command->'by', 'why', command->'why'), now_ms)
$$;

-- Corrects what was counted; settled never falls below 0.
create function adjust(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  l ledger_line := line_of(command->'line');
  m meter;
  takeable bigint;
begin
  if not keeps(l, now_ms) then perform failed('unknown-period'); end if;
  m := meter_of(l, now_ms);
  takeable := case when number_at(l.terms, 'slidingMs') > 0 then bucket_of(m, l) else m.settled end;
  perform move(l, greatest(number_at(command, 'amount'), -takeable), 0, now_ms);
  perform audit(command, l.account, now_ms);
  m := meter_of(l, now_ms);
  return jsonb_build_object('kind', 'adjusted', 'settled', settled_at(m, now_ms)::text);
end $$;

-- A person has seen it: closes the circuit and acknowledges the levels reached up to what they were shown.
create function acknowledge(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  name text := command->>'account';
  in_division text := command->>'division';
  circuit jsonb;
  seen boolean;
  allows boolean := jsonb_typeof(command->'allow') = 'string' and jsonb_typeof(command->'line') = 'object';
  l ledger_line;
  raises boolean := false;
begin
  if not exists (select 1 from account a where a.key = name) then
    return '{"kind":"nothing-to-acknowledge"}';
  end if;
  circuit := look(name, in_division, now_ms);
  if number_at(circuit, 'generation') > number_at(command, 'generation') then
    return jsonb_build_object('kind', 'later-generation', 'generation', circuit->'generation');
  end if;
  if allows then
    l := line_of(command->'line');
    raises := jsonb_typeof(seen_by(meter_of(l, now_ms), now_ms)->'allow') = 'object';
  end if;
  seen := acknowledge_meters(name, circuit, number_at(command, 'upTo'), now_ms);
  if circuit->>'state' = 'closed' and not seen and not raises then
    return '{"kind":"nothing-to-acknowledge"}';
  end if;
  perform close_circuit(name, in_division, command, now_ms);
  if allows then perform allow_more(l, number_at(command, 'allow'), now_ms); end if;
  perform audit(command, name, now_ms);
  return '{"kind":"acknowledged"}';
end $$;

-- Acknowledges in the current period and in the one that caused the opening; whether any level was.
create function acknowledge_meters(name text, circuit jsonb, up_to bigint, now_ms bigint) returns boolean
language plpgsql as $$
declare
  found_one boolean := false;
  known meter;
  m meter;
  before jsonb;
  amount bigint;
  allow jsonb;
begin
  for known in select * from meter o where o.account = name order by o.start_ms, o.place loop
    m := rearm(known, now_ms);
    continue when is_idle(m, now_ms) or now_ms >= m.kept_ms;
    continue when not (m.start_ms <= now_ms and now_ms < m.end_ms)
      and m.start_ms::text is distinct from
        case when circuit->>'state' = 'closed' then null else circuit->>'causeStartMs' end;
    before := seen_by(m, now_ms);
    amount := fired_up_to(m, up_to);
    allow := before->'allow';
    if jsonb_typeof(allow) = 'object' and (allow->>'fired')::boolean
        and number_at(allow, 'amount') <= up_to then
      allow := 'null';
    end if;
    continue when amount <= number_at(before, 'acknowledged') and allow = before->'allow';
    found_one := true;
    m.notes := notes_of(m) || jsonb_build_object(
      'acknowledged', greatest(amount, number_at(before, 'acknowledged'))::text,
      'acknowledgedUntilMs', case when m.sliding_ms > 0 then (now_ms + m.sliding_ms)::text end,
      'allow', allow, 'refusals', '0', 'refusedAtMs', null);
    perform put_notes(m);
  end loop;
  return found_one;
end $$;

-- A small step: a level of the same effects at what is used plus `more`, where that is below the next one.
create function allow_more(l ledger_line, more bigint, now_ms bigint) returns void language plpgsql as $$
declare
  m meter := rearm(under(meter_of(l, now_ms), l.terms), now_ms);
  amount numeric := settled_at(m, now_ms)::numeric + m.held + more;
  blocking jsonb;
  before bigint := number_at(notes_of(m), 'acknowledged');
  next bigint;
begin
  select jsonb_agg(tier order by place), min(level_above(number_at(tier, 'at'), number_at(tier, 'repeat'),
    before)) into blocking, next
  from jsonb_array_elements(l.terms->'tiers') with ordinality as one(tier, place)
  where jsonb_typeof(tier->'effect') = 'object';
  if blocking is null then return; end if;
  m.notes := notes_of(m) || jsonb_build_object(
    'allow', case when amount < next or next = infinite() then jsonb_build_object(
      'amount', least(amount, amount_max())::text, 'tier', together_at(blocking, before),
      'fired', false) end,
    'acknowledgedUntilMs', case when m.sliding_ms > 0 then (now_ms + m.sliding_ms)::text end);
  perform put_meter(l, m, now_ms);
end $$;

-- What the tiers of the highest level at or below an amount do together: the strongest effect, all channels.
create function together_at(blocking jsonb, amount bigint) returns jsonb language plpgsql immutable as $$
declare
  highest bigint;
  tiers jsonb;
begin
  with leveled as (
    select coalesce(nullif(level_at_or_below(number_at(tier, 'at'), number_at(tier, 'repeat'), amount), 0),
      number_at(tier, 'at')) as level, tier, place
    from jsonb_array_elements(blocking) with ordinality as one(tier, place))
  select coalesce(max(level) filter (where level <= amount), min(level)) into highest from leveled;
  select jsonb_agg(tier order by place) into tiers
  from jsonb_array_elements(blocking) with ordinality as one(tier, place)
  where coalesce(nullif(level_at_or_below(number_at(tier, 'at'), number_at(tier, 'repeat'), amount), 0),
    number_at(tier, 'at')) = highest;
  return jsonb_build_object('at', highest::text, 'repeat', '0',
    'effect', strongest_of(jsonb_build_array(jsonb_build_object('tiers', tiers)))->'effect',
    'degrade', null, 'notify', notified_by(tiers), 'escalateAfterMs', escalate_after_of(tiers),
    'message', message_of(tiers), 'percent', null);
end $$;

-- Opens a circuit by hand.
create function trip(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  name text := command->>'account';
  in_division text := command->>'division';
  cool_down bigint := number_at(command, 'coolDownMs');
  before jsonb := look(name, in_division, now_ms);
  circuit jsonb := before;
begin
  if before->>'state' <> 'latched' then
    circuit := jsonb_build_object('state', 'open',
      'generation', (number_at(before, 'generation') + 1)::text, 'since', since_of(before),
      'observed', false,
      'told', told_of(before, '[]'), 'causeStartMs', null,
      'untilMs', until_of(before, false, now_ms + cool_down)::text, 'coolDownMs', cool_down::text,
      'maxCoolDownMs', cool_down::text, 'probation', null);
    perform write_circuit(name, in_division, circuit);
    perform tell_circuit(name, before, circuit, command, now_ms);
  end if;
  perform audit(command, name, now_ms);
  return jsonb_build_object('kind', 'tripped', 'generation', circuit->'generation');
end $$;

-- Turns one subject value off or on.
create function switch_to(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
begin
  if command->>'state' = 'off' then
    insert into switch values (command->>'switch', number_at(command, 'untilMs'))
    on conflict (key) do update set until_ms = excluded.until_ms;
  else
    delete from switch where key = command->>'switch';
  end if;
  perform audit(command, command->>'switch', now_ms);
  return '{"kind":"switched"}';
end $$;

-- Moves the first 128 accounts that are due; the sweep has ended what is overdue.
create function expire(command jsonb, swept text[], now_ms bigint) returns jsonb language plpgsql as $$
declare
  in_division text := command->>'division';
  name text;
  due bigint;
  moved int := 0;
begin
  for name in select a.key from account a where a.division = in_division and a.due_ms <= now_ms
    order by whole_name(a.key) collate "C"
  loop
    select due_of(a.key, a.circuit) into due from account a where a.key = name;
    if due <= now_ms then
      perform look(name, in_division, now_ms);
      moved := moved + 1;
      exit when moved = 128;
    else
      -- It was used meanwhile: its instant was too soon.
      update account set due_ms = due where key = name;
    end if;
  end loop;
  return jsonb_build_object('kind', 'expired', 'reservations', to_jsonb(swept));
end $$;

-- Ends overdue reservations, oldest first: the whole hold counts as spent until someone knows better.
create function sweep(in_division text, most int, now_ms bigint) returns text[] language plpgsql as $$
declare
  names text[] := '{}';
  r reservation;
begin
  for r in select * from reservation o where o.running and o.division = in_division
    and o.expires_ms <= now_ms order by o.expires_ms, o.source, o.n limit most
  loop
    names := names || end_overdue(r, now_ms);
  end loop;
  return names;
end $$;

create function end_overdue(r reservation, now_ms bigint) returns text language plpgsql as $$
declare
  name text := reservation_name(r.source, r.n, r.division);
  l ledger_line;
  assumed bigint;
begin
  r := whole(r);
  foreach l in array lines_of(r.lines) loop
    assumed := greatest(0, r.hold[unit_place(l.terms->>'unit')] - r.settled[unit_place(l.terms->>'unit')]);
    perform move(l, assumed, -assumed, now_ms);
  end loop;
  r.running := false;
  r.settled := array[greatest(r.hold[1], r.settled[1]), greatest(r.hold[2], r.settled[2]),
    greatest(r.hold[3], r.settled[3])];
  perform put_reservation(r, now_ms);
  perform tell(jsonb_build_object('kind', 'expired', 'id', name || '/expired', 'atMs', now_ms::text,
    'channels', '[]'::jsonb, 'reservation', name), now_ms);
  return name;
end $$;
