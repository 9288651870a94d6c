-- The log of every project, its projections for SQL users, requests, leases and cursors.
-- Truth is confiture.event; intent, conflict and base_schema follow it in the same transaction.

CREATE TABLE confiture.log (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	log_id text NOT NULL DEFAULT gen_random_uuid()::text,
	epoch int NOT NULL DEFAULT 1, -- grows by hand after a restore from an older backup
	created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO confiture.log DEFAULT VALUES;

CREATE TABLE confiture.project (
	id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE,
	revision bigint NOT NULL DEFAULT 0,       -- of the last event
	first_revision bigint NOT NULL DEFAULT 1, -- the oldest event still kept
	chain_hash bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000',
	created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE confiture.event (
	project_id int NOT NULL REFERENCES confiture.project,
	revision bigint NOT NULL, -- dense from 1, in commit order
	time timestamptz NOT NULL,
	actor text NOT NULL,
	kinds text[] NOT NULL,    -- of its changes: 'intent.registered' …
	subjects text[] NOT NULL, -- beside kinds: the id of the intent or conflict
	payload bytea NOT NULL,   -- confiture.v1.Event with the hash of the event before
	chain_hash bytea NOT NULL, -- SHA-256 of the payload
	PRIMARY KEY (project_id, revision)
);

CREATE TABLE confiture.intent (
	project_id int NOT NULL REFERENCES confiture.project,
	id text NOT NULL,
	agent_id text NOT NULL,
	feature_name text NOT NULL,
	branch_name text NOT NULL,
	status text NOT NULL,
	risk_level text NOT NULL,
	schema_changes text[] NOT NULL,
	tables_affected text[] NOT NULL,
	metadata jsonb,
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	created_revision bigint NOT NULL,
	updated_revision bigint NOT NULL,
	payload bytea NOT NULL, -- confiture.v1.Intent
	PRIMARY KEY (project_id, id),
	UNIQUE (project_id, branch_name)
);

CREATE TABLE confiture.conflict (
	project_id int NOT NULL REFERENCES confiture.project,
	id text NOT NULL,
	intent_a text NOT NULL,
	intent_b text NOT NULL,
	conflict_type text NOT NULL,
	severity text NOT NULL,
	status text NOT NULL,
	affected_objects text[] NOT NULL,
	explanation text NOT NULL,
	resolution_notes text NOT NULL,
	created_at timestamptz NOT NULL,
	created_revision bigint NOT NULL,
	updated_revision bigint NOT NULL,
	payload bytea NOT NULL, -- confiture.v1.Conflict
	PRIMARY KEY (project_id, id)
);

CREATE TABLE confiture.base_schema (
	project_id int PRIMARY KEY REFERENCES confiture.project,
	fingerprint text NOT NULL,
	set_at timestamptz NOT NULL,
	payload bytea NOT NULL -- confiture.v1.BaseSchema
);

CREATE TABLE confiture.request (
	project_id int NOT NULL REFERENCES confiture.project,
	request_id text NOT NULL,
	body_digest bytea NOT NULL,
	revision bigint NOT NULL, -- of its event
	subject_id text NOT NULL,
	time timestamptz NOT NULL,
	PRIMARY KEY (project_id, request_id)
);
CREATE INDEX request_by_revision ON confiture.request (project_id, revision);
CREATE INDEX request_by_time ON confiture.request (time);

CREATE TABLE confiture.lease (
	project_id int NOT NULL REFERENCES confiture.project,
	intent_id text NOT NULL,
	agent_id text NOT NULL,
	fence bigint NOT NULL,
	ttl interval NOT NULL,
	expires_at timestamptz NOT NULL,
	renewed_at timestamptz NOT NULL,
	PRIMARY KEY (project_id, intent_id)
) WITH (fillfactor = 70);

CREATE TABLE confiture.inbox (
	project_id int NOT NULL REFERENCES confiture.project,
	agent_id text NOT NULL,
	cursor bigint NOT NULL, -- read and acknowledged up to this revision
	PRIMARY KEY (project_id, agent_id)
);

CREATE VIEW confiture.history AS
SELECT p.name AS project, e.revision, e.time, e.actor, c.kind, c.subject,
	i.agent_id, i.feature_name, i.status AS status_now
FROM confiture.event e
JOIN confiture.project p ON p.id = e.project_id
CROSS JOIN LATERAL unnest(e.kinds, e.subjects) WITH ORDINALITY AS c (kind, subject, position)
LEFT JOIN confiture.intent i ON i.project_id = e.project_id AND i.id = c.subject
ORDER BY p.name, e.revision, c.position;

CREATE VIEW confiture.live_intent AS
SELECT p.name AS project, i.id, i.agent_id, i.feature_name, i.branch_name, i.status, i.risk_level,
	i.tables_affected, i.created_at, i.updated_at, l.expires_at AS lease_expires_at
FROM confiture.intent i
JOIN confiture.project p ON p.id = i.project_id
LEFT JOIN confiture.lease l ON l.project_id = i.project_id AND l.intent_id = i.id
WHERE i.status NOT IN ('MERGED', 'ABANDONED');

CREATE FUNCTION confiture.microseconds(t timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (extract(epoch FROM t) * 1000000)::bigint $$;

CREATE FUNCTION confiture.at_microseconds(us bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT timestamptz 'epoch' + us * interval '1 microsecond' $$;

-- Events after a revision, with the request of each: what a follower needs.
CREATE FUNCTION confiture.read(p_project text, p_after bigint, p_limit int)
RETURNS TABLE (revision bigint, chain_hash text, payload text, request_id text, body_digest text,
	subject_id text)
LANGUAGE sql STABLE AS $$
	SELECT e.revision, encode(e.chain_hash, 'hex'), encode(e.payload, 'hex'), r.request_id,
		encode(r.body_digest, 'hex'), r.subject_id
	FROM confiture.project p
	JOIN confiture.event e ON e.project_id = p.id AND e.revision > p_after
	LEFT JOIN confiture.request r ON r.project_id = p.id AND r.revision = e.revision
	WHERE p.name = p_project
	ORDER BY e.revision
	LIMIT p_limit
$$;

CREATE FUNCTION confiture.apply_leases(p_project_id int, p_now timestamptz, p_leases jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_op jsonb;
BEGIN
	FOR v_op IN SELECT jsonb_array_elements(p_leases) LOOP
		IF v_op ->> 'op' = 'grant' THEN
			INSERT INTO confiture.lease
			VALUES (p_project_id, v_op ->> 'intent_id', v_op ->> 'agent_id',
				(v_op ->> 'fence')::bigint,
				(v_op ->> 'ttl_us')::bigint * interval '1 microsecond',
				p_now + (v_op ->> 'ttl_us')::bigint * interval '1 microsecond', p_now)
			ON CONFLICT (project_id, intent_id) DO UPDATE
			SET agent_id = excluded.agent_id, fence = excluded.fence, ttl = excluded.ttl,
				expires_at = excluded.expires_at, renewed_at = excluded.renewed_at;
		ELSE
			DELETE FROM confiture.lease
			WHERE project_id = p_project_id AND intent_id = v_op ->> 'intent_id';
		END IF;
	END LOOP;
END $$;

CREATE FUNCTION confiture.put_records(p_project_id int, p_group jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO confiture.intent
	SELECT p_project_id, id, agent_id, feature_name, branch_name, status, risk_level,
		schema_changes, tables_affected, metadata,
		confiture.at_microseconds(created_us), confiture.at_microseconds(updated_us),
		created_revision, updated_revision, decode(payload, 'hex')
	FROM jsonb_to_recordset(p_group -> 'intents') AS i (id text, agent_id text,
		feature_name text, branch_name text, status text, risk_level text,
		schema_changes text[], tables_affected text[], metadata jsonb, created_us bigint,
		updated_us bigint, created_revision bigint, updated_revision bigint, payload text)
	ON CONFLICT (project_id, id) DO UPDATE
	SET agent_id = excluded.agent_id, feature_name = excluded.feature_name,
		status = excluded.status, risk_level = excluded.risk_level,
		schema_changes = excluded.schema_changes,
		tables_affected = excluded.tables_affected, metadata = excluded.metadata,
		updated_at = excluded.updated_at, updated_revision = excluded.updated_revision,
		payload = excluded.payload;

	INSERT INTO confiture.conflict
	SELECT p_project_id, id, intent_a, intent_b, conflict_type, severity, status,
		affected_objects, explanation, resolution_notes,
		confiture.at_microseconds(created_us), created_revision, updated_revision,
		decode(payload, 'hex')
	FROM jsonb_to_recordset(p_group -> 'conflicts') AS c (id text, intent_a text,
		intent_b text, conflict_type text, severity text, status text,
		affected_objects text[], explanation text, resolution_notes text,
		created_us bigint, created_revision bigint, updated_revision bigint, payload text)
	ON CONFLICT (project_id, id) DO UPDATE
	SET intent_a = excluded.intent_a, intent_b = excluded.intent_b,
		severity = excluded.severity, status = excluded.status,
		affected_objects = excluded.affected_objects, explanation = excluded.explanation,
		resolution_notes = excluded.resolution_notes, created_at = excluded.created_at,
		created_revision = excluded.created_revision,
		updated_revision = excluded.updated_revision, payload = excluded.payload;

	INSERT INTO confiture.base_schema
	SELECT p_project_id, fingerprint, confiture.at_microseconds(set_us), decode(payload, 'hex')
	FROM jsonb_to_recordset(p_group -> 'bases') AS b (fingerprint text, set_us bigint,
		payload text)
	ON CONFLICT (project_id) DO UPDATE
	SET fingerprint = excluded.fingerprint, set_at = excluded.set_at,
		payload = excluded.payload;
END $$;

-- One write group: all of it, if the project is still at p_expected with p_hash; else what the
-- caller needs to decide again. Locks the project's row, so groups of one project queue here.
-- p_group has the arrays events, requests, intents, conflicts, bases and leases; each record of
-- intents, conflicts and bases at most once, as it is after the group. Bytes are in hex.
-- Outcomes: committed (one row); stale (a row per newer event, a first page); lease_alive (a row
-- per lapse that is not due); diverged (the log is another one: a restore, or a wrong database).
CREATE FUNCTION confiture.append(p_project text, p_expected bigint, p_hash text, p_group jsonb)
RETURNS TABLE (outcome text, now_us bigint, revision bigint, chain_hash text, payload text,
	request_id text, body_digest text, subject_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	v_project confiture.project;
	v_now timestamptz;
BEGIN
	-- What is acknowledged must survive, whatever the database's default is.
	IF current_setting('synchronous_commit') = 'off' THEN
		PERFORM set_config('synchronous_commit', 'on', true);
	END IF;
	SELECT * INTO v_project FROM confiture.project p WHERE p.name = p_project FOR UPDATE;
	IF NOT FOUND THEN
		INSERT INTO confiture.project (name) VALUES (p_project) ON CONFLICT DO NOTHING;
		SELECT * INTO v_project FROM confiture.project p WHERE p.name = p_project FOR UPDATE;
	END IF;
	v_now := clock_timestamp();
	IF v_project.revision > p_expected THEN
		RETURN QUERY SELECT 'stale', confiture.microseconds(v_now), r.*
			FROM confiture.read(p_project, p_expected, 500) r;
		RETURN;
	END IF;
	IF v_project.revision < p_expected OR encode(v_project.chain_hash, 'hex') <> p_hash THEN
		RETURN QUERY SELECT 'diverged', confiture.microseconds(v_now), v_project.revision,
			encode(v_project.chain_hash, 'hex'), NULL, NULL, NULL, NULL;
		RETURN;
	END IF;

	-- A renewal that holds the row's lock comes first: its new deadline is seen here.
	RETURN QUERY SELECT 'lease_alive', confiture.microseconds(v_now), l.fence, NULL,
			confiture.microseconds(l.expires_at)::text, NULL, NULL, l.intent_id
		FROM confiture.lease l
		JOIN jsonb_array_elements(p_group -> 'leases') o
			ON o ->> 'op' = 'lapse' AND o ->> 'intent_id' = l.intent_id
		WHERE l.project_id = v_project.id AND l.expires_at > clock_timestamp()
		FOR UPDATE OF l;
	IF FOUND THEN
		RETURN;
	END IF;

	INSERT INTO confiture.event
	SELECT v_project.id, revision, confiture.at_microseconds(time_us), actor, kinds, subjects,
		decode(payload, 'hex'), decode(hash, 'hex')
	FROM jsonb_to_recordset(p_group -> 'events') AS e (revision bigint, time_us bigint,
		actor text, kinds text[], subjects text[], payload text, hash text);
	INSERT INTO confiture.request
	SELECT v_project.id, request_id, decode(body_digest, 'hex'), revision, subject_id, v_now
	FROM jsonb_to_recordset(p_group -> 'requests') AS r (request_id text, body_digest text,
		revision bigint, subject_id text);
	PERFORM confiture.put_records(v_project.id, p_group);
	IF jsonb_array_length(p_group -> 'leases') > 0 THEN
		PERFORM confiture.apply_leases(v_project.id, v_now, p_group -> 'leases');
	END IF;
	UPDATE confiture.project p
	SET revision = p_expected + jsonb_array_length(p_group -> 'events'),
		chain_hash = decode(p_group -> 'events' -> -1 ->> 'hash', 'hex')
	WHERE p.id = v_project.id
	RETURNING p.* INTO v_project;
	PERFORM pg_notify('confiture', v_project.revision || ' ' || p_project);
	RETURN QUERY SELECT 'committed', confiture.microseconds(v_now), v_project.revision,
		encode(v_project.chain_hash, 'hex'), NULL, NULL, NULL, NULL;
END $$;

-- Renews leases by the database's clock; a dead one stays dead. One row per reference.
CREATE FUNCTION confiture.renew(p_project text, p_agent text, p_refs jsonb)
RETURNS TABLE (intent_id text, fence bigint, outcome text, expires_us bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	v_ref jsonb;
	v_lease confiture.lease;
BEGIN
	FOR v_ref IN SELECT r FROM jsonb_array_elements(p_refs) WITH ORDINALITY x (r, n) ORDER BY n LOOP
		intent_id := v_ref ->> 'intent_id';
		fence := (v_ref ->> 'fence')::bigint;
		SELECT l.* INTO v_lease
		FROM confiture.lease l JOIN confiture.project p ON p.id = l.project_id
		WHERE p.name = p_project AND l.intent_id = v_ref ->> 'intent_id'
		FOR UPDATE OF l;
		IF NOT FOUND THEN
			outcome := 'LEASE_EXPIRED';
		ELSIF v_lease.agent_id <> p_agent THEN
			outcome := 'NOT_LEASE_HOLDER';
		ELSIF fence <> 0 AND v_lease.fence <> fence THEN
			outcome := 'FENCE_STALE';
		ELSIF v_lease.expires_at <= clock_timestamp() THEN
			outcome := 'LEASE_EXPIRED';
		ELSE
			outcome := '';
			fence := v_lease.fence;
			UPDATE confiture.lease l
			SET expires_at = clock_timestamp() + l.ttl, renewed_at = clock_timestamp()
			WHERE l.project_id = v_lease.project_id AND l.intent_id = v_lease.intent_id
			RETURNING confiture.microseconds(l.expires_at) INTO expires_us;
		END IF;
		RETURN NEXT;
		expires_us := NULL;
	END LOOP;
END $$;

-- A project at one revision, in one snapshot: its row, then every record of its projections.
CREATE FUNCTION confiture.load(p_project text)
RETURNS TABLE (kind text, a text, b text, c text, d text, e text)
LANGUAGE sql STABLE AS $$
	WITH p AS (SELECT * FROM confiture.project WHERE name = p_project)
	SELECT 'project', revision::text, encode(chain_hash, 'hex'), first_revision::text,
		confiture.microseconds(clock_timestamp())::text, NULL FROM p
	UNION ALL
	SELECT 'base', encode(payload, 'hex'), NULL, NULL, NULL, NULL
		FROM confiture.base_schema WHERE project_id = (SELECT id FROM p)
	UNION ALL
	SELECT 'intent', encode(payload, 'hex'), NULL, NULL, NULL, NULL
		FROM confiture.intent WHERE project_id = (SELECT id FROM p)
	UNION ALL
	SELECT 'conflict', encode(payload, 'hex'), NULL, NULL, NULL, NULL
		FROM confiture.conflict WHERE project_id = (SELECT id FROM p)
	UNION ALL
	SELECT 'request', request_id, encode(body_digest, 'hex'), revision::text, subject_id,
		confiture.microseconds(time)::text
		FROM confiture.request WHERE project_id = (SELECT id FROM p)
	UNION ALL
	SELECT 'lease', intent_id, fence::text, confiture.microseconds(expires_at)::text, NULL, NULL
		FROM confiture.lease WHERE project_id = (SELECT id FROM p)
$$;
