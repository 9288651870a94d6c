-- needs 3: a server of version 3 goes on working on this schema.
--
-- Confirmation of what was read, retention, epochs.

-- One row whose update is a commit: where commits wait for a standby, all before it is there too.
CREATE TABLE confiture.barrier (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	passed bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO confiture.barrier DEFAULT VALUES;

-- As confiture.read, but the answer comes only when all that is visible here is durable: a commit
-- whose backend was ended while it waited for the standby is visible before it is there.
CREATE FUNCTION confiture.confirm(p_project text, p_after bigint, p_limit int)
RETURNS TABLE (revision bigint, chain_hash text, payload text, request_id text, body_digest text,
	subject_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
	IF current_setting('synchronous_commit') = 'off' THEN
		PERFORM set_config('synchronous_commit', 'on', true);
	END IF;
	UPDATE confiture.barrier SET passed = passed + 1;
	RETURN QUERY SELECT * FROM confiture.read(p_project, p_after, p_limit);
END $$;

-- As before, but a lease whose end was told stays dead, also where the database grants a grace
-- period later.
CREATE OR REPLACE FUNCTION confiture.renew(p_project text, p_agent text, p_refs jsonb)
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
			UPDATE confiture.lease l SET expires_at = timestamptz 'epoch'
			WHERE l.project_id = v_lease.project_id AND l.intent_id = v_lease.intent_id
				AND l.expires_at <> timestamptz 'epoch';
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

-- As confiture.load, without what ended more than p_seconds ago: of that only the branch names,
-- which stay taken.
CREATE FUNCTION confiture.load_recent(p_project text, p_seconds bigint)
RETURNS TABLE (kind text, a text, b text, c text, d text, e text)
LANGUAGE sql STABLE AS $$
	WITH p AS (SELECT * FROM confiture.project WHERE name = p_project),
	i AS (
		SELECT id, branch_name, payload, status IN ('MERGED', 'ABANDONED')
			AND updated_at < clock_timestamp() - p_seconds * interval '1 second' AS over
		FROM confiture.intent WHERE project_id = (SELECT p.id FROM p)
	)
	SELECT 'project', revision::text, encode(chain_hash, 'hex'), first_revision::text,
		confiture.microseconds(clock_timestamp())::text, NULL FROM p
	UNION ALL
	SELECT 'base', encode(payload, 'hex'), NULL, NULL, NULL, NULL
		FROM confiture.base_schema WHERE project_id = (SELECT id FROM p)
	UNION ALL
	SELECT 'branch', branch_name, NULL, NULL, NULL, NULL FROM i WHERE over
	UNION ALL
	SELECT 'intent', encode(payload, 'hex'), NULL, NULL, NULL, NULL FROM i WHERE NOT over
	UNION ALL
	SELECT 'conflict', encode(payload, 'hex'), NULL, NULL, NULL, NULL
		FROM confiture.conflict WHERE project_id = (SELECT id FROM p)
			AND NOT EXISTS (SELECT FROM i WHERE over AND i.id = intent_a)
			AND NOT EXISTS (SELECT FROM i WHERE over AND i.id = intent_b)
	UNION ALL
	SELECT 'request', request_id, encode(body_digest, 'hex'), revision::text, subject_id,
		confiture.microseconds(time)::text
		FROM confiture.request WHERE project_id = (SELECT id FROM p)
	UNION ALL
	SELECT 'lease', intent_id, fence::text, confiture.microseconds(expires_at)::text, NULL, NULL
		FROM confiture.lease WHERE project_id = (SELECT id FROM p)
$$;

-- Deletes the events of a project (NULL: of all) that are older than p_age and not among the
-- newest p_keep. The projections are the state at every later revision; the last event always
-- stays, since the next one is chained to it. Streams from before get OUT_OF_RANGE.
CREATE FUNCTION confiture.compact(p_project text, p_age interval, p_keep bigint)
RETURNS TABLE (project text, deleted bigint, first_revision bigint, revision bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	v_project confiture.project;
	v_upto bigint;
BEGIN
	FOR v_project IN SELECT p.* FROM confiture.project p
		WHERE p_project IS NULL OR p.name = p_project ORDER BY p.name FOR UPDATE LOOP
		SELECT coalesce(max(e.revision), 0) INTO v_upto FROM confiture.event e
		WHERE e.project_id = v_project.id AND e.time < clock_timestamp() - p_age
			AND e.revision <= v_project.revision - greatest(p_keep, 1);
		DELETE FROM confiture.event e
		WHERE e.project_id = v_project.id AND e.revision <= v_upto;
		GET DIAGNOSTICS deleted = ROW_COUNT;
		UPDATE confiture.project p SET first_revision = greatest(p.first_revision, v_upto + 1)
		WHERE p.id = v_project.id RETURNING p.first_revision INTO first_revision;
		project := v_project.name;
		revision := v_project.revision;
		RETURN NEXT;
	END LOOP;
END $$;

-- After a restore from an older backup: tokens of the earlier epoch are refused, and every server
-- reads its projects anew.
CREATE FUNCTION confiture.new_epoch() RETURNS bigint LANGUAGE sql AS
$$ UPDATE confiture.log SET epoch = epoch + 1 RETURNING epoch::bigint $$;
