-- Comments and security labels.
-- SPDX-License-Identifier: MIT
, described AS (
	SELECT d.*, i.type, i.identity
	FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
	WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid IN (
			SELECT oid FROM ns) AND d.description <> 'standard public schema'))
		AND NOT EXISTS (
			SELECT FROM ext WHERE ext.classid = d.classoid AND ext.objid = d.objoid)
), target AS (
	SELECT description, CASE
		WHEN classoid = 'pg_constraint'::regclass THEN (
			SELECT format('CONSTRAINT %I ON %s', conname, coalesce(rel.q, 'DOMAIN ' || typ.q))
			FROM pg_constraint c LEFT JOIN rel ON rel.oid = conrelid
				LEFT JOIN typ ON typ.oid = contypid
			WHERE c.oid = objoid AND (rel.oid IS NOT NULL OR typ.oid IS NOT NULL))
		WHEN classoid = 'pg_class'::regclass AND objsubid > 0 THEN 'COLUMN ' || identity
		WHEN classoid = 'pg_class'::regclass AND NOT EXISTS (
			SELECT FROM rel WHERE rel.oid = objoid) THEN NULL
		WHEN classoid = 'pg_proc'::regclass THEN (
			SELECT word || ' ' || call FROM fn WHERE fn.oid = objoid)
		WHEN classoid = 'pg_type'::regclass THEN (
			SELECT CASE typtype WHEN 'd' THEN 'DOMAIN ' ELSE 'TYPE ' END || q
			FROM typ WHERE typ.oid = objoid)
		WHEN type = 'statistics object' THEN 'STATISTICS ' || identity
		WHEN type = 'foreign-data wrapper' THEN 'FOREIGN DATA WRAPPER ' || identity
		ELSE upper(type) || ' ' || identity END AS text
	FROM described
)
(SELECT format('COMMENT ON %s IS %L', text, description)
FROM target
WHERE text IS NOT NULL
ORDER BY text)
UNION ALL
(SELECT format('SECURITY LABEL FOR %I ON %s %s IS %L', provider, upper(objtype), objname, label)
FROM pg_seclabels l
WHERE objtype NOT IN ('database', 'tablespace', 'role', 'large object') AND NOT EXISTS (
	SELECT FROM ext WHERE ext.classid = l.classoid AND ext.objid = l.objoid)
ORDER BY objtype, objname)
