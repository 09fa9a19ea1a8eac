-- What was accepted. Nothing here changes but by erasure, and the time of a delivery to come. The body is compressed by
-- the client, so Postgres need not try.
CREATE TABLE headrace.events (
    id           uuid PRIMARY KEY,
    tenant       text NOT NULL,
    type         text NOT NULL,
    queue        text NOT NULL,
    task         text,
    source       text,
    subject      text,
    ordering_key text,
    match_key    text,
    parent_id    uuid,
    trace        text,
    headers      json,
    body         bytea NOT NULL
) PARTITION BY RANGE (id);
ALTER TABLE headrace.events ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX events_match ON headrace.events (tenant, type, match_key, id) WHERE match_key IS NOT NULL;
CREATE TABLE headrace.events_default PARTITION OF headrace.events DEFAULT;

CREATE SEQUENCE headrace.runs_seq;

-- Unfinished work only. A claim changes no indexed column, so that it stays a HOT update: there is no index on owner or state.
CREATE TABLE headrace.runs (
    event_id      uuid PRIMARY KEY,
    run_number    integer NOT NULL DEFAULT 1,
    epoch         integer NOT NULL DEFAULT 1,
    seq           bigint NOT NULL DEFAULT nextval('headrace.runs_seq'),
    tenant        text NOT NULL,
    type          text NOT NULL,
    queue         text NOT NULL,
    ordering_key  text,
    task          text,
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'waiting')),
    reason        text,
    since         timestamptz NOT NULL DEFAULT now(),
    rank          timestamptz NOT NULL DEFAULT now(),
    owner         uuid,
    attempt       integer NOT NULL DEFAULT 0,
    failures      jsonb NOT NULL DEFAULT '{}',
    losses        smallint NOT NULL DEFAULT 0,
    solo_losses   smallint NOT NULL DEFAULT 0,
    unseen_losses smallint NOT NULL DEFAULT 0,
    schema_hash   text,
    begun         timestamptz,
    pipeline      text,
    release       text,
    format        smallint NOT NULL DEFAULT 1,
    CHECK ((state = 'running') = (owner IS NOT NULL))
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);
ALTER SEQUENCE headrace.runs_seq OWNED BY headrace.runs.seq;
CREATE INDEX runs_due ON headrace.runs (queue, rank);
CREATE INDEX runs_lost ON headrace.runs (queue, rank) WHERE losses > 0;

-- What an operator holds back from being claimed: everything (with an empty name), a type, or a queue.
CREATE TABLE headrace.paused (
    scope text NOT NULL CHECK (scope IN ('all', 'type', 'queue')),
    name  text NOT NULL DEFAULT '',
    since timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    PRIMARY KEY (scope, name)
);

-- Runs under way that are to end now. A row goes when its run has gone.
CREATE TABLE headrace.cancellations (
    event_id   uuid PRIMARY KEY,
    run_number integer NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL
);

-- The newest result of a finished event. An event has either a row here or a row in runs.
CREATE TABLE headrace.results (
    event_id     uuid PRIMARY KEY,
    run_number   integer NOT NULL,
    epoch        integer NOT NULL,
    tenant       text NOT NULL,
    type         text NOT NULL,
    ordering_key text,
    state        text NOT NULL CHECK (state IN ('succeeded', 'failed', 'cancelled')),
    reason       text,
    node         text,
    attempt      integer NOT NULL,
    task_context json,
    error        json,
    started_at   timestamptz,
    finished_at  timestamptz NOT NULL,
    release      text
) PARTITION BY RANGE (event_id);
CREATE TABLE headrace.results_default PARTITION OF headrace.results DEFAULT;

-- The results that replays put aside.
CREATE TABLE headrace.past_results (
    event_id     uuid NOT NULL,
    run_number   integer NOT NULL,
    epoch        integer NOT NULL,
    state        text NOT NULL,
    reason       text,
    node         text,
    attempt      integer NOT NULL,
    task_context json,
    error        json,
    started_at   timestamptz,
    finished_at  timestamptz NOT NULL,
    release      text,
    PRIMARY KEY (event_id, run_number)
);

-- One row for each attempt that failed, was lost, or met data that no pipeline of its process takes.
CREATE TABLE headrace.attempts (
    event_id   uuid NOT NULL,
    run_number integer NOT NULL,
    attempt    integer NOT NULL,
    outcome    text NOT NULL CHECK (outcome IN ('failed', 'lost', 'unfit')),
    node       text,
    error      json,
    worker     uuid,
    started_at timestamptz,
    ended_at   timestamptz NOT NULL,
    release    text,
    PRIMARY KEY (event_id, run_number, attempt)
);

