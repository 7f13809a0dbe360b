-- The core's `quick`, for a whole batch at once: commands that touch only accounts which are roomy in it are
-- decided and applied as a set. An account is roomy where all that the batch could ask of it fits under its
-- cap, and all that the batch could settle reaches no level: then their order among each other changes
-- nothing. They are ranked before the others, and refusals that only repeat what was said before them.

-- The commands of a batch by columns; what one kind has not is null. `base` is a Settle's `actual`.
create type quick_command as (
  at int, head int, n bigint, done bigint, print text, plan uuid, of_n bigint, seq bigint,
  base_1 bigint, base_2 bigint, base_3 bigint, each_1 bigint, each_2 bigint, each_3 bigint,
  least_units bigint, most_units bigint, issued_ms bigint, expires_ms bigint, via text, swallowed bigint
);

-- Writes what nobody has seen yet of lists of lines. A list names terms that are there.
create function put_plans(plans jsonb, now_ms bigint) returns void language sql as $$
  insert into plan
  select id::uuid, body->'lines', texts_of(body->'switches'), now_ms, l.accounts, l.starts, l.units, l.cuts, l.terms
  from jsonb_each(plans) as one(id, body), lateral (
    select array_agg((l).account order by place) as accounts, array_agg((l).start_ms order by place) as starts,
      array_agg((l).terms->>'unit' order by place) as units,
      array_agg((l).terms->>'window' order by place) as cuts,
      array_agg((l).terms->>'id' order by place) as terms
    from (select line_of(body) as l, place
      from jsonb_array_elements(body->'lines') with ordinality as one(body, place)) lines) l
  on conflict (id) do nothing;
  select see_terms(array(select l->>'terms' from jsonb_each(plans) as one(id, body),
    jsonb_array_elements(body->'lines') l), now_ms)
$$;

-- Decides and applies what can be done as a set. Answers columns with one place for each command that was
-- done: its place in the batch, what was granted (null for a Settle), its source's `done` before it, its rank
-- where ranks are kept, and the outcome of a refusal. Null where there is none.
create function apply_quick(commands quick_command[], sources text[], divisions text[], now_ms bigint,
  history boolean) returns json language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
declare
  answer json;
  off text[] := (select coalesce(array_agg(s.key), '{}') from switch s);
