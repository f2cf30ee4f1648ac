"""Releases: looking back, comparing, following merged keys; the change feed masked for consumers."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RELEASE_AT = """
-- the newest release published at or before a moment; NULL before the first
CREATE FUNCTION control.release_at(dataset text, at timestamptz) RETURNS bigint LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT max(r.release) FROM control.release r
            WHERE r.dataset = release_at.dataset AND r.published_at <= release_at.at)
"""

CURRENT_KEY = """
-- the key under which an entity is known now; 100 merges in a row are more than stewards make
CREATE FUNCTION control.current_key(dataset text, key text) RETURNS text LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    RETURN (
        WITH RECURSIVE way(at_key, step) AS (
            SELECT current_key.key, 0
            UNION ALL
            SELECT r.into_key, way.step + 1 FROM way
            JOIN control.redirect r ON r.dataset = current_key.dataset AND r.key = way.at_key
            WHERE way.step < 100)
        SELECT way.at_key FROM way ORDER BY way.step DESC LIMIT 1)
"""

REQUIRE_RELEASE = """
CREATE FUNCTION control.require_release(dataset text, release bigint) RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('hub.%I', dataset || '_changes')) IS NULL THEN
        RAISE EXCEPTION 'there is no dataset %', dataset USING ERRCODE = 'undefined_table',
            HINT = 'the datasets are the names in control.release';
    END IF;
    -- 0: before the first one
    IF release IS NULL OR release <> 0 AND NOT EXISTS (
        SELECT FROM control.release r
        WHERE r.dataset = require_release.dataset AND r.release = require_release.release) THEN
        RAISE EXCEPTION 'there is no release % of %', release, dataset USING ERRCODE = 'no_data_found',
            HINT = 'the releases are in control.release';
    END IF;
