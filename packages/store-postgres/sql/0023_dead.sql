-- Rows that no try could deliver: they leave the outbox, and go back when somebody says so. Both take the lock that
-- batches take: their numbers then rise as they commit, so that no cursor skips one, and no batch that
-- writes to the same queues waits in a ring with them.

-- In the order of `ids`; unknown ones are passed over. `events` are written with them, where any id was known.
create function spendfuse_dead(ids text[], why text, events jsonb, given_ms bigint) returns void
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  o outbox;
  event jsonb;
  known boolean := false;
begin
  ids := short_names(ids);
  perform lock_shared();
  perform lock_queues(ids);
  for o in select * from outbox where id = any(ids) order by array_position(ids, id) for update loop
    perform answer_claim(o);
    delete from outbox where id = o.id;
    delete from dead_letter where id = o.id;
    insert into dead_letter (id, row) values (o.id, jsonb_build_object('id', o.id, 'channel', o.channel,
      'account', o.account, 'event', o.body, 'dueAtMs', o.due_ms::text, 'attempts', o.attempts::text,
      'createdAtMs', o.created_ms::text, 'why', why));
    known := true;
  end loop;
  if not known then return; end if;
  for event in select * from jsonb_array_elements(events) loop
    perform tell(event, outbox_now(given_ms));
  end loop;
end $$;

-- In the order of `ids`, behind what waits. Answers how many of them were dead letters.
create function spendfuse_resend(ids text[], given_ms bigint) returns bigint
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  letter jsonb;
  known bigint := 0;
begin
  ids := short_names(ids);
  perform lock_shared();
  for letter in select row from dead_letter where id = any(ids) order by array_position(ids, id) loop
    delete from dead_letter where id = letter->>'id';
    perform put_row(letter->>'id', letter->>'channel', letter->>'account', letter->'event',
      outbox_now(given_ms));
    known := known + 1;
  end loop;
  return known;
end $$;
