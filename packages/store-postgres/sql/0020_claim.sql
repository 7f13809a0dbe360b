-- What readers of the outbox do: claim rows, say what became of them, hear the log, and let go of what was heard.
-- Entry points find their own schema, whatever the connection's search path is, and look up by index, whatever size
-- the tables had when their plans were made.

create function outbox_now(given_ms bigint) returns bigint language sql volatile as
  'select coalesce(given_ms, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)';

-- Due rows of the account whose turn it is, oldest first; nobody else gets them for `lease_ms`.
create function spendfuse_claim(of_channel text, row_limit bigint, lease_ms bigint, given_ms bigint)
returns setof outbox language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  now_ms bigint := outbox_now(given_ms);
  q queue;
  ids text[];
begin
  loop
    select * into q from queue
      where channel = of_channel and leased_until_ms <= now_ms and (
        select o.due_ms from outbox o where o.channel = queue.channel and o.account = queue.account
        order by o.seq limit 1) <= now_ms
      order by turn, account limit 1 for update skip locked;
    if not found then return; end if;
    select array_agg(o.id) into ids from (
      select one.id, bool_and(one.due_ms <= now_ms) over (order by one.seq) as is_due from (
        select * from outbox where channel = q.channel and account = q.account
        order by seq limit row_limit) one) o
      where o.is_due;
    -- Another claimer told its last row meanwhile: look again.
    continue when ids is null;
    update queue set leased_until_ms = now_ms + lease_ms, claimed = ids, turn = nextval('queue_turn')
      where channel = q.channel and account = q.account;
    return query select * from outbox where id = any(ids) order by seq;
    return;
  end loop;
end $$;

-- Delivered, or to be tried again at `due`. Unknown ids are passed over.
create function spendfuse_confirm(ids text[]) returns void
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  o outbox;
begin
  ids := short_names(ids);
  perform lock_queues(ids);
  for o in select * from outbox where id = any(ids) order by channel, account, seq for update loop
    perform answer_claim(o);
    delete from outbox where id = o.id;
  end loop;
end $$;

create function spendfuse_retry(ids text[], due bigint) returns void
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  o outbox;
begin
  ids := short_names(ids);
  perform lock_queues(ids);
  for o in select * from outbox where id = any(ids) order by channel, account, seq for update loop
    perform answer_claim(o);
    update outbox set due_ms = due, attempts = attempts + 1 where id = o.id;
  end loop;
end $$;

-- In one order for everybody, so that nobody waits in a ring.
create function lock_queues(ids text[]) returns void language plpgsql as $$
begin
  perform 1 from queue where (channel, account) in (
      select o.channel, o.account from outbox o where o.id = any(ids))
    order by channel, account for update;
end $$;

-- A late word of an earlier claimer must not end the lease of the one that took over.
create function answer_claim(o outbox) returns void language sql as $$
  update queue set claimed = array_remove(claimed, (o).id),
      leased_until_ms = case when cardinality(claimed) = 1 then 0 else leased_until_ms end
    where channel = (o).channel and account = (o).account and (o).id = any(claimed)
$$;

-- The log for the hook: what comes before a place was heard; without one it begins at what nobody has heard.
-- Nothing is shown before all that could come earlier has ended: no cursor skips it.
create function spendfuse_unheard(after_xid xid8, after_seq bigint, row_limit bigint)
returns table (place text, body jsonb)
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  horizon xid8 := pg_snapshot_xmin(pg_current_snapshot());
begin
  if after_xid is null then
    select h.xid, h.seq into after_xid, after_seq from heard h;
  elsif after_xid < horizon then
    update heard set xid = after_xid, seq = after_seq where (heard.xid, heard.seq) < (after_xid, after_seq);
  end if;
  return query select e.xid::text || '-' || e.seq::text, e.body from event e
    where (e.xid, e.seq) > (after_xid, after_seq) and e.xid < horizon
    order by e.xid, e.seq limit row_limit;
end $$;

-- Lets go of at most `row_limit` events that their channels and the hook have heard, or that nobody listens to,
-- beside the latest `kept`; and of queues that are empty. Answers how many events went.
create function spendfuse_forget_events(kept bigint, row_limit bigint) returns bigint
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
  gone bigint;
begin
  delete from event e using heard h, (
      select f.xid, f.seq from event f order by f.xid desc, f.seq desc offset kept limit 1) last
    where (e.xid, e.seq) in (select o.xid, o.seq from event o order by o.xid, o.seq limit row_limit)
      and (e.xid, e.seq) <= (last.xid, last.seq)
      and (h.xid = '0'::xid8 or (e.xid, e.seq) <= (h.xid, h.seq))
      and not exists (select 1 from jsonb_array_elements_text(e.body->'channels') channel
        join outbox o on o.id = (e.body->>'id') || '#' || channel);
  get diagnostics gone = row_count;
  delete from queue where (channel, account) in (
    select q.channel, q.account from queue q
    where q.leased_until_ms < outbox_now(null) and not exists (
      select 1 from outbox o where o.channel = q.channel and o.account = q.account)
    limit row_limit for update skip locked);
  -- A row that was being written while its queue went gets it back.
  insert into queue (channel, account) select distinct o.channel, o.account from outbox o
    where not exists (select 1 from queue q where q.channel = o.channel and q.account = o.account)
    on conflict do nothing;
  return gone;
end $$;
