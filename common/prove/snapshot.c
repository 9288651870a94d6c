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
	"egclass,'pg_policy'::regclass,'pg_rewrite'::regclass,'pg_statistic_ext'::regclass,"
	"'pg_operator'::regclass,'pg_cast'::regclass,'pg_collation'::regclass,'pg_extension'::regc"
	"lass,'pg_event_trigger'::regclass,'pg_publication'::regclass,'pg_foreign_server'::regclass,"
	"'pg_ts_config'::regclass,'pg_ts_dict'::regclass) and objoid>16384",
	"select 'ns '||nspname||pg_get_userbyid(nspowner)||coalesce((select "
	"string_agg(a::text,',' order by a::text) from unnest(nspacl) a),'') from "
	"pg_namespace where nspname !~ '^pg_'",
	"select 'ext '||extname||extnamespace::regnamespace from pg_extension",
	"select 'defacl '||pg_get_userbyid(defaclrole)||defaclnamespace||defaclobjtype::t"
	"ext||array(select a::text from unnest(defaclacl) a order by 1)::text from "
	"pg_default_acl",
	"select 'stat '||pg_get_statisticsobjdef(oid) from pg_statistic_ext",
	"select 'set '||setconfig::text from pg_db_role_setting",
	"select 'pub '||pubname||puballtables||pubinsert||pubupdate||pubdelete||pubtruncate||pubviaroot"
	"||pg_get_userbyid(pubowner) from pg_publication",
	"select 'pubrel '||pubname||' '||prrelid::regclass||coalesce(pg_get_expr(prqual,prrelid),'')||"
	"array(select attname from pg_attribute where attrelid=prrelid and attnum=any(prattrs) order "
	"by 1)::text from pg_publication_rel join pg_publication p on p.oid=prpubid",
	"select 'pubns '||pubname||' '||pnnspid::regnamespace from pg_publication_namespace join "
	"pg_publication p on p.oid=pnpubid",
	"select 'opr '||oid::regoperator||' '||oprcode||' '||oprcom::regoperator||' '||"
	"oprnegate::regoperator||' '||oprrest||' '||oprjoin||' '||oprcanhash||oprcanmerge||"
	"pg_get_userbyid(oprowner) from pg_operator where oid>16384",
	"select 'cast '||castsource::regtype||' '||casttarget::regtype||' '||castfunc::regprocedure||"
	"castcontext::text||castmethod::text from pg_cast where oid>16384",
	"select 'coll '||oid::regcollation||' '||collprovider::text||collisdeterministic||coalesce("
	"colliculocale,collcollate,'')||pg_get_userbyid(collowner) from pg_collation where oid>16384",
	"select 'conv '||connamespace::regnamespace||'.'||conname||' '||conproc||condefault from "
	"pg_conversion where oid>16384",
	"select 'opc '||opcnamespace::regnamespace||'.'||opcname||' '||amname||' '||"
	"opcintype::regtype||opcdefault||pg_get_userbyid(opcowner) from pg_opclass join pg_am a on "
	"a.oid=opcmethod where pg_opclass.oid>16384",
	"select 'opf '||opfnamespace::regnamespace||'.'||opfname||' '||amname||array(select "
	"pg_describe_object('pg_amop'::regclass,o.oid,0) from pg_amop o where amopfamily="
	"pg_opfamily.oid order by 1)::text from pg_opfamily join pg_am a on a.oid=opfmethod where "
	"pg_opfamily.oid>16384",
	"select 'tsc '||oid::regconfig||pg_get_userbyid(cfgowner)||array(select maptokentype||' '||"
	"mapseqno||' '||mapdict::regdictionary from pg_ts_config_map where mapcfg=pg_ts_config.oid "
	"order by 1)::text from pg_ts_config where oid>16384",
	"select 'tsd '||oid::regdictionary||coalesce(dictinitoption,'')||pg_get_userbyid(dictowner) "
	"from pg_ts_dict where oid>16384",
	"select 'fdw '||fdwname||pg_get_userbyid(fdwowner)||array(select unnest(fdwoptions) order by "
	"1)::text||coalesce((select string_agg(a::text,',' order by a::text) from unnest(fdwacl) a),"
	"'') from pg_foreign_data_wrapper",
	"select 'srv '||srvname||' '||fdwname||pg_get_userbyid(srvowner)||coalesce(srvversion,'')||"
	"array(select unnest(srvoptions) order by 1)::text||coalesce((select string_agg(a::text,',' "
	"order by a::text) from unnest(srvacl) a),'') from pg_foreign_server join "
	"pg_foreign_data_wrapper f on f.oid=srvfdw",
	"select 'um '||srvname||' '||usename||array(select unnest(umoptions) order by 1)::text from "
	"pg_user_mappings",
	"select 'ft '||ftrelid::regclass||' '||srvname||array(select unnest(ftoptions) order by 1)"
	"::text from pg_foreign_table join pg_foreign_server s on s.oid=ftserver",
	"select 'evt '||evtname||evtevent||evtfoid::regproc||evtenabled::text||coalesce(evttags::text,'')||"
	"pg_get_userbyid(evtowner) from pg_event_trigger",
	"select 'lang '||lanname||lanpltrusted||pg_get_userbyid(lanowner)||coalesce((select "
	"string_agg(a::text,',' order by a::text) from unnest(lanacl) a),'') from pg_language",
	"select 'attr '||attrelid::regclass||'.'||attname||' '||attcompression::text||attinhcount||"
	"attislocal||coalesce(array(select unnest(attfdwoptions) order by 1)::text,'') from "
	"pg_attribute where attnum>0 and not attisdropped and attrelid>16384 and (attcompression<>'' "
	"or attinhcount>0 or attfdwoptions is not null)",
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
