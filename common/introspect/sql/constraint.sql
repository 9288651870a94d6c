-- Keys, foreign keys, exclusions and unvalidated checks; indexes, statistics objects.
-- SPDX-License-Identifier: MIT
, ind AS (
	SELECT i.*, r.q, c.oid AS conoid, c.conname, t.q AS table_q
	FROM pg_index i JOIN rel r ON r.oid = i.indexrelid JOIN rel t ON t.oid = i.indrelid
		LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
			AND c.contype IN ('p', 'u', 'x')
	WHERE (i.indisvalid OR t.relkind = 'p') AND i.indisready
)
(SELECT format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', table_q, conname,
	pg_get_constraintdef(conoid))
FROM ind
WHERE conoid IS NOT NULL
ORDER BY indexrelid)
UNION ALL
(SELECT pg_get_indexdef(indexrelid)
FROM ind
WHERE conoid IS NULL
ORDER BY indexrelid)
UNION ALL
(SELECT format('ALTER INDEX %s ATTACH PARTITION %s', inhparent::regclass, q)
FROM ind JOIN pg_inherits ON inhrelid = indexrelid
ORDER BY indexrelid)
UNION ALL
(SELECT format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', q, attnum, attstattarget)
FROM ind JOIN pg_attribute a ON a.attrelid = indexrelid
WHERE attstattarget >= 0
ORDER BY indexrelid, attnum)
UNION ALL
(SELECT format('ALTER TABLE %s CLUSTER ON %I', table_q, c.relname)
FROM ind JOIN pg_class c ON c.oid = indexrelid
WHERE indisclustered
ORDER BY indexrelid)
UNION ALL
(SELECT format('ALTER TABLE ONLY %s REPLICA IDENTITY USING INDEX %I', table_q, c.relname)
FROM ind JOIN pg_class c ON c.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
WHERE indisreplident AND t.relreplident = 'i'
ORDER BY indexrelid)
UNION ALL
(SELECT format('ALTER TABLE %s%s ADD CONSTRAINT %I %s',
	CASE WHEN contype = 'f' AND rel.relkind = 'p' THEN '' ELSE 'ONLY ' END, q, conname,
	pg_get_constraintdef(c.oid))
FROM pg_constraint c JOIN rel ON rel.oid = conrelid
WHERE (contype = 'f' AND conparentid = 0) OR (contype = 'c' AND NOT convalidated AND conislocal)
ORDER BY c.oid)
UNION ALL
(SELECT pg_get_statisticsobjdef(s.oid)
FROM pg_statistic_ext s JOIN ns ON ns.oid = stxnamespace
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_statistic_ext'::regclass AND objid = s.oid)
ORDER BY s.oid)
UNION ALL
(SELECT format('ALTER STATISTICS %s.%I SET STATISTICS %s', ns.q, stxname, stxstattarget)
FROM pg_statistic_ext s JOIN ns ON ns.oid = stxnamespace
WHERE stxstattarget >= 0
ORDER BY s.oid)
