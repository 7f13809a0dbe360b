-- The core's `admit`: all lines fit, or every obstacle is named.

create function rank_of(reason text) returns int language sql immutable as $$
  select array_position(array['switched-off', 'latched', 'open', 'too-large', 'exhausted', 'probation',
    'degraded', 'busy'], reason)
$$;

-- When a switch that is off turns on by itself; no row where it is on.
create function switched_off(switch_key text, now_ms bigint) returns setof switch language sql stable as $$
  select * from switch where key = switch_key and (until_ms is null or until_ms > now_ms)
$$;

-- A line's cost at `units`, in its unit. May pass 2^63, so it is no bigint.
create function cost_of(l ledger_line, base bigint[], per_unit bigint[], units bigint) returns numeric
language sql immutable as $$
  select base[unit_place(l.terms->>'unit')]::numeric
    + units::numeric * per_unit[unit_place(l.terms->>'unit')]
$$;

-- What raises a reservation counts where that was made: a sliding window is judged from its bucket on.
create function judged_at(l ledger_line, raises boolean, issued_ms bigint) returns bigint language sql immutable as
  $$select case when raises and (l.terms->>'slidingMs')::bigint > 0 then l.start_ms else issued_ms end$$;

-- Answers `{ granted }`, `{ outcome }` of a refusal, or null for an overflow.
create function admit(lines ledger_line[], switches text[], base bigint[], per_unit bigint[], least_units bigint,
  most_units bigint, via text, swallowed bigint, issued_ms bigint, raises boolean, now_ms bigint)
returns jsonb language plpgsql as $$
declare
  obstacles jsonb := '[]';
  obstacle jsonb;
  key text;
  off switch;
  l ledger_line;
  m meter;
  granted bigint := most_units;
  circuit jsonb;
  place int;
begin
  foreach key in array switches loop
    for off in select * from switched_off(key, now_ms) loop
      obstacles := obstacles || jsonb_build_array(jsonb_build_object('kind', 'switch', 'switch', key,
        'reason', 'switched-off', 'untilMs', off.until_ms::text));
    end loop;
  end loop;
  foreach l in array lines loop
    -- On its own line: within `binds` it would be skipped for lines that observe.
    circuit := look(l.account, l.division, now_ms);
    if not binds(circuit, (l.terms->>'observe')::boolean) then
      perform close_circuit(l.account, l.division, null, now_ms);
    end if;
    obstacle := obstacle_of(l, base, per_unit, least_units, via, judged_at(l, raises, issued_ms), now_ms);
    if obstacle is not null and (l.terms->>'observe')::boolean then
      perform say_once(l, 'would-refuse', obstacle->>'reason', now_ms);
    elsif obstacle is not null then
      obstacles := obstacles || jsonb_build_array(obstacle);
    else
      granted := least(granted, largest_fit(l, base, per_unit, least_units, most_units,
        judged_at(l, raises, issued_ms), now_ms));
    end if;
  end loop;
  if jsonb_array_length(obstacles) > 0 then
    perform count_refusals(lines, obstacles, swallowed, now_ms);
    return jsonb_build_object('outcome', refusal(obstacles));
  end if;
  for place in 1..3 loop
    if base[place]::numeric + granted::numeric * per_unit[place] > amount_max() then return null; end if;
  end loop;
  foreach l in array lines loop
    m := meter_of(l, now_ms);
    if settled_at(m, judged_at(l, raises, issued_ms))::numeric + m.held
        + cost_of(l, base, per_unit, granted) > amount_max() then
      return null;
    end if;
  end loop;
  return jsonb_build_object('granted', granted::text);
end $$;

create function obstacle_of(l ledger_line, base bigint[], per_unit bigint[], least_units bigint, via text,
  at_ms bigint, now_ms bigint) returns jsonb language plpgsql stable as $$
declare
  circuit jsonb := circuit_of(l.account, now_ms);
  m meter := meter_of(l, now_ms);
  settled bigint := settled_at(m, at_ms);
  cap bigint := cap_of(m, l.terms, now_ms);
  cost numeric := cost_of(l, base, per_unit, least_units);
  used numeric := settled::numeric + m.held;
  reason text;
  until_ms bigint;
begin
  if circuit->>'state' = 'latched' then
    reason := 'latched';
  elsif circuit->>'state' = 'open' then
    reason := 'open';
    until_ms := number_at(circuit, 'untilMs');
  elsif cost > 0 and cost > cap then
    reason := 'too-large';
  elsif cost > 0 and settled + cost > cap then
    reason := 'exhausted';
    until_ms := case when m.sliding_ms > 0 then fits_from(m, cost, cap, at_ms) else end_of(l) end;
  elsif circuit->>'state' = 'half-open' and cost > 0 and used + cost > allowance_of(circuit, m) then
    reason := 'probation';
    until_ms := number_at(circuit, 'untilMs');
  elsif is_degraded(l, settled, via) then
    reason := 'degraded';
    until_ms := end_of(l);
  elsif cost > 0 and used + cost > cap then
    reason := 'busy';
    until_ms := oldest_expiry(l);
  else
    return null;
  end if;
  return jsonb_build_object('kind', 'line', 'account', l.account, 'reason', reason,
    'settled', settled::text, 'held', m.held::text, 'cap', wire_amount(cap),
    'remaining', case when cap = infinite() then 'Infinity' else greatest(0, cap - used)::text end,
    'untilMs', until_ms::text);
end $$;

-- When the period ends by itself; null where it does not.
create function end_of(l ledger_line) returns bigint language sql immutable as
  'select nullif(l.end_ms, forever_ms())';

