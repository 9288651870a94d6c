/* Snapshot: the catalog query.
 * SPDX-License-Identifier: MIT
 */
#include "common/prove/snapshot.h"

#include <string.h>

/* One query for each catalog; together with UNION ALL they are the snapshot. Some builds of
 * PostgreSQL stamp columns with an option pg_attver, which is no part of the schema. */
/* clang-format off */
static const char *const queries[] = {
	"select 'rel '||n.nspname||'.'||c.relname||' '||c.relkind::text||' "
	"'||c.relpersistence::text||' rls='||c.relrowsecurity||c.relforcerowsecurity||' "
	"own='||pg_get_userbyid(c.relowner)||' opt='||coalesce((select string_agg(o,',' "
	"order by o) from unnest(c.reloptions) o),'')||' acl='||coalesce((select "
	"string_agg(a::text,',' order by a::text) from unnest(c.relacl) a),'')||' "
	"bound='||coalesce(pg_get_expr(c.relpartbound,c.oid),'')||' "
	"of='||c.reloftype::regtype||' ri='||c.relreplident::text from pg_class c join "
	"pg_namespace n on n.oid=c.relnamespace where n.nspname !~ '^pg_' and "
	"n.nspname<>'information_schema' and c.relkind<>'c'",
	"select 'col '||a.attrelid::regclass||'.'||a.attname||' "
	"'||format_type(a.atttypid,a.atttypmod)||' nn='||a.attnotnull||' "
	"id='||a.attidentity::text||' gen='||a.attgenerated::text||' "
	"def='||coalesce(pg_get_expr(d.adbin,d.adrelid),'')||' st='||a.attstattarget||' "
	"sto='||a.attstorage::text||' opt='||coalesce((select string_agg(o,',' order by "
	"o) from unnest(a.attoptions) o where o !~ '^pg_attver='),'')||' "
	"acl='||coalesce((select string_agg(x::text,',' order by x::text) from "
	"unnest(a.attacl) x),'')||' coll='||a.attcollation from pg_attribute a join "
	"pg_class c on c.oid=a.attrelid join pg_namespace n on n.oid=c.relnamespace left "
	"join pg_attrdef d on d.adrelid=a.attrelid and d.adnum=a.attnum where a.attnum>0 "
	"and not a.attisdropped and n.nspname !~ '^pg_' and "
	"n.nspname<>'information_schema' and c.relkind<>'i'",
	"select 'con '||coalesce(nullif(conrelid,0)::regclass::text,contypid::regtype::te"
	"xt)||' '||conname||' '||pg_get_constraintdef(oid)||convalidated from "
	"pg_constraint where connamespace::regnamespace::text !~ "
	"'^pg_|information_schema'",
	"select 'idx '||pg_get_indexdef(indexrelid)||indisvalid||indisunique||indiscluste"
	"red from pg_index join pg_class c on c.oid=indexrelid where "
	"c.relnamespace::regnamespace::text !~ '^pg_|information_schema'",
	"select 'view '||c.oid::regclass||pg_get_viewdef(c.oid) from pg_class c where "
	"relkind in('v','m') and c.relnamespace::regnamespace::text !~ "
	"'^pg_|information_schema'",
	"select 'fn '||case when prokind in ('a','w') then p.oid::regprocedure::text "
	"else pg_get_functiondef(p.oid) end||' "
	"own='||pg_get_userbyid(proowner)||coalesce((select string_agg(a::text,',' order "
	"by a::text) from unnest(proacl) a),'') from pg_proc p where "
	"pronamespace::regnamespace::text !~ '^pg_|information_schema'",
	"select 'trg '||pg_get_triggerdef(oid)||tgenabled::text from pg_trigger where "
	"not tgisinternal",
	"select 'rule '||pg_get_ruledef(oid) from pg_rewrite where ev_class>16384 and "
	"rulename<>'_RETURN'",
	"select 'pol '||polrelid::regclass||polname||polcmd::text||polpermissive||coalesc"
	"e(pg_get_expr(polqual,polrelid),'')||coalesce(pg_get_expr(polwithcheck,polrelid)"
	",'')||array(select r::regrole::text from unnest(polroles) r order by 1)::text "
	"from pg_policy",
	"select 'type '||t.oid::regtype||typtype::text||' "
	"nn='||typnotnull||coalesce(typdefault,'')||coalesce(typbasetype::regtype::text,'"
	"')||' own='||pg_get_userbyid(typowner)||coalesce((select "
	"string_agg(enumlabel,',' order by enumsortorder) from pg_enum e where "
	"e.enumtypid=t.oid),'')||coalesce((select string_agg(a::text,',' order by "
	"a::text) from unnest(typacl) a),'') from pg_type t where "
	"t.typnamespace::regnamespace::text !~ '^pg_|information_schema' and t.typtype "
	"in('e','d','c','r')",
	"select 'seq '||seqrelid::regclass||seqtypid::regtype||seqincrement||seqmax||seqm"
	"in||seqcache||seqcycle||seqstart from pg_sequence",
	"select 'dep '||classid::regclass||' '||objid::regclass||' '||refobjid::regclass||'.'|| "
	"coalesce((select attname from pg_attribute where attrelid = refobjid and attnum = "
	"refobjsubid and refobjsubid > 0)::text, '') from pg_depend where classid = "
	"'pg_class'::regclass and deptype in ('a', 'i') and refclassid = 'pg_class'::regclass "
	"and objid in (select oid from pg_class where relkind = 'S')",
	"select 'inh '||inhrelid::regclass||inhparent::regclass from pg_inherits",
	"select 'cmt '||pg_describe_object(classoid,objoid,objsubid)||description from "
	"pg_description where classoid in('pg_class'::regclass,'pg_type'::regclass,'pg_pr"
	"oc'::regclass,'pg_constraint'::regclass,'pg_trigger'::regclass,'pg_namespace'::r"
	"egclass,'pg_policy'::regclass) and objoid>16384",
	"select 'ns '||nspname||pg_get_userbyid(nspowner)||coalesce((select "
	"string_agg(a::text,',' order by a::text) from unnest(nspacl) a),'') from "
	"pg_namespace where nspname !~ '^pg_'",
	"select 'ext '||extname||extnamespace::regnamespace from pg_extension",
	"select 'defacl '||pg_get_userbyid(defaclrole)||defaclnamespace||defaclobjtype::t"
	"ext||array(select a::text from unnest(defaclacl) a order by 1)::text from "
	"pg_default_acl",
	"select 'stat '||pg_get_statisticsobjdef(oid) from pg_statistic_ext",
	"select 'set '||setconfig::text from pg_db_role_setting",
	"select 'pub '||pubname from pg_publication",
	"select 'pubrel '||prpubid||prrelid::regclass from pg_publication_rel",
};
/* clang-format on */

int cft_snapshot_take(struct cft_pg *pg, struct cft_snapshot *ret, struct cft_err *err)
{
	struct cft_buf sql = CFT_BUF_INIT;
	int rc = cft_pg_exec(pg, "SET search_path = pg_catalog", NULL, err);

	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		cft_buf_addf(&sql, "%s%s\n", i ? "UNION ALL " : "", queries[i]);
	cft_buf_adds(&sql, "ORDER BY 1");
	if (rc == 0)
		rc = cft_pg_exec(pg, cft_buf_str(&sql), &ret->rows, err);
	cft_buf_release(&sql);
	return rc;
}

void cft_snapshot_release(struct cft_snapshot *snapshot)
{
	cft_pg_result_free(snapshot->rows);
	memset(snapshot, 0, sizeof(*snapshot));
}
