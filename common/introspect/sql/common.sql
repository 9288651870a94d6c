-- What every query of this directory begins with. Extensions bring their own objects; schemas of
-- PostgreSQL itself and of temporary tables are nobody's.
-- SPDX-License-Identifier: MIT
WITH ext AS (
	SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), ns AS (
	SELECT oid, nspname, quote_ident(nspname) AS q, nspowner, nspacl
	FROM pg_namespace
	WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), rel AS (
	SELECT c.*, ns.q || '.' || quote_ident(c.relname) AS q
	FROM pg_class c JOIN ns ON ns.oid = c.relnamespace
	WHERE c.relpersistence <> 't' AND NOT EXISTS (
		SELECT FROM ext WHERE classid = 'pg_class'::regclass AND objid = c.oid)
), typ AS (
	SELECT t.*, ns.q || '.' || quote_ident(t.typname) AS q
	FROM pg_type t JOIN ns ON ns.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
	WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r', 'p')
		AND (t.typrelid = 0 OR c.relkind = 'c')
		AND NOT (t.typtype = 'b' AND t.typelem <> 0 AND EXISTS (
			SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid))
		AND NOT EXISTS (
			SELECT FROM ext WHERE classid = 'pg_type'::regclass AND objid = t.oid)
), fn AS (
	SELECT p.*, ns.q || '.' || quote_ident(p.proname) AS q,
		CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE'
			ELSE 'FUNCTION' END AS word,
		ns.q || '.' || quote_ident(p.proname) || '(' || CASE
			WHEN p.prokind = 'a' AND p.pronargs = 0 THEN '*'
			ELSE pg_get_function_identity_arguments(p.oid) END || ')' AS call
	FROM pg_proc p JOIN ns ON ns.oid = p.pronamespace
	WHERE NOT EXISTS (SELECT FROM pg_depend d
		WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
)
