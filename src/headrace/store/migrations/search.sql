-- Whoever adds a result or takes one away feeds the search copy, in the same transaction. The version of what the copy is
-- to hold grows with both: that of a result is even, that of a result which went is odd. A row that waits already
-- waits since then.
CREATE OR REPLACE FUNCTION headrace.feed_projections() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO headrace.projections AS p (event_id, version)
    SELECT c.event_id, 2 * c.run_number::bigint + CASE TG_OP WHEN 'DELETE' THEN 1 ELSE 0 END
    FROM changed c ORDER BY c.event_id
    ON CONFLICT (event_id) DO UPDATE SET version = greatest(p.version, excluded.version);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE TRIGGER results_added AFTER INSERT ON headrace.results
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION headrace.feed_projections();

CREATE OR REPLACE TRIGGER results_removed AFTER DELETE ON headrace.results
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION headrace.feed_projections();

-- It is a queue: rows come and go, each for a moment.
ALTER TABLE headrace.projections SET (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

-- What the copy would not take, until it may take it. These are told of; nothing waits for them.
CREATE TABLE IF NOT EXISTS headrace.refusals (
    event_id    uuid PRIMARY KEY,
    version     bigint NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    reason      text NOT NULL,
    fingerprint text NOT NULL
);

-- Each batch that is written to the copy has a number.
CREATE SEQUENCE IF NOT EXISTS headrace.batches;

-- What is known of the copy: the newest batch that each of its parts was seen to hold.
CREATE TABLE IF NOT EXISTS headrace.copies (
    place text NOT NULL,
    month text NOT NULL,
    batch bigint NOT NULL,
    PRIMARY KEY (place, month)
);

-- Months of the copy that are being built anew, beside those that readers see.
CREATE TABLE IF NOT EXISTS headrace.rebuilds (
    place       text NOT NULL,
    month       text NOT NULL,
    generation  bigint NOT NULL,
    first_batch bigint NOT NULL,
    reached     uuid,
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (place, month)
);

-- The copy where there is no Elasticsearch lies in parts. Of each month readers see one; a rebuild has another beside it.
CREATE TABLE IF NOT EXISTS headrace.parts (
    month    text PRIMARY KEY,
    part     text NOT NULL COLLATE "C",
    building text COLLATE "C"
);

-- Its entries. A term is found by its hash. What is gone says so for a while. `digest` is of all that no column has.
CREATE TABLE IF NOT EXISTS headrace.documents (
    event_id    uuid NOT NULL,
    part        text NOT NULL COLLATE "C",
    version     bigint NOT NULL,
    batch       bigint NOT NULL,
    gone        timestamptz,
    tenant      text,
    type        text,
    state       text,
    finished_at timestamptz,
    indices     text[],
    digest      bytea,
    words       tsvector,
    terms       bigint[],
    PRIMARY KEY (event_id, part)
);
-- What is new waits in a list, so that many documents are taken in at once; each search reads the list, so it is short.
CREATE INDEX IF NOT EXISTS documents_found ON headrace.documents USING gin (words, terms)
WITH (gin_pending_list_limit = 1024) WHERE gone IS NULL;
CREATE INDEX IF NOT EXISTS documents_finished ON headrace.documents (finished_at);
CREATE INDEX IF NOT EXISTS documents_gone ON headrace.documents (gone) WHERE gone IS NOT NULL;

-- Parts are counted by this one, and their newest batch is its last entry.
CREATE INDEX IF NOT EXISTS documents_batches ON headrace.documents (part, batch);
