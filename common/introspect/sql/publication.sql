-- Publications, since PostgreSQL 15 with columns, conditions and whole schemas.
-- SPDX-License-Identifier: MIT
(SELECT format('CREATE PUBLICATION %I%s WITH (publish = %L%s)', pubname,
	CASE WHEN puballtables THEN ' FOR ALL TABLES' END,
	concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END,
		CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END),
	CASE WHEN pubviaroot THEN ', publish_via_partition_root = true' END)
FROM pg_publication
ORDER BY pubname)
UNION ALL
(SELECT format('ALTER PUBLICATION %I ADD TABLE ONLY %s%s%s', pubname, prrelid::regclass,
	(SELECT ' (' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) || ')'
		FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)),
	' WHERE (' || pg_get_expr(prqual, prrelid) || ')')
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = prpubid
ORDER BY r.oid)
UNION ALL
(SELECT format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I', pubname, nspname)
FROM pg_publication_namespace r JOIN pg_publication p ON p.oid = pnpubid
	JOIN pg_namespace n ON n.oid = pnnspid
ORDER BY r.oid)
