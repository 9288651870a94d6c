-- Foreign-data wrappers, servers, user mappings.
-- SPDX-License-Identifier: MIT
(SELECT format('CREATE FOREIGN DATA WRAPPER %I%s%s%s', fdwname,
	CASE WHEN fdwhandler <> 0 THEN ' HANDLER ' || fdwhandler::regproc END,
	CASE WHEN fdwvalidator <> 0 THEN ' VALIDATOR ' || fdwvalidator::regproc END,
	(SELECT ' OPTIONS (' || string_agg(format('%I %L', option_name, option_value), ', ') || ')'
		FROM pg_options_to_table(fdwoptions)))
FROM pg_foreign_data_wrapper f
WHERE NOT EXISTS (
	SELECT FROM ext WHERE classid = 'pg_foreign_data_wrapper'::regclass AND objid = f.oid)
ORDER BY fdwname)
UNION ALL
(SELECT format('CREATE SERVER %I%s%s FOREIGN DATA WRAPPER %I%s', srvname,
	' TYPE ' || quote_literal(srvtype), ' VERSION ' || quote_literal(srvversion), fdwname,
	(SELECT ' OPTIONS (' || string_agg(format('%I %L', option_name, option_value), ', ') || ')'
		FROM pg_options_to_table(srvoptions)))
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper f ON f.oid = srvfdw
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_foreign_server'::regclass AND objid = s.oid)
ORDER BY srvname)
UNION ALL
(SELECT format('CREATE USER MAPPING FOR %s SERVER %I%s',
	CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(usename) END, srvname,
	(SELECT ' OPTIONS (' || string_agg(format('%I %L', option_name, option_value), ', ') || ')'
		FROM pg_options_to_table(umoptions)))
FROM pg_user_mappings
ORDER BY srvname, usename)
