-- needs 3: a server of version 3 goes on working on this schema.
--
-- Appending in binary arrays, and rows that cost less. The project's row is locked by every append
-- and never deleted: foreign keys to it are one look-up a row for nothing. A request is found by
-- its id in the server's memory; its event says which request made it.

DO $$
DECLARE
	v record;
BEGIN
	FOR v IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
		WHERE contype = 'f' AND confrelid = 'confiture.project'::regclass LOOP
		EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v.relation, v.conname);
	END LOOP;
END $$;
DROP INDEX confiture.request_by_revision;
DROP INDEX confiture.request_by_time;
-- Rows come in the order of their time: a few bytes for each 128 pages find the old ones.
CREATE INDEX request_by_time ON confiture.request USING brin (time);

-- Events after a revision: what a follower needs. Which request made an event is in its payload.
CREATE OR REPLACE FUNCTION confiture.read(p_project text, p_after bigint, p_limit int)
RETURNS TABLE (revision bigint, chain_hash text, payload text, request_id text, body_digest text,
	subject_id text)
LANGUAGE sql STABLE AS $$
	SELECT e.revision, encode(e.chain_hash, 'hex'), encode(e.payload, 'hex'), NULL::text,
		NULL::text, NULL::text
	FROM confiture.project p
	JOIN confiture.event e ON e.project_id = p.id AND e.revision > p_after
	WHERE p.name = p_project
	ORDER BY e.revision
	LIMIT p_limit
$$;

-- One write group, as the append of version 1, whose rules and outcomes are these too. Each array
-- has an element for each row of its table: events in order of revision, from p_expected + 1;
-- requests; intents, each at most once, as it is after the group. Elements of kinds, subjects,
-- changes and tables are arrays in PostgreSQL's text form. p_more (NULL = nothing) is an object with
-- any of the arrays conflicts, bases and leases.
CREATE FUNCTION confiture.append(p_project text, p_expected bigint, p_hash bytea,
	p_time timestamptz[], p_actor text[], p_kinds text[], p_subjects text[], p_payload bytea[],
	p_chain_hash bytea[],
	p_request text[], p_request_digest bytea[], p_request_revision bigint[],
	p_request_subject text[],
	p_id text[], p_agent text[], p_feature text[], p_branch text[], p_status text[],
	p_risk text[], p_changes text[], p_tables text[], p_metadata text[],
	p_created timestamptz[], p_updated timestamptz[], p_created_revision bigint[],
	p_updated_revision bigint[], p_record bytea[],
	p_more jsonb)
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
	IF v_project.revision < p_expected OR v_project.chain_hash <> p_hash THEN
		RETURN QUERY SELECT 'diverged', confiture.microseconds(v_now), v_project.revision,
			encode(v_project.chain_hash, 'hex'), NULL, NULL, NULL, NULL;
		RETURN;
	END IF;

	IF p_more ? 'leases' THEN
		-- A renewal that holds the row's lock comes first: its new deadline is seen here.
		RETURN QUERY SELECT 'lease_alive', confiture.microseconds(v_now), l.fence, NULL,
				confiture.microseconds(l.expires_at)::text, NULL, NULL, l.intent_id
			FROM confiture.lease l
			JOIN jsonb_array_elements(p_more -> 'leases') o
				ON o ->> 'op' = 'lapse' AND o ->> 'intent_id' = l.intent_id
			WHERE l.project_id = v_project.id AND l.expires_at > clock_timestamp()
			FOR UPDATE OF l;
		IF FOUND THEN
			RETURN;
		END IF;
		PERFORM confiture.apply_leases(v_project.id, v_now, p_more -> 'leases');
	END IF;

	INSERT INTO confiture.event
	SELECT v_project.id, p_expected + e.n, e.time, e.actor, e.kinds::text[], e.subjects::text[],
		e.payload, e.hash
	FROM unnest(p_time, p_actor, p_kinds, p_subjects, p_payload, p_chain_hash)
		WITH ORDINALITY AS e (time, actor, kinds, subjects, payload, hash, n);
	INSERT INTO confiture.request
	SELECT v_project.id, r.id, r.digest, r.revision, r.subject, v_now
	FROM unnest(p_request, p_request_digest, p_request_revision, p_request_subject)
		AS r (id, digest, revision, subject);
	INSERT INTO confiture.intent
	SELECT v_project.id, i.id, i.agent, i.feature, i.branch, i.status, i.risk,
		i.changes::text[], i.tables::text[], i.metadata::jsonb, i.created, i.updated,
		i.created_revision, i.updated_revision, i.record
	FROM unnest(p_id, p_agent, p_feature, p_branch, p_status, p_risk, p_changes, p_tables,
			p_metadata, p_created, p_updated, p_created_revision, p_updated_revision,
			p_record)
		AS i (id, agent, feature, branch, status, risk, changes, tables, metadata, created,
			updated, created_revision, updated_revision, record)
	WHERE i.created_revision > p_expected;
	IF p_expected >= ANY (p_created_revision) THEN
		UPDATE confiture.intent t
		SET agent_id = i.agent, feature_name = i.feature, status = i.status,
			risk_level = i.risk, schema_changes = i.changes::text[],
			tables_affected = i.tables::text[], metadata = i.metadata::jsonb,
			updated_at = i.updated, updated_revision = i.updated_revision,
			payload = i.record
		FROM unnest(p_id, p_agent, p_feature, p_status, p_risk, p_changes, p_tables,
				p_metadata, p_updated, p_created_revision, p_updated_revision, p_record)
			AS i (id, agent, feature, status, risk, changes, tables, metadata, updated,
				created_revision, updated_revision, record)
		WHERE t.project_id = v_project.id AND t.id = i.id
			AND i.created_revision <= p_expected;
	END IF;
	IF p_more ?| '{conflicts,bases}' THEN
		PERFORM confiture.put_records(v_project.id,
			'{"intents": [], "conflicts": [], "bases": []}'::jsonb || p_more);
	END IF;

	UPDATE confiture.project p
	SET revision = p_expected + cardinality(p_payload),
		chain_hash = p_chain_hash[cardinality(p_chain_hash)]
	WHERE p.id = v_project.id
	RETURNING p.* INTO v_project;
	PERFORM pg_notify('confiture', v_project.revision || ' ' || p_project);
	RETURN QUERY SELECT 'committed', confiture.microseconds(v_now), v_project.revision,
		encode(v_project.chain_hash, 'hex'), NULL, NULL, NULL, NULL;
END $$;
