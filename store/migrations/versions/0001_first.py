"""The schemas, the control tables, and masking enforced in PostgreSQL."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMAS = ("source", "hub", "pub", "control", "ref", "staging")

TABLES = """
CREATE TABLE control.feed_run (
    run_id text NOT NULL,
    feed text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'published', 'failed')),
    stage text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    extracted_at timestamptz,
    contract_version text,
    read bigint, inserted bigint, updated bigint, unchanged bigint, quarantined bigint, deleted bigint,
    error text,
    report text,
    report_sha256 text,
    evidence_sha256 text,
    PRIMARY KEY (run_id, feed),
    -- the row account: every row read ends in exactly one place
    CHECK (state <> 'published' OR (read IS NOT NULL AND read = inserted + updated + unchanged + quarantined))
);
CREATE INDEX feed_run_newest ON control.feed_run (feed, started_at DESC);
CREATE TABLE control.finding (
    run_id text NOT NULL,
    feed text NOT NULL,
    row_number bigint NOT NULL,
    source_key text,
    field text,
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('error', 'warning')),
    original text,
    FOREIGN KEY (run_id, feed) REFERENCES control.feed_run ON DELETE CASCADE
);
CREATE INDEX finding_row ON control.finding (run_id, feed, row_number);
CREATE TABLE control.quarantine (
    run_id text NOT NULL,
    feed text NOT NULL,
    row_number bigint NOT NULL,
    source_key text,
    reasons jsonb NOT NULL,
    original jsonb NOT NULL,
    PRIMARY KEY (run_id, feed, row_number),
    FOREIGN KEY (run_id, feed) REFERENCES control.feed_run ON DELETE CASCADE
);
CREATE TABLE control.release (
    dataset text NOT NULL,
    release bigint NOT NULL,
    run_id text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    rows bigint NOT NULL,
    inserted bigint NOT NULL, updated bigint NOT NULL, deleted bigint NOT NULL,
    contract_version text NOT NULL,
    report text,
    report_sha256 text,
    evidence_sha256 text,
    PRIMARY KEY (dataset, release),
    UNIQUE (dataset, run_id)
);
CREATE TABLE control.consumer_grant (
    role name NOT NULL,
    dataset text NOT NULL,
    unmasked text[] NOT NULL,
    purpose text NOT NULL,
    valid_until date NOT NULL,
    PRIMARY KEY (role, dataset)
);
"""

FUNCTIONS = """
CREATE FUNCTION control.mask_id(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN length(value) >= 12 THEN left(value, 4) || repeat('*', length(value) - 4)
                ELSE repeat('*', length(value)) END;
CREATE FUNCTION control.mask_text(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN length(value) > 3 THEN left(value, 1) ELSE '' END || '***';
-- NULL: no valid grant, no rows. The views ask once a query, so a grant ends on its day by itself,
-- on the city's clock: the reader's own time zone would let it choose the day.
CREATE FUNCTION control.unmasked(reader name, wanted text) RETURNS text[] LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = control, pg_temp SET timezone = 'Asia/Jakarta'
    RETURN (SELECT g.unmasked FROM control.consumer_grant g
            WHERE g.role = reader AND g.dataset = wanted AND g.valid_until >= current_date);
"""


def upgrade() -> None:
    """Create everything that does not depend on a contract."""
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.execute(TABLES)
    op.execute(FUNCTIONS)
