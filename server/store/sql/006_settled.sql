-- needs 3: a server of version 3 goes on working on this schema.
--
-- What is read is settled: where commits wait for a standby, nothing is handed out that a failover
-- could take back. A commit whose backend is ended while it waits, or that a crash interrupts, is
-- visible here before it is there.

-- Waits, at the end of the transaction, until all that it sees is on the standby: a record in the
-- WAL makes it a commit that waits like any other. Without a standby, visible is durable.
CREATE FUNCTION confiture.settle() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('synchronous_standby_names') = '' THEN
		RETURN;
	END IF;
	IF current_setting('synchronous_commit') = 'off' THEN
		PERFORM set_config('synchronous_commit', 'on', true);
	END IF;
	PERFORM pg_logical_emit_message(true, 'confiture', '');
END $$;

ALTER FUNCTION confiture.read(text, bigint, int) RENAME TO read_visible;
CREATE FUNCTION confiture.read(p_project text, p_after bigint, p_limit int)
RETURNS TABLE (revision bigint, chain_hash text, payload text, request_id text, body_digest text,
	subject_id text)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT * FROM confiture.read_visible(p_project, p_after, p_limit);
	IF FOUND THEN -- nothing new waits for nobody
		PERFORM confiture.settle();
	END IF;
END $$;

ALTER FUNCTION confiture.load_recent(text, bigint) RENAME TO load_visible;
CREATE FUNCTION confiture.load_recent(p_project text, p_seconds bigint)
RETURNS TABLE (kind text, a text, b text, c text, d text, e text)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT * FROM confiture.load_visible(p_project, p_seconds);
	PERFORM confiture.settle();
END $$;
