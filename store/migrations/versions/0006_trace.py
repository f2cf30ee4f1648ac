"""The way back from a published value to what its sources wrote."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MAPPING = """
CREATE TABLE control.mapping (
    feed text NOT NULL,
    -- rows extracted from then on were read so, until the feed's next entry
    since timestamptz NOT NULL,
    dataset text NOT NULL,
    -- field -> the source columns that it is made of
    columns jsonb NOT NULL,
    PRIMARY KEY (feed, since)
)
"""

#: as store.tables.source_table names it
SOURCE_TABLE = """
CREATE FUNCTION control.source_table(feed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN octet_length(replace(feed, '.', '__')) <= 63 THEN replace(feed, '.', '__')
                ELSE left(replace(feed, '.', '__'), 46) || '_'
                     || left(encode(sha256(convert_to(feed, 'UTF8')), 'hex'), 16) END
"""

#: One row of a feed as JSON, what it was made of, and when it was read; no row where there is none.
SOURCE_ROW = """
CREATE FUNCTION control.source_row(feed text, row_key text)
    RETURNS TABLE (said jsonb, run_id text, extracted_at timestamptz, columns jsonb)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('source.%I', control.source_table($1))) IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT to_jsonb(s), s._run, r.extracted_at,
                (SELECT m.columns FROM control.mapping m WHERE m.feed = $1 AND m.since <= r.extracted_at
                 ORDER BY m.since DESC LIMIT 1)
         FROM source.%I s LEFT JOIN control.feed_run r ON r.feed = $1 AND r.run_id = s._run
         WHERE s._key = $2', control.source_table($1)) USING $1, $2;
END $$
"""

#: What the source wrote for a field, by source column. A column that `_original` lacks is shown by a field made of it
#: alone. NULL: the row was read before the hub kept originals, or the feed does not supply the field.
#: jsonb takes no \u0000, which text of a source may hold: it becomes a noncharacter, and comes back in the answer.
ORIGINAL_OF = r"""
CREATE FUNCTION control.original_of(field text, said jsonb, columns jsonb) RETURNS json
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    RETURN (
        WITH kept AS (
            SELECT coalesce(regexp_replace(said ->> '_original', '(?<!\\)((?:\\\\)*)\\u0000',
                                           '\1' || U&'\FDD0', 'g')::jsonb, '{}') AS texts
        ), written AS (
            SELECT place, name, CASE WHEN texts ? name THEN texts ->> name ELSE
                (SELECT said ->> made.key FROM jsonb_each(columns) made
                 WHERE made.value = jsonb_build_array(name) LIMIT 1) END AS text
            FROM kept, jsonb_array_elements_text(columns -> field) WITH ORDINALITY AS of_field (name, place)
        )
        SELECT CASE WHEN columns ? field
                    THEN replace(coalesce(json_object_agg(name, text ORDER BY place), '{}')::text,
                                 U&'\FDD0', '\u0000')::json END
        FROM written)
"""

#: Every source row that speaks for an entity, and the rows that its provenance names though they are no members
#: (any more), with each published field.
TRACE = """
CREATE FUNCTION control.trace(dataset text, key text)
    RETURNS TABLE (field text, value text, won boolean, application text, feed text, run_id text, source_key text,
                   original json, source_value text, extracted_at timestamptz,
                   how text, score real, reason text, decided_by text, decided_at timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('hub.%I', $1)) IS NULL OR to_regclass(format('hub.%I', $1 || '_members')) IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($query$
        WITH published AS MATERIALIZED (
            SELECT to_jsonb(h) AS fields, h._provenance AS provenance FROM hub.%1$I h WHERE h._key = $2
        ), winner AS (
            SELECT DISTINCT p.value ->> 0 AS feed, p.value ->> 1 AS row_key
            FROM published, jsonb_each(published.provenance) p
        ), member AS (
            SELECT m.* FROM hub.%2$I m WHERE m.key = $2 AND $1 =
                (SELECT o.dataset FROM control.mapping o WHERE o.feed = m.feed ORDER BY o.since DESC LIMIT 1)
        ), speaking AS MATERIALIZED (
            SELECT feed, row_key, m.how, m.score, m.reason, m.decided_by, m.decided_at,
                   s.said, s.run_id, s.extracted_at, s.columns
            FROM (SELECT feed, row_key FROM member UNION SELECT feed, row_key FROM winner) both_of
            LEFT JOIN hub.%2$I m USING (feed, row_key)
            LEFT JOIN LATERAL control.source_row(feed, row_key) s ON true
        )
        SELECT a.attname::text, p.fields ->> a.attname, w.won,
               regexp_replace(s.feed, '\\.[^.]*$', ''), s.feed, s.run_id, s.row_key,
               control.original_of(a.attname, s.said, s.columns), s.said ->> a.attname,
               s.extracted_at, s.how, s.score, s.reason, s.decided_by, s.decided_at
        FROM published p
        JOIN pg_attribute a ON a.attrelid = %3$L::regclass AND a.attnum > 0 AND NOT a.attisdropped
                               AND NOT starts_with(a.attname, '_')
        CROSS JOIN speaking s
        CROSS JOIN LATERAL (SELECT coalesce(p.provenance -> a.attname = jsonb_build_array(s.feed, s.row_key), false)
                            AS won) w
        WHERE w.won OR s.said IS NULL OR s.said ? a.attname
        ORDER BY a.attnum, w.won DESC, s.feed, s.row_key
    $query$, $1, $1 || '_members', format('hub.%I', $1)) USING $1, control.current_key($1, $2);
END $$
"""

#: Rows of other datasets that were found to name the entity.
MENTIONS = """
CREATE FUNCTION control.mentions(dataset text, key text)
    RETURNS TABLE (of_dataset text, feed text, row_key text, how text, score real, reason text, decided_by text,
                   decided_at timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('hub.%I', $1 || '_members')) IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($query$
        SELECT o.dataset, m.feed, m.row_key, m.how, m.score, m.reason, m.decided_by, m.decided_at
        FROM hub.%I m
        LEFT JOIN LATERAL (SELECT c.dataset FROM control.mapping c WHERE c.feed = m.feed
                           ORDER BY c.since DESC LIMIT 1) o ON true
        WHERE m.key = $2 AND o.dataset IS DISTINCT FROM $1 ORDER BY m.feed, m.row_key
    $query$, $1 || '_members') USING $1, control.current_key($1, $2);
END $$
"""


def upgrade() -> None:
    """Add the table and the functions."""
    for statement in (MAPPING, SOURCE_TABLE, SOURCE_ROW, ORIGINAL_OF, TRACE, MENTIONS):
        op.execute(statement)
