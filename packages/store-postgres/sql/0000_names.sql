-- Names of subjects may be longer than an index holds. Such a one goes by a short name in all tables and functions,
-- and is whole again in whatever is told, answered or read.

create table long_name (
  hash text collate "C" primary key,
  name text collate "C" not null
);

-- The name itself where it is short; else its beginning, a mark that no encoded text has, and its hash.
create function short_name(name text) returns text language sql immutable as $$
  select case when octet_length(name) <= 1000 then name
    else left(name, 200) || E'\uE001~' || encode(sha256(convert_to(name, 'UTF8')), 'hex') end
$$;

create function short_names(names text[]) returns text[] language sql immutable as $$
  select coalesce(array_agg(short_name(name) order by place), '{}')
  from unnest(names) with ordinality as one(name, place)
$$;

create function learn_names(names jsonb) returns void language sql as $$
  insert into long_name select right(short_name(name), 64), name from jsonb_array_elements_text(names) name
  on conflict do nothing
$$;

-- A batch under short names. A name stands in it as a whole text, or not at all.
create function with_short_names(batch jsonb) returns jsonb language plpgsql immutable as $$
declare
  name text;
  body text := batch::text;
begin
  for name in select jsonb_array_elements_text(batch->'names') loop
    body := replace(body, to_jsonb(name)::text, to_jsonb(short_name(name))::text);
  end loop;
  return body::jsonb;
end $$;

create function long_names_in(body text) returns setof text language sql stable as $$
  select n.name from long_name n where strpos(body, E'\uE001~') > 0 and n.hash in (
    select m[1] from regexp_matches(body, E'\uE001~([0-9a-f]{64})', 'g') m)
$$;

create function whole_name(name text) returns text language plpgsql stable as $$
begin
  if strpos(name, E'\uE001~') = 0 then return name; end if;
  return (select n from long_names_in(name) n where short_name(n) = name);
end $$;

-- The text of JSON with its names whole.
create function with_whole_names(body text) returns text language plpgsql stable as $$
declare
  name text;
begin
  if strpos(body, E'\uE001~') = 0 then return body; end if;
  for name in select * from long_names_in(body) loop
    body := replace(body, inner_json(short_name(name)), inner_json(name));
  end loop;
  return body;
end $$;

create function inner_json(name text) returns text language sql immutable as $$
  select substr(j, 2, length(j) - 2) from (select to_jsonb(name)::text as j) quoted
$$;
