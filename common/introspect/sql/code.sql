-- Routines, views, rules, triggers, policies, event triggers.
-- SPDX-License-Identifier: MIT
, view AS (
	SELECT rel.*, rtrim(pg_get_viewdef(rel.oid), ';') AS body, (
			SELECT string_agg(format('%I=%L', left(o, strpos(o, '=') - 1),
				substr(o, strpos(o, '=') + 1)), ', ')
			FROM unnest(reloptions) AS o
			WHERE o NOT LIKE 'check\_option=%') AS options, (
			SELECT upper(substr(o, strpos(o, '=') + 1))
			FROM unnest(reloptions) AS o
			WHERE o LIKE 'check\_option=%') AS checked, am.amname, s.spcname
	FROM rel LEFT JOIN pg_am am ON am.oid = relam
		LEFT JOIN pg_tablespace s ON s.oid = reltablespace
	WHERE relkind IN ('v', 'm')
)
(SELECT regexp_replace(rtrim(pg_get_functiondef(oid), E'\n'), '^CREATE OR REPLACE', 'CREATE')
FROM fn
WHERE prokind <> 'a'
ORDER BY oid)
UNION ALL
(SELECT format('CREATE AGGREGATE %s (SFUNC = %s, STYPE = %s', call, aggtransfn,
		format_type(aggtranstype, NULL))
	|| CASE WHEN aggtransspace > 0 THEN ', SSPACE = ' || aggtransspace ELSE '' END
	|| CASE WHEN agginitval IS NOT NULL THEN format(', INITCOND = %L', agginitval) ELSE '' END
	|| CASE WHEN aggfinalfn <> 0 THEN ', FINALFUNC = ' || aggfinalfn ELSE '' END
	|| CASE WHEN aggfinalextra THEN ', FINALFUNC_EXTRA' ELSE '' END
	|| CASE WHEN aggfinalmodify <> CASE aggkind WHEN 'n' THEN 'r' ELSE 'w' END::"char"
		THEN ', FINALFUNC_MODIFY = ' || (m.words->>aggfinalmodify::text) ELSE '' END
	|| CASE WHEN aggcombinefn <> 0 THEN ', COMBINEFUNC = ' || aggcombinefn ELSE '' END
	|| CASE WHEN aggserialfn <> 0 THEN ', SERIALFUNC = ' || aggserialfn ELSE '' END
	|| CASE WHEN aggdeserialfn <> 0 THEN ', DESERIALFUNC = ' || aggdeserialfn ELSE '' END
	|| CASE WHEN aggmtransfn <> 0 THEN format(', MSFUNC = %s, MINVFUNC = %s, MSTYPE = %s',
		aggmtransfn, aggminvtransfn, format_type(aggmtranstype, NULL)) ELSE '' END
	|| CASE WHEN aggmtransspace > 0 THEN ', MSSPACE = ' || aggmtransspace ELSE '' END
	|| CASE WHEN aggminitval IS NOT NULL THEN format(', MINITCOND = %L', aggminitval) ELSE '' END
	|| CASE WHEN aggmfinalfn <> 0 THEN ', MFINALFUNC = ' || aggmfinalfn ELSE '' END
	|| CASE WHEN aggmfinalextra THEN ', MFINALFUNC_EXTRA' ELSE '' END
	|| CASE WHEN aggmtransfn <> 0 AND aggmfinalmodify <> CASE aggkind WHEN 'n' THEN 'r'
			ELSE 'w' END::"char"
		THEN ', MFINALFUNC_MODIFY = ' || (m.words->>aggmfinalmodify::text) ELSE '' END
	|| CASE WHEN aggsortop <> 0 THEN format(', SORTOP = OPERATOR(%I.%s)', n.nspname, o.oprname)
		ELSE '' END
	|| CASE WHEN aggkind = 'h' THEN ', HYPOTHETICAL' ELSE '' END
	|| CASE proparallel WHEN 's' THEN ', PARALLEL = safe' WHEN 'r' THEN ', PARALLEL = restricted'
		ELSE '' END
	|| ')'
FROM fn JOIN pg_aggregate a ON a.aggfnoid = fn.oid
	LEFT JOIN (pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace) ON o.oid = aggsortop,
	(VALUES ('{"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}'::jsonb)) AS m (words)
ORDER BY fn.oid)
UNION ALL
(SELECT format(E'CREATE %s %s%s%s AS\n%s%s',
	CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, q,
	CASE WHEN amname <> 'heap' THEN ' USING ' || quote_ident(amname) END,
	coalesce(' WITH (' || options || ')', '')
		|| coalesce(' TABLESPACE ' || quote_ident(spcname), ''),
	body,
	CASE WHEN relkind = 'm' THEN ' WITH NO DATA' ELSE ' WITH ' || checked || ' CHECK OPTION' END)
FROM view
ORDER BY oid)
UNION ALL
(SELECT rtrim(pg_get_ruledef(r.oid), ';')
FROM pg_rewrite r JOIN rel ON rel.oid = r.ev_class
WHERE r.rulename <> '_RETURN'
ORDER BY r.oid)
UNION ALL
(SELECT format('ALTER TABLE %s %s RULE %I', q, m.words->>r.ev_enabled::text, rulename)
FROM pg_rewrite r JOIN rel ON rel.oid = r.ev_class, (VALUES ('{"D": "DISABLE",
	"A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}'::jsonb)) AS m (words)
WHERE r.rulename <> '_RETURN' AND r.ev_enabled <> 'O'
ORDER BY r.oid)
UNION ALL
(SELECT pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN rel ON rel.oid = t.tgrelid
WHERE NOT tgisinternal AND tgparentid = 0
ORDER BY t.oid)
UNION ALL
(SELECT format('ALTER TABLE %s %s TRIGGER %I', q, m.words->>t.tgenabled::text, t.tgname)
FROM pg_trigger t JOIN rel ON rel.oid = t.tgrelid LEFT JOIN pg_trigger p ON p.oid = t.tgparentid,
	(VALUES ('{"D": "DISABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA",
		"O": "ENABLE"}'::jsonb)) AS m (words)
WHERE NOT t.tgisinternal AND t.tgenabled <> coalesce(p.tgenabled, 'O')
ORDER BY t.oid)
UNION ALL
(SELECT format('CREATE POLICY %I ON %s%s FOR %s', polname, q,
		CASE WHEN NOT polpermissive THEN ' AS RESTRICTIVE' END,
		CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
			WHEN 'd' THEN 'DELETE' ELSE 'ALL' END)
	|| CASE WHEN polroles <> '{0}' THEN ' TO ' || (
		SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname)
		FROM pg_roles r WHERE r.oid = ANY (polroles)) ELSE '' END
	|| coalesce(' USING (' || pg_get_expr(polqual, polrelid) || ')', '')
	|| coalesce(' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')', '')
FROM pg_policy p JOIN rel ON rel.oid = polrelid
ORDER BY p.oid)
UNION ALL
(SELECT format('CREATE EVENT TRIGGER %I ON %s%s EXECUTE FUNCTION %s()', evtname, evtevent,
	' WHEN TAG IN (' || (SELECT string_agg(quote_literal(tag), ', ') FROM unnest(evttags) AS tag)
		|| ')',
	evtfoid::regproc)
FROM pg_event_trigger e
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_event_trigger'::regclass AND objid = e.oid)
ORDER BY evtname)
UNION ALL
(SELECT format('ALTER EVENT TRIGGER %I %s', evtname, CASE evtenabled WHEN 'D' THEN 'DISABLE'
	WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END)
FROM pg_event_trigger e
WHERE evtenabled <> 'O' AND NOT EXISTS (
	SELECT FROM ext WHERE classid = 'pg_event_trigger'::regclass AND objid = e.oid)
ORDER BY evtname)