begin
with asked as materialized (
  select c.*, max(c.done) over (partition by c.head) as top from unnest(commands) c
), known as materialized (
  select h.head::int, s.source, s.division, s.done as was
  from unnest(sources, divisions) with ordinality as h(source, division, head)
  join source s on s.source = h.source and s.division = h.division
  where s.known and now_ms - s.last_ms < 86400000 and not exists (select 1 from reservation due
    where due.running and due.division = h.division and due.expires_ms <= now_ms)
), one as materialized (
  select c.*, k.source, k.division, k.was, r.ctid as held_at, r.hold, r.settled, r.lives,
    coalesce(c.plan, r.plan) as by_plan
  from asked c join known k on k.head = c.head
  -- The limits keep these look-ups by the whole key, whatever the planner thinks of the tables.
  left join lateral (select o.ctid, o.* from reservation o where o.division = k.division
    and o.source = k.source and o.n = coalesce(c.of_n, c.n) limit 1) r on true
  where c.n > greatest(k.was, c.top) and c.n - greatest(k.was, c.done) <= 1024
    and (select true from entry e
      where e.source = k.source and e.division = k.division and e.n = c.n limit 1) is null
    and case when c.of_n is null
      then r.n is null and abs(c.issued_ms - now_ms) <= 600000 and c.expires_ms - now_ms <= 604800000
      else r.running and c.seq > r.seq
        and c.base_1 between r.settled[1] and r.hold[1] and c.base_2 between r.settled[2] and r.hold[2]
        and c.base_3 between r.settled[3] and r.hold[3] end
), need as materialized (
  select by_plan,
    coalesce(sum(base_1 + most_units * each_1) filter (where of_n is null), 0)::bigint as ask_1,
    coalesce(sum(base_2 + most_units * each_2) filter (where of_n is null), 0)::bigint as ask_2,
    coalesce(sum(base_3 + most_units * each_3) filter (where of_n is null), 0)::bigint as ask_3,
    coalesce(sum(base_1 - settled[1]) filter (where of_n is not null), 0)::bigint as more_1,
    coalesce(sum(base_2 - settled[2]) filter (where of_n is not null), 0)::bigint as more_2,
    coalesce(sum(base_3 - settled[3]) filter (where of_n is not null), 0)::bigint as more_3
  from one group by by_plan
), line as materialized (
  select n.by_plan, l.place, unit_place(l.unit) as unit, m.ctid as meter, m.account, m.settled, m.held, m.cap,
    m.end_ms, m.idle_ms, m.born_ms, m.quick = 'refusing' and m.settled + m.held <= 1125899906842624
      and abs(now_ms - number_at(m.notes, 'refusedAtMs')) < 1000
      and (m.settled + m.held <= m.cap or m.notes->'said' ? 'overshoot') as refuses,
    m.quick = 'plain' and (m.idle_ms = 0 or now_ms - m.used_ms < m.idle_ms) and now_ms < m.end_ms
      and m.settled + m.held + sum(t.ask) over own <= least(m.cap, 1125899906842624)
      and m.settled + sum(t.more) over own < least(m.next_level, m.degrade_at) as is_roomy
  from need n join plan p on p.id = n.by_plan and not p.switches && off
  cross join lateral unnest(p.accounts, p.starts, p.units, p.cuts, p.terms)
    with ordinality as l(account, start_ms, unit, cut, terms, place)
  cross join lateral (select case l.unit when 'usd' then ask_1 when 'tokens' then ask_2 else ask_3 end as ask,
    case l.unit when 'usd' then more_1 when 'tokens' then more_2 else more_3 end as more) t
  left join meter m on m.account = l.account and m.start_ms = l.start_ms and m.unit = l.unit
    and m.cut = l.cut and m.terms = l.terms and now_ms < m.kept_ms
    and not exists (select 1 from meter o where o.account = m.account
      and (o.kept_ms <= now_ms or o.ends_ms <= now_ms))
  window own as (partition by m.ctid)
), list as materialized (
  select by_plan, bool_and(coalesce(is_roomy, false)) as fits,
    bool_and(coalesce(is_roomy or refuses, false)) as may_refuse,
    case when bool_or(idle_ms > 0)
      then array_agg(case when idle_ms > 0 then born_ms else 0 end order by place) end as now_lives
  from line group by by_plan
), refused as materialized (
  select o.at, jsonb_build_object('kind', 'refused',
    'reason', case when bool_or(c.cost > l.cap) then 'too-large' else 'exhausted' end,
    'untilMs', case when bool_and(c.cost <= l.cap and l.end_ms <> forever_ms()) then max(l.end_ms)::text end,
    'obstacles', jsonb_agg(jsonb_build_object('kind', 'line', 'account', l.account,
      'reason', case when c.cost > l.cap then 'too-large' else 'exhausted' end,
      'settled', l.settled::text, 'held', l.held::text, 'cap', l.cap::text,
      'remaining', greatest(0, l.cap - l.settled - l.held)::text,
      'untilMs', case when c.cost <= l.cap then nullif(l.end_ms, forever_ms())::text end)
      order by l.place)) as outcome
  from one o join list on list.by_plan = o.by_plan and list.may_refuse and not list.fits
  join line l on l.by_plan = o.by_plan and l.refuses
  cross join lateral (select case l.unit when 1 then o.base_1 + o.least_units * o.each_1
    when 2 then o.base_2 + o.least_units * o.each_2
    else o.base_3 + o.least_units * o.each_3 end as cost) c
  where o.of_n is null
  group by o.at having bool_and(c.cost > 0 and l.settled + c.cost > l.cap)
), done as materialized (
  select o.*, list.now_lives, refused.outcome,
    row_number() over (order by refused.outcome is null, o.at) as turn
  from one o join list on list.by_plan = o.by_plan left join refused on refused.at = o.at
  where refused.outcome is not null
    or list.fits and (o.of_n is null or o.lives is not distinct from list.now_lives)
), heard as materialized (
  select source, division, was, max(done) as top from done group by source, division, was
), moved as (
  update meter m set settled = m.settled + t.more, held = m.held + t.hold,
    used_ms = case when m.idle_ms > 0 then greatest(m.used_ms, now_ms) else m.used_ms end
  from (select l.meter,
      sum(case l.unit when 1 then d.more_1 when 2 then d.more_2 else d.more_3 end)::bigint as more,
      sum(case l.unit when 1 then d.hold_1 when 2 then d.hold_2 else d.hold_3 end)::bigint as hold
    from (select by_plan,
        sum(case when of_n is null then 0 else base_1 - settled[1] end) as more_1,
        sum(case when of_n is null then 0 else base_2 - settled[2] end) as more_2,
        sum(case when of_n is null then 0 else base_3 - settled[3] end) as more_3,
        sum(case when of_n is null then base_1 + most_units * each_1 else settled[1] - hold[1] end) as hold_1,
        sum(case when of_n is null then base_2 + most_units * each_2 else settled[2] - hold[2] end) as hold_2,
        sum(case when of_n is null then base_3 + most_units * each_3 else settled[3] - hold[3] end) as hold_3
      from done where outcome is null group by by_plan) d
    join line l on l.by_plan = d.by_plan group by l.meter) t
  where m.ctid = t.meter
), made as (
  insert into reservation (division, source, n, running, expires_ms, seq, granted, via, hold, settled,
    actual, lives, skipped, plan)
  select division, source, n, true, expires_ms, 0, most_units, via,
    array[base_1 + most_units * each_1, base_2 + most_units * each_2, base_3 + most_units * each_3],
    '{0,0,0}', '{0,0,0}', now_lives, '{}', by_plan
  from done where of_n is null and outcome is null
), gone as (
  delete from reservation r using done d where d.of_n is not null and r.ctid = d.held_at
), answered as (
  delete from entry e using heard h where h.top > h.was and e.source = h.source
    and e.division = h.division and e.n <= h.top
), kept as (
  insert into entry (source, division, n, print, outcome)
  select source, division, n, print, case when of_n is null
    then jsonb_build_object('kind', 'reserved', 'granted', most_units::text)
    else '{"kind":"settled","drain":false,"skipped":[]}' end
  from done where outcome is null
), marked as (
  insert into entry (source, division, n, ended)
  select d.source, d.division, d.of_n, 'settled' from done d
  join heard h on h.source = d.source and h.division = d.division
  where d.of_n > greatest(h.was, h.top)
  on conflict (source, division, n) do update set ended = excluded.ended
), said as (
  update source s set done = greatest(h.was, h.top), last_ms = now_ms from heard h
  where s.source = h.source and s.division = h.division
), used as (
  update plan p set used_ms = now_ms from list
  where p.id = list.by_plan and p.used_ms < now_ms - 3600000
)
select json_build_object('at', coalesce(json_agg(at), '[]'), 'granted', json_agg(granted), 'done', json_agg(before),
    'rank', json_agg(rank), 'refused', json_agg(outcome)) into answer
from (select at, outcome, before, case when of_n is null and outcome is null then most_units end as granted,
    case when history then nextval('rank') end as rank
  from (select *, greatest(was, max(done) over (partition by head order by turn
    rows between unbounded preceding and 1 preceding)) as before from done order by turn) ordered) told;
return answer;
end $$;
