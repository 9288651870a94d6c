-- Migrations through the server: targets, the operations on them with their progress, and numbers.
-- An operation belongs to the server whose attempt is the newest; a heartbeat keeps it.

CREATE TABLE confiture.target (
	project text NOT NULL,
	name text NOT NULL,
	fence bigint NOT NULL DEFAULT 0, -- the last one given to an operation
	PRIMARY KEY (project, name)
);

CREATE TABLE confiture.operation (
	id text PRIMARY KEY,
	number bigint GENERATED ALWAYS AS IDENTITY UNIQUE, -- the order of the queue
	project text NOT NULL,
	target text NOT NULL,
	kind text NOT NULL CHECK (kind IN ('apply', 'rollback')),
	agent_id text NOT NULL,
	intent_id text NOT NULL,
	request_id text NOT NULL,
	request bytea NOT NULL, -- as it came, for the server that takes over
	status text NOT NULL DEFAULT 'QUEUED'
		CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
	server_id text NOT NULL DEFAULT '',
	attempt int NOT NULL DEFAULT 0,
	fence bigint NOT NULL DEFAULT 0,
	sequence bigint NOT NULL DEFAULT 0, -- of the last progress
	cancel boolean NOT NULL DEFAULT false,
	versions text NOT NULL DEFAULT '',
	fingerprint text NOT NULL DEFAULT '',
	error_code text NOT NULL DEFAULT '',
	error_reason text NOT NULL DEFAULT '',
	error_message text NOT NULL DEFAULT '',
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	started_at timestamptz,
	heartbeat_at timestamptz,
	ended_at timestamptz,
	FOREIGN KEY (project, target) REFERENCES confiture.target
);
CREATE INDEX operation_open ON confiture.operation (project, target, number)
	WHERE status IN ('QUEUED', 'RUNNING');
CREATE UNIQUE INDEX operation_request ON confiture.operation (project, request_id)
	WHERE request_id <> '';

CREATE TABLE confiture.operation_progress (
	operation_id text NOT NULL REFERENCES confiture.operation,
	sequence bigint NOT NULL, -- dense from 1
	time timestamptz NOT NULL DEFAULT clock_timestamp(),
	payload bytea NOT NULL, -- confiture.v1.OperationProgress
	PRIMARY KEY (operation_id, sequence)
);

CREATE TABLE confiture.reserved_version (
	project text NOT NULL,
	version bigint NOT NULL,
	agent_id text NOT NULL,
	intent_id text NOT NULL,
	request_id text NOT NULL,
	reserved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (project, version)
);
CREATE UNIQUE INDEX reserved_version_request ON confiture.reserved_version (project, request_id)
	WHERE request_id <> '';

CREATE TABLE confiture.version_counter (
	project text PRIMARY KEY,
	last bigint NOT NULL
);

