-- The core's `step`: overdue reservations end, then the command is decided and applied, one after the other.

-- What a command would be refused for by the store's clock alone.
create function has_time_problem(command jsonb, now_ms bigint) returns boolean language sql immutable as $$
  select case when command->>'kind' in ('reserve', 'extend')
      then coalesce((command->>'expiresAtMs')::bigint - now_ms > 604800000, false)
    when command->>'kind' = 'trip' then now_ms + (command->>'coolDownMs')::numeric > forever_ms()
    else false end
$$;

create function dispatch(command jsonb, swept text[], now_ms bigint) returns jsonb language plpgsql as $$
begin
  case command->>'kind'
    when 'reserve' then return reserve(command, now_ms);
    when 'extend' then return extend(command, now_ms);
    when 'settle' then return settle(command, now_ms);
    when 'release' then return release(command, now_ms);
    when 'charge' then return charge(command, now_ms);
    when 'adjust' then return adjust(command, now_ms);
    when 'acknowledge' then return acknowledge(command, now_ms);
    when 'trip' then return trip(command, now_ms);
    when 'switch' then return switch_to(command, now_ms);
    when 'expire' then return expire(command, swept, now_ms);
  end case;
end $$;

-- An error has changed nothing: what its step wrote is undone, what was swept before it stays.
create function decide(s source, command jsonb, now_ms bigint) returns jsonb language plpgsql as $$
declare
  outcome jsonb := recall(s, command);
  swept text[];
begin
  if outcome is not null then return outcome; end if;
  swept := sweep(command->>'division', case command->>'kind' when 'expire' then 128 else 16 end, now_ms);
  begin
    outcome := dispatch(command, swept, now_ms);
    perform remember(s, command, outcome, now_ms);
  exception when sqlstate 'SF001' then
    outcome := error_of(sqlerrm);
  end;
  return outcome - 'mark';
end $$;

create function step(command jsonb, now_ms bigint, history boolean) returns jsonb language plpgsql as $$
declare
  s source := source_of(command#>>'{id,source}', command->>'division', now_ms);
  outcome jsonb;
begin
  perform set_config('spendfuse.events', '0', true);
  if has_time_problem(command, now_ms) then
    outcome := error_of('invalid-command');
  else
    outcome := decide(s, command, now_ms);
  end if;
  return jsonb_build_object('outcome', outcome, 'events', current_setting('spendfuse.events'),
    'time', now_ms::text, 'done', coalesce(s.done, 0)::text)
    || case when history then jsonb_build_object('rank', nextval('rank')::text) else '{}' end;
end $$;

-- One lock for each division that a batch touches, ascending by its number, and that of `*` last. All who
-- write take them before they read, so what a division sees is serial, no row is waited for, and nobody
-- waits in a ring. Lines may lie in `*` whatever the division of their command is, so it is always taken.
create function lock_divisions(commands jsonb, more text[]) returns void language plpgsql as $$
declare
  shared bigint := hashtextextended(current_schema || '/*', 0);
  number bigint;
begin
  for number in select distinct hashtextextended(current_schema || '/' || division, 0) as of_division from (
      select c->>'division' as division from jsonb_array_elements(commands) c
      union all select unnest(more)) touched
    order by of_division
  loop
    if number <> shared then perform pg_advisory_xact_lock(number); end if;
  end loop;
  perform pg_advisory_xact_lock(shared);
end $$;

-- The lock of `*` alone: with it nothing is decided meanwhile.
create function lock_shared() returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(current_schema || '/*', 0));
end $$;

create function put_terms(terms jsonb, now_ms bigint) returns void language sql as $$
  insert into terms select key, value, now_ms from jsonb_each(put_terms.terms) on conflict do nothing
$$;

-- Something names these terms: they stay for two hours and a round of the clean-up more.
create function see_terms(ids text[], now_ms bigint) returns void language sql as $$
  update terms t set seen_ms = now_ms where t.id = any(ids) and t.seen_ms < now_ms - 3600000
$$;

create function missing_terms(commands jsonb) returns jsonb language sql stable as $$
  select jsonb_agg(id order by id) from (
    select l->>'terms' as id from jsonb_array_elements(commands) c, jsonb_array_elements(c->'lines') l
    union
    select c#>>'{line,terms}' from jsonb_array_elements(commands) c
    where jsonb_typeof(c->'line') = 'object') as named
  where not exists (select 1 from terms t where t.id = named.id)
$$;

create function assert_batch(batch jsonb) returns void language plpgsql as $$
begin
  if batch->>'v' is distinct from '1' then
    raise exception 'batch of version `%` is not known here; migrate the schema', batch->>'v';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'isolation is `%`; it must be `read committed`, which sees what was locked before',
      current_setting('transaction_isolation');
  end if;
end $$;

-- Applies a batch of commands in their order. Answers one object for each, `{ outcome, events, time, done,
-- rank? }`, or `{ terms }` where it does not know some: then nothing is done.
create function spendfuse_apply(batch jsonb) returns jsonb language plpgsql
set search_path from current set enable_seqscan = off as $$
declare
  command jsonb;
  now_ms bigint := number_at(batch, 'now');
  names jsonb := batch->'names';
  answers jsonb[] := '{}';
  missing jsonb;
begin
  perform assert_batch(batch);
  batch := with_short_names(batch);
  -- Before anything is written: the transaction's number, which orders the logs, comes after the locks.
  perform lock_divisions(batch->'commands', '{}');
  perform learn_names(names);
  now_ms := coalesce(now_ms, floor(extract(epoch from clock_timestamp()) * 1000)::bigint);
  perform put_terms(batch->'terms', now_ms);
  missing := missing_terms(batch->'commands');
  if missing is not null then return jsonb_build_object('v', 1, 'terms', missing); end if;
  for command in select c from jsonb_array_elements(batch->'commands') with ordinality as one(c, place)
    order by place
  loop
    answers := answers || step(command, now_ms, coalesce((batch->>'history')::boolean, false));
  end loop;
  return with_whole_names(to_jsonb(answers)::text)::jsonb;
end $$;
