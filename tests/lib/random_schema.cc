// Random schemas: what is in them, and how they change.
// SPDX-License-Identifier: MIT
#include "tests/lib/random_schema.h"

#include <algorithm>

namespace cft_test
{

namespace
{

template <typename T> bool has(const std::vector<T> &v, const std::string &name)
{
	return std::any_of(v.begin(), v.end(), [&](const T &x) { return x.name == name; });
}

template <typename T> void drop(std::vector<T> &v, size_t i)
{
	v.erase(v.begin() + static_cast<std::ptrdiff_t>(i));
}

const char *const types[] = {"integer",       "bigint",      "text",   "boolean",
                             "numeric(10,2)", "varchar(40)", "date",   "timestamptz",
                             "uuid",          "jsonb",       "text[]", "numeric"};

} // namespace

RandomSchema::RandomSchema(uint64_t seed) : random_(seed)
{
	change(8 + pick(30));
}

std::string RandomSchema::name(const char *prefix, unsigned n)
{
	// One in ten needs quotes.
	if (often(10))
		return "\"" + std::string(prefix) + " " + std::to_string(pick(n)) + "\"";
	return prefix + std::to_string(pick(n));
}

std::string RandomSchema::type()
{
	if (!types_.empty() && often(25))
		return types_[pick(static_cast<unsigned>(types_.size()))].name;
	return types[pick(sizeof(types) / sizeof(types[0]))];
}

std::string RandomSchema::default_of(const std::string &type)
{
	if (type == "integer" || type == "bigint" || type == "numeric")
		return std::to_string(pick(5));
	if (type == "text" || type == "varchar(40)")
		return often(50) ? "'it''s'" : "lower('A')";
	if (type == "boolean")
		return often(50) ? "true" : "(NOT false)";
	if (type == "timestamptz")
		return often(50) ? "now()" : "CURRENT_TIMESTAMP + '1 day'";
	if (type == "jsonb")
		return "'{}'";
	return "";
}

bool RandomSchema::has_schema(const std::string &schema) const
{
	return schema.empty() ||
	       std::find(schemas_.begin(), schemas_.end(), schema) != schemas_.end();
}

std::string RandomSchema::full(const Table &t)
{
	return t.schema.empty() ? t.name : t.schema + "." + t.name;
}

const RandomSchema::Table *RandomSchema::table(const std::string &name) const
{
	for (const Table &t : tables_)
		if (full(t) == name && has_schema(t.schema))
			return &t;
	return nullptr;
}

const RandomSchema::Column *RandomSchema::column(const Table &t, const std::string &name)
{
	for (const Column &c : t.columns)
		if (c.name == name)
			return &c;
	return nullptr;
}

// ---- tables

RandomSchema::Column RandomSchema::random_column(const Table &t)
{
	Column c;

	c.name = name("c", 8);
	c.type = type();
	c.not_null = often(30);
	if (often(40))
		c.dflt = default_of(c.type);
	if (often(8)) {
		c.type = often(50) ? "integer" : "bigint";
		c.generated = often(50) ? 1 : 2;
		c.dflt.clear();
	} else if (often(8) && t.partitions == 0) {
		c.generated = 3;
		c.type = "bigint";
		c.from = t.columns.empty() ? "" : t.columns[0].name;
		c.dflt.clear();
	}
	return c;
}

void RandomSchema::add_table()
{
	Table t;

	t.name = name("t", 10);
	if (!schemas_.empty() && often(25))
		t.schema = schemas_[pick(static_cast<unsigned>(schemas_.size()))];
	if (table(full(t)) != nullptr)
		return;
	t.unlogged = often(5);
	t.partitions = often(10) ? 1 + static_cast<int>(pick(3)) : 0;
	Column key;
	key.name = "id";
	key.type = often(50) ? "integer" : "bigint";
	key.not_null = true;
	key.generated = t.partitions ? 0 : static_cast<int>(pick(3));
	t.columns.push_back(key);
	for (unsigned i = pick(5); i-- > 0;) {
		Column c = random_column(t);
		if (column(t, c.name) == nullptr && !(t.partitions && c.generated))
			t.columns.push_back(c);
	}
	tables_.push_back(t);
}

void RandomSchema::add_key(Table &t)
{
	Key k;

	k.name = name("k", 6);
	k.kind = static_cast<int>(pick(3));
	k.column = t.columns[pick(static_cast<unsigned>(t.columns.size()))].name;
	k.option = static_cast<int>(pick(4));
	if (k.kind == 2)
		k.target = full(tables_[pick(static_cast<unsigned>(tables_.size()))]);
	if (!has(t.keys, k.name))
		t.keys.push_back(k);
}

void RandomSchema::add_index(Table &t)
{
	Index i;

	i.name = name("i", 8);
	i.column = t.columns[pick(static_cast<unsigned>(t.columns.size()))].name;
	i.kind = static_cast<int>(pick(5));
	for (const Table &other : tables_)
		if (has(other.indexes, i.name))
			return;
	t.indexes.push_back(i);
}

void RandomSchema::add_part(Table &t)
{
	Part p = {name("p", 3), static_cast<int>(pick(3)), static_cast<int>(pick(4))};

	for (const Part &other : t.parts)
		if (other.name == p.name)
			return;
	t.parts.push_back(p);
}

void RandomSchema::change_column(Table &t, Column &c)
{
	bool key = &c == &t.columns[0];

	switch (pick(6)) {
	case 0:
		c.not_null = key || !c.not_null;
		break;
	case 1:
		if (c.generated == 0)
			c.dflt = c.dflt.empty() ? default_of(c.type) : "";
		break;
	case 2:
		c.comment = often(50) ? "about " + std::to_string(pick(9)) : "";
		break;
	case 3: // within its family: the values can be cast
		if (c.type == "integer" || c.type == "bigint")
			c.type = c.type == "integer" ? "bigint" : "integer";
		else if (c.type == "text" || c.type == "varchar(40)")
			c.type = c.type == "text" ? "varchar(40)" : "text";
		break;
	case 4:
		if (key && t.partitions == 0)
			c.generated = static_cast<int>(pick(3));
		if (key && c.generated)
			c.dflt.clear();
		break;
	default:
		if (!key && often(30))
			drop(t.columns, static_cast<size_t>(&c - &t.columns[0]));
		break;
	}
}

void RandomSchema::change_table(Table &t)
{
	switch (pick(12)) {
	case 0:
	case 1: {
		Column c = random_column(t);
		if (column(t, c.name) == nullptr && !(t.partitions && c.generated))
			t.columns.push_back(c);
		break;
	}
	case 2:
		add_key(t);
		break;
	case 3:
		add_index(t);
		break;
	case 4:
		add_part(t);
		break;
	case 5:
		if (!t.keys.empty())
			drop(t.keys, pick(static_cast<unsigned>(t.keys.size())));
		break;
	case 6:
		if (!t.indexes.empty())
			drop(t.indexes, pick(static_cast<unsigned>(t.indexes.size())));
		break;
	case 7:
		if (!t.parts.empty())
			drop(t.parts, pick(static_cast<unsigned>(t.parts.size())));
		break;
	case 8:
		t.row_security = !t.row_security;
		t.comment = often(50) ? "a table" : "";
		break;
	case 9:
		t.granted = !t.granted;
		t.fillfactor = often(50) ? 50 + static_cast<int>(pick(3)) : 0;
		break;
	default:
		change_column(t, t.columns[pick(static_cast<unsigned>(t.columns.size()))]);
		break;
	}
}

// ---- the rest

void RandomSchema::change_view()
{
	if (!views_.empty() && often(40)) {
		size_t i = pick(static_cast<unsigned>(views_.size()));
		if (often(40))
			drop(views_, i);
		else if (often(50))
			views_[i].barrier = !views_[i].barrier;
		else
			views_[i].comment = often(50) ? "a view" : "";
		return;
	}
	View v;
	v.name = name("v", 8);
	v.stored = often(25);
	if (!views_.empty() && often(40)) {
		const View &base = views_[pick(static_cast<unsigned>(views_.size()))];
		v.over = base.name;
		v.column = base.column;
		v.over_view = true;
	} else if (!tables_.empty()) {
		const Table &t = tables_[pick(static_cast<unsigned>(tables_.size()))];
		v.over = full(t);
		v.column = t.columns[pick(static_cast<unsigned>(t.columns.size()))].name;
	}
	if (!v.over.empty() && !has(views_, v.name))
		views_.push_back(v);
}

void RandomSchema::change_type()
{
	if (!types_.empty() && often(50)) {
		Type &t = types_[pick(static_cast<unsigned>(types_.size()))];
		if (often(60) && t.kind == 0)
			t.labels.insert(t.labels.begin() +
			                        pick(static_cast<unsigned>(t.labels.size()) + 1),
			                "l" + std::to_string(t.labels.size() + 10 * pick(5)));
		else if (often(40) && t.kind == 0 && t.labels.size() > 1)
			t.labels.pop_back();
		else
			t.option = static_cast<int>(pick(3));
		std::sort(t.labels.begin(), t.labels.end());
		t.labels.erase(std::unique(t.labels.begin(), t.labels.end()), t.labels.end());
		return;
	}
	Type t;
	t.name = name("y", 6);
	t.kind = static_cast<int>(pick(3));
	t.labels = {"a", "b"};
	if (!has(types_, t.name))
		types_.push_back(t);
}

void RandomSchema::change_routine()
{
	static const char *const results[] = {"integer", "text", "trigger"};

	if (!routines_.empty() && often(50)) {
		size_t i = pick(static_cast<unsigned>(routines_.size()));
		if (often(30))
			drop(routines_, i);
		else
			routines_[i].option = static_cast<int>(pick(4));
		return;
	}
	Routine r = {name("f", 5), results[pick(3)], often(30) ? "a routine" : "",
	             static_cast<int>(pick(4))};
	if (!has(routines_, r.name))
		routines_.push_back(r);
}

void RandomSchema::change_sequence()
{
	if (!sequences_.empty() && often(60)) {
		size_t i = pick(static_cast<unsigned>(sequences_.size()));
		if (often(30))
			drop(sequences_, i);
		else if (often(50))
			sequences_[i].step = 1 + static_cast<int>(pick(4));
		else
			sequences_[i].cache = 1 + static_cast<int>(pick(4));
		return;
	}
	Sequence s = {name("s", 5), 1, 1};
	if (!has(sequences_, s.name))
		sequences_.push_back(s);
}

void RandomSchema::change_once()
{
	unsigned what = pick(100);

	if (tables_.empty() || what < 12) {
		add_table();
	} else if (what < 14) {
		drop(tables_, pick(static_cast<unsigned>(tables_.size())));
	} else if (what < 66) {
		change_table(tables_[pick(static_cast<unsigned>(tables_.size()))]);
	} else if (what < 78) {
		change_view();
	} else if (what < 86) {
		change_type();
	} else if (what < 93) {
		change_routine();
	} else if (what < 97) {
		change_sequence();
	} else {
		std::string s = name("n", 3);
		auto at = std::find(schemas_.begin(), schemas_.end(), s);
		if (at == schemas_.end())
			schemas_.push_back(s);
		else
			schemas_.erase(at); // what was in it is gone too
	}
}

void RandomSchema::change(unsigned n)
{
	while (n-- > 0)
		change_once();
}

} // namespace cft_test
