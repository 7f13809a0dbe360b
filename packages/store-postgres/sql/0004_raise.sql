-- The core's `circuit` and `raise`: what opens, what fires, and what is said of it.

create function closed_circuit() returns jsonb language sql immutable as
  $$select '{"state":"closed","generation":"0","observed":false,"sinceMs":"0"}'::jsonb$$;

-- The circuit as it counts: 32 days after it closed its openings are forgotten.
create function circuit_of(account_key text, now_ms bigint) returns jsonb language plpgsql stable as $$
declare
  circuit jsonb;
begin
  select a.circuit into circuit from account a where a.key = account_key;
  if circuit is null then return closed_circuit(); end if;
  if circuit->>'state' = 'closed' and now_ms - number_at(circuit, 'sinceMs') >= 2764800000 then
    return closed_circuit();
  end if;
  return circuit;
end $$;

create function closed_after(circuit jsonb, now_ms bigint) returns jsonb language sql immutable as $$
  select jsonb_build_object('state', 'closed', 'generation', circuit->'generation', 'observed', false,
    'sinceMs', now_ms::text)
$$;

-- The circuit as it is found at an instant: the same one, unless its time is over.
create function circuit_at(account_key text, circuit jsonb, now_ms bigint) returns jsonb
language plpgsql stable as $$
declare
  current meter;
  base bigint := 0;
  probation jsonb := circuit->'probation';
begin
  if circuit->>'state' in ('closed', 'latched') or now_ms < number_at(circuit, 'untilMs') then
    return circuit;
  end if;
  if circuit->>'state' = 'half-open' or jsonb_typeof(probation) = 'null' then
    return closed_after(circuit, now_ms);
  end if;
  select * into current from meter where account = account_key and start_ms <= now_ms and now_ms < end_ms
    order by start_ms, place limit 1;
  if current.account is not null then base := settled_at(current, now_ms) + current.held; end if;
  return circuit || jsonb_build_object('state', 'half-open',
    'untilMs', (now_ms + number_at(probation, 'forMs'))::text,
    'meterStartMs', current.start_ms::text,
    'allowance', least(amount_max()::numeric, base::numeric + number_at(probation, 'allow'))::text);
end $$;

-- Whether it binds a line: what was opened by observation does not bind one that enforces.
create function binds(circuit jsonb, observes boolean) returns boolean language sql immutable as
  $$select observes or not (circuit->>'observed')::boolean$$;

create function refuses(circuit jsonb, now_ms bigint) returns boolean language sql immutable as $$
  select circuit->>'state' = 'latched'
    or (circuit->>'state' = 'open' and now_ms < (circuit->>'untilMs')::bigint)
$$;

