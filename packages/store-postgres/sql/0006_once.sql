-- The core's `once` and `records`: numbers that are answered, what they were answered, and how reservations end.

-- Ends a command: it has changed nothing. `step` undoes what it wrote and answers the error's name.
create function failed(error text) returns void language plpgsql as $$
begin
  raise exception using errcode = 'SF001', message = error;
end $$;

create function error_of(error text) returns jsonb language sql immutable as
  $$select jsonb_build_object('kind', 'error', 'error', error)$$;

-- A source as it counts; null where nobody named it, or it was silent for a day.
create function source_of(source_name text, in_division text, now_ms bigint) returns source
language plpgsql stable as $$
declare
  s source;
begin
  select * into s from source where source = source_name and division = in_division;
  if s.source is null or now_ms - s.last_ms >= 86400000 then return null; end if;
  return s;
end $$;

-- The answer to a command that is known already, or may not be counted; null where it is new.
create function recall(s source, command jsonb) returns jsonb language plpgsql stable as $$
declare
  number bigint := (command#>>'{id,n}')::bigint;
  done bigint := number_at(command, 'done');
begin
  if s.source is null then
    return case when done = 0 then null else error_of('unknown-source') end;
  end if;
  if not s.known then
    return case when done = 0 then recall_entry(s, command) else error_of('unknown-source') end;
  end if;
  if number <= s.done then return error_of('already-answered'); end if;
  if number - greatest(s.done, done) > 1024 then return error_of('invalid-command'); end if;
  return recall_entry(s, command);
end $$;

create function recall_entry(s source, command jsonb) returns jsonb language plpgsql stable as $$
declare
  e entry;
begin
  select * into e from entry o where o.source = s.source and o.division = s.division
    and o.n = (command#>>'{id,n}')::bigint;
  if e.source is null then return null; end if;
  if e.outcome is null then
    return case when command->>'kind' = 'reserve' then error_of('not-running') end;
  end if;
  if e.print is distinct from command->>'f' then return error_of('conflict'); end if;
  return e.outcome || '{"replayed":true}';
end $$;

-- How a reservation ended, while its Reserve is unanswered.
create function ended(id jsonb, in_division text, now_ms bigint) returns text language plpgsql stable as $$
declare
  s source := source_of(id->>'source', in_division, now_ms);
begin
  if s.source is null then return null; end if;
  return (select e.ended from entry e where e.source = s.source and e.division = s.division
    and e.n = number_at(id, 'n'));
end $$;

-- Whether the number can be one in flight: at most 1,024 above what its source has answered.
create function may_be_in_flight(id jsonb, in_division text, now_ms bigint) returns boolean
language plpgsql stable as $$
declare
  s source := source_of(id->>'source', in_division, now_ms);
begin
  if s.source is null then return true; end if;
  if s.known then return number_at(id, 'n') - s.done <= 1024; end if;
  return (select count(*) < 1024 from entry e where e.source = s.source and e.division = s.division);
end $$;

-- What is to be marked on a Reserve's number while that is unanswered; an empty object where nothing is.
create function mark_ended(id jsonb, in_division text, how text, now_ms bigint) returns jsonb
language plpgsql stable as $$
declare
  s source := source_of(id->>'source', in_division, now_ms);
begin
  if s.source is not null and number_at(id, 'n') <= s.done then return '{}'; end if;
  return jsonb_build_object('mark', jsonb_build_object('source', id->'source', 'n', id->'n',
    'ended', how, 'fresh', s.source is null));
end $$;

-- Keeps the outcome until the source says that it has it; a refusal is not kept.
create function remember(s source, command jsonb, answer jsonb, now_ms bigint) returns void
language plpgsql as $$
declare
  from_source text := command#>>'{id,source}';
  in_division text := command->>'division';
  number bigint := (command#>>'{id,n}')::bigint;
  done_now bigint := number_at(command, 'done');
  was text := (select e.ended from entry e where e.source = from_source and e.division = in_division
    and e.n = number);
begin
  if s.source is null or not s.known then
    if exists (select 1 from source o where o.source = from_source and o.division = in_division
        and (o.known or now_ms - o.last_ms >= 86400000))
    then
      delete from entry e where e.source = from_source and e.division = in_division;
    end if;
    insert into source values (from_source, in_division, done_now, now_ms, true)
    on conflict (source, division) do update set done = done_now, last_ms = now_ms, known = true;
  else
    if done_now > s.done then
      delete from entry e where e.source = from_source and e.division = in_division and e.n <= done_now;
    end if;
    update source o set done = greatest(o.done, done_now), last_ms = now_ms
      where o.source = from_source and o.division = in_division;
  end if;
  if answer->>'kind' <> 'refused' then
    insert into entry values (from_source, in_division, number, command->>'f', answer - 'mark', was)
    on conflict (source, division, n) do update set print = excluded.print, outcome = excluded.outcome,
      ended = excluded.ended;
  end if;
  if answer ? 'mark' then perform put_mark(answer->'mark', from_source, in_division, now_ms); end if;
end $$;

-- How a reservation ended, on its Reserve's number. A source that is not known starts with it.
create function put_mark(mark jsonb, answered text, in_division text, now_ms bigint) returns void
language plpgsql as $$
declare
  name text := mark->>'source';
begin
  if (mark->>'fresh')::boolean and name <> answered then
    delete from entry e where e.source = name and e.division = in_division;
    insert into source values (name, in_division, 0, now_ms, false)
    on conflict (source, division) do update set done = 0, last_ms = now_ms, known = false;
  end if;
  if number_at(mark, 'n') <= (select o.done from source o
      where o.source = name and o.division = in_division) then
    return;
  end if;
  insert into entry values (name, in_division, number_at(mark, 'n'), null, null, mark->>'ended')
  on conflict (source, division, n) do update set ended = excluded.ended;
end $$;

-- The name of a reservation, for people and events: that of its Reserve.
create function reservation_name(source_name text, number bigint, in_division text) returns text
language sql immutable as $$
  select source_name || '/' || number || case when in_division = '*' then '' else '@' || in_division end
$$;

create function lines_of(body jsonb) returns ledger_line[] language sql stable as $$
  select coalesce(array_agg(line_of(l) order by place), '{}')
  from jsonb_array_elements(body) with ordinality as one(l, place)
$$;

-- Whether a reservation's line still counts: its period is kept, and it is the life that was held in.
create function counts(r reservation, l ledger_line, place int, now_ms bigint) returns boolean
language plpgsql stable as $$
declare
  unit int := unit_place(l.terms->>'unit');
  m meter;
begin
  if r.running and r.hold[unit] > r.settled[unit] then return true; end if;
  if r.lives is null or number_at(l.terms, 'idleMs') = 0 then return keeps(l, now_ms); end if;
  m := find_meter(l, now_ms);
  return m.account is not null and m.born_ms = r.lives[place];
end $$;

-- An expired reservation is forgotten with the last of its periods.
create function is_over(r reservation, now_ms bigint) returns boolean language plpgsql stable as $$
declare
  lines ledger_line[];
begin
  if r.running then return false; end if;
  lines := lines_of(r.lines);
  for place in 1..cardinality(lines) loop
    if counts(r, lines[place], place, now_ms) then return false; end if;
  end loop;
  return true;
end $$;

-- The reservation with its own lines, where only its plan had them.
create function whole(r reservation) returns reservation language plpgsql stable as $$
begin
  if r.lines is not null or r.plan is null then return r; end if;
  select p.lines, p.switches into r.lines, r.switches from plan p where p.id = r.plan;
  r.plan := null;
  return r;
end $$;

create function reservation_of(id jsonb, in_division text, now_ms bigint) returns reservation
language plpgsql stable as $$
declare
  r reservation;
begin
  select * into r from reservation o where o.division = in_division and o.source = id->>'source'
    and o.n = number_at(id, 'n');
  r := whole(r);
  if r.source is null or is_over(r, now_ms) then return null; end if;
  return r;
end $$;

create function put_reservation(r reservation, now_ms bigint) returns void language plpgsql as $$
begin
  perform see_terms(array(select line->>'terms' from jsonb_array_elements(r.lines) line), now_ms);
  insert into reservation values (r.*)
  on conflict (division, source, n) do update set running = excluded.running,
    expires_ms = excluded.expires_ms, seq = excluded.seq, granted = excluded.granted,
    lines = excluded.lines, switches = excluded.switches, via = excluded.via, hold = excluded.hold,
    settled = excluded.settled, actual = excluded.actual, lives = excluded.lives,
    skipped = excluded.skipped, plan = excluded.plan;
end $$;

create function end_reservation(r reservation) returns void language sql as $$
  delete from reservation o where o.division = (r).division and o.source = (r).source and o.n = (r).n
$$;
