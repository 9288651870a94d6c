-- Sequences, tables, their columns and checks, partitions.
-- SPDX-License-Identifier: MIT
, options AS (
	SELECT c.oid, string_agg(format('%s%I=%L', prefix, left(o, strpos(o, '=') - 1),
		substr(o, strpos(o, '=') + 1)), ', ' ORDER BY prefix, n) AS list
	FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
		CROSS JOIN LATERAL (
			SELECT '' AS prefix, o, n FROM unnest(c.reloptions) WITH ORDINALITY AS u (o, n)
			UNION ALL
			SELECT 'toast.', o, n FROM unnest(t.reloptions) WITH ORDINALITY AS u (o, n)) AS x
	GROUP BY c.oid
), col AS (
	SELECT a.*, r.q, r.relkind, r.reloftype, r.relispartition,
		attislocal OR r.relispartition OR r.reloftype <> 0 AS printed,
		CASE WHEN attcollation NOT IN (0, t.typcollation)
			THEN ' COLLATE ' || attcollation::regcollation ELSE '' END AS collated,
		pg_get_expr(d.adbin, d.adrelid) AS value,
		t.typstorage
	FROM pg_attribute a JOIN rel r ON r.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'f', 'v', 'm')
), element AS (
	SELECT attrelid, attnum::int AS position, quote_ident(attname)
		|| CASE WHEN reloftype <> 0 THEN ' WITH OPTIONS'
			ELSE ' ' || format_type(atttypid, atttypmod) || collated END
		|| CASE WHEN value IS NULL THEN ''
			WHEN attgenerated = 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', value)
			ELSE ' DEFAULT ' || value END
		|| CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END AS text
	FROM col
	WHERE relkind IN ('r', 'p', 'f') AND printed
		AND (reloftype = 0 OR value IS NOT NULL OR attnotnull)
	UNION ALL
	SELECT conrelid, 10000 + row_number() OVER (ORDER BY conname),
		format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
	FROM pg_constraint
	WHERE contype = 'c' AND convalidated AND conislocal AND conrelid <> 0
), numbers AS (
	SELECT s.seqrelid, format('START WITH %s INCREMENT BY %s %s %s CACHE %s%s', seqstart,
		seqincrement,
		CASE WHEN seqmin = CASE WHEN seqincrement > 0 THEN 1 ELSE low END THEN 'NO MINVALUE'
			ELSE 'MINVALUE ' || seqmin END,
		CASE WHEN seqmax = CASE WHEN seqincrement > 0 THEN high ELSE -1 END THEN 'NO MAXVALUE'
			ELSE 'MAXVALUE ' || seqmax END,
		seqcache, CASE WHEN seqcycle THEN ' CYCLE' END) AS text,
		CASE WHEN seqtypid <> 'bigint'::regtype THEN ' AS ' || seqtypid::regtype ELSE '' END AS type
	FROM pg_sequence s, LATERAL (SELECT
		CASE seqtypid WHEN 'smallint'::regtype THEN -32768 WHEN 'integer'::regtype
			THEN -2147483648 ELSE -9223372036854775808 END AS low,
		CASE seqtypid WHEN 'smallint'::regtype THEN 32767 WHEN 'integer'::regtype
			THEN 2147483647 ELSE 9223372036854775807 END AS high) AS limits
), owned_sequence AS (
	SELECT r.oid, r.q, a.attidentity, quote_ident(a.attname) AS attname, t.q AS table_q, d.deptype
	FROM rel r LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid
			AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
			AND d.deptype IN ('a', 'i')
		LEFT JOIN rel t ON t.oid = d.refobjid
		LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
	WHERE r.relkind = 'S'
)
(SELECT format('CREATE %sSEQUENCE %s%s %s', CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED ' END,
	r.q, n.type, n.text)
FROM rel r JOIN numbers n ON n.seqrelid = r.oid JOIN owned_sequence o ON o.oid = r.oid
WHERE o.deptype IS DISTINCT FROM 'i'
ORDER BY r.q)
UNION ALL
(SELECT format('CREATE %s %s%s%s%s%s%s%s%s',
	CASE WHEN relkind = 'f' THEN 'FOREIGN TABLE' WHEN relpersistence = 'u' THEN 'UNLOGGED TABLE'
		ELSE 'TABLE' END,
	q,
	CASE WHEN reloftype <> 0 THEN ' OF ' || reloftype::regtype END,
	CASE WHEN reloftype = 0 OR elements IS NOT NULL
		THEN coalesce(E' (\n    ' || elements || E'\n)', ' ()') END,
	CASE WHEN NOT relispartition THEN ' INHERITS (' || (
		SELECT string_agg(p.oid::regclass::text, ', ' ORDER BY inhseqno)
		FROM pg_inherits JOIN pg_class p ON p.oid = inhparent
		WHERE inhrelid = rel.oid) || ')' END,
	CASE WHEN relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(rel.oid) END,
	CASE WHEN am.amname <> 'heap' THEN ' USING ' || quote_ident(am.amname) END,
	CASE WHEN relkind = 'f' THEN ' SERVER ' || quote_ident(srvname) || (
		SELECT coalesce(' OPTIONS (' || string_agg(format('%I %L', option_name, option_value),
			', ') || ')', '')
		FROM pg_options_to_table(ftoptions)) END,
	' WITH (' || o.list || ')'
		|| CASE WHEN ts.spcname IS NOT NULL THEN ' TABLESPACE ' || quote_ident(ts.spcname)
			ELSE '' END)
FROM rel LEFT JOIN (
		SELECT attrelid, string_agg(text, E',\n    ' ORDER BY position) AS elements
		FROM element GROUP BY attrelid) AS e ON e.attrelid = rel.oid
	LEFT JOIN options o ON o.oid = rel.oid LEFT JOIN pg_am am ON am.oid = relam
	LEFT JOIN pg_foreign_table ft ON ft.ftrelid = rel.oid
	LEFT JOIN pg_foreign_server fs ON fs.oid = ft.ftserver
	LEFT JOIN pg_tablespace ts ON ts.oid = reltablespace
WHERE relkind IN ('r', 'p', 'f')
ORDER BY rel.oid)
UNION ALL
(SELECT format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', p.oid::regclass, q,
	pg_get_expr(rel.relpartbound, rel.oid))