-- The counter's row is locked until the commit: a number that is given is on record, and one that
-- is not given is not skipped.
CREATE FUNCTION confiture.reserve_version(p_project text, p_agent text, p_intent text,
	p_after bigint, p_request_id text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	v_version bigint;
BEGIN
	INSERT INTO confiture.version_counter VALUES (p_project, 0) ON CONFLICT DO NOTHING;
	PERFORM 1 FROM confiture.version_counter WHERE project = p_project FOR UPDATE;
	SELECT version INTO v_version FROM confiture.reserved_version
	WHERE project = p_project AND request_id = p_request_id AND p_request_id <> '';
	IF FOUND THEN
		RETURN v_version;
	END IF;
	UPDATE confiture.version_counter SET last = greatest(last, p_after) + 1
	WHERE project = p_project RETURNING last INTO v_version;
	INSERT INTO confiture.reserved_version
	VALUES (p_project, v_version, p_agent, p_intent, p_request_id);
	RETURN v_version;
END $$;

-- The operation's id: a new one's, or that of the same request before; '' where that request was
-- another one, 'full' where too many wait.
CREATE FUNCTION confiture.operation_create(p_id text, p_project text, p_target text, p_kind text,
	p_agent text, p_intent text, p_request_id text, p_request text, p_payload text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	v_known confiture.operation;
BEGIN
	INSERT INTO confiture.target (project, name) VALUES (p_project, p_target)
	ON CONFLICT DO NOTHING;
	PERFORM 1 FROM confiture.target WHERE project = p_project AND name = p_target FOR UPDATE;
	SELECT * INTO v_known FROM confiture.operation
	WHERE project = p_project AND request_id = p_request_id AND p_request_id <> '';
	IF FOUND THEN
		RETURN CASE WHEN v_known.request = decode(p_request, 'hex') AND v_known.kind = p_kind
			THEN v_known.id ELSE '' END;
	END IF;
	IF (SELECT count(*) >= 100 FROM confiture.operation
	    WHERE project = p_project AND target = p_target AND status = 'QUEUED') THEN
		RETURN 'full';
	END IF;
	INSERT INTO confiture.operation (id, project, target, kind, agent_id, intent_id, request_id,
		request, sequence)
	VALUES (p_id, p_project, p_target, p_kind, p_agent, p_intent, p_request_id,
		decode(p_request, 'hex'), 1);
	INSERT INTO confiture.operation_progress (operation_id, sequence, payload)
	VALUES (p_id, 1, decode(p_payload, 'hex'));
	RETURN p_id;
END $$;

-- Gives one operation its turn: the oldest of its target, while none runs there; or one whose
-- server has not been heard of for p_stale_ms. Each turn has a new fence of the target's.
CREATE FUNCTION confiture.operation_claim(p_server text, p_targets jsonb, p_stale_ms bigint)
RETURNS SETOF confiture.operation
LANGUAGE plpgsql AS $$
DECLARE
	v_op confiture.operation;
	v_fence bigint;
	v_stale interval := p_stale_ms * interval '1 millisecond';
BEGIN
	FOR v_op IN
		SELECT o.* FROM confiture.operation o
		JOIN jsonb_array_elements(p_targets) t ON t ->> 0 = o.project AND t ->> 1 = o.target
		WHERE (o.status = 'QUEUED' OR (o.status = 'RUNNING'
				AND o.heartbeat_at < clock_timestamp() - v_stale))
			AND NOT EXISTS (SELECT 1 FROM confiture.operation b
				WHERE b.project = o.project AND b.target = o.target AND b.id <> o.id
				AND (b.status = 'RUNNING' OR (b.status = 'QUEUED' AND b.number < o.number)))
		ORDER BY o.number
	LOOP
		PERFORM 1 FROM confiture.target t
		WHERE t.project = v_op.project AND t.name = v_op.target FOR UPDATE SKIP LOCKED;
		CONTINUE WHEN NOT FOUND;
		-- What was read before the lock may be old.
		CONTINUE WHEN EXISTS (SELECT 1 FROM confiture.operation b
			WHERE b.project = v_op.project AND b.target = v_op.target
			AND b.status = 'RUNNING' AND b.id <> v_op.id)
			OR NOT EXISTS (SELECT 1 FROM confiture.operation o
			WHERE o.id = v_op.id AND o.attempt = v_op.attempt AND o.status = v_op.status
			AND (o.status = 'QUEUED' OR o.heartbeat_at < clock_timestamp() - v_stale));
		UPDATE confiture.target SET fence = fence + 1
		WHERE project = v_op.project AND name = v_op.target RETURNING fence INTO v_fence;
		RETURN QUERY UPDATE confiture.operation o
		SET status = 'RUNNING', server_id = p_server, attempt = o.attempt + 1, fence = v_fence,
			started_at = coalesce(o.started_at, clock_timestamp()),
			heartbeat_at = clock_timestamp()
		WHERE o.id = v_op.id RETURNING o.*;
		RETURN;
	END LOOP;
END $$;

-- Progress of the present attempt, and its heartbeat; no row where another server has it now.
CREATE FUNCTION confiture.operation_append(p_id text, p_attempt int, p_payloads jsonb)
RETURNS TABLE (cancel boolean)
LANGUAGE plpgsql AS $$
DECLARE
	v_op confiture.operation;
BEGIN
	UPDATE confiture.operation o
	SET sequence = o.sequence + jsonb_array_length(p_payloads), heartbeat_at = clock_timestamp()
	WHERE o.id = p_id AND o.attempt = p_attempt AND o.status = 'RUNNING'
	RETURNING o.* INTO v_op;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	INSERT INTO confiture.operation_progress (operation_id, sequence, payload)
	SELECT p_id, v_op.sequence - jsonb_array_length(p_payloads) + p.n, decode(p.payload, 'hex')
	FROM jsonb_array_elements_text(p_payloads) WITH ORDINALITY p (payload, n);
	RETURN QUERY SELECT v_op.cancel;
END $$;

CREATE FUNCTION confiture.operation_finish(p_id text, p_attempt int, p_status text,
	p_versions text, p_fingerprint text, p_code text, p_reason text, p_message text)
RETURNS TABLE (id text)
LANGUAGE sql AS $$
	UPDATE confiture.operation o
	SET status = p_status, versions = p_versions, fingerprint = p_fingerprint,
		error_code = p_code, error_reason = p_reason, error_message = p_message,
		ended_at = clock_timestamp()
	WHERE o.id = p_id AND o.attempt = p_attempt AND o.status = 'RUNNING'
	RETURNING o.id
$$;

-- A waiting operation ends at once; a running one is asked to.
CREATE FUNCTION confiture.operation_cancel(p_project text, p_id text) RETURNS void
LANGUAGE sql AS $$
	UPDATE confiture.operation
	SET cancel = true, status = CASE WHEN status = 'QUEUED' THEN 'CANCELLED' ELSE status END,
		ended_at = CASE WHEN status = 'QUEUED' THEN clock_timestamp() END,
		error_code = CASE WHEN status = 'QUEUED' THEN 'CANCELLED' ELSE '' END,
		error_reason = CASE WHEN status = 'QUEUED' THEN 'CANCELLED' ELSE '' END,
		error_message = CASE WHEN status = 'QUEUED' THEN 'cancelled before its turn' ELSE '' END
	WHERE project = p_project AND id = p_id AND status IN ('QUEUED', 'RUNNING')
$$;
