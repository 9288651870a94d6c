-- Subscriptions: their connection strings are for superusers only.
-- SPDX-License-Identifier: MIT
(SELECT format('CREATE SUBSCRIPTION %I CONNECTION %L PUBLICATION %s WITH (connect = false, '
		'slot_name = %s%s%s%s%s)', subname, subconninfo,
	(SELECT string_agg(quote_ident(p), ', ') FROM unnest(subpublications) AS p),
	coalesce(quote_literal(subslotname), 'NONE'),
	CASE WHEN subbinary THEN ', binary = true' END,
	CASE WHEN to_jsonb(s)->>'substream' IN ('true', 't') THEN ', streaming = on'
		WHEN to_jsonb(s)->>'substream' = 'p' THEN ', streaming = parallel' END,
	CASE WHEN to_jsonb(s)->>'subtwophasestate' <> 'd' THEN ', two_phase = on' END,
	CASE WHEN subsynccommit <> 'off' THEN format(', synchronous_commit = %L', subsynccommit) END)
FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid
WHERE datname = current_database()
ORDER BY subname)
