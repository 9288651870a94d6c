-- Operators, their families and classes; casts, conversions, transforms; text search.
-- SPDX-License-Identifier: MIT
, family AS (
	SELECT f.oid, ns.q || '.' || quote_ident(opfname) AS q, opfname, opfnamespace,
		quote_ident(amname) AS am, ext.objid IS NOT NULL AS foreign_one
	FROM pg_opfamily f JOIN ns ON ns.oid = opfnamespace JOIN pg_am am ON am.oid = opfmethod
		LEFT JOIN ext ON ext.classid = 'pg_opfamily'::regclass AND ext.objid = f.oid
), member AS (
	SELECT d.refclassid, d.refobjid, 0 AS rank, amopstrategy AS number,
		format('OPERATOR %s %s%s', amopstrategy, amopopr::regoperator,
			CASE WHEN amopsortfamily <> 0 THEN format(' FOR ORDER BY %I.%I', n.nspname,
				s.opfname) END) AS text
	FROM pg_amop o JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = o.oid
		LEFT JOIN (pg_opfamily s JOIN pg_namespace n ON n.oid = s.opfnamespace)
			ON s.oid = amopsortfamily
	WHERE d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
		AND d.deptype IN ('a', 'i')
	UNION ALL
	SELECT d.refclassid, d.refobjid, 1, amprocnum,
		format('FUNCTION %s (%s, %s) %s', amprocnum, format_type(amproclefttype, NULL),
			format_type(amprocrighttype, NULL), amproc::regprocedure)
	FROM pg_amproc p JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = p.oid
	WHERE d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
		AND d.deptype IN ('a', 'i')
)
(SELECT format('CREATE OPERATOR %s.%s (FUNCTION = %s%s%s%s%s%s%s%s%s)', ns.q, o.oprname, o.oprcode,
	CASE WHEN o.oprleft <> 0 THEN ', LEFTARG = ' || format_type(o.oprleft, NULL) END,
	CASE WHEN o.oprright <> 0 THEN ', RIGHTARG = ' || format_type(o.oprright, NULL) END,
	(SELECT format(', COMMUTATOR = OPERATOR(%I.%s)', n.nspname, c.oprname)
		FROM pg_operator c JOIN pg_namespace n ON n.oid = c.oprnamespace WHERE c.oid = o.oprcom),
	(SELECT format(', NEGATOR = OPERATOR(%I.%s)', n.nspname, c.oprname)
		FROM pg_operator c JOIN pg_namespace n ON n.oid = c.oprnamespace
		WHERE c.oid = o.oprnegate),
	CASE WHEN o.oprcanmerge THEN ', MERGES' END,
	CASE WHEN o.oprcanhash THEN ', HASHES' END,
	CASE WHEN o.oprrest <> 0 THEN ', RESTRICT = ' || o.oprrest END,
	CASE WHEN o.oprjoin <> 0 THEN ', JOIN = ' || o.oprjoin END)
FROM pg_operator o JOIN ns ON ns.oid = oprnamespace
WHERE oprcode <> 0 AND NOT EXISTS (
	SELECT FROM ext WHERE classid = 'pg_operator'::regclass AND objid = o.oid)
ORDER BY o.oid)
UNION ALL
(SELECT format('CREATE OPERATOR FAMILY %s USING %s', q, am)
FROM family
WHERE NOT foreign_one
ORDER BY oid)
UNION ALL
(SELECT format('ALTER OPERATOR FAMILY %s USING %s ADD %s', f.q, f.am,
	string_agg(m.text, ', ' ORDER BY m.rank, m.number, m.text))
FROM family f JOIN member m ON m.refclassid = 'pg_opfamily'::regclass AND m.refobjid = f.oid
WHERE NOT foreign_one
GROUP BY f.oid, f.q, f.am
ORDER BY f.oid)
UNION ALL
(SELECT format('CREATE OPERATOR CLASS %s.%I%s FOR TYPE %s USING %I%s AS %s', ns.q, opcname,
	CASE WHEN opcdefault THEN ' DEFAULT' END, format_type(opcintype, NULL), amname,
	CASE WHEN f.opfname <> opcname OR f.opfnamespace <> opcnamespace
		THEN format(' FAMILY %I.%I', fn.nspname, f.opfname) END,
	coalesce((SELECT string_agg(m.text, ', ' ORDER BY m.rank, m.number, m.text) FROM member m
			WHERE m.refclassid = 'pg_opclass'::regclass AND m.refobjid = c.oid)
		|| CASE WHEN opckeytype <> 0 THEN ', STORAGE ' || format_type(opckeytype, NULL)
			ELSE '' END,
		'STORAGE ' || format_type(CASE opckeytype WHEN 0 THEN opcintype ELSE opckeytype END,
			NULL)))
FROM pg_opclass c JOIN ns ON ns.oid = opcnamespace JOIN pg_am am ON am.oid = opcmethod
	JOIN pg_opfamily f ON f.oid = opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_opclass'::regclass AND objid = c.oid)
ORDER BY c.oid)
UNION ALL
(SELECT format('CREATE CAST (%s AS %s) %s%s', format_type(castsource, NULL),
	format_type(casttarget, NULL),
	CASE castmethod WHEN 'b' THEN 'WITHOUT FUNCTION' WHEN 'i' THEN 'WITH INOUT'
		ELSE 'WITH FUNCTION ' || castfunc::regprocedure END,
	CASE castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' END)
FROM pg_cast c
WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass
	AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
ORDER BY oid)
UNION ALL
(SELECT format('CREATE %sCONVERSION %s.%I FOR %L TO %L FROM %s',
	CASE WHEN condefault THEN 'DEFAULT ' END, ns.q, conname, pg_encoding_to_char(conforencoding),
	pg_encoding_to_char(contoencoding), conproc)
FROM pg_conversion c JOIN ns ON ns.oid = connamespace
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_conversion'::regclass AND objid = c.oid)
ORDER BY c.oid)
UNION ALL
(SELECT format('CREATE TRANSFORM FOR %s LANGUAGE %I (%s)', format_type(trftype, NULL), lanname,
	concat_ws(', ',
		CASE WHEN trffromsql <> 0 THEN 'FROM SQL WITH FUNCTION ' || trffromsql::regprocedure END,
		CASE WHEN trftosql <> 0 THEN 'TO SQL WITH FUNCTION ' || trftosql::regprocedure END))
FROM pg_transform t JOIN pg_language l ON l.oid = trflang
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_transform'::regclass AND objid = t.oid)
ORDER BY t.oid)
UNION ALL
(SELECT format('CREATE TEXT SEARCH PARSER %s.%I (START = %s, GETTOKEN = %s, END = %s%s, '
		'LEXTYPES = %s)', ns.q, prsname, prsstart, prstoken, prsend,
	CASE WHEN prsheadline <> 0 THEN ', HEADLINE = ' || prsheadline END, prslextype)
FROM pg_ts_parser p JOIN ns ON ns.oid = prsnamespace
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_ts_parser'::regclass AND objid = p.oid)
ORDER BY p.oid)
UNION ALL
(SELECT format('CREATE TEXT SEARCH TEMPLATE %s.%I (%sLEXIZE = %s)', ns.q, tmplname,
	CASE WHEN tmplinit <> 0 THEN 'INIT = ' || tmplinit || ', ' END, tmpllexize)
FROM pg_ts_template t JOIN ns ON ns.oid = tmplnamespace
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_ts_template'::regclass AND objid = t.oid)
ORDER BY t.oid)
UNION ALL
(SELECT format('CREATE TEXT SEARCH DICTIONARY %s.%I (TEMPLATE = %I.%I%s)', ns.q, dictname,
	n.nspname, t.tmplname, ', ' || dictinitoption)
FROM pg_ts_dict d JOIN ns ON ns.oid = dictnamespace JOIN pg_ts_template t ON t.oid = dicttemplate
	JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_ts_dict'::regclass AND objid = d.oid)
ORDER BY d.oid)
UNION ALL
(SELECT format('CREATE TEXT SEARCH CONFIGURATION %s.%I (PARSER = %I.%I)', ns.q, cfgname, n.nspname,
	p.prsname)
FROM pg_ts_config c JOIN ns ON ns.oid = cfgnamespace JOIN pg_ts_parser p ON p.oid = cfgparser
	JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_ts_config'::regclass AND objid = c.oid)
ORDER BY c.oid)
UNION ALL
(SELECT format('ALTER TEXT SEARCH CONFIGURATION %s.%I ADD MAPPING FOR %s WITH %s', ns.q, cfgname,
	(SELECT alias FROM ts_token_type(cfgparser) WHERE tokid = maptokentype),
	string_agg(mapdict::regdictionary::text, ', ' ORDER BY mapseqno))
FROM pg_ts_config c JOIN ns ON ns.oid = cfgnamespace JOIN pg_ts_config_map m ON mapcfg = c.oid
WHERE NOT EXISTS (SELECT FROM ext WHERE classid = 'pg_ts_config'::regclass AND objid = c.oid)
GROUP BY c.oid, ns.q, cfgname, cfgparser, maptokentype
ORDER BY c.oid, maptokentype)