END $$
"""

COMPARE = """
-- what differs between two releases, forwards or backwards; 0 is the time before the first. A key that came and
-- went between them is not told. A field that a release did not have counts as empty.
CREATE FUNCTION control.compare(dataset text, a bigint, b bigint)
    RETURNS TABLE (key text, operation text, changed text[], before jsonb, after jsonb, into_key text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_release(dataset, a);
    PERFORM control.require_release(dataset, b);
    RETURN QUERY EXECUTE format($query$
        WITH span AS (SELECT * FROM hub.%I WHERE release > least($1, $2) AND release <= greatest($1, $2)),
        met AS (
            SELECT key, old.before, new.after, new.operation, new.into_key
            FROM (SELECT DISTINCT ON (key) key, before FROM span ORDER BY key, change) old
            JOIN (SELECT DISTINCT ON (key) key, after, operation, into_key FROM span
                  ORDER BY key, change DESC) new USING (key)),
        turned AS (
            SELECT key, CASE WHEN $1 <= $2 THEN before ELSE after END AS was,
                   CASE WHEN $1 <= $2 THEN after ELSE before END AS is_now,
                   CASE WHEN $1 <= $2 AND operation = 'merge' THEN into_key END AS went_into
            FROM met),
        told AS (
            SELECT *, CASE WHEN was IS NULL OR is_now IS NULL THEN '{}' ELSE
                ARRAY(SELECT k FROM jsonb_object_keys(was || is_now) k
                      WHERE was ->> k IS DISTINCT FROM is_now ->> k ORDER BY k COLLATE "C") END AS fields
            FROM turned)
        SELECT key, CASE WHEN was IS NULL THEN 'insert' WHEN is_now IS NOT NULL THEN 'update'
                         WHEN went_into IS NOT NULL THEN 'merge' ELSE 'delete' END,
               fields, was, is_now, went_into
        FROM told WHERE CASE WHEN was IS NOT NULL AND is_now IS NOT NULL THEN fields <> '{}'
                             ELSE was IS NOT NULL OR is_now IS NOT NULL END
        ORDER BY key COLLATE "C"$query$, dataset || '_changes') USING a, b;
END $$
"""

# who came with the first release was not born that day; status_dasar: SIAK, 2 MATI, 3 PINDAH
FAMILY_EVENTS = """
-- what happened to the members of a family card, or of every card: from the change feed of `penduduk`
CREATE FUNCTION control.family_events(card text DEFAULT NULL)
    RETURNS TABLE (no_kk text, peristiwa text, nik text, dari text, ke text, release bigint, at timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass('hub.penduduk_changes') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        WITH told AS (
            SELECT c.change, c.release, c.key AS nik, c.operation, c.into_key, before, after,
                   before ->> 'no_kk' AS kk_before, after ->> 'no_kk' AS kk_after,
                   concat_ws(', ', before ->> 'alamat', before ->> 'kode_kelurahan') AS at_before,
                   concat_ws(', ', after ->> 'alamat', after ->> 'kode_kelurahan') AS at_after,
                   before ->> 'status_dasar' AS status_before, after ->> 'status_dasar' AS status_after
            FROM hub.penduduk_changes c
            WHERE c.release > (SELECT release FROM hub.penduduk_changes ORDER BY change LIMIT 1)
              AND ($1 IS NULL OR before ->> 'no_kk' = $1 OR after ->> 'no_kk' = $1)),
        happened AS (
            SELECT told.*, event.* FROM told CROSS JOIN LATERAL (VALUES
                (1, operation = 'insert', 'lahir/datang', kk_after, NULL, NULL),
                (2, operation = 'delete', 'dihapus', kk_before, NULL, NULL),
                (3, operation = 'merge', 'digabung', kk_before, nik, into_key),
                (4, operation = 'update' AND kk_before IS DISTINCT FROM kk_after,
                    'pindah KK', kk_before, kk_before, kk_after),
                (5, operation = 'update' AND kk_before IS DISTINCT FROM kk_after,
                    'pindah KK', kk_after, kk_before, kk_after),
                (6, operation = 'update' AND at_before <> at_after, 'pindah alamat', kk_after, at_before, at_after),
                (7, operation = 'update' AND status_before IS DISTINCT FROM status_after,
                    CASE status_after WHEN '2' THEN 'meninggal' WHEN '3' THEN 'pindah keluar'
                         ELSE 'status berubah' END, coalesce(kk_after, kk_before), status_before, status_after)
            ) AS event(number, is_so, peristiwa, card, dari, ke)
            WHERE event.is_so AND event.card IS NOT NULL AND ($1 IS NULL OR event.card = $1))
        SELECT h.card, h.peristiwa, h.nik, h.dari, h.ke, h.release, r.published_at
        FROM happened h LEFT JOIN control.release r ON r.dataset = 'penduduk' AND r.release = h.release
        ORDER BY h.change, h.number$query$ USING card;
END $$
"""

MASK_IMAGE = """
-- a row of the change feed as a reader sees it. `how` says of every field of the contract: clear, id, text or
-- null; what it does not know, a field that the contract has lost, is nobody's
CREATE FUNCTION control.mask_image(image jsonb, shown text[], how jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    RETURN (
        SELECT jsonb_object_agg(f.key, CASE
            WHEN how ->> f.key = 'clear' OR f.key = ANY (shown) THEN f.value
            WHEN how ->> f.key = 'id' THEN to_jsonb(control.mask_id(image ->> f.key))
            WHEN how ->> f.key = 'text' THEN to_jsonb(control.mask_text(image ->> f.key)) END)
        FROM jsonb_each(image) f WHERE jsonb_exists(how, f.key))
"""

# datasets of earlier versions kept no ended rows, but their change feed is whole: the ended versions come from it
HISTORY = """
DO $$
DECLARE
    dataset text;
BEGIN
    FOR dataset IN SELECT t.tablename FROM pg_tables t WHERE t.schemaname = 'hub'
        AND to_regclass(format('hub.%I', t.tablename || '_changes')) IS NOT NULL
        AND to_regclass(format('hub.%I', t.tablename || '_history')) IS NULL
    LOOP
        EXECUTE format('CREATE TABLE hub.%I (LIKE hub.%I, _until bigint NOT NULL, PRIMARY KEY (_key, _until))',
                       dataset || '_history', dataset);
        EXECUTE format($query$
            INSERT INTO hub.%1$I SELECT (jsonb_populate_record(NULL::hub.%2$I, c.before || jsonb_build_object(
                '_key', c.key, '_hash', '', '_provenance', '{}'::jsonb, '_release', c.since))).*, c.release
            FROM (SELECT *, lag(release) OVER (PARTITION BY key ORDER BY change) AS since FROM hub.%3$I) c
            WHERE c.operation IN ('update', 'delete')$query$,
            dataset || '_history', dataset, dataset || '_changes');
        -- _release was also that of a change of provenance alone
        EXECUTE format($query$
            UPDATE hub.%1$I t SET _release = c.release
            FROM (SELECT key, max(release) AS release FROM hub.%2$I GROUP BY key) c
            WHERE c.key = t._key AND t._release <> c.release$query$, dataset, dataset || '_changes');
    END LOOP;
END $$
"""

STATEMENTS = (
    "ALTER TABLE control.release ADD COLUMN merged bigint NOT NULL DEFAULT 0",
    RELEASE_AT,
    CURRENT_KEY,
    REQUIRE_RELEASE,
    COMPARE,
    FAMILY_EVENTS,
    MASK_IMAGE,
    HISTORY,
)


def upgrade() -> None:
    """Add the functions, and the history of datasets that have none."""
    for statement in STATEMENTS:
        op.execute(statement)