FROM rel JOIN pg_inherits ON inhrelid = rel.oid JOIN pg_class p ON p.oid = inhparent
WHERE rel.relispartition AND rel.relkind IN ('r', 'p', 'f')
ORDER BY rel.oid)
UNION ALL
(SELECT format('ALTER SEQUENCE %s OWNED BY %s.%s', q, table_q, attname)
FROM owned_sequence
WHERE deptype = 'a' AND table_q IS NOT NULL
ORDER BY q)
UNION ALL
(SELECT format('ALTER TABLE %s ALTER COLUMN %s ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s %s)',
	table_q, attname, CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, q, n.text)
FROM owned_sequence o JOIN numbers n ON n.seqrelid = o.oid
WHERE deptype = 'i'
ORDER BY q)
UNION ALL
(SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I SET %s', q, attname, x.setting)
FROM col, LATERAL (VALUES
	(CASE WHEN (NOT printed OR relkind = 'v') AND value IS NOT NULL AND attgenerated = ''
		THEN 'DEFAULT ' || value END),
	(CASE WHEN NOT printed AND attnotnull AND NOT EXISTS (
			SELECT FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent
			WHERE i.inhrelid = col.attrelid AND p.attname = col.attname AND p.attnotnull)
		THEN 'NOT NULL' END),
	(CASE WHEN attstorage <> typstorage AND relkind <> 'v' THEN 'STORAGE ' || CASE attstorage
		WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
		ELSE 'EXTENDED' END END),
	(CASE to_jsonb(col)->>'attcompression' WHEN 'p' THEN 'COMPRESSION pglz'
		WHEN 'l' THEN 'COMPRESSION lz4' END),
	(CASE WHEN attstattarget >= 0 THEN 'STATISTICS ' || attstattarget END),
	('(' || (SELECT string_agg(format('%I=%L', left(o, strpos(o, '=') - 1),
		substr(o, strpos(o, '=') + 1)), ', ') FROM unnest(attoptions) AS o
		WHERE o NOT LIKE 'pg\_attver=%') || ')')) -- which PostgreSQL keeps for itself
	AS x (setting)
WHERE x.setting IS NOT NULL
ORDER BY attrelid, attnum)
UNION ALL
(SELECT format('ALTER FOREIGN TABLE ONLY %s ALTER COLUMN %I OPTIONS (%s)', q, attname, (
	SELECT string_agg(format('%I %L', option_name, option_value), ', ')
	FROM pg_options_to_table(attfdwoptions)))
FROM col
WHERE attfdwoptions IS NOT NULL
ORDER BY attrelid, attnum)
UNION ALL
(SELECT format('ALTER TABLE ONLY %s REPLICA IDENTITY %s', q,
	CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
FROM rel
WHERE relkind IN ('r', 'p', 'm') AND relreplident IN ('f', 'n')
ORDER BY q)
UNION ALL
(SELECT format('ALTER TABLE %s%s %s ROW LEVEL SECURITY',
	CASE x.word WHEN 'FORCE' THEN 'ONLY ' ELSE '' END, q, x.word)
FROM rel, LATERAL (VALUES ('ENABLE', relrowsecurity), ('FORCE', relforcerowsecurity)) AS x (word, yes)
WHERE x.yes AND relkind IN ('r', 'p')
ORDER BY q)
