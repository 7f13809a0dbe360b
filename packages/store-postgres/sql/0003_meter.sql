-- The core's `terms`, `meter` and `circuit`: what a line's meter and circuit mean at an instant.

create type ledger_line as (
  account text, division text, start_ms bigint, end_ms bigint, kept_ms bigint, terms jsonb
);

-- 2^53 - 1, the most that an amount can be; and what stands for infinity.
create function amount_max() returns bigint language sql immutable as 'select 9007199254740991::bigint';
create function infinite() returns bigint language sql immutable as 'select 9223372036854775807::bigint';
create function forever_ms() returns bigint language sql immutable as 'select 8640000000000000::bigint';

create function within(amount numeric) returns bigint language sql immutable as
  'select greatest(0, least(9007199254740991, amount))::bigint';

create function wire_amount(amount bigint) returns text language sql immutable as
  $$select case when amount = 9223372036854775807 then 'Infinity' else amount::text end$$;

create function number_at(body jsonb, field text) returns bigint language sql immutable as
  'select (body->>field)::bigint';

create function unit_place(unit text) returns int language sql immutable as
  $$select case unit when 'usd' then 1 when 'tokens' then 2 else 3 end$$;

create function amounts_of(body jsonb) returns bigint[] language sql immutable as
  $$select array[(body->>'usd')::bigint, (body->>'tokens')::bigint, (body->>'requests')::bigint]$$;

