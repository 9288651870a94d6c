// Lessons: pairs that trials against PostgreSQL 15 once got wrong, with its verdict.
// SPDX-License-Identifier: MIT
#include "tests/lib/lessons.h"

#include <iterator>

namespace cft_test
{

namespace
{

const Lesson table[] = {
	{"LikeCopiesIndexes", "CREATE TABLE t (a int, b int)", "CREATE INDEX ON t (a)",
         "CREATE TABLE u (LIKE t INCLUDING ALL)", "differ"},
	{"LikeWithoutIndexesDoesNot", "CREATE TABLE t (a int, b int)", "CREATE INDEX ON t (a)",
         "CREATE TABLE u (LIKE t INCLUDING DEFAULTS)", "commute"},
	{"LikeCopiesChecks", "CREATE TABLE t (a int)", "ALTER TABLE t ADD CHECK (a > 0)",
         "CREATE TABLE u (LIKE t INCLUDING ALL)", "differ"},
	{"LikeCopiesKeys", "CREATE TABLE t (a int)", "ALTER TABLE t ADD UNIQUE (a)",
         "CREATE TABLE u (LIKE t INCLUDING INDEXES)", "differ"},
	{"LikeDoesNotCopyForeignKeys",
         "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int)",
         "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p", "CREATE TABLE u (LIKE t INCLUDING ALL)",
         "commute"},
	{"SameRowTwice", "CREATE TABLE t (name text PRIMARY KEY)",
         "INSERT INTO t (name) VALUES ('a'), ('b')", "INSERT INTO t (name) VALUES ('c'), ('b')",
         "neither"},
	{"OtherRows", "CREATE TABLE t (name text PRIMARY KEY)",
         "INSERT INTO t (name) VALUES ('a'), ('b')", "INSERT INTO t (name) VALUES ('c')",
         "commute"},
	{"SameRowTwiceForgiven", "CREATE TABLE t (name text PRIMARY KEY)",
         "INSERT INTO t (name) VALUES ('b') ON CONFLICT DO NOTHING",
         "INSERT INTO t (name) VALUES ('b') ON CONFLICT DO NOTHING", "commute"},
	{"ExpressionsOnVarcharCastIt",
         "CREATE TABLE t (a varchar(10)); CREATE INDEX i ON t USING gin (to_tsvector('english', "
         "a))",
         "ALTER TABLE t ALTER a TYPE bigint USING NULL::bigint",
         "ALTER TABLE t ALTER a SET NOT NULL", "commute"},
	{"TablesFromQueriesTakeTypes", "CREATE TABLE t (a varchar(10))",
         "ALTER TABLE t ALTER a TYPE text", "CREATE TABLE u AS SELECT * FROM t", "differ"},
	{"TablesFromQueriesTakeTypesOfNamedColumns", "CREATE TABLE t (a int, b int)",
         "ALTER TABLE t ALTER a TYPE bigint", "CREATE MATERIALIZED VIEW m AS SELECT b FROM t",
         "commute"},
	{"GrantsOnColumnsNameThem", "CREATE TABLE t (a int, b int)", "ALTER TABLE t DROP a",
         "GRANT SELECT (a) ON t TO somebody", "only_ba"},
	{"InheritedChecksGoWithTheirColumn", "CREATE TABLE t (a int, b int CHECK (b > 0))",
         "ALTER TABLE t DROP b", "CREATE TABLE u () INHERITS (t)", "commute"},
	{"InheritedChecksAddedLaterGoWithTheirColumn",
         "CREATE TABLE t (a int, b int); CREATE TABLE u () INHERITS (t);"
         "ALTER TABLE t ADD CHECK (b > 0)",
         "ALTER TABLE t DROP b", "COMMENT ON TABLE u IS 'x'", "commute"},
	{"LikeAndADroppedIndex", "CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "DROP INDEX i",
         "CREATE TABLE u (LIKE t INCLUDING ALL)", "differ"},
	{"SequencesOwnedByARenamedTable", "CREATE TABLE t (a int)", "ALTER TABLE t RENAME TO u",
         "CREATE SEQUENCE s OWNED BY t.a", "only_ba"},
	{"UsingNeedsTheOldType", "CREATE TABLE t (a text[])",
         "ALTER TABLE t ALTER a TYPE text USING array_to_string(a, ',')",
         "ALTER TABLE t ALTER a TYPE text USING array_to_string(a, ',')", "neither"},
	{"IfExistsForgivesWhatTheBaseDoesNotHave", "CREATE TABLE t (a int)",
         "CREATE INDEX IF NOT EXISTS i ON t (a)", "ALTER INDEX IF EXISTS j RENAME TO i", "commute"},
	{"ReturnTypesMayNameTheirSchema",
         "CREATE TYPE public.x AS (a int); CREATE TABLE t (a int);"
         "CREATE FUNCTION public.f(public.x) RETURNS public.x LANGUAGE sql AS 'SELECT $1'",
         "CREATE OR REPLACE FUNCTION f(x) RETURNS x LANGUAGE sql AS 'SELECT $1 '",
         "ALTER TABLE t ADD b int", "commute"},
	{"NamesWithoutSchemaOnADumpedBase",
         "SELECT pg_catalog.set_config('search_path', '', false);"
         "CREATE TABLE public.t (a int, b int); CREATE INDEX i ON public.t (a)",
         "ALTER TABLE t DROP a", "DROP INDEX i", "only_ba"},
	{"RenamesOfOtherTablesWithoutABase", "", "ALTER TABLE t0 RENAME c2 TO c1",
         "ALTER TABLE t1 RENAME c1 TO c0", "commute"},
	{"RenamesThroughARenamedTableWithoutABase", "",
         "ALTER TABLE t0 RENAME TO t1; ALTER TABLE t1 RENAME c2 TO c1",
         "ALTER TABLE t1 RENAME c1 TO c0", "only_ab"},
	{"SetSchemaTakesItsIndexesAlong",
         "CREATE SCHEMA app; CREATE TABLE t (a int); CREATE INDEX i ON t (a)",
         "ALTER TABLE t SET SCHEMA app", "ALTER INDEX i RENAME TO j", "only_ba"},
	{"SetSchemaTakesThePrimaryKeyAlong",
         "CREATE SCHEMA app; CREATE TABLE t (a int PRIMARY KEY)", "ALTER TABLE t SET SCHEMA app",
         "COMMENT ON INDEX t_pkey IS 'x'", "only_ba"},
	{"SetSchemaTakesItsSequencesAlong", "CREATE SCHEMA app; CREATE TABLE t (a serial)",
         "ALTER TABLE t SET SCHEMA app", "ALTER SEQUENCE t_a_seq INCREMENT 2", "only_ba"},
	{"SetSchemaNeedsTheNamesOfItsIndexes",
         "CREATE SCHEMA app; CREATE TABLE app.u (a int); CREATE TABLE t (a int);"
         "CREATE INDEX i ON t (a)",
         "ALTER TABLE t SET SCHEMA app", "CREATE INDEX i ON app.u (a)", "neither"},
	{"SetSchemaIntoGrantsOnAllTables", "CREATE SCHEMA app; CREATE TABLE t (a int)",
         "ALTER TABLE t SET SCHEMA app", "GRANT SELECT ON ALL TABLES IN SCHEMA app TO somebody",
         "differ"},
	{"SetSchemaOutOfGrantsOnAllTables", "CREATE SCHEMA app; CREATE TABLE t (a int)",
         "ALTER TABLE t SET SCHEMA app", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO somebody",
         "differ"},
	{"SetSchemaOfAFunctionIntoGrants",
         "CREATE SCHEMA app; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
         "ALTER FUNCTION f() SET SCHEMA app",
         "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA app TO somebody", "differ"},
	{"SetSchemaAndGrantsElsewhere",
         "CREATE SCHEMA app; CREATE SCHEMA other; CREATE TABLE t (a int)",
         "ALTER TABLE t SET SCHEMA app", "GRANT SELECT ON ALL TABLES IN SCHEMA other TO somebody",
         "commute"},
	{"RevokeOnAllTablesAndGrantOnOne", "CREATE TABLE t (a int)",
         "GRANT SELECT ON t TO somebody",
         "REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM "
         "somebody",
         "differ"},
	{"RevokeOnAllFunctionsAndGrantOnOne",
         "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
         "GRANT EXECUTE ON FUNCTION f() TO somebody",
         "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM somebody", "differ"},
	{"SearchPathSaysWhereTablesAreMade", "CREATE SCHEMA app",
         "SET search_path = app; CREATE TABLE t (a int)",
         "GRANT SELECT ON ALL TABLES IN SCHEMA app TO somebody", "differ"},
	{"GrantOnAllTablesOfARenamedSchema", "CREATE SCHEMA app; CREATE TABLE app.t (a int)",
         "ALTER SCHEMA app RENAME TO app2", "GRANT SELECT ON ALL TABLES IN SCHEMA app TO somebody",
         "only_ba"},
	{"RevokeOnATableTakesItsColumns", "CREATE TABLE t (a int, b int)",
         "REVOKE SELECT ON t FROM somebody", "GRANT SELECT (a) ON t TO somebody", "differ"},
	{"RevokeOfAllTakesTheColumns", "CREATE TABLE t (a int, b int)",
         "REVOKE ALL ON t FROM somebody", "GRANT UPDATE (b) ON t TO somebody", "differ"},
	{"RevokeOnAllTablesTakesTheColumns", "CREATE TABLE t (a int, b int)",
         "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM somebody",
         "GRANT SELECT (a) ON t TO somebody", "differ"},
	{"RevokeOfAnotherPrivilege", "CREATE TABLE t (a int, b int)",
         "REVOKE INSERT ON t FROM somebody", "GRANT SELECT (a) ON t TO somebody", "commute"},
	{"RevokeFromAnother", "CREATE TABLE t (a int, b int)", "REVOKE SELECT ON t FROM anybody",
         "GRANT SELECT (a) ON t TO somebody", "commute"},
	{"RevokeOnAColumnLeavesTheTable", "CREATE TABLE t (a int, b int)",
         "REVOKE SELECT (a) ON t FROM somebody", "GRANT SELECT ON t TO somebody", "commute"},
	{"GrantsOnOtherColumns", "CREATE TABLE t (a int, b int)",
         "GRANT SELECT (a) ON t TO somebody", "GRANT SELECT (b) ON t TO somebody", "commute"},
	{"AGrantKeepsTheGrantOption", "CREATE TABLE t (a int)",
         "GRANT SELECT ON t TO somebody WITH GRANT OPTION", "GRANT SELECT ON t TO somebody",
         "commute"},
	{"RevokeOfTheGrantOption", "CREATE TABLE t (a int)",
         "GRANT SELECT ON t TO somebody WITH GRANT OPTION",
         "REVOKE GRANT OPTION FOR SELECT ON t FROM somebody", "differ"},
	{"RevokeOfAGrantOptionThatNobodyGave", "CREATE TABLE t (a int)",
         "GRANT SELECT ON t TO somebody", "REVOKE GRANT OPTION FOR SELECT ON t FROM somebody",
         "commute"},
};

} // namespace

const std::vector<Lesson> &lessons()
{
	static const std::vector<Lesson> all(std::begin(table), std::end(table));

	return all;
}

void PrintTo(const Lesson &lesson, std::ostream *out)
{
	*out << lesson.a << " | " << lesson.b;
}

} // namespace cft_test