create function is_degraded(l ledger_line, settled bigint, via text) returns boolean language sql immutable as $$
  select exists (select 1 from jsonb_array_elements(l.terms->'tiers') tier
    where jsonb_typeof(tier->'degrade') = 'array' and is_degraded.settled >= (tier->>'at')::bigint
      and (is_degraded.via is null or not (tier->'degrade') ? is_degraded.via))
$$;

create function largest_fit(l ledger_line, base bigint[], per_unit bigint[], least_units bigint,
  most_units bigint, at_ms bigint, now_ms bigint) returns bigint language plpgsql stable as $$
declare
  each bigint := per_unit[unit_place(l.terms->>'unit')];
  m meter;
  bound bigint;
  room numeric;
begin
  if each = 0 or (l.terms->>'observe')::boolean then return most_units; end if;
  m := meter_of(l, now_ms);
  bound := least(cap_of(m, l.terms, now_ms), allowance_of(circuit_of(l.account, now_ms), m));
  if bound = infinite() then return most_units; end if;
  room := bound::numeric - settled_at(m, at_ms) - m.held - cost_of(l, base, per_unit, 0);
  return greatest(least_units, least(most_units, floor(room / each)::bigint));
end $$;

-- When the oldest running hold on the line's meter ends.
create function oldest_expiry(l ledger_line) returns bigint language plpgsql stable as $$
declare
  unit int := unit_place(l.terms->>'unit');
begin
  return (select r.expires_ms from reservation r
    where r.running and r.hold[unit] > r.settled[unit] and exists (
      select 1 from jsonb_array_elements((whole(r)).lines) held
      where held->>'account' = l.account and is_same_meter(line_of(held), l))
    order by r.expires_ms limit 1);
end $$;

create function is_same_meter(one ledger_line, other ledger_line) returns boolean language sql stable as $$
  select meter_start(one) = meter_start(other) and one.terms->>'unit' = other.terms->>'unit'
    and one.terms->>'window' = other.terms->>'window'
$$;

create function refusal(obstacles jsonb) returns jsonb language plpgsql immutable as $$
declare
  first text;
  until_ms bigint;
begin
  select o->>'reason' into first from jsonb_array_elements(obstacles) with ordinality as one(o, place)
    order by rank_of(o->>'reason'), place limit 1;
  if not exists (select 1 from jsonb_array_elements(obstacles) o where o->>'untilMs' is null) then
    select max((o->>'untilMs')::bigint) into until_ms from jsonb_array_elements(obstacles) o;
    until_ms := greatest(until_ms, 0);
  end if;
  return jsonb_build_object('kind', 'refused', 'reason', first, 'obstacles', obstacles,
    'untilMs', until_ms::text);
end $$;

-- What refusals do to the meters they met: `refusing` once, and the level that a loop keeps missing.
create function count_refusals(lines ledger_line[], obstacles jsonb, swallowed bigint, now_ms bigint) returns void
language plpgsql as $$
declare
  blocked boolean := exists (select 1 from jsonb_array_elements(obstacles) o
    where o->>'reason' in ('switched-off', 'latched', 'open'));
  l ledger_line;
  m meter;
  obstacle jsonb;
  since_ms bigint;
begin
  foreach l in array lines loop
    obstacle := null;
    select o into obstacle from jsonb_array_elements(obstacles) o
      where o->>'kind' = 'line' and o->>'account' = l.account limit 1;
    if obstacle is not null and obstacle->>'cap' <> 'Infinity'
        and number_at(obstacle, 'settled')::numeric + number_at(obstacle, 'held')
          > number_at(obstacle, 'cap') then
      perform say_once(l, 'overshoot', null, now_ms);
    end if;
    continue when blocked or obstacle is null;
    if obstacle->>'reason' = 'exhausted' then
      perform count_exhausted(l, obstacle, swallowed, now_ms);
    elsif obstacle->>'reason' = 'busy' then
      m := under(meter_of(l, now_ms), l.terms);
      since_ms := least(coalesce(number_at(notes_of(m), 'busySinceMs'), now_ms), now_ms);
      if number_at(notes_of(m), 'busySinceMs') is distinct from since_ms then
        m.notes := notes_of(m) || jsonb_build_object('busySinceMs', since_ms::text);
        perform put_meter(l, m, now_ms);
      end if;
      if now_ms - since_ms >= 60000 then perform say_once(l, 'refusing', null, now_ms); end if;
    end if;
  end loop;
end $$;

create function count_exhausted(l ledger_line, obstacle jsonb, swallowed bigint, now_ms bigint) returns void
language plpgsql as $$
declare
  settled bigint := number_at(obstacle, 'settled');
  cap bigint := number_at(obstacle, 'cap');
  m meter := under(meter_of(l, now_ms), l.terms);
  refused_ms bigint := number_at(notes_of(m), 'refusedAtMs');
  counts boolean := refused_ms is null or abs(now_ms - refused_ms) >= 1000;
  refusals bigint := number_at(notes_of(m), 'refusals');
begin
  if counts then
    refusals := least(refusals::numeric + 1 + swallowed, 1000000)::bigint;
    m.notes := notes_of(m) || jsonb_build_object('refusals', refusals::text, 'refusedAtMs', now_ms::text);
    perform put_meter(l, m, now_ms);
  end if;
  perform say_once(l, 'refusing', null, now_ms);
  if (cap::numeric - settled) * 100 < cap or (refusals >= 10 and settled::numeric * 10 >= cap::numeric * 9)
  then
    perform fire(l, cap, now_ms);
  end if;
end $$;
