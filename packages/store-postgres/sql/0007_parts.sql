-- The core's `step/parts`, `reserve`, `extend`, `settle`, `release` and `charge`. A step answers its outcome;
-- `mark` in it says how a reservation ended, and is taken off before it is told.

-- A switch or circuit of its lines refuses by now.
create function drains(r reservation, now_ms bigint) returns boolean language plpgsql stable as $$
declare
  l ledger_line;
  circuit jsonb;
begin
  if exists (select 1 from unnest(r.switches) as key, switched_off(key, now_ms)) then return true; end if;
  foreach l in array lines_of(r.lines) loop
    continue when (l.terms->>'observe')::boolean;
    circuit := circuit_of(l.account, now_ms);
    if binds(circuit, false) and refuses(circuit, now_ms) then return true; end if;
  end loop;
  return false;
end $$;

-- An admission ends a row of refusals.
create function admitted(l ledger_line, now_ms bigint) returns void language plpgsql as $$
declare
  m meter := meter_of(l, now_ms);
begin
  if m.notes is null or (m.notes->>'refusals' = '0' and m.notes->>'busySinceMs' is null) then return; end if;
  m.notes := m.notes || '{"refusals":"0","refusedAtMs":null,"busySinceMs":null}';
  perform put_meter(l, m, now_ms);
end $$;

-- Of lines whose window is a lifetime, when the present life began; null where there is none.
create function lives_of(lines ledger_line[], now_ms bigint) returns bigint[] language plpgsql stable as $$
declare
  l ledger_line;
  m meter;
  lives bigint[] := '{}';
  found_one boolean := false;
begin
  foreach l in array lines loop
    if number_at(l.terms, 'idleMs') > 0 then
      found_one := true;
      m := meter_of(l, now_ms);
      lives := lives || m.born_ms;
    else
      lives := lives || 0::bigint;
    end if;
  end loop;
  return case when found_one then lives end;
end $$;

create function amounts_at(base bigint[], per_unit bigint[], units bigint) returns numeric[]
language sql immutable as $$
  select array[base[1] + units::numeric * per_unit[1], base[2] + units::numeric * per_unit[2],
    base[3] + units::numeric * per_unit[3]]
$$;

create function unknown(id jsonb, in_division text, now_ms bigint) returns void language plpgsql as $$
begin
  perform failed(case when ended(id, in_division, now_ms) is null then 'unknown-reservation'
    else 'not-running' end);
end $$;

create function texts_of(list jsonb) returns text[] language sql immutable as $$
  select coalesce(array_agg(item order by place), '{}')
  from jsonb_array_elements_text(list) with ordinality as one(item, place)
$$;

create function check_skew(command jsonb, now_ms bigint) returns void language plpgsql as $$
begin
  if abs(number_at(command, 'issuedAtMs') - now_ms) > 600000 then perform failed('skewed'); end if;
end $$;

