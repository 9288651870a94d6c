// Random schemas of valid DDL, and random changes to them; all from one seed.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace cft_test
{

// A schema in the making. Names are used again after a drop, on purpose: objects of one name change
// their kind and meaning between two versions.
class RandomSchema
{
      public:
	explicit RandomSchema(uint64_t seed);

	// Makes `n` random changes: adds, drops and alters objects.
	void change(unsigned n);
	// The statements in an order that PostgreSQL takes.
	std::string sql() const
	{
		return join(statements());
	}
	// The same statements in another order.
	std::string shuffled(uint64_t seed) const;

      private:
	struct Column {
		std::string name, type, dflt, comment;
		bool not_null = false;
		int generated = 0; // 1 identity always, 2 by default, 3 from another column
		std::string from;  // of what it is generated
	};
	struct Key {
		std::string name, column, target; // target: table of a foreign key, or ""
		int kind = 0;                     // 0 unique, 1 check, 2 foreign key
		int option = 0;
	};
	struct Index {
		std::string name, column;
		int kind = 0;
	};
	struct Part {
		std::string name;
		int kind = 0; // 0 trigger, 1 policy, 2 rule
		int option = 0;
	};
	struct Table {
		std::string name, schema, comment;
		bool row_security = false, unlogged = false, granted = false;
		int fillfactor = 0, partitions = 0;
		std::vector<Column> columns; // the first is the key
		std::vector<Key> keys;
		std::vector<Index> indexes;
		std::vector<Part> parts;
	};
	struct View {
		std::string name, over, column, comment;
		bool over_view = false, stored = false, barrier = false;
	};
	struct Type {
		std::string name;
		int kind = 0; // 0 enum, 1 domain, 2 composite
		std::vector<std::string> labels;
		int option = 0;
	};
	struct Routine {
		std::string name, result, comment;
		int option = 0;
	};
	struct Sequence {
		std::string name;
		int step = 1, cache = 1;
	};

	static std::string join(const std::vector<std::string> &statements);
	std::vector<std::string> statements() const;
	unsigned pick(unsigned n)
	{
		return static_cast<unsigned>(random_() % n);
	}
	bool often(unsigned percent)
	{
		return pick(100) < percent;
	}
	std::string name(const char *prefix, unsigned n);
	std::string type();
	std::string default_of(const std::string &type);
	bool has_schema(const std::string &schema) const;
	const Table *table(const std::string &full) const;
	static const Column *column(const Table &t, const std::string &name);
	static std::string full(const Table &t);
	std::string known_type(const std::string &type) const;

	Column random_column(const Table &t);
	void change_once();
	void change_table(Table &t);
	void change_column(Table &t, Column &c);
	void add_table();
	void add_key(Table &t);
	void add_index(Table &t);
	void add_part(Table &t);
	void change_view();
	void change_type();
	void change_routine();
	void change_sequence();

	std::string sql_of(const Column &c) const;
	void sql_of(const Table &t, std::vector<std::string> &out) const;
	void sql_of_keys(const Table &t, std::vector<std::string> &out) const;
	void sql_of_parts(const Table &t, std::vector<std::string> &out) const;
	void sql_of_types(std::vector<std::string> &out) const;
	void sql_of_views(std::vector<std::string> &out) const;

	std::mt19937_64 random_;
	std::vector<std::string> schemas_;
	std::vector<Table> tables_;
	std::vector<View> views_;
	std::vector<Type> types_;
	std::vector<Routine> routines_;
	std::vector<Sequence> sequences_;
};

} // namespace cft_test
