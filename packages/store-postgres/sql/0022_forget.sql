-- The core's `forget`: what has not counted for ten minutes goes, at a bounded cost a call. Nobody sees when.

-- Where the next look begins, by table; the start again once the end was reached.
create table forgetting (
  what text collate "C" primary key,
  after text[] not null,
  -- When this round began, and when the last whole one did.
  began_ms bigint not null,
  whole_ms bigint not null
);

create index reservation_expiry on reservation (expires_ms) where running;

-- Looks at no more than `looks` rows of each table. Answers how many rows went.
create function spendfuse_forget(looks bigint, given_ms bigint) returns bigint language plpgsql
set search_path from current set enable_seqscan = off as $$
declare
  past_ms bigint;
begin
  perform lock_shared();
  past_ms := outbox_now(given_ms) - 600000;
  return forget_reservations(looks, past_ms) + forget_accounts(looks, past_ms)
    + forget_sources(looks, past_ms) + forget_plans(looks, past_ms) + forget_switches(past_ms)
    + forget_terms(looks, past_ms);
end $$;

create function forget_from(of_what text) returns text[] language sql stable as
  'select coalesce((select after from forgetting where what = of_what), ''{}'')';

create function forget_to(of_what text, last text[], is_end boolean, past_ms bigint) returns void
language sql as $$
  insert into forgetting as f
  values (of_what, case when is_end then '{}' else last end, past_ms, case when is_end then past_ms else 0 end)
  on conflict (what) do update set after = excluded.after,
    began_ms = case when is_end then past_ms else f.began_ms end,
    whole_ms = case when is_end then f.began_ms else f.whole_ms end
$$;

create function forget_reservations(looks bigint, past_ms bigint) returns bigint language plpgsql as $$
declare
  place text[] := forget_from('reservation');
  named text[] := '{}';
  seen bigint := 0;
  gone bigint := 0;
  r reservation;
begin
  for r in select * from reservation o where (o.division, o.source, o.n)
      > (coalesce(place[1], ''), coalesce(place[2], ''), coalesce(place[3], '-1')::bigint)
    order by o.division, o.source, o.n limit looks
  loop
    seen := seen + 1;
    place := array[r.division, r.source, r.n::text];
    if r.running or not is_over(whole(r), past_ms) then
      named := named || array(select line->>'terms' from jsonb_array_elements(r.lines) line);
      continue;
    end if;
    perform end_reservation(r);
    gone := gone + 1;
  end loop;
  perform forget_to('reservation', place, seen < looks, past_ms);
  perform see_terms(named, past_ms);
  return gone;
end $$;

create function forget_accounts(looks bigint, past_ms bigint) returns bigint language plpgsql as $$
declare
  seen text[] := array(select key from account
    where key > coalesce((forget_from('account'))[1], '') order by key limit looks);
  meters bigint;
  accounts bigint;
begin
  delete from meter m where m.account = any(seen) and m.held = 0 and notes_of(m)->'told' = '[]'
    and case when m.idle_ms > 0 or m.sliding_ms > 0 then is_idle(m, past_ms)
      else past_ms >= m.kept_ms end;
  get diagnostics meters = row_count;
  delete from account a where a.key = any(seen)
    and not exists (select 1 from meter m where m.account = a.key)
    and circuit_of(a.key, past_ms) = closed_circuit();
  get diagnostics accounts = row_count;
  perform see_terms(array(select m.terms from meter m where m.account = any(seen)), past_ms);
  perform forget_to('account', seen[cardinality(seen):], cardinality(seen) < looks, past_ms);
  return meters + accounts;
end $$;

create function forget_sources(looks bigint, past_ms bigint) returns bigint language plpgsql as $$
declare
  place text[] := forget_from('source');
  seen bigint := 0;
  gone bigint := 0;
  s source;
begin
  for s in select * from source o
    where (o.source, o.division) > (coalesce(place[1], ''), coalesce(place[2], ''))
    order by o.source, o.division limit looks
  loop
    seen := seen + 1;
    place := array[s.source, s.division];
    continue when past_ms - s.last_ms < 86400000;
    delete from entry e where e.source = s.source and e.division = s.division;
    delete from source o where o.source = s.source and o.division = s.division;
    gone := gone + 1;
  end loop;
  perform forget_to('source', place, seen < looks, past_ms);
  return gone;
end $$;

-- Lists that no command named for a day, and no reservation holds. Whoever still knows one sends it again.
create function forget_plans(looks bigint, past_ms bigint) returns bigint language plpgsql as $$
declare
  seen uuid[] := array(select id from plan
    where id > coalesce((forget_from('plan'))[1], '00000000-0000-0000-0000-000000000000')::uuid
    order by id limit looks);
  old uuid[] := array(select id from plan where id = any(seen) and past_ms - used_ms >= 86400000);
  gone bigint := 0;
begin
  if cardinality(old) > 0 then
    delete from plan p where p.id = any(old)
      and p.id not in (select r.plan from reservation r where r.plan is not null and r.plan = any(old));
    get diagnostics gone = row_count;
  end if;
  perform see_terms(array(select unnest(p.terms) from plan p where p.id = any(seen)), past_ms);
  perform forget_to('plan', seen[cardinality(seen):]::text[], cardinality(seen) < looks, past_ms);
  return gone;
end $$;

create function forget_switches(past_ms bigint) returns bigint language plpgsql as $$
declare
  gone bigint;
begin
  delete from switch where until_ms <= past_ms;
  get diagnostics gone = row_count;
  return gone;
end $$;

-- Terms that no meter, list of lines or reservation names: a whole round of each has not seen them.
create function forget_terms(looks bigint, past_ms bigint) returns bigint language plpgsql as $$
declare
  seen text[] := array(select id from terms
    where id > coalesce((forget_from('terms'))[1], '') order by id limit looks);
  unseen_ms bigint := (select min(f.whole_ms) - 7200000 from forgetting f
    where f.what in ('account', 'plan', 'reservation') having count(*) = 3);
  gone bigint;
begin
  delete from terms where id = any(seen) and seen_ms < unseen_ms;
  get diagnostics gone = row_count;
  perform forget_to('terms', seen[cardinality(seen):], cardinality(seen) < looks, past_ms);
  return gone;
end $$;
