-- A batch whose common commands come by columns: what of them can be is applied as a set, and the others
-- follow in their order, with those that came as they are.

-- The wire form of a command that came by columns, for the full rules.
create function wire_of(c quick_command, source text, division text) returns jsonb language plpgsql stable as $$
declare
  head jsonb := jsonb_build_object('id', jsonb_build_object('source', source, 'n', c.n::text),
    'done', c.done::text, 'division', division, 'f', c.print);
  p plan;
begin
  if c.of_n is not null then
    return head || jsonb_build_object('kind', 'settle',
      'reservation', jsonb_build_object('source', source, 'n', c.of_n::text), 'seq', c.seq::text,
      'actual', wire_amounts(c.base_1, c.base_2, c.base_3), 'final', true);
  end if;
  select * into p from plan where id = c.plan;
  return head || jsonb_build_object('kind', 'reserve', 'issuedAtMs', c.issued_ms::text, 'lines', p.lines,
    'switches', to_jsonb(p.switches), 'base', wire_amounts(c.base_1, c.base_2, c.base_3),
    'perUnit', wire_amounts(c.each_1, c.each_2, c.each_3),
    'units', jsonb_build_object('least', c.least_units::text, 'most', c.most_units::text),
    'expiresAtMs', c.expires_ms::text, 'via', c.via, 'swallowed', c.swallowed::text);
end $$;

create function wire_amounts(usd bigint, tokens bigint, requests bigint) returns jsonb
language sql immutable as
  'select jsonb_build_object(''usd'', usd::text, ''tokens'', tokens::text, ''requests'', requests::text)';

-- Applies a batch. `places` are those of `commands` in `batch`; the other columns are the common commands:
-- `heads` their sources and divisions, `plans` their lists of lines, each by its place in them. Answers `now`,
-- `quick` (of `apply_quick`), `places` and `answers` (of `step`) of the others; or `terms` and `plans` where
-- it does not know some: then nothing is done.
create function spendfuse_step(batch jsonb, places int[], sources text[], divisions text[], plans uuid[],
  at int[], head int[], n bigint[], done bigint[], print text[], plan int[], of_n bigint[], seq bigint[],
  base_1 bigint[], base_2 bigint[], base_3 bigint[], each_1 bigint[], each_2 bigint[], each_3 bigint[],
  least_units bigint[], most_units bigint[], issued_ms bigint[], expires_ms bigint[], via text[],
  swallowed bigint[]) returns json language plpgsql set search_path from current
-- A plan that was made while the tables were small is kept as they grow: each look-up would read them whole.
set enable_seqscan = off as $$
declare
  history boolean := coalesce((batch->>'history')::boolean, false);
  now_ms bigint := number_at(batch, 'now');
  names jsonb := batch->'names';
  commands quick_command[];
  missing jsonb;
  unknown jsonb;
  quick json;
  left_over int[] := at;
  answers jsonb[] := '{}';
  answered int[] := '{}';
  one record;
begin
  perform assert_batch(batch);
  if names is not null then
    batch := with_short_names(batch);
    sources := short_names(sources);
    divisions := short_names(divisions);
  end if;
  perform lock_divisions(batch->'commands', divisions);
  if names is not null then perform learn_names(names); end if;
  now_ms := coalesce(now_ms, floor(extract(epoch from clock_timestamp()) * 1000)::bigint);
  if batch->'terms' <> '{}' then
    perform put_terms(batch->'terms', now_ms);
  end if;
  if batch->'commands' <> '[]' then missing := missing_terms(batch->'commands'); end if;
  if batch->'plans' <> '{}' then
    missing := coalesce(missing, missing_terms(jsonb_path_query_array(batch, '$.plans.*')));
    if missing is null then perform put_plans(batch->'plans', now_ms); end if;
  end if;
  select jsonb_agg(named.id) into unknown from unnest(plans) as named(id)
    where not exists (select 1 from plan p where p.id = named.id);
  if missing is not null or unknown is not null then
    return json_build_object('terms', missing, 'plans', unknown);
  end if;
  if cardinality(at) > 0 then
    select array_agg(row(c.at, c.head, c.n, c.done, c.print, plans[c.plan], c.of_n, c.seq, c.base_1, c.base_2,
      c.base_3, c.each_1, c.each_2, c.each_3, c.least_units, c.most_units, c.issued_ms, c.expires_ms, c.via,
      c.swallowed)::quick_command) into commands
    from unnest(at, head, n, done, print, plan, of_n, seq, base_1, base_2, base_3, each_1, each_2, each_3,
      least_units, most_units, issued_ms, expires_ms, via, swallowed) as c(at, head, n, done, print, plan, of_n,
      seq, base_1, base_2, base_3, each_1, each_2, each_3, least_units, most_units, issued_ms, expires_ms, via,
      swallowed);
    quick := apply_quick(commands, sources, divisions, now_ms, history);
    left_over := left_over_of(at, quick);
  end if;
  for one in
    select c.at as place, wire_of(c, sources[c.head], divisions[c.head]) as command from unnest(commands) c
      where c.at = any(left_over)
    union all
    select places[o.place], o.command from jsonb_array_elements(batch->'commands')
      with ordinality as o(command, place)
    order by place
  loop
    answers := answers || step(one.command, now_ms, history);
    answered := answered || one.place;
  end loop;
  return with_whole_names(json_build_object('now', now_ms::text, 'quick', quick, 'places', answered,
    'answers', answers)::text)::json;
end $$;

create function left_over_of(at int[], quick json) returns int[] language sql immutable as $$
  select case when cardinality(at) = json_array_length(quick->'at') then '{}'
    else array(select unnest(at) except select value::int from json_array_elements_text(quick->'at')) end
$$;