-- The lines that an attempt logged and printed, bounded.
CREATE TABLE headrace.logs (
    event_id   uuid NOT NULL,
    run_number integer NOT NULL,
    attempt    integer NOT NULL,
    lines      json NOT NULL,
    PRIMARY KEY (event_id, run_number, attempt)
);

-- Outputs of finished nodes of runs that have not succeeded; item -1 is the whole node, others are items of a map.
-- A node that failed and is to be skipped has no output.
CREATE TABLE headrace.checkpoints (
    event_id     uuid NOT NULL,
    epoch        integer NOT NULL,
    node         text NOT NULL,
    item         integer NOT NULL DEFAULT -1,
    node_version text NOT NULL,
    output       json,
    times        json NOT NULL,
    emitted      json,
    PRIMARY KEY (event_id, epoch, node, item)
);

-- What the search copy has yet to be told.
CREATE TABLE headrace.projections (
    event_id   uuid PRIMARY KEY,
    version    bigint NOT NULL,
    due        timestamptz NOT NULL DEFAULT now(),
    refusal    json
);

CREATE TABLE headrace.notes (
    event_id uuid NOT NULL,
    written  timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempt  integer NOT NULL,
    node     text NOT NULL,
    note     json NOT NULL
);
CREATE INDEX notes_of_event ON headrace.notes (event_id, written);

CREATE TABLE headrace.schedules (
    id       uuid PRIMARY KEY,
    tenant   text NOT NULL,
    name     text NOT NULL,
    due      timestamptz NOT NULL,
    settings json NOT NULL,
    UNIQUE (tenant, name)
);
CREATE INDEX schedules_due ON headrace.schedules (due);

-- Nodes of unfinished runs that are not called before a moment, or before an event of a type with a match key.
CREATE TABLE headrace.waits (
    event_id  uuid NOT NULL,
    node      text NOT NULL,
    reason    text NOT NULL CHECK (reason IN ('retry', 'sleep', 'wait')),
    since     timestamptz NOT NULL DEFAULT now(),
    expires   timestamptz NOT NULL DEFAULT 'infinity',
    tenant    text NOT NULL,
    type      text,
    match_key text,
    arrived   uuid,
    PRIMARY KEY (event_id, node),
    CHECK ((reason = 'wait') = (type IS NOT NULL AND match_key IS NOT NULL))
);
CREATE INDEX waits_for ON headrace.waits (tenant, type, match_key) WHERE type IS NOT NULL AND arrived IS NULL;
CREATE INDEX waits_open ON headrace.waits (event_id, node) WHERE type IS NOT NULL AND arrived IS NULL;

CREATE TABLE headrace.idempotency (
    tenant    text NOT NULL,
    key_hash  bytea NOT NULL,
    event_id  uuid NOT NULL,
    body_hash bytea NOT NULL,
    PRIMARY KEY (tenant, key_hash)
);

CREATE TABLE headrace.api_keys (
    id       uuid PRIMARY KEY,
    tenant   text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    scopes   text[] NOT NULL,
    created  timestamptz NOT NULL DEFAULT now(),
    expires  timestamptz NOT NULL DEFAULT 'infinity',
    revoked  timestamptz
);

-- Every live process. A worker's lease on all of its runs is this one row.
CREATE TABLE headrace.workers (
    id          uuid PRIMARY KEY,
    role        text NOT NULL,
    host        text NOT NULL,
    pid         integer NOT NULL,
    launch      uuid,
    release     text,
    queues      text[] NOT NULL DEFAULT '{}',
    types       jsonb NOT NULL DEFAULT '{}',
    format      smallint NOT NULL DEFAULT 1,
    measures    jsonb NOT NULL DEFAULT '{}',
    connections integer NOT NULL,
    started     timestamptz NOT NULL DEFAULT now(),
    expires     timestamptz NOT NULL,
    death_seen  boolean NOT NULL DEFAULT false,
    swept       timestamptz
) WITH (fillfactor = 50);

-- Who leads: one row a post, held until it expires.
CREATE TABLE headrace.leases (
    post    text PRIMARY KEY,
    holder  uuid NOT NULL,
    since   timestamptz NOT NULL DEFAULT now(),
    expires timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE headrace.audit (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    moment timestamptz NOT NULL DEFAULT now(),
    tenant text NOT NULL,
    actor  text NOT NULL,
    act    text NOT NULL,
    detail json NOT NULL
);

-- The ledger: each transaction that changes a count appends its part and updates nothing.
CREATE TABLE headrace.tallies (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text NOT NULL,
    delta bigint NOT NULL
);
