-- Events to be told. They are written by the step, in its transaction.

-- The log of all events. A reader goes by (xid, seq): whatever commits later comes later.
create table event (
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity,
  body jsonb not null,
  primary key (xid, seq)
);

-- How far the reader of the log has heard.
create table heard (
  one boolean primary key default true check (one),
  xid xid8 not null default '0',
  seq bigint not null default 0
);
insert into heard default values;

-- One event for one channel, not yet told. Its id and its account are short names.
create table outbox (
  id text collate "C" primary key,
  seq bigint generated always as identity,
  channel text collate "C" not null,
  account text collate "C" not null,
  body jsonb not null,
  due_ms bigint not null,
  attempts bigint not null default 0,
  created_ms bigint not null
);
create index outbox_order on outbox (channel, account, seq);

-- Who has claimed rows of a channel and account, and the last turn it had.
create table queue (
  channel text collate "C" not null,
  account text collate "C" not null,
  leased_until_ms bigint not null default 0,
  claimed text[] not null default '{}',
  turn bigint not null default 0,
  primary key (channel, account)
);
create index queue_order on queue (channel, turn, account);
create sequence queue_turn;

-- Rows that no try could deliver, in the order in which they came.
create table dead_letter (
  seq bigint generated always as identity primary key,
  id text collate "C" not null unique,
  row jsonb not null
);

create table audit (
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity,
  body jsonb not null,
  primary key (xid, seq)
);

-- Writes an event to the log, and a row for each channel that must hear it.
create function tell(event jsonb, now_ms bigint) returns void language plpgsql as $$
declare
  event jsonb := with_whole_names(tell.event::text)::jsonb;
  channel text;
begin
  insert into event (body) values (event);
  perform set_config('spendfuse.events',
    (coalesce(nullif(current_setting('spendfuse.events', true), ''), '0')::bigint + 1)::text, true);
  if event->>'kind' = 'audit' then insert into audit (body) values (event); end if;
  for channel in select jsonb_array_elements_text(event->'channels') loop
    perform put_row(short_name((event->>'id') || '#' || channel), channel,
      short_name(coalesce(event->>'account', '')), event, now_ms);
  end loop;
end $$;

-- A row that is due, behind what waits; one that waits already stays as it is.
create function put_row(id text, channel text, account text, event jsonb, now_ms bigint) returns void
language plpgsql as $$
begin
  insert into outbox (id, channel, account, body, due_ms, created_ms)
  values (put_row.id, put_row.channel, put_row.account, event, now_ms, now_ms)
  on conflict on constraint outbox_pkey do nothing;
  insert into queue (channel, account) values (put_row.channel, put_row.account)
  on conflict on constraint queue_pkey do nothing;
  -- Whoever listens looks at once; one notification of a transaction is sent, when it commits.
  perform pg_notify('spendfuse', current_schema());
end $$;
