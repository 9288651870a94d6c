// Random schemas: their statements. What names something that is gone is left out.
// SPDX-License-Identifier: MIT
#include "tests/lib/random_schema.h"

#include <algorithm>
#include <map>

namespace cft_test
{

std::string RandomSchema::join(const std::vector<std::string> &statements)
{
	std::string text;

	for (const std::string &s : statements)
		text += s + ";\n";
	return text;
}

std::string RandomSchema::shuffled(uint64_t seed) const
{
	std::vector<std::string> v = statements();
	std::mt19937_64 random(seed);

	std::shuffle(v.begin(), v.end(), random);
	return join(v);
}

// The type, or text where it was a type that is gone.
std::string RandomSchema::known_type(const std::string &type) const
{
	bool own = type[0] == 'y' || type[0] == '"';

	for (const Type &t : types_)
		if (t.name == type)
			return type;
	return own ? "text" : type;
}

void RandomSchema::sql_of_types(std::vector<std::string> &out) const
{
	static const char *const checks[] = {"", " CHECK (VALUE <> 'x')", " NOT NULL"};
	static const char *const fields[] = {"a integer", "a integer, b text", "b text"};

	for (const Type &t : types_) {
		std::string labels;
		for (const std::string &l : t.labels)
			labels += (labels.empty() ? "'" : ", '") + l + "'";
		if (t.kind == 0)
			out.push_back("CREATE TYPE " + t.name + " AS ENUM (" + labels + ")");
		else if (t.kind == 1)
			out.push_back("CREATE DOMAIN " + t.name + " AS text" +
			              checks[t.option % 3]);
		else
			out.push_back("CREATE TYPE " + t.name + " AS (" + fields[t.option % 3] +
			              ")");
	}
}

std::string RandomSchema::sql_of(const Column &c) const
{
	std::string sql = c.name + " " + known_type(c.type);

	if (c.generated == 1 || c.generated == 2)
		return sql + " GENERATED " + (c.generated == 1 ? "ALWAYS" : "BY DEFAULT") +
		       " AS IDENTITY";
	if (c.generated == 3)
		return sql + " GENERATED ALWAYS AS (" + c.from + " * 2) STORED";
	if (!c.dflt.empty())
		sql += " DEFAULT " + c.dflt;
	return sql + (c.not_null ? " NOT NULL" : "");
}

void RandomSchema::sql_of(const Table &t, std::vector<std::string> &out) const
{
	std::string sql = std::string("CREATE ") +
	                  (t.unlogged && !t.partitions ? "UNLOGGED " : "") + "TABLE " + full(t) +
	                  " (";

	for (const Column &c : t.columns)
		sql += sql_of(c) + ", ";
	sql += "PRIMARY KEY (id))";
	if (t.partitions)
		sql += " PARTITION BY RANGE (id)";
	else if (t.fillfactor)
		sql += " WITH (fillfactor=" + std::to_string(t.fillfactor) + ")";
	out.push_back(sql);
	for (int i = 0; i < t.partitions; i++) {
		std::string name =
			t.name[0] == '"' ? "\"part " + t.name.substr(1) : "part_" + t.name;
		name.insert(name[0] == '"' ? 1 : 0, std::string(1, static_cast<char>('a' + i)));
		out.push_back("CREATE TABLE " + (t.schema.empty() ? name : t.schema + "." + name) +
		              " PARTITION OF " + full(t) + " FOR VALUES FROM (" +
		              std::to_string(i * 10) + ") TO (" + std::to_string(i * 10 + 10) +
		              ")");
	}
	if (!t.comment.empty())
		out.push_back("COMMENT ON TABLE " + full(t) + " IS '" + t.comment + "'");
	for (const Column &c : t.columns)
		if (!c.comment.empty())
			out.push_back("COMMENT ON COLUMN " + full(t) + "." + c.name + " IS '" +
			              c.comment + "'");
	if (t.row_security)
		out.push_back("ALTER TABLE " + full(t) + " ENABLE ROW LEVEL SECURITY");
	if (t.granted)
		out.push_back("GRANT SELECT, INSERT ON " + full(t) + " TO PUBLIC");
}

void RandomSchema::sql_of_keys(const Table &t, std::vector<std::string> &out) const
{
	static const char *const actions[] = {"", " ON DELETE CASCADE", " ON UPDATE SET NULL",
	                                      " DEFERRABLE INITIALLY DEFERRED"};

	for (const Key &k : t.keys) {
		const Column *c = column(t, k.column);
		const Table *target = k.kind == 2 ? table(k.target) : nullptr;
		std::string add = "ALTER TABLE " + full(t) + " ADD CONSTRAINT " + k.name;
		if (c == nullptr || (k.kind == 0 && (t.partitions || c->type == "jsonb")))
			continue;
		if (k.kind == 0)
			out.push_back(add + " UNIQUE (" + c->name +
			              (k.option == 1 ? ") INCLUDE (id)" : ")"));
		else if (k.kind == 1)
			out.push_back(add + " CHECK (" + c->name +
			              (k.option & 1 ? " IS NOT NULL OR id > 0)" : " IS NOT NULL)"));
		else if (target != nullptr && c->type == target->columns[0].type &&
		         c->generated == 0)
			out.push_back(add + " FOREIGN KEY (" + c->name + ") REFERENCES " +
			              full(*target) + "(id)" + actions[k.option]);
	}
	for (const Index &i : t.indexes) {
		const Column *c = column(t, i.column);
		std::string on = i.name + " ON " + full(t);
		if (c == nullptr || c->type == "jsonb")
			continue;
		std::string kinds[] = {
			"CREATE INDEX " + on + " (" + c->name + ")",
			"CREATE UNIQUE INDEX " + on + " (" + c->name + ", id)",
			"CREATE INDEX " + on + " (" + c->name + " DESC NULLS LAST) WHERE id > 0",
			"CREATE INDEX " + on + " (((id + 1)))",
			"CREATE INDEX " + on + " USING hash (id)",
		};
		out.push_back(kinds[i.kind]);
	}
}

void RandomSchema::sql_of_parts(const Table &t, std::vector<std::string> &out) const
{
	static const char *const events[] = {"INSERT", "UPDATE", "INSERT OR UPDATE OF id",
	                                     "DELETE"};
	static const char *const quals[] = {"true", "id > 0", "id IN (1, 2)", "id BETWEEN 1 AND 9"};

	for (const Part &p : t.parts) {
		if (p.kind == 1)
			out.push_back("CREATE POLICY " + p.name + " ON " + full(t) + " USING (" +
			              quals[p.option] + ")");
		if (p.kind == 2 && t.partitions == 0)
			out.push_back("CREATE RULE " + p.name + " AS ON UPDATE TO " + full(t) +
			              " WHERE old.id > " + std::to_string(p.option) +
			              " DO ALSO NOTHING");
		for (const Routine &r : routines_)
			if (p.kind == 0 && r.result == "trigger") {
				out.push_back("CREATE TRIGGER " + p.name + " AFTER " +
				              events[p.option] + " ON " + full(t) +
				              " FOR EACH ROW EXECUTE FUNCTION " + r.name + "()");
				break;
			}
	}
}

void RandomSchema::sql_of_views(std::vector<std::string> &out) const
{
	std::map<std::string, bool> made;

	for (const View &v : views_) {
		const Table *t = v.over_view ? nullptr : table(v.over);
		bool known = v.over_view ? made.count(v.over) != 0
		                         : t != nullptr && column(*t, v.column);
		if (!known)
			continue;
		made[v.name] = true;
		out.push_back(std::string("CREATE ") + (v.stored ? "MATERIALIZED VIEW " : "VIEW ") +
		              v.name +
		              (v.barrier && !v.stored ? " WITH (security_barrier=true)" : "") +
		              " AS SELECT " + v.column + ", 1 AS one FROM " + v.over);
		if (v.stored)
			out.push_back("CREATE UNIQUE INDEX ON " + v.name + " (one)");
		if (!v.comment.empty())
			out.push_back("COMMENT ON " +
			              std::string(v.stored ? "MATERIALIZED VIEW " : "VIEW ") +
			              v.name + " IS '" + v.comment + "'");
	}
}

std::vector<std::string> RandomSchema::statements() const
{
	std::vector<std::string> out;

	for (const std::string &s : schemas_)
		out.push_back("CREATE SCHEMA " + s);
	sql_of_types(out);
	for (const Sequence &s : sequences_)
		out.push_back("CREATE SEQUENCE " + s.name + " INCREMENT BY " +
		              std::to_string(s.step) + " CACHE " + std::to_string(s.cache));
	for (const Table &t : tables_)
		if (has_schema(t.schema))
			sql_of(t, out);
	for (const Routine &r : routines_) {
		std::string value = std::to_string(r.option);
		if (r.result == "trigger")
			out.push_back(
				"CREATE FUNCTION " + r.name +
				"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; -- " +
				value + "\nEND $$");
		else
			out.push_back("CREATE FUNCTION " + r.name + "(a integer" +
			              (r.option == 3 ? " DEFAULT 1" : "") + ") RETURNS " +
			              r.result + " LANGUAGE sql AS 'SELECT " + value +
			              "::" + r.result + "'");
		if (!r.comment.empty())
			out.push_back("COMMENT ON FUNCTION " + r.name +
			              (r.result == "trigger" ? "()" : "(integer)") + " IS '" +
			              r.comment + "'");
	}
	for (const Table &t : tables_)
		if (has_schema(t.schema)) {
			sql_of_keys(t, out);
			sql_of_parts(t, out);
		}
	sql_of_views(out);
	return out;
}

} // namespace cft_test
