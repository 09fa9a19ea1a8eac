-- When an event is to be delivered, if not at once; an operator may change it while it waits for that.
ALTER TABLE headrace.events ADD COLUMN IF NOT EXISTS deliver_at timestamptz;

-- What recurs: its event, when that is due next (`tick`), and when the relay is to look at it (`due`, infinity for never).
-- `previous` is the event of the last tick, `anchor` the moment that intervals count from. `app` is the user's program that
-- declares it, if one does, `vanished` since when that does not any more.
ALTER TABLE headrace.schedules
    ADD COLUMN IF NOT EXISTS type text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS queue text NOT NULL DEFAULT 'default',
    ADD COLUMN IF NOT EXISTS match_key text,
    ADD COLUMN IF NOT EXISTS body bytea NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS anchor timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS tick timestamptz,
    ADD COLUMN IF NOT EXISTS previous uuid,
    ADD COLUMN IF NOT EXISTS paused timestamptz,
    ADD COLUMN IF NOT EXISTS app text,
    ADD COLUMN IF NOT EXISTS vanished timestamptz;
ALTER TABLE headrace.schedules ALTER COLUMN body SET STORAGE EXTERNAL;

-- The newest ticks of each schedule and their events. No tick has two.
CREATE TABLE IF NOT EXISTS headrace.ticks (
    schedule_id uuid NOT NULL,
    tick        timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    PRIMARY KEY (schedule_id, tick)
);
CREATE INDEX IF NOT EXISTS ticks_event ON headrace.ticks (event_id);
