// Files of migrations handed to the server: what is none of a migration is refused by its name.
// SPDX-License-Identifier: MIT
#include "tests/integration/server/fixture.h"

#include <confiture/v1/migration_service.pb-c.h>
#include <utility>

namespace
{

class Files : public testing::Test
{
      protected:
	Files()
	    : server(cft_test::PgCluster::shared().create_database(),
	             {"--config",
	              dir.write("server.yaml",
	                        "targets:\n  t:\n    project: p\n    policy: free\n    url: \"" +
	                                target + "\"\n")}),
	      c(server.address)
	{
	}
	struct Refusal {
		int rc;
		std::string reason, message;
	};
	// Of a method with these files; the content is a table, but for rollbacks.
	template <typename Request>
	Refusal hand_over(const char *method, Request &request,
	                  const std::vector<std::string> &names)
	{
		std::vector<Confiture__V1__SourceFile> files(names.size());
		std::vector<Confiture__V1__SourceFile *> pointers;
		std::string sql = "CREATE TABLE t (a int);";
		for (size_t i = 0; i < names.size(); i++) {
			confiture__v1__source_file__init(&files[i]);
			files[i].name = text(names[i]);
			files[i].content.data = (uint8_t *)text(sql);
			files[i].content.len = sql.size();
			pointers.push_back(&files[i]);
		}
		request.project = const_cast<char *>("p");
		request.target = const_cast<char *>("t");
		request.files = pointers.data();
		request.n_files = pointers.size();
		c.err = CFT_ERR_INIT;
		int rc = ask(method, &request);
		return {rc, c.err.reason, c.err.message};
	}
	Refusal plan(const std::vector<std::string> &names)
	{
		MSG(PlanMigrationsRequest, plan_migrations_request, r);
		return hand_over("PlanMigrations", r, names);
	}
	Refusal apply(const std::vector<std::string> &names)
	{
		MSG(ApplyMigrationsRequest, apply_migrations_request, r);
		r.agent_id = const_cast<char *>("alice");
		return hand_over("ApplyMigrations", r, names);
	}

	std::string target = cft_test::PgCluster::shared().create_database();
	cft_test::TempDir dir;
	ServerProcess server;
	Caller c;

      private:
	// To the end of the stream, where it is one.
	int ask(const char *method, const void *request)
	{
		const auto *service = &confiture__v1__migration_service__descriptor;
		void *message = nullptr;
		if (strcmp(method, "PlanMigrations") == 0)
			return cft_client_call(c.client, service, method, request, 20000, &c.arena,
			                       &message, &c.err);
		struct cft_stream *stream = nullptr;
		int rc = cft_stream_open(c.client, service, method, request, &stream, &c.err);
		for (int i = 0; i < 100 && rc >= 0; i++) {
			rc = cft_stream_read(stream, 20000, &c.arena, &message, &c.err);
			if (rc == 0)
				break;
			if (rc == 1) {
				auto *p = ((Confiture__V1__ApplyMigrationsResponse *)message)
				                  ->progress;
				if (p->operation && p->operation->error_reason[0])
					snprintf(c.err.reason, sizeof(c.err.reason), "%s",
					         p->operation->error_reason);
			}
		}
		cft_stream_close(stream);
		return rc;
	}
};

} // namespace

TEST_F(Files, NamesThatAreNoPlainNamesAreRefused)
{
	const std::string names[] = {
		"",
		".hidden.up.sql",
		"../001_a.up.sql",
		"/etc/001_a.up.sql",
		"sub/001_a.up.sql",
		"001_a\n.up.sql",
		"001_a\r.up.sql",
		"001_a\x1b[31m.up.sql",
		"001_a\x07.up.sql",
		"001_a\x7f.up.sql",
		"001_a\xC2\x9B"
		"31m.up.sql",
		"001_a\xE2\x80\xAE.up.sql", // turns the direction of what follows
		"001_" + std::string(300, 'a') + ".up.sql",
	};
	for (const std::string &name : names) {
		Refusal one = plan({name});
		EXPECT_EQ(one.reason, "INVALID_FILE_NAME") << name << one.message;
		for (unsigned char byte : one.message)
			EXPECT_TRUE(byte >= 32 && byte != 127) << one.message;
		EXPECT_EQ(apply({name}).reason, "INVALID_FILE_NAME") << name;
	}
}

TEST_F(Files, WhatWouldNotBeRunIsSaid)
{
	for (std::string name : {"002_b.sql", "b.up.sql", "002-b.up.sql", "b.py", "002_.up.sql"}) {
		Refusal one = plan({"001_a.up.sql", name});
		EXPECT_EQ(one.reason, "UNKNOWN_FILE_NAME") << name << one.message;
		EXPECT_NE(one.message.find(name), std::string::npos) << one.message;
		EXPECT_EQ(one.message.find("migrations/"), std::string::npos) << one.message;
		EXPECT_EQ(apply({"001_a.up.sql", name}).reason, "UNKNOWN_FILE_NAME") << name;
	}
	cft_test::PgCluster::shared().sql(target, "CREATE TABLE nothing_was_applied ()");
	EXPECT_EQ(cft_test::PgCluster::shared().sql(target, "SELECT to_regclass('t') IS NULL"),
	          "t");
	/* As in a directory: what pretends to be no migration. */
	EXPECT_EQ(plan({"001_a.up.sql", "README.md", "_helper.sql"}).rc, 0) << c.err.message;
	Refusal done = apply({"001_a.up.sql", "README.md"});
	EXPECT_EQ(done.reason, "") << done.message;
	EXPECT_EQ(cft_test::PgCluster::shared().sql(target, "SELECT to_regclass('t')"), "t");
}
