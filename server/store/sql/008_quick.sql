-- needs 7: a server of version 7 goes on working on this schema.
--
-- Fixed costs of a group. extract() of a timestamptz is stable: a function that says more than its
-- body holds is not inlined, and took 40 microseconds a call.

CREATE OR REPLACE FUNCTION confiture.microseconds(t timestamptz) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT (extract(epoch FROM t) * 1000000)::bigint $$;
