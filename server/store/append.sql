-- One write group, as confiture.append (sql/005_append.sql) with the same parameters and rows: what
-- it does for a group of new intents alone, as one statement with a plan that the connection keeps.
-- A function in plpgsql copies each of its arrays, and starts and ends each of its statements,
-- which costs a small group as much again as its rows.
--
-- The project's row decides: its UPDATE waits for the groups of others and then finds the project
-- at $2 with the hash $3, or nothing (READ COMMITTED evaluates the condition anew). Where it finds
-- nothing, or where the group holds more than new intents, no row is written here and the function
-- says what is to be said. Arrays are unnested side by side in the select list: in FROM each would
-- be kept in a store of its own first.
WITH project AS (
	UPDATE confiture.project
	SET revision = $2::bigint + cardinality($8::bytea[]),
		chain_hash = ($9::bytea[])[cardinality($9::bytea[])]
	WHERE name = $1 AND revision = $2::bigint AND chain_hash = $3::bytea
		AND $28::jsonb IS NULL AND $2::bigint < ALL ($25::bigint[])
	RETURNING id, revision, chain_hash
), event AS (
	INSERT INTO confiture.event
	SELECT p.id, $2::bigint + e.n, e.time, e.actor, e.kinds::text[], e.subjects::text[],
		e.payload, e.hash
	FROM project p, (SELECT generate_series(1, cardinality($8::bytea[])) AS n,
		unnest($4::timestamptz[]) AS time, unnest($5::text[]) AS actor,
		unnest($6::text[]) AS kinds, unnest($7::text[]) AS subjects,
		unnest($8::bytea[]) AS payload, unnest($9::bytea[]) AS hash) e
), request AS (
	INSERT INTO confiture.request
	SELECT p.id, r.id, r.digest, r.revision, r.subject, clock_timestamp()
	FROM project p, (SELECT unnest($10::text[]) AS id, unnest($11::bytea[]) AS digest,
		unnest($12::bigint[]) AS revision, unnest($13::text[]) AS subject) r
), intent AS (
	INSERT INTO confiture.intent
	SELECT p.id, i.id, i.agent, i.feature, i.branch, i.status, i.risk, i.changes::text[],
		i.tables::text[], i.metadata::jsonb, i.created, i.updated, i.created_revision,
		i.updated_revision, i.record
	FROM project p, (SELECT unnest($14::text[]) AS id, unnest($15::text[]) AS agent,
		unnest($16::text[]) AS feature, unnest($17::text[]) AS branch,
		unnest($18::text[]) AS status, unnest($19::text[]) AS risk,
		unnest($20::text[]) AS changes, unnest($21::text[]) AS tables,
		unnest($22::text[]) AS metadata, unnest($23::timestamptz[]) AS created,
		unnest($24::timestamptz[]) AS updated, unnest($25::bigint[]) AS created_revision,
		unnest($26::bigint[]) AS updated_revision, unnest($27::bytea[]) AS record) i
)
-- The columns that a committed group has no use for hold what is done beside: the hint to the other
-- servers, and that what is acknowledged must survive, whatever the database's default is.
SELECT 'committed' AS outcome, confiture.microseconds(clock_timestamp()) AS now_us, revision,
	encode(chain_hash, 'hex') AS chain_hash,
	pg_notify('confiture', revision || ' ' || $1)::text AS payload,
	CASE WHEN current_setting('synchronous_commit') = 'off'
		THEN set_config('synchronous_commit', 'on', true) END AS request_id,
	NULL AS body_digest, NULL AS subject_id
FROM project
UNION ALL
SELECT * FROM confiture.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
	$17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
WHERE NOT EXISTS (SELECT FROM project)
