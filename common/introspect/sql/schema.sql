-- Schemas, extensions, languages, access methods.
-- SPDX-License-Identifier: MIT
(SELECT 'CREATE SCHEMA ' || q
FROM ns
WHERE nspname <> 'public' AND NOT EXISTS (
	SELECT FROM ext WHERE classid = 'pg_namespace'::regclass AND objid = ns.oid)
ORDER BY nspname)
UNION ALL
(SELECT format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', e.extname, n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.oid >= 16384
ORDER BY e.extname)
UNION ALL
(SELECT format('CREATE %sLANGUAGE %I HANDLER %s', CASE WHEN lanpltrusted THEN 'TRUSTED ' END,
		lanname, lanplcallfoid::regproc)
	|| CASE WHEN laninline <> 0 THEN ' INLINE ' || laninline::regproc ELSE '' END
	|| CASE WHEN lanvalidator <> 0 THEN ' VALIDATOR ' || lanvalidator::regproc ELSE '' END
FROM pg_language l
WHERE lanispl AND oid >= 16384 AND NOT EXISTS (
	SELECT FROM ext WHERE classid = 'pg_language'::regclass AND objid = l.oid)
ORDER BY lanname)
UNION ALL
(SELECT format('CREATE ACCESS METHOD %I TYPE %s HANDLER %s', amname,
	CASE amtype WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END, amhandler::regproc)
FROM pg_am a
WHERE oid >= 16384 AND NOT EXISTS (
	SELECT FROM ext WHERE classid = 'pg_am'::regclass AND objid = a.oid)
ORDER BY amname)
