-- Types of every kind, and collations.
-- SPDX-License-Identifier: MIT
, collated AS (
	SELECT c.oid, ns.q || '.' || quote_ident(c.collname) AS q, to_jsonb(c) AS j, c.collprovider
	FROM pg_collation c JOIN ns ON ns.oid = c.collnamespace
	WHERE NOT EXISTS (
		SELECT FROM ext WHERE classid = 'pg_collation'::regclass AND objid = c.oid)
)
(SELECT format('CREATE COLLATION %s (provider = %s%s%s)', q,
	CASE collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
	CASE WHEN j->>'collisdeterministic' = 'false' THEN ', deterministic = false' END,
	CASE WHEN coalesce(j->>'colllocale', j->>'colliculocale') IS NOT NULL
			THEN format(', locale = %L', coalesce(j->>'colllocale', j->>'colliculocale'))
		WHEN j->>'collcollate' = j->>'collctype'
			THEN format(', locale = %L', j->>'collcollate')
		ELSE format(', lc_collate = %L, lc_ctype = %L', j->>'collcollate', j->>'collctype')
	END)
FROM collated
ORDER BY q)
UNION ALL
(SELECT format(E'CREATE TYPE %s AS ENUM (\n    %s\n)', q, (
	SELECT string_agg(quote_literal(enumlabel), E',\n    ' ORDER BY enumsortorder)
	FROM pg_enum WHERE enumtypid = typ.oid))
FROM typ
WHERE typtype = 'e'
ORDER BY q)
UNION ALL
(SELECT format(E'CREATE TYPE %s AS (\n    %s\n)', q, (
	SELECT string_agg(format('%I %s%s', attname, format_type(atttypid, atttypmod),
		CASE WHEN attcollation NOT IN (0, b.typcollation)
			THEN ' COLLATE ' || attcollation::regcollation END), E',\n    ' ORDER BY attnum)
	FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid
	WHERE attrelid = typ.typrelid AND attnum > 0 AND NOT attisdropped))
FROM typ
WHERE typtype = 'c'
ORDER BY oid)
UNION ALL
(SELECT format('CREATE DOMAIN %s AS %s%s%s%s%s', q, format_type(typbasetype, typtypmod),
	CASE WHEN typcollation NOT IN (0, (SELECT b.typcollation FROM pg_type b
			WHERE b.oid = typ.typbasetype))
		THEN ' COLLATE ' || typcollation::regcollation END,
	CASE WHEN typnotnull THEN ' NOT NULL' END,
	' DEFAULT ' || CASE WHEN typdefaultbin IS NOT NULL THEN pg_get_expr(typdefaultbin, 0)
		ELSE quote_literal(typdefault) END, (
	SELECT string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(c.oid)), ''
		ORDER BY conname)
	FROM pg_constraint c WHERE contypid = typ.oid AND contype = 'c' AND convalidated))
FROM typ
WHERE typtype = 'd'
ORDER BY oid)
UNION ALL
(SELECT format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', q, conname, pg_get_constraintdef(c.oid))
FROM typ JOIN pg_constraint c ON c.contypid = typ.oid
WHERE contype = 'c' AND NOT convalidated
ORDER BY c.oid)
UNION ALL
(SELECT format('CREATE TYPE %s AS RANGE (subtype = %s%s%s%s%s%s)', q,
	format_type(rngsubtype, NULL),
	CASE WHEN to_jsonb(r)->>'rngmultitypid' IS NOT NULL
		THEN ', multirange_type_name = ' || ((to_jsonb(r)->>'rngmultitypid')::oid)::regtype END,
	CASE WHEN NOT o.opcdefault
		THEN format(', subtype_opclass = %I.%I', n.nspname, o.opcname) END,
	CASE WHEN rngcollation NOT IN (0, s.typcollation)
		THEN ', collation = ' || rngcollation::regcollation END,
	CASE WHEN rngcanonical <> 0 THEN ', canonical = ' || rngcanonical END,
	CASE WHEN rngsubdiff <> 0 THEN ', subtype_diff = ' || rngsubdiff END)
FROM typ JOIN pg_range r ON r.rngtypid = typ.oid JOIN pg_type s ON s.oid = rngsubtype
	JOIN pg_opclass o ON o.oid = rngsubopc JOIN pg_namespace n ON n.oid = o.opcnamespace
ORDER BY typ.oid)
UNION ALL
(SELECT format('CREATE TYPE %s', q)
FROM typ
WHERE typtype IN ('p', 'b') AND (typtype = 'p') = (NOT typisdefined)
ORDER BY oid)
UNION ALL
(SELECT format('CREATE TYPE %s (INPUT = %s, OUTPUT = %s%s%s%s%s%s%s, INTERNALLENGTH = %s'
		'%s, ALIGNMENT = %s, STORAGE = %s, CATEGORY = %L%s%s%s%s%s)', q,
	typinput, typoutput,
	CASE WHEN typreceive <> 0 THEN ', RECEIVE = ' || typreceive END,
	CASE WHEN typsend <> 0 THEN ', SEND = ' || typsend END,
	CASE WHEN typmodin <> 0 THEN ', TYPMOD_IN = ' || typmodin END,
	CASE WHEN typmodout <> 0 THEN ', TYPMOD_OUT = ' || typmodout END,
	CASE WHEN typanalyze <> 0 THEN ', ANALYZE = ' || typanalyze END,
	', SUBSCRIPT = ' || nullif(to_jsonb(typ)->>'typsubscript', '-'),
	CASE WHEN typlen < 0 THEN 'VARIABLE' ELSE typlen::text END,
	CASE WHEN typbyval THEN ', PASSEDBYVALUE' END,
	CASE typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2' WHEN 'i' THEN 'int4'
		ELSE 'double' END,
	CASE typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'x' THEN 'extended'
		ELSE 'main' END,
	typcategory,
	CASE WHEN typispreferred THEN ', PREFERRED = true' END,
	', DEFAULT = ' || quote_literal(typdefault),
	CASE WHEN typelem <> 0 THEN ', ELEMENT = ' || format_type(typelem, NULL) END,
	CASE WHEN typdelim <> ',' THEN format(', DELIMITER = %L', typdelim) END,
	CASE WHEN typcollation <> 0 THEN ', COLLATABLE = true' END)
FROM typ
WHERE typtype = 'b' AND typisdefined
ORDER BY oid)
