-- Accounts as the wire has them; each meter names its terms.

create function period_wire(start_ms bigint, end_ms bigint, kept_ms bigint) returns jsonb
language sql immutable as $$
  select jsonb_build_object('startMs', start_ms::text, 'endMs', end_ms::text, 'keptUntilMs', kept_ms::text)
$$;

create function account_wire(a account) returns jsonb language sql stable as $$
  select jsonb_build_object('key', (a).key, 'division', (a).division,
    'circuit', coalesce((a).circuit, closed_circuit()),
    'meters', coalesce((select jsonb_agg(jsonb_build_object(
        'period', period_wire(m.start_ms, m.end_ms, m.kept_ms), 'terms', m.terms,
        'settled', m.settled::text, 'held', m.held::text, 'notes', notes_of(m),
        'usedAtMs', m.used_ms::text, 'bornAtMs', m.born_ms::text) order by m.start_ms, m.place)
      from meter m where m.account = (a).key), '[]'))
$$;

create function accounts_wire(found jsonb) returns jsonb language sql volatile as $$
  select jsonb_build_object('time', outbox_now(null)::text, 'accounts', found,
    'termsById', coalesce((select jsonb_object_agg(t.id, t.body) from terms t where t.id in (
      select one#>>'{}' from jsonb_path_query(found, '$[*].meters[*].terms') one)), '{}'))
$$;

create function spendfuse_read(keys text[]) returns json language sql volatile
set search_path from current set enable_seqscan = off as $$
  select with_whole_names(accounts_wire(coalesce((select jsonb_agg(account_wire(a)) from account a
    where a.key = any(short_names(keys))), '[]'))::text)::json
$$;

create function spendfuse_list(after text, row_limit bigint) returns json language plpgsql volatile
set search_path from current set enable_seqscan = off as $$
declare
  keys text[];
begin
  if exists (select 1 from long_name) then
    keys := array(select key from account a where after is null or whole_name(a.key) > after collate "C"
      order by whole_name(a.key) collate "C" limit row_limit);
  else
    keys := array(select key from account where after is null or key > after collate "C"
      order by key limit row_limit);
  end if;
  return with_whole_names(accounts_wire(coalesce((select jsonb_agg(account_wire(a)
      order by whole_name(a.key) collate "C") from account a where a.key = any(keys)), '[]'))::text)::json;
end $$;