-- The amount that probation lets a meter reach; infinite off probation.
create function allowance_of(circuit jsonb, m meter) returns bigint language sql immutable as $$
  select case when circuit->>'state' <> 'half-open' then infinite()
    when circuit->>'meterStartMs' = (m).start_ms::text then (circuit->>'allowance')::bigint
    else (circuit#>>'{probation,allow}')::bigint end
$$;

create function write_circuit(account_key text, division text, circuit jsonb) returns void
language plpgsql as $$
begin
  update meter set quick = null where account = account_key;
  insert into account (key, division, circuit, due_ms)
  values (account_key, write_circuit.division, write_circuit.circuit,
    due_of(account_key, write_circuit.circuit))
  on conflict (key) do update set circuit = excluded.circuit, due_ms = excluded.due_ms;
end $$;

-- A closing ends what it closes: the same incident, told to whoever heard of that. `hand` is who moved it.
create function tell_circuit(account_key text, before jsonb, circuit jsonb, hand jsonb, now_ms bigint)
returns void language plpgsql as $$
declare
  opened jsonb := case when circuit->>'state' = 'closed' then before else circuit end;
  generation text := circuit->>'generation';
begin
  perform tell(jsonb_build_object('kind', 'circuit',
    'id', account_key || '/' || generation || '/' || (circuit->>'state'), 'atMs', now_ms::text,
    'channels', opened->'told', 'account', account_key, 'incident', account_key || '/' || (opened->>'since'),
    'generation', generation, 'state', circuit->'state',
    'untilMs', case when circuit->>'state' in ('open', 'half-open') then circuit->'untilMs'
      else 'null' end, 'observed', opened->'observed', 'by', hand->'by', 'why', hand->'why'), now_ms);
end $$;

create function close_circuit(account_key text, division text, hand jsonb, now_ms bigint) returns void
language plpgsql as $$
declare
  before jsonb := circuit_of(account_key, now_ms);
begin
  if before->>'state' = 'closed' then return; end if;
  perform write_circuit(account_key, division, closed_after(before, now_ms));
  perform tell_circuit(account_key, before, closed_after(before, now_ms), hand, now_ms);
end $$;

create function union_of(one jsonb, other jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_agg(item order by place), '[]') from (
    select item, min(place) as place
    from jsonb_array_elements(one || other) with ordinality as listed(item, place) group by item) as once
$$;

-- The generation that an opening belongs to from now on: its own, or that of the one it goes on.
create function since_of(circuit jsonb) returns text language sql immutable as $$
  select case when circuit->>'state' = 'closed' then ((circuit->>'generation')::bigint + 1)::text
    else circuit->>'since' end
$$;

create function told_of(circuit jsonb, channels jsonb) returns jsonb language sql immutable as $$
  select case when circuit->>'state' = 'closed' then channels else union_of(circuit->'told', channels) end
$$;

-- What was open by observation alone does not lengthen what is enforced.
create function until_of(circuit jsonb, observed boolean, until_ms bigint) returns bigint
language sql immutable as $$
  select case when circuit->>'state' = 'open' and (circuit->>'observed')::boolean = until_of.observed
    then greatest((circuit->>'untilMs')::bigint, until_ms) else until_ms end
$$;

-- The circuit opened or latched for the strongest effect; the same where it does not move.
create function opened_for(l ledger_line, circuit jsonb, strongest jsonb, now_ms bigint) returns jsonb
language plpgsql immutable as $$
declare
  effect jsonb := strongest->'effect';
  observed boolean := (l.terms->>'observe')::boolean;
  opening jsonb;
  cool_down bigint;
begin
  if observed and circuit->>'state' <> 'closed' and not (circuit->>'observed')::boolean then
    return circuit;
  end if;
  opening := jsonb_build_object('generation', (number_at(circuit, 'generation') + 1)::text,
    'since', since_of(circuit), 'observed', observed, 'told', told_of(circuit, strongest->'channels'),
    'causeStartMs', l.start_ms::text);
  if effect->>'kind' = 'latch' and now_ms < l.kept_ms then
    return opening || jsonb_build_object('state', 'latched',
      'escalation', escalation_after(circuit, strongest, opening->'told', now_ms));
  end if;
  if effect->>'kind' <> 'trip' or now_ms >= l.end_ms or circuit->>'state' = 'latched' then
    return circuit;
  end if;
  cool_down := number_at(effect, 'coolDownMs');
  return opening || jsonb_build_object('state', 'open',
    'untilMs', until_of(circuit, observed, now_ms + cool_down)::text,
    'coolDownMs', cool_down::text, 'maxCoolDownMs', effect->'maxCoolDownMs',
    'probation', effect->'probation');
end $$;

-- Probation's allowance is reached: open again, for twice as long.
create function reopened(circuit jsonb, now_ms bigint) returns jsonb language plpgsql immutable as $$
declare
  cool_down bigint := least(number_at(circuit, 'coolDownMs') * 2, number_at(circuit, 'maxCoolDownMs'));
begin
  if circuit->>'state' <> 'half-open' then return circuit; end if;
  return (circuit - 'meterStartMs' - 'allowance') || jsonb_build_object('state', 'open',
    'generation', (number_at(circuit, 'generation') + 1)::text,
    'untilMs', (now_ms + cool_down)::text, 'coolDownMs', cool_down::text);
end $$;

create function message_of(tiers jsonb) returns text language sql immutable as $$
  select coalesce(string_agg(tier->>'message', '; ' order by place)
    filter (where tier->>'message' <> ''), '')
  from jsonb_array_elements(tiers) with ordinality as one(tier, place)
$$;

-- Whom tiers tell at once.
create function channels_of(tiers jsonb) returns jsonb language sql immutable as $$
  select union_of(coalesce(jsonb_agg(channel order by place, inner_place), '[]'), '[]')
  from jsonb_array_elements(tiers) with ordinality as one(tier, place),
    jsonb_array_elements(tier->'notify') with ordinality as two(channel, inner_place)
  where inner_place = 1 or tier->>'escalateAfterMs' = '0'
$$;

-- What all events of a meter say.
create function meter_head(l ledger_line, kind text, now_ms bigint) returns jsonb language plpgsql stable as $$
declare
  m meter := meter_of(l, now_ms);
  circuit jsonb := circuit_of(l.account, now_ms);
begin
  return meter_facts(m, l, now_ms) || jsonb_build_object('id', meter_name(m) || '/' || kind,
    'atMs', now_ms::text, 'account', l.account, 'generation', circuit->'generation',
    'incident', case when circuit->>'state' = 'closed' then meter_incident(m)
      else l.account || '/' || (circuit->>'since') end);
end $$;

-- The channels of the level that makes the cap.
create function cap_channels(l ledger_line, now_ms bigint) returns jsonb language plpgsql stable as $$
declare
  m meter := meter_of(l, now_ms);
  allow jsonb := notes_of(m)->'allow';
  cap bigint := cap_of(m, l.terms, now_ms);
  makes jsonb;
begin
  select coalesce(jsonb_agg(tier order by place), '[]') into makes
  from jsonb_array_elements(l.terms->'tiers') with ordinality as one(tier, place)
  where jsonb_typeof(tier->'effect') = 'object' and number_at(tier, 'at') <= cap
    and (number_at(tier, 'at') = cap or (number_at(tier, 'repeat') > 0
      and (cap - number_at(tier, 'at')) % greatest(number_at(tier, 'repeat'), 1) = 0));
  if jsonb_array_length(makes) = 0 and jsonb_typeof(allow) = 'object' then
    makes := jsonb_build_array(allow->'tier');
  end if;
  return channels_of(makes);
end $$;

-- Says something once for a meter; `reason` is that of a `would-refuse`.
create function say_once(l ledger_line, kind text, reason text, now_ms bigint) returns void
language plpgsql as $$
declare
  m meter := meter_of(l, now_ms);
  word text := kind || coalesce(' ' || reason, '');
  channels jsonb;
  event jsonb;
begin
  if notes_of(m)->'said' ? word then return; end if;
  m.notes := jsonb_set(notes_of(m), '{said}', (notes_of(m)->'said') || to_jsonb(word));
  perform put_meter(l, m, now_ms);
  channels := cap_channels(l, now_ms);
  event := meter_head(l, word, now_ms) || jsonb_build_object('kind', kind, 'channels', channels);
  if reason is not null then event := event || jsonb_build_object('reason', reason); end if;
  perform tell(event, now_ms);
  -- A sliding window ends with its levels: what is said beside them has no end there.
  if number_at(l.terms, 'slidingMs') = 0 or circuit_of(l.account, now_ms)->>'state' <> 'closed' then
    perform hear(l, channels, now_ms);
  end if;
end $$;

-- Who hears of a line is remembered by what will end it: the circuit that stands, else the meter.
create function hear(l ledger_line, channels jsonb, now_ms bigint) returns void language plpgsql as $$
declare
  circuit jsonb := circuit_of(l.account, now_ms);
  m meter;
begin
  if circuit->>'state' <> 'closed' then
    if not circuit->'told' @> channels then
      perform write_circuit(l.account, l.division,
        circuit || jsonb_build_object('told', union_of(circuit->'told', channels)));
    end if;
    return;
  end if;
  m := meter_of(l, now_ms);
  if notes_of(m)->'told' @> channels then return; end if;
  m.notes := notes_of(m) || jsonb_build_object('told', union_of(notes_of(m)->'told', channels));
  perform put_meter(l, m, now_ms);
end $$;

-- Fires every level that `amount` newly reaches, and moves the circuit to the strongest effect.
create function fire(l ledger_line, amount bigint, now_ms bigint) returns void language plpgsql as $$
declare
  m meter := meter_of(l, now_ms);
  before jsonb := circuit_of(l.account, now_ms);
  circuit jsonb := before;
  levels jsonb := reached(m, l.terms, amount);
  over_allowance boolean := before->>'state' = 'half-open' and now_ms < l.end_ms
    and amount >= allowance_of(before, m);
  strongest jsonb := strongest_of(levels);
  level jsonb;
  all_tiers jsonb := '[]';
begin
  if jsonb_array_length(levels) > 0 then
    perform put_meter(l, mark_reached(m, l.terms, amount), now_ms);
  end if;
  if over_allowance and strongest#>>'{effect,kind}' is distinct from 'latch' then
    circuit := reopened(before, now_ms);
  elsif strongest is not null then
    circuit := opened_for(l, before, strongest, now_ms);
  end if;
  if circuit <> before then perform write_circuit(l.account, l.division, circuit); end if;
  for level in select * from jsonb_array_elements(levels) loop
    perform tell(
      meter_head(l, (level->>'amount') || '/' || (level->>'arming'), now_ms) || jsonb_build_object(
        'kind', 'tier', 'channels', channels_of(level->'tiers'), 'level', level->'amount',
        'tier', jsonb_build_object('at', level#>'{named,at}', 'repeat', level#>'{named,repeat}',
          'percent', level#>'{named,percent}'),
        'passed', level->'passed', 'message', message_of(level->'tiers'),
        'effect', level_effect_of(level->'tiers')), now_ms);
    all_tiers := all_tiers || (level->'tiers');
  end loop;
  if circuit <> before then perform tell_circuit(l.account, before, circuit, null, now_ms); end if;
  if jsonb_array_length(levels) > 0 then perform hear(l, channels_of(all_tiers), now_ms); end if;
end $$;

create function effect_rank(effect jsonb) returns int language sql immutable as
  $$select case effect->>'kind' when 'block' then 1 when 'trip' then 2 else 3 end$$;

-- What a level does: of the tiers that meet there, the strongest.
create function level_effect_of(tiers jsonb) returns text language sql immutable as $$
  select (array['notify', 'degrade', 'block', 'trip', 'latch'])[max(case
    when jsonb_typeof(tier->'effect') = 'object' then 2 + effect_rank(tier->'effect')
    when jsonb_typeof(tier->'degrade') = 'array' then 2 else 1 end)]
  from jsonb_array_elements(tiers) tier
$$;

-- Latch before trip before block; of two trips, the longer. Null where no level blocks.
create function strongest_of(levels jsonb) returns jsonb language plpgsql immutable as $$
declare
  tier jsonb;
  effect jsonb;
  blocking jsonb := '[]';
begin
  for tier in select t from jsonb_array_elements(levels) with ordinality as one(level, place),
      jsonb_array_elements(level->'tiers') with ordinality as two(t, inner_place)
      order by place, inner_place
  loop
    continue when jsonb_typeof(tier->'effect') <> 'object';
    blocking := blocking || jsonb_build_array(tier);
    if effect is null or is_stronger(tier->'effect', effect) then effect := tier->'effect'; end if;
  end loop;
  if effect is null then return null; end if;
  return jsonb_build_object('effect', effect, 'channels', channels_of(blocking),
    'further', further_of(blocking));
end $$;

create function is_stronger(one jsonb, other jsonb) returns boolean language sql immutable as $$
  select case when effect_rank(one) <> effect_rank(other) then effect_rank(one) > effect_rank(other)
    else one->>'kind' = 'trip' and (one->>'coolDownMs')::bigint > (other->>'coolDownMs')::bigint end
$$;

-- Moves amounts on a line's meter and fires what they reach: tiers ascending, overshoot, the circuit once.
create function move(l ledger_line, more_settled bigint, more_held bigint, now_ms bigint) returns void
language plpgsql as $$
declare
  before meter;
  m meter;
  stopped boolean;
  cap bigint;
begin
  perform look(l.account, l.division, now_ms);
  before := rearm(under(meter_of(l, now_ms), l.terms), now_ms);
  m := before;
  stopped := m.held::numeric + more_held > amount_max();
  m.held := within(m.held::numeric + more_held);
  if m.sliding_ms > 0 then
    if more_settled <> 0 then
      m.notes := notes_of(m);
      stopped := stopped or bucket_of(m, l) + more_settled > amount_max();
      m.notes := jsonb_set(m.notes, '{buckets}', posted(m.notes->'buckets', l,
        within(bucket_of(m, l) + more_settled)));
    end if;
    m.settled := within((select coalesce(sum(number_at(b, 'settled')), 0)
      from jsonb_array_elements(notes_of(m)->'buckets') b));
  else
    stopped := stopped or m.settled::numeric + more_settled > amount_max();
    m.settled := within(m.settled::numeric + more_settled);
  end if;
  perform put_meter(l, m, now_ms);
  if stopped then perform say_once(l, 'overflow', null, now_ms); end if;
  if more_settled <= 0 then return; end if;
  perform fire(l, settled_at(m, now_ms), now_ms);
  m := meter_of(l, now_ms);
  cap := cap_of(before, l.terms, now_ms);
  if not (l.terms->>'observe')::boolean and settled_at(m, now_ms)::numeric + m.held > cap then
    perform say_once(l, 'overshoot', null, now_ms);
  end if;
end $$;

-- What a sliding window's bucket of this line has.
create function bucket_of(m meter, l ledger_line) returns numeric language sql immutable as $$
  select coalesce((select number_at(b, 'settled') from jsonb_array_elements(notes_of(m)->'buckets') b
    where b#>>'{period,startMs}' = l.start_ms::text limit 1), 0)::numeric
$$;

create function posted(buckets jsonb, l ledger_line, amount bigint) returns jsonb language sql immutable as $$
  select coalesce(jsonb_agg(b order by place)
      filter (where b#>>'{period,startMs}' <> l.start_ms::text), '[]')
    || jsonb_build_array(jsonb_build_object('period', jsonb_build_object('startMs', l.start_ms::text,
      'endMs', l.end_ms::text, 'keptUntilMs', l.kept_ms::text), 'settled', amount::text))
  from jsonb_array_elements(buckets) with ordinality as one(b, place)
$$;