-- Holds on all lines or on none: the largest grant that every line allows.
create function reserve(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  lines ledger_line[] := lines_of(command->'lines');
  base bigint[] := amounts_of(command->'base');
  per_unit bigint[] := amounts_of(command->'perUnit');
  known reservation;
  verdict jsonb;
  hold bigint[];
  r reservation;
  l ledger_line;
begin
  perform check_skew(command, now_ms);
  known := reservation_of(command->'id', command->>'division', now_ms);
  if known.source is not null then perform failed('conflict'); end if;
  verdict := admit(lines, texts_of(command->'switches'), base, per_unit,
    (command#>>'{units,least}')::bigint, (command#>>'{units,most}')::bigint, command->>'via',
    number_at(command, 'swallowed'), number_at(command, 'issuedAtMs'), false, now_ms);
  if verdict is null then perform failed('overflow'); end if;
  if verdict ? 'outcome' then return verdict->'outcome'; end if;
  hold := amounts_at(base, per_unit, number_at(verdict, 'granted'))::bigint[];
  foreach l in array lines loop
    perform move(l, 0, hold[unit_place(l.terms->>'unit')], now_ms);
    perform admitted(l, now_ms);
  end loop;
  r := row(command->>'division', command#>>'{id,source}', (command#>>'{id,n}')::bigint, true,
    number_at(command, 'expiresAtMs'), 0, number_at(verdict, 'granted'), command->'lines',
    texts_of(command->'switches'), command->>'via', hold, array[0, 0, 0], array[0, 0, 0],
    lives_of(lines, now_ms), '{}'::text[], null)::reservation;
  perform put_reservation(r, now_ms);
  return jsonb_build_object('kind', 'reserved', 'granted', verdict->'granted');
end $$;

-- Raises a running reservation, all lines or none; what asks for nothing is the heartbeat.
create function extend(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  r reservation := reservation_of(command->'reservation', command->>'division', now_ms);
  before reservation := r;
  base bigint[] := amounts_of(command->'base');
  per_unit bigint[] := amounts_of(command->'perUnit');
  lines ledger_line[];
  l ledger_line;
  verdict jsonb;
  hold numeric[];
  unit int;
  granted bigint := 0;
begin
  if r.source is null then
    perform unknown(command->'reservation', command->>'division', now_ms);
  end if;
  if not r.running then perform failed('not-running'); end if;
  r.expires_ms := greatest(r.expires_ms, coalesce(number_at(command, 'expiresAtMs'), 0));
  if (command#>>'{units,most}')::bigint > 0 or base[1] > 0 or base[2] > 0 or base[3] > 0 then
    perform check_skew(command, now_ms);
    lines := lines_of(r.lines);
    foreach l in array lines loop
      if now_ms >= l.end_ms then perform failed('period-over'); end if;
    end loop;
    verdict := admit(lines, r.switches, base, per_unit, (command#>>'{units,least}')::bigint,
      (command#>>'{units,most}')::bigint, r.via, 0, number_at(command, 'issuedAtMs'), true, now_ms);
    if verdict is null then perform failed('overflow'); end if;
    if verdict ? 'outcome' then return verdict->'outcome'; end if;
    granted := number_at(verdict, 'granted');
    hold := amounts_at(base, per_unit, granted);
    hold := array[hold[1] + r.hold[1], hold[2] + r.hold[2], hold[3] + r.hold[3]];
    if greatest(hold[1], hold[2], hold[3]) > amount_max() then perform failed('overflow'); end if;
    r.hold := hold::bigint[];
    r.granted := r.granted + granted;
    foreach l in array lines loop
      unit := unit_place(l.terms->>'unit');
      perform move(l, 0, greatest(0, r.hold[unit] - r.settled[unit])
        - greatest(0, before.hold[unit] - before.settled[unit]), now_ms);
      perform admitted(l, now_ms);
    end loop;
    r.lives := lives_of(lines, now_ms);
  end if;
  perform put_reservation(r, now_ms);
  return jsonb_build_object('kind', 'extended', 'granted', granted::text, 'drain', drains(before, now_ms));
end $$;

-- Replaces what a reservation contributes by what is known now. Answers the accounts passed over, whose
-- period is no longer kept; null where that is all of them.
create function post(r reservation, actual bigint[], final boolean, seq bigint, now_ms bigint)
returns text[] language plpgsql as $$
declare
  lines ledger_line[] := lines_of(r.lines);
  skipped text[] := '{}';
  settled bigint[] := actual;
  unit int;
  held bigint;
begin
  if not r.running and not final then
    settled := array[greatest(r.settled[1], actual[1]), greatest(r.settled[2], actual[2]),
      greatest(r.settled[3], actual[3])];
  end if;
  for place in 1..cardinality(lines) loop
    if lines[place].account = any(r.skipped) or not counts(r, lines[place], place, now_ms) then
      skipped := skipped || lines[place].account;
    end if;
  end loop;
  if cardinality(skipped) = cardinality(lines) and cardinality(skipped) > 0 then return null; end if;
  for place in 1..cardinality(lines) loop
    continue when lines[place].account = any(skipped);
    unit := unit_place(lines[place].terms->>'unit');
    held := 0;
    if r.running then
      held := -greatest(0, r.hold[unit] - r.settled[unit]);
      if not final then held := held + greatest(0, r.hold[unit] - settled[unit]); end if;
    end if;
    perform move(lines[place], settled[unit] - r.settled[unit], held, now_ms);
  end loop;
  if final then
    perform end_reservation(r);
  else
    r.settled := settled;
    r.actual := actual;
    r.seq := post.seq;
    r.skipped := skipped;
    perform put_reservation(r, now_ms);
  end if;
  return skipped;
end $$;

-- Moves from held to settled; amounts are cumulative, and an older `seq` changes nothing.
create function settle(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  id jsonb := command->'reservation';
  in_division text := command->>'division';
  r reservation := reservation_of(id, in_division, now_ms);
  skipped text[] := '{}';
  mark jsonb := '{}';
begin
  if r.source is null then perform unknown(id, in_division, now_ms); end if;
  if number_at(command, 'seq') > r.seq then
    skipped := post(r, amounts_of(command->'actual'), (command->>'final')::boolean,
      number_at(command, 'seq'), now_ms);
    if skipped is null then perform failed('unknown-period'); end if;
    if (command->>'final')::boolean then mark := mark_ended(id, in_division, 'settled', now_ms); end if;
  end if;
  return mark || jsonb_build_object('kind', 'settled', 'drain', drains(r, now_ms),
    'skipped', to_jsonb(skipped));
end $$;

-- The call did not happen: gives back what is still held; what was settled stays.
create function release(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  id jsonb := command->'reservation';
  in_division text := command->>'division';
  r reservation := reservation_of(id, in_division, now_ms);
begin
  if r.source is null then
    if ended(id, in_division, now_ms) is not null then perform failed('not-running'); end if;
    if not may_be_in_flight(id, in_division, now_ms) then perform unknown(id, in_division, now_ms); end if;
  elsif post(r, r.actual, true, r.seq, now_ms) is null then
    perform end_reservation(r);
  end if;
  return mark_ended(id, in_division, 'released', now_ms) || '{"kind":"released"}';
end $$;

-- Counts after the fact, never refused; `ends` posts what was spent while a Reserve's answer was missing.
create function charge(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  id jsonb := command->'ends';
  in_division text := command->>'division';
  r reservation;
  skipped text[];
begin
  if jsonb_typeof(id) = 'null' then return count_lines(command, now_ms); end if;
  r := reservation_of(id, in_division, now_ms);
  if r.source is null then
    if ended(id, in_division, now_ms) = 'settled' then perform failed('not-running'); end if;
    if not may_be_in_flight(id, in_division, now_ms) then perform unknown(id, in_division, now_ms); end if;
    return count_lines(command, now_ms) || mark_ended(id, in_division, 'released', now_ms);
  end if;
  skipped := post(r, amounts_of(command->'amounts'), true, r.seq + 1, now_ms);
  if skipped is null then perform failed('unknown-period'); end if;
  return mark_ended(id, in_division, 'settled', now_ms)
    || jsonb_build_object('kind', 'charged', 'skipped', to_jsonb(skipped));
end $$;

create function count_lines(command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  lines ledger_line[] := lines_of(command->'lines');
  amounts bigint[] := amounts_of(command->'amounts');
  skipped text[] := '{}';
  l ledger_line;
begin
  foreach l in array lines loop
    if keeps(l, now_ms) then
      perform move(l, amounts[unit_place(l.terms->>'unit')], 0, now_ms);
    else
      skipped := skipped || l.account;
    end if;
  end loop;
  if cardinality(skipped) = cardinality(lines) and cardinality(skipped) > 0 then
    perform failed('unknown-period');
  end if;
  return jsonb_build_object('kind', 'charged', 'skipped', to_jsonb(skipped));
end $$;
