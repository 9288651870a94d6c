-- Owners, privileges, default privileges. Privileges are said as what differs from PostgreSQL's own.
-- SPDX-License-Identifier: MIT
, owned (classid, oid, word, acl_word, q, owner, acl, acl_kind) AS (
	SELECT 'pg_namespace'::regclass, oid, 'SCHEMA', 'SCHEMA', q, nspowner, nspacl, 'n'
	FROM ns
	UNION ALL
	SELECT 'pg_class'::regclass, oid, CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW'
			WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
		CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, q, relowner, relacl,
		CASE relkind WHEN 'S' THEN 's' ELSE 'r' END
	FROM rel
	WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
	UNION ALL
	SELECT 'pg_type'::regclass, oid, CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, 'TYPE', q,
		typowner, typacl, 'T'
	FROM typ
	WHERE typisdefined
	UNION ALL
	SELECT 'pg_proc'::regclass, oid, word, CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
		call, proowner, proacl, 'f'
	FROM fn
	UNION ALL
	SELECT 'pg_language'::regclass, oid, 'LANGUAGE', 'LANGUAGE', quote_ident(lanname), lanowner,
		lanacl, 'l'
	FROM pg_language
	WHERE lanispl AND oid >= 16384
	UNION ALL
	SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'FOREIGN DATA WRAPPER', 'FOREIGN DATA WRAPPER',
		quote_ident(fdwname), fdwowner, fdwacl, 'F'
	FROM pg_foreign_data_wrapper
	UNION ALL
	SELECT 'pg_foreign_server'::regclass, oid, 'SERVER', 'FOREIGN SERVER', quote_ident(srvname),
		srvowner, srvacl, 'S'
	FROM pg_foreign_server
	UNION ALL
	SELECT 'pg_collation'::regclass, c.oid, 'COLLATION', '', ns.q || '.' || quote_ident(collname),
		collowner, NULL, ''
	FROM pg_collation c JOIN ns ON ns.oid = collnamespace
	UNION ALL
	SELECT 'pg_conversion'::regclass, c.oid, 'CONVERSION', '', ns.q || '.' || quote_ident(conname),
		conowner, NULL, ''
	FROM pg_conversion c JOIN ns ON ns.oid = connamespace
	UNION ALL
	SELECT 'pg_operator'::regclass, o.oid, 'OPERATOR', '', format('%s.%s (%s, %s)', ns.q, oprname,
			CASE oprleft WHEN 0 THEN 'NONE' ELSE format_type(oprleft, NULL) END,
			CASE oprright WHEN 0 THEN 'NONE' ELSE format_type(oprright, NULL) END),
		oprowner, NULL, ''
	FROM pg_operator o JOIN ns ON ns.oid = oprnamespace
	WHERE oprcode <> 0
	UNION ALL
	SELECT 'pg_opfamily'::regclass, f.oid, 'OPERATOR FAMILY', '',
		format('%s.%I USING %I', ns.q, opfname, amname), opfowner, NULL, ''
	FROM pg_opfamily f JOIN ns ON ns.oid = opfnamespace JOIN pg_am am ON am.oid = opfmethod
	UNION ALL
	SELECT 'pg_opclass'::regclass, c.oid, 'OPERATOR CLASS', '',
		format('%s.%I USING %I', ns.q, opcname, amname), opcowner, NULL, ''
	FROM pg_opclass c JOIN ns ON ns.oid = opcnamespace JOIN pg_am am ON am.oid = opcmethod
	UNION ALL
	SELECT 'pg_ts_dict'::regclass, d.oid, 'TEXT SEARCH DICTIONARY', '',
		ns.q || '.' || quote_ident(dictname), dictowner, NULL, ''
	FROM pg_ts_dict d JOIN ns ON ns.oid = dictnamespace
	UNION ALL
	SELECT 'pg_ts_config'::regclass, c.oid, 'TEXT SEARCH CONFIGURATION', '',
		ns.q || '.' || quote_ident(cfgname), cfgowner, NULL, ''
	FROM pg_ts_config c JOIN ns ON ns.oid = cfgnamespace
	UNION ALL
	SELECT 'pg_statistic_ext'::regclass, s.oid, 'STATISTICS', '', ns.q || '.' || quote_ident(stxname),
		stxowner, NULL, ''
	FROM pg_statistic_ext s JOIN ns ON ns.oid = stxnamespace
	UNION ALL
	SELECT 'pg_publication'::regclass, oid, 'PUBLICATION', '', quote_ident(pubname), pubowner, NULL, ''
	FROM pg_publication
	UNION ALL
	SELECT 'pg_event_trigger'::regclass, oid, 'EVENT TRIGGER', '', quote_ident(evtname), evtowner,
		NULL, ''
	FROM pg_event_trigger
), ours AS (
	SELECT owned.*, CASE WHEN acl_kind <> '' THEN coalesce(
			(SELECT initprivs FROM pg_init_privs p
				WHERE p.classoid = owned.classid AND p.objoid = owned.oid AND p.objsubid = 0),
			acldefault(acl_kind::"char", owner)) END AS base,
		CASE WHEN acl_kind <> '' THEN acldefault(acl_kind::"char", owner) END AS everything
	FROM owned
	WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = owned.classid AND ext.objid = owned.oid)
), defaults AS (
	SELECT oid, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s ', pg_get_userbyid(defaclrole),
			(SELECT ' IN SCHEMA ' || q FROM ns WHERE ns.oid = defaclnamespace)) AS prefix,
		CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
			WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END AS acl_word,
		defaclrole AS owner, defaclacl AS acl, defaclnamespace,
		acldefault(CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype END, defaclrole)
			AS everything
	FROM pg_default_acl
), granted (rank, oid, prefix, target, columns, owner, acl, base, everything) AS (
	SELECT 0, oid, '', acl_word || ' ' || q, '', owner, acl, base, everything
	FROM ours
	WHERE acl IS NOT NULL
	UNION ALL
	SELECT 1, rel.oid, '', 'TABLE ' || q, '(' || quote_ident(attname) || ')', relowner, attacl,
		acldefault('c', relowner), acldefault('c', relowner)
	FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid
	WHERE attacl IS NOT NULL AND attnum > 0 AND NOT attisdropped
	UNION ALL
	SELECT 2, oid, prefix, acl_word, '', owner, acl,
		CASE WHEN defaclnamespace = 0 THEN everything ELSE acldefault('c', owner) END,
		everything
	FROM defaults
), said AS (
	SELECT g.rank, g.oid, g.prefix, g.target, g.columns, 'REVOKE' AS verb, b.grantee,
		b.privilege_type AS privilege, false AS option
	FROM granted g, LATERAL aclexplode(g.base) AS b
	WHERE NOT EXISTS (SELECT FROM aclexplode(g.acl) AS a
		WHERE a.grantee = b.grantee AND a.privilege_type = b.privilege_type)
	UNION
	SELECT g.rank, g.oid, g.prefix, g.target, g.columns, 'GRANT', a.grantee, a.privilege_type,
		a.is_grantable
	FROM granted g, LATERAL aclexplode(g.acl) AS a
	WHERE NOT EXISTS (SELECT FROM aclexplode(g.base) AS b WHERE a.grantee = b.grantee
		AND a.privilege_type = b.privilege_type AND a.is_grantable = b.is_grantable)
)
(SELECT format('ALTER %s %s OWNER TO %I', word, q, pg_get_userbyid(owner))
FROM ours
WHERE NOT (word = 'SCHEMA' AND q = 'public'
		AND pg_get_userbyid(owner) IN ('pg_database_owner', 'postgres'))
	AND NOT (word = 'SEQUENCE' AND EXISTS (SELECT FROM pg_depend d
		WHERE d.classid = 'pg_class'::regclass AND d.objid = ours.oid AND d.deptype = 'i'))
ORDER BY word, q)
UNION ALL
(SELECT format('%s%s %s%s ON %s %s %s%s', prefix, verb,
	CASE WHEN count(*) = (SELECT count(*) FROM aclexplode((SELECT g.everything FROM granted g
			WHERE g.rank = s.rank AND g.oid = s.oid LIMIT 1)) AS e
			WHERE e.grantee <> 0) AND columns = '' THEN 'ALL'
		ELSE string_agg(privilege || columns, ', ' ORDER BY privilege) END, '',
	target, CASE verb WHEN 'GRANT' THEN 'TO' ELSE 'FROM' END,
	CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
	CASE WHEN option THEN ' WITH GRANT OPTION' END)
FROM said s
GROUP BY rank, oid, prefix, target, columns, verb, grantee, option
ORDER BY rank, prefix, target, columns, verb DESC, grantee, option)
