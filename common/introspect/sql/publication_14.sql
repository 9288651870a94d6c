-- Publications before PostgreSQL 15.
-- SPDX-License-Identifier: MIT
(SELECT format('CREATE PUBLICATION %I%s WITH (publish = %L%s)', pubname,
	CASE WHEN puballtables THEN ' FOR ALL TABLES' END,
	concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END,
		CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END),
	CASE WHEN pubviaroot THEN ', publish_via_partition_root = true' END)
FROM pg_publication
ORDER BY pubname)
UNION ALL
(SELECT format('ALTER PUBLICATION %I ADD TABLE ONLY %s', pubname, prrelid::regclass)
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = prpubid
ORDER BY r.oid)
