-- The first UUIDv7 of a moment: 48 bits of milliseconds, then zeros.
CREATE FUNCTION headrace.first_id_at(moment timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT
RETURN rpad(lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid;

-- The moment that a UUIDv7 carries.
CREATE FUNCTION headrace.time_of(id uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT
RETURN to_timestamp(('x0000' || substr(replace(id::text, '-', ''), 1, 12))::bit(64)::bigint / 1000.0);

-- Makes the weekly partitions that hold the ids up to a moment. It runs with its owner's rights, because the running
-- role may not create tables. A week whose rows already lie in the default partition stays there.
-- Attached, a partition leaves its parent to those who insert; it needs the default partition for itself. While a long
-- reader has that, others would queue behind this: it gives up soon, and is called again.
CREATE FUNCTION headrace.ensure_partitions(until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms'
AS $function$
DECLARE
    week timestamptz := date_trunc('week', now() - interval '1 day', 'UTC');
    parent text;
    partition text;
    made integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('headrace.ensure_partitions')) THEN
        RETURN made;
    END IF;
    WHILE week <= until LOOP
        FOREACH parent IN ARRAY ARRAY['events', 'results'] LOOP
            partition := parent || to_char(week AT TIME ZONE 'UTC', '"_"IYYY"w"IW');
            CONTINUE WHEN EXISTS (
                SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = '%SCHEMA%' AND c.relname = partition
            );
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', '%SCHEMA%', partition, '%SCHEMA%', parent
                );
                EXECUTE format(
                    'ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
                    '%SCHEMA%', parent, '%SCHEMA%', partition,
                    headrace.first_id_at(week), headrace.first_id_at(week + interval '7 days')
                );
                made := made + 1;
            EXCEPTION
                WHEN check_violation THEN
                    RAISE WARNING 'partition % could not be made: %', partition, SQLERRM;
                WHEN lock_not_available THEN
                    RAISE WARNING 'partition % could not be made now: %', partition, SQLERRM;
                    RETURN made;
            END;
        END LOOP;
        week := week + interval '7 days';
    END LOOP;
    RETURN made;
END
$function$;

-- A run in the hands of a worker, with what the worker needs of its event.
CREATE TYPE headrace.claimed AS (
    event_id      uuid,
    run_number    integer,
    epoch         integer,
    tenant        text,
    type          text,
    queue         text,
    attempt       integer,
    failures      jsonb,
    losses        smallint,
    solo_losses   smallint,
    unseen_losses smallint,
    started       timestamptz,
    begun         timestamptz,
    pipeline      text,
    body          bytea,
    source        text,
    subject       text,
    parent_id     uuid,
    trace         text
);

-- The only gate to a run: writes the owner and the attempt. The caller has locked the rows and found them due and nobody's.
-- Plans are pinned in all of these functions, because on a long backlog the planner would rather sort all of it.
CREATE FUNCTION headrace.take(claimer uuid, picked uuid[]) RETURNS SETOF headrace.claimed
LANGUAGE plpgsql ROWS 100
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
AS $function$
BEGIN
    RETURN QUERY
    WITH taken AS (
        UPDATE headrace.runs r
        SET owner = claimer, attempt = r.attempt + 1, state = 'running', reason = NULL, since = now(),
            begun = coalesce(r.begun, now())
        WHERE r.event_id = ANY (picked)
        RETURNING r.*
    )
    SELECT t.event_id, t.run_number, t.epoch, t.tenant, t.type, t.queue, t.attempt, t.failures, t.losses, t.solo_losses,
           t.unseen_losses, t.since, t.begun, t.pipeline, e.body, e.source, e.subject, e.parent_id, e.trace
    FROM taken t JOIN headrace.events e ON e.id = t.event_id;
END
$function$;

-- A process may claim only while its lease holds.
CREATE FUNCTION headrace.lease_holds(claimer uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM headrace.workers w WHERE w.id = claimer AND w.expires > now());

-- Those of the types that nobody paused; none where their queue, or everything, is paused.
CREATE FUNCTION headrace.unpaused(wanted_queue text, known_types text[]) RETURNS text[]
LANGUAGE sql STABLE
RETURN CASE
    WHEN EXISTS (SELECT FROM headrace.paused p WHERE p.scope = 'all' OR p.scope = 'queue' AND p.name = wanted_queue)
    THEN '{}'
    ELSE ARRAY(
        SELECT known FROM unnest(known_types) AS known
        WHERE NOT EXISTS (SELECT FROM headrace.paused p WHERE p.scope = 'type' AND p.name = known)
    )
END;

-- Whether ordinary processes take a run. That a whole tree or host vanished, with all that ran there, is no reason yet to
-- suspect one of its runs: they go on together, as quickly as before.
CREATE FUNCTION headrace.is_sound(losses smallint, unseen_losses smallint) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN losses = 0 OR losses = 1 AND unseen_losses = 1;

-- Claims the oldest due runs of a queue.
CREATE FUNCTION headrace.claim_due(
    claimer uuid, wanted_queue text, known_types text[], known_format integer, most integer
)
RETURNS SETOF headrace.claimed
LANGUAGE plpgsql ROWS 100
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    picked uuid[];
BEGIN
    IF EXISTS (SELECT FROM headrace.paused) THEN
        known_types := headrace.unpaused(wanted_queue, known_types);
        IF known_types = '{}' THEN
            RETURN;
        END IF;
    END IF;
    SELECT array_agg(due.event_id) INTO picked FROM (
        SELECT r.event_id FROM headrace.runs r
        WHERE r.queue = wanted_queue AND r.rank <= now() AND r.owner IS NULL AND headrace.is_sound(r.losses, r.unseen_losses)
          AND r.type = ANY (known_types) AND r.format <= known_format
        ORDER BY r.rank LIMIT most
        FOR UPDATE SKIP LOCKED
    ) due WHERE headrace.lease_holds(claimer);
    IF picked IS NOT NULL THEN
        RETURN QUERY SELECT * FROM headrace.take(claimer, picked);
    END IF;
END
$function$;

-- Claims the due runs that a message names, unless an older run of the queue is due: then nothing, and the caller claims in order.
CREATE FUNCTION headrace.claim_named(
    claimer uuid, wanted_queue text, known_types text[], known_format integer, wanted uuid[]
)
RETURNS SETOF headrace.claimed
LANGUAGE plpgsql ROWS 100
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    picked uuid[];
    oldest timestamptz;
BEGIN
    IF EXISTS (SELECT FROM headrace.paused) THEN
        known_types := headrace.unpaused(wanted_queue, known_types);
        IF known_types = '{}' THEN
            RETURN;
        END IF;
    END IF;
    SELECT array_agg(due.event_id), min(due.rank) INTO picked, oldest FROM (
        SELECT r.event_id, r.rank FROM headrace.runs r
        WHERE r.event_id = ANY (wanted) AND r.queue = wanted_queue AND r.rank <= now() AND r.owner IS NULL
          AND headrace.is_sound(r.losses, r.unseen_losses) AND r.type = ANY (known_types) AND r.format <= known_format
        FOR UPDATE SKIP LOCKED
    ) due WHERE headrace.lease_holds(claimer);
    IF picked IS NULL OR EXISTS (
        SELECT FROM headrace.runs r
        WHERE r.queue = wanted_queue AND r.rank < oldest AND r.owner IS NULL AND headrace.is_sound(r.losses, r.unseen_losses)
          AND r.type = ANY (known_types) AND r.format <= known_format
    ) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM headrace.take(claimer, picked);
END
$function$;

-- Whether a run that is not sound is to go alone in a process; the others go among themselves. A whole tree or host that
-- vanished says less of its runs, which were many, than a process whose end its supervisor saw.
CREATE FUNCTION headrace.goes_alone(losses smallint, unseen_losses smallint) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN losses - unseen_losses > 1 OR unseen_losses > 4;

-- Claims due runs of a queue that are not sound: those that go alone, the others, or (NULL) all of them.
CREATE FUNCTION headrace.claim_lost(
    claimer uuid, wanted_queue text, known_types text[], known_format integer, most integer, alone boolean
)
RETURNS SETOF headrace.claimed
LANGUAGE plpgsql ROWS 10
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    picked uuid[];
BEGIN
    IF EXISTS (SELECT FROM headrace.paused) THEN
        known_types := headrace.unpaused(wanted_queue, known_types);
        IF known_types = '{}' THEN
            RETURN;
        END IF;
    END IF;
    SELECT array_agg(due.event_id) INTO picked FROM (
        SELECT r.event_id FROM headrace.runs r
        WHERE r.queue = wanted_queue AND r.rank <= now() AND r.owner IS NULL AND r.losses > 0
          AND NOT headrace.is_sound(r.losses, r.unseen_losses)
          AND (alone IS NULL OR headrace.goes_alone(r.losses, r.unseen_losses) = alone)
          AND r.type = ANY (known_types) AND r.format <= known_format
        ORDER BY r.rank LIMIT most
        FOR UPDATE SKIP LOCKED
    ) due WHERE headrace.lease_holds(claimer);
    IF picked IS NOT NULL THEN
        RETURN QUERY SELECT * FROM headrace.take(claimer, picked);
    END IF;
END
$function$;
