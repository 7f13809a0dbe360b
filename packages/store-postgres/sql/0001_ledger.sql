-- What a ledger keeps. Integers are bigint, at most 2^53 - 1; texts are encoded and compare by their bytes,
-- as `<` does in the core. JSON is in wire form: every number in it is a decimal string.

create table terms (
  id text collate "C" primary key,
  body jsonb not null,
  -- When something was last seen to name them, to the hour.
  seen_ms bigint not null
);

-- One budget for one subject. `circuit` is null while it never opened.
create table account (
  key text collate "C" primary key,
  division text collate "C" not null,
  circuit jsonb,
  -- It does not move by itself before this; null where it never does. May be too soon, never too late.
  due_ms bigint
) with (fillfactor = 70);
create index account_due on account (division, due_ms) where due_ms is not null;

-- What an account used in one period. No index on amounts, and room in each page: updates stay in place.
create table meter (
  account text collate "C" not null,
  start_ms bigint not null,
  unit text collate "C" not null,
  cut text collate "C" not null,
  end_ms bigint not null,
  kept_ms bigint not null,
  terms text collate "C" not null,
  sliding_ms bigint not null,
  idle_ms bigint not null,
  settled bigint not null,
  held bigint not null,
  used_ms bigint not null,
  born_ms bigint not null,
  -- Null while there is nothing to remember beside the amounts.
  notes jsonb,
  -- Of meters that begin at once, the last written comes last.
  place bigint not null,
  -- What the quick pass must know of terms, notes and circuit: `plain` where amounts alone decide, `refusing`
  -- where all that is asked is refused and nothing is said any more. Null where nobody has looked yet.
  quick text collate "C",
  cap bigint,
  next_level bigint,
  degrade_at bigint,
  -- Its end is not to be told before this; null where it is not. May be too soon, never too late.
  ends_ms bigint,
  primary key (account, start_ms, unit, cut)
) with (fillfactor = 50);
create sequence meter_place;

-- The lines and switches of a command, each list once: its id stands for its content.
create table plan (
  id uuid primary key,
  lines jsonb not null,
  switches text[] not null,
  used_ms bigint not null,
  -- Of each line: the meter it names, and the terms that it must have.
  accounts text[] not null,
  starts bigint[] not null,
  units text[] not null,
  cuts text[] not null,
  terms text[] not null
);

-- A hold that runs, or that expired and may still be corrected.
create table reservation (
  division text collate "C" not null,
  source text collate "C" not null,
  n bigint not null,
  running boolean not null,
  expires_ms bigint not null,
  seq bigint not null,
  granted bigint not null,
  -- Null where `plan` has them.
  lines jsonb,
  switches text[],
  via text,
  hold bigint[] not null,
  settled bigint[] not null,
  actual bigint[] not null,
  lives bigint[],
  skipped text[] not null,
  plan uuid,
  primary key (division, source, n)
) with (fillfactor = 70);
create index reservation_due on reservation (division, expires_ms, source, n) where running;

-- One engine process in one division, as far as its numbered commands are known.
create table source (
  source text collate "C" not null,
  division text collate "C" not null,
  done bigint not null,
  last_ms bigint not null,
  known boolean not null,
  primary key (source, division)
) with (fillfactor = 50);

-- An outcome above `done`, and how a reservation ended before its Reserve was answered.
create table entry (
  source text collate "C" not null,
  division text collate "C" not null,
  n bigint not null,
  print text,
  outcome jsonb,
  ended text,
  primary key (source, division, n)
) with (fillfactor = 70);

-- Switches that are off.
create table switch (
  key text collate "C" primary key,
  until_ms bigint
);

-- The place of a command in the serial order, for stores that keep a history.
create sequence rank;
