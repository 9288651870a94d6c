-- Credentials: who may call, as what, until when. Written by `confiture token`; servers only read.

CREATE TABLE confiture.credential (
	id text PRIMARY KEY,
	key bytea NOT NULL CHECK (length(key) = 32), -- SHA-256 of the token, or of 'san:' and the name
	kind text NOT NULL CHECK (kind IN ('token', 'certificate')),
	label text NOT NULL DEFAULT '', -- of a certificate: its subject alternative name
	role text NOT NULL CHECK (role IN ('viewer', 'agent', 'approver', 'operator')),
	agent_id text NOT NULL DEFAULT '', -- '' = speaks for nobody in particular
	project text NOT NULL DEFAULT '',  -- '' = every project
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	expires_at timestamptz,
	revoked_at timestamptz,
	CHECK (role NOT IN ('agent', 'approver') OR agent_id <> '')
);
CREATE UNIQUE INDEX credential_by_key ON confiture.credential (key) WHERE revoked_at IS NULL;

-- Counts changes of the table, also those made by hand: servers ask for what changed.
CREATE TABLE confiture.credential_version (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	version bigint NOT NULL DEFAULT 1
);
INSERT INTO confiture.credential_version DEFAULT VALUES;

CREATE FUNCTION confiture.count_credential_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	UPDATE confiture.credential_version SET version = version + 1;
	RETURN NULL;
END $$;
CREATE TRIGGER count_change
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON confiture.credential
FOR EACH STATEMENT EXECUTE FUNCTION confiture.count_credential_change();
