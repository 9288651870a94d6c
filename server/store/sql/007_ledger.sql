-- Operations that change a target's ledger alone: baseline and repair. Events about operations without
-- an intent (target.changing) are of a kind that servers before this schema do not know: upgrade all.

ALTER TABLE confiture.operation DROP CONSTRAINT operation_kind_check;
ALTER TABLE confiture.operation ADD CONSTRAINT operation_kind_check
	CHECK (kind IN ('apply', 'rollback', 'baseline', 'repair'));

-- As before, for the kinds that the server knows: one that is still of an older version must not
-- take an operation for something else.
CREATE FUNCTION confiture.operation_claim(p_server text, p_targets jsonb, p_stale_ms bigint,
	p_kinds text[])
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
		WHERE o.kind = ANY (p_kinds) AND (o.status = 'QUEUED' OR (o.status = 'RUNNING'
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

CREATE OR REPLACE FUNCTION confiture.operation_claim(p_server text, p_targets jsonb,
	p_stale_ms bigint)
RETURNS SETOF confiture.operation
LANGUAGE sql AS $$
	SELECT * FROM confiture.operation_claim(p_server, p_targets, p_stale_ms,
		ARRAY['apply', 'rollback'])
$$;