create function line_of(body jsonb) returns ledger_line language sql stable as $$
  select row(body->>'account', body->>'division', (body#>>'{period,startMs}')::bigint,
    (body#>>'{period,endMs}')::bigint, (body#>>'{period,keptUntilMs}')::bigint,
    (select terms.body from terms where id = line_of.body->>'terms'))::ledger_line
$$;

create function level_at_or_below(first bigint, every bigint, amount bigint) returns bigint
language sql immutable as $$
  select case when amount < first then 0 when every = 0 then first
    else first + ((amount - first) / every) * every end
$$;

create function level_above(first bigint, every bigint, amount bigint) returns bigint
language plpgsql immutable as $$
declare
  level numeric;
begin
  if amount < first then return first; end if;
  if every = 0 then return infinite(); end if;
  level := first + ((amount - first) / every + 1)::numeric * every;
  return case when level <= amount_max() then level::bigint else infinite() end;
end $$;

-- What a meter remembers when nothing has happened to it yet.
create function no_notes() returns jsonb language sql immutable as $$
  select '{"buckets":[],"marks":[],"acknowledged":"0","acknowledgedUntilMs":null,"allow":null,
    "refusals":"0","refusedAtMs":null,"busySinceMs":null,"said":[],"told":[],"ends":"0"}'::jsonb
$$;

create function notes_of(m meter) returns jsonb language sql immutable as
  'select coalesce((m).notes, no_notes())';

create function meter_start(l ledger_line) returns bigint language sql immutable as
  $$select case when (l.terms->>'slidingMs')::bigint > 0 then 0 else l.start_ms end$$;

create function settled_at(m meter, at_ms bigint) returns bigint language plpgsql immutable as $$
begin
  if m.sliding_ms = 0 then return m.settled; end if;
  return (select least(coalesce(sum(number_at(b, 'settled')), 0), amount_max())::bigint
    from jsonb_array_elements(notes_of(m)->'buckets') b
    where (b#>>'{period,endMs}')::bigint > at_ms);
end $$;

-- A lifetime that nobody used for so long is over, and a sliding window after three of its lengths, when nothing
-- of it counts.
create function is_idle(m meter, now_ms bigint) returns boolean language sql immutable as $$
  select (m).held = 0 and case when (m).idle_ms > 0 then now_ms - (m).used_ms >= (m).idle_ms
    else (m).sliding_ms > 0 and now_ms - (m).used_ms >= 3 * (m).sliding_ms and settled_at(m, now_ms) = 0 end
$$;

create function empty_meter(l ledger_line, now_ms bigint) returns meter language plpgsql stable as $$
declare
  m meter;
  slides boolean := number_at(l.terms, 'slidingMs') > 0;
begin
  m.account := l.account;
  m.start_ms := meter_start(l);
  m.end_ms := case when slides then forever_ms() else l.end_ms end;
  m.kept_ms := case when slides then forever_ms() else l.kept_ms end;
  m.settled := 0;
  m.held := 0;
  m.used_ms := case when slides or number_at(l.terms, 'idleMs') > 0 then now_ms else 0 end;
  m.born_ms := m.used_ms;
  m.place := 0;
  return under(m, l.terms);
end $$;

-- The meter, from now on under these terms.
create function under(m meter, terms jsonb) returns meter language plpgsql immutable as $$
begin
  m.terms := terms->>'id';
  m.unit := terms->>'unit';
  m.cut := terms->>'window';
  m.sliding_ms := number_at(terms, 'slidingMs');
  m.idle_ms := number_at(terms, 'idleMs');
  return m;
end $$;

-- The meter that the ledger has for a line; null where it has none.
create function ledger_meter(l ledger_line) returns meter language plpgsql stable as $$
declare
  m meter;
begin
  select * into m from meter where account = l.account and start_ms = meter_start(l)
    and unit = l.terms->>'unit' and cut = l.terms->>'window';
  return m;
end $$;

create function find_meter(l ledger_line, now_ms bigint) returns meter language plpgsql stable as $$
declare
  m meter := ledger_meter(l);
begin
  if m.account is null or is_idle(m, now_ms) then return null; end if;
  return m;
end $$;

create function meter_of(l ledger_line, now_ms bigint) returns meter language plpgsql stable as $$
declare
  m meter := find_meter(l, now_ms);
begin
  if m.account is null then return empty_meter(l, now_ms); end if;
  return m;
end $$;

-- Whether the line's period is still kept: until one more is over, or while something is held on it.
create function keeps(l ledger_line, now_ms bigint) returns boolean language plpgsql stable as $$
declare
  m meter;
begin
  if now_ms < l.kept_ms then return true; end if;
  if number_at(l.terms, 'slidingMs') > 0 then return false; end if;
  m := find_meter(l, now_ms);
  return m.account is not null and m.held > 0;
end $$;

create function put_meter(l ledger_line, m meter, now_ms bigint) returns void language plpgsql as $$
declare
  kept jsonb;
  was meter := ledger_meter(l);
begin
  delete from meter o where o.account = l.account and o.held = 0 and now_ms >= o.kept_ms
    and (o.start_ms, o.unit, o.cut) is distinct from (m.start_ms, m.unit, m.cut);
  if m.sliding_ms > 0 or m.idle_ms > 0 then
    m.used_ms := greatest(m.used_ms, now_ms);
    if jsonb_array_length(notes_of(m)->'buckets') > 0 then
      select coalesce(jsonb_agg(b order by place), '[]') into kept
        from jsonb_array_elements(m.notes->'buckets') with ordinality as bucket(b, place)
        where now_ms < (b#>>'{period,keptUntilMs}')::bigint;
      m.notes := jsonb_set(m.notes, '{buckets}', kept);
    end if;
  end if;
  if m.notes = no_notes() then m.notes := null; end if;
  m.place := nextval('meter_place');
  m.ends_ms := ends_at(m);
  if was.account is null then
    insert into account (key, division) values (l.account, l.division) on conflict do nothing;
  end if;
  if was.terms is distinct from m.terms then perform see_terms(array[m.terms], now_ms); end if;
  if was.quick is null or was.notes is distinct from m.notes or was.terms <> m.terms then
    m := with_quick(m, l.terms, now_ms);
  else
    m.quick := was.quick;
    m.cap := was.cap;
    m.next_level := was.next_level;
    m.degrade_at := was.degrade_at;
  end if;
  insert into meter values (m.*)
  on conflict (account, start_ms, unit, cut) do update set end_ms = m.end_ms, kept_ms = m.kept_ms,
    terms = m.terms, sliding_ms = m.sliding_ms, idle_ms = m.idle_ms, settled = m.settled,
    held = m.held, used_ms = m.used_ms, born_ms = m.born_ms, notes = m.notes, place = m.place,
    quick = m.quick, cap = m.cap, next_level = m.next_level, degrade_at = m.degrade_at, ends_ms = m.ends_ms;
  if m.ends_ms is not null then perform due_by(l.account, m.ends_ms); end if;
end $$;

-- The meter with what the quick pass must know of it; `write_circuit` takes that away.
create function with_quick(m meter, terms jsonb, now_ms bigint) returns meter language plpgsql stable as $$
declare
  notes jsonb := notes_of(m);
  tier jsonb;
begin
  m.quick := 'no';
  if m.terms <> terms->>'id' or m.sliding_ms > 0 or (terms->>'observe')::boolean
      or notes->>'acknowledgedUntilMs' is not null
      or circuit_of(m.account, now_ms)->>'state' <> 'closed' then
    return m;
  end if;
  m.cap := cap_of(m, terms, now_ms);
  m.next_level := infinite();
  m.degrade_at := infinite();
  if jsonb_typeof(notes->'allow') = 'object' and not (notes#>>'{allow,fired}')::boolean then
    m.next_level := number_at(notes->'allow', 'amount');
  end if;
  for tier in select * from jsonb_array_elements(terms->'tiers') loop
    m.next_level := least(m.next_level, level_above(number_at(tier, 'at'), number_at(tier, 'repeat'),
      number_at(mark_of(m, tier), 'fired')));
    if jsonb_typeof(tier->'degrade') = 'array' then
      m.degrade_at := least(m.degrade_at, number_at(tier, 'at'));
    end if;
  end loop;
  if notes->>'refusals' = '0' and notes->>'busySinceMs' is null then
    m.quick := 'plain';
  elsif notes->'said' ? 'refusing' and m.next_level > m.cap then
    m.quick := 'refusing';
  end if;
  return m;
end $$;

-- When enough of a sliding window will have left for `cost` to fit beside what is settled.
create function fits_from(m meter, cost numeric, cap bigint, at_ms bigint) returns bigint
language plpgsql immutable as $$
declare
  settled numeric := settled_at(m, at_ms);
  b jsonb;
begin
  for b in select one.b from jsonb_array_elements(notes_of(m)->'buckets') with ordinality one(b, place)
    where (one.b#>>'{period,endMs}')::bigint > at_ms
    order by (one.b#>>'{period,endMs}')::bigint, place
  loop
    settled := settled - number_at(b, 'settled');
    if settled + cost <= cap then return (b#>>'{period,endMs}')::bigint; end if;
  end loop;
  return null;
end $$;

-- What a person has acknowledged and allowed, as far as it still holds.
create function seen_by(m meter, now_ms bigint) returns jsonb language sql immutable as $$
  select case when (m).notes is null
      or ((m).notes->>'acknowledgedUntilMs' is not null
        and now_ms >= ((m).notes->>'acknowledgedUntilMs')::bigint)
    then '{"acknowledged":"0","allow":null}'::jsonb
    else jsonb_build_object('acknowledged', (m).notes->'acknowledged', 'allow', (m).notes->'allow') end
$$;

-- The lowest blocking level that no one has acknowledged; infinite where no tier blocks.
create function cap_of(m meter, terms jsonb, now_ms bigint) returns bigint language plpgsql immutable as $$
declare
  seen jsonb := seen_by(m, now_ms);
  cap bigint := infinite();
  tier jsonb;
begin
  for tier in select * from jsonb_array_elements(terms->'tiers') loop
    if jsonb_typeof(tier->'effect') = 'object' then
      cap := least(cap, level_above(number_at(tier, 'at'), number_at(tier, 'repeat'),
        number_at(seen, 'acknowledged')));
    end if;
  end loop;
  if jsonb_typeof(seen->'allow') = 'object' then
    cap := least(cap, number_at(seen->'allow', 'amount'));
  end if;
  return cap;
end $$;

-- The mark of a tier, known by its first amount and its repeat.
create function mark_of(m meter, tier jsonb) returns jsonb language plpgsql immutable as $$
declare
  mark jsonb;
begin
  for mark in select * from jsonb_array_elements(notes_of(m)->'marks') loop
    if mark->'at' = tier->'at' and mark->'repeat' = tier->'repeat' then return mark; end if;
  end loop;
  return jsonb_build_object('at', tier->'at', 'repeat', tier->'repeat', 'fired', '0', 'arming', '0');
end $$;

-- Of each tier the highest level that `amount` newly reaches, ascending; those that meet are one.
create function reached(m meter, terms jsonb, amount bigint) returns jsonb language plpgsql immutable as $$
declare
  levels jsonb := '{}';
  tier jsonb;
  mark jsonb;
  allow jsonb := notes_of(m)->'allow';
  highest bigint;
  fired bigint;
  every bigint;
  passed bigint;
begin
  for tier in select * from jsonb_array_elements(terms->'tiers') loop
    every := number_at(tier, 'repeat');
    highest := level_at_or_below(number_at(tier, 'at'), every, amount);
    mark := mark_of(m, tier);
    fired := number_at(mark, 'fired');
    continue when highest <= fired;
    passed := case when every = 0 then 1
      when fired = 0 then (highest - number_at(tier, 'at')) / every + 1
      else (highest - fired) / every end;
    levels := with_level(levels, highest, tier, tier, passed, number_at(mark, 'arming'));
  end loop;
  if jsonb_typeof(allow) = 'object' and not (allow->>'fired')::boolean
      and amount >= number_at(allow, 'amount') then
    levels := with_level(levels, number_at(allow, 'amount'), allow->'tier',
      jsonb_set(allow->'tier', '{percent}', 'null'), 1, 0);
  end if;
  return coalesce((select jsonb_agg(value order by number_at(value, 'amount')) from jsonb_each(levels)),
    '[]');
end $$;

create function with_level(levels jsonb, amount bigint, tier jsonb, named jsonb, passed bigint,
  arming bigint) returns jsonb language plpgsql immutable as $$
declare
  other jsonb := levels->(amount::text);
begin
  if other is null then
    return levels || jsonb_build_object(amount::text, jsonb_build_object('amount', amount::text,
      'tiers', jsonb_build_array(tier), 'named', named, 'passed', passed::text, 'arming', arming::text));
  end if;
  return levels || jsonb_build_object(amount::text, other || jsonb_build_object(
    'tiers', (other->'tiers') || jsonb_build_array(tier),
    'named', case when other#>>'{tiers,0,percent}' is null then named else other->'named' end,
    'passed', greatest(number_at(other, 'passed'), passed)::text,
    'arming', greatest(number_at(other, 'arming'), arming)::text));
end $$;

-- The meter after its tiers fired for `amount`.
create function mark_reached(m meter, terms jsonb, amount bigint) returns meter
language plpgsql immutable as $$
declare
  tier jsonb;
  mark jsonb;
  marks jsonb;
  fired bigint;
begin
  m.notes := notes_of(m);
  for tier in select * from jsonb_array_elements(terms->'tiers') loop
    fired := level_at_or_below(number_at(tier, 'at'), number_at(tier, 'repeat'), amount);
    mark := mark_of(m, tier);
    continue when fired <= number_at(mark, 'fired');
    select coalesce(jsonb_agg(o order by place), '[]') into marks
      from jsonb_array_elements(m.notes->'marks') with ordinality as other(o, place)
      where not (o->'at' = tier->'at' and o->'repeat' = tier->'repeat');
    m.notes := jsonb_set(m.notes, '{marks}',
      marks || jsonb_build_array(mark || jsonb_build_object('fired', fired::text)));
  end loop;
  if jsonb_typeof(m.notes->'allow') = 'object' and amount >= number_at(m.notes->'allow', 'amount') then
    m.notes := jsonb_set(m.notes, '{allow,fired}', 'true');
  end if;
  return m;
end $$;

-- Of a sliding window: an acknowledgement lapses, and levels that settled + held is 10 % below are armed again.
create function rearm(m meter, now_ms bigint) returns meter language plpgsql immutable as $$
declare
  seen jsonb;
  used bigint;
begin
  if m.sliding_ms = 0 or m.notes is null then return m; end if;
  seen := seen_by(m, now_ms);
  if seen->'acknowledged' <> m.notes->'acknowledged' or seen->'allow' <> m.notes->'allow' then
    m.notes := m.notes || seen || '{"acknowledgedUntilMs":null}';
  end if;
  used := settled_at(m, now_ms) + m.held;
  m.notes := jsonb_set(m.notes, '{marks}', coalesce((
    select jsonb_agg(case when is_tenth_above(number_at(mark, 'fired'), used)
      then mark || jsonb_build_object(
        'fired', level_at_or_below(number_at(mark, 'at'), number_at(mark, 'repeat'),
          less_than_tenth_above(used))::text,
        'arming', (number_at(mark, 'arming') + 1)::text)
      else mark end order by place)
    from jsonb_array_elements(m.notes->'marks') with ordinality as one(mark, place)), '[]'));
  return m;
end $$;

create function is_tenth_above(level bigint, used bigint) returns boolean language sql immutable as
  'select level > 0 and level - used >= (level + 9) / 10';

create function less_than_tenth_above(used bigint) returns bigint language sql immutable as
  'select case when used % 9 = 0 then used + used / 9 - 1 else used + used / 9 end';

-- The highest fired level of any tier at or below `up_to`.
create function fired_up_to(m meter, up_to bigint) returns bigint language plpgsql immutable as $$
declare
  allow jsonb := notes_of(m)->'allow';
  amount bigint := 0;
  mark jsonb;
begin
  if jsonb_typeof(allow) = 'object' and (allow->>'fired')::boolean
      and number_at(allow, 'amount') <= up_to then
    amount := number_at(allow, 'amount');
  end if;
  for mark in select * from jsonb_array_elements(notes_of(m)->'marks') loop
    continue when mark->>'fired' = '0';
    amount := greatest(amount, level_at_or_below(number_at(mark, 'at'), number_at(mark, 'repeat'),
      least(number_at(mark, 'fired'), up_to)));
  end loop;
  return amount;
end $$;
