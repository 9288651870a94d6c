// Settings tables: strength of the sources, types, ranges, suggestions, documentation.
// SPDX-License-Identifier: MIT
#include "common/config/settings.h"

#include "tests/unit/config/fixture.h"

#include <vector>

namespace
{

struct Values {
	const char *config, *listen, *data_dir, *password, *cert;
	bool embedded;
	int64_t workers, timeout_ms, memory_bytes;
	int log_format;
	struct cft_setting_list tags;
	const struct cft_yaml_node *extra;
};

const char *const formats[] = {"text", "json", nullptr};

std::vector<struct cft_setting> make_rows()
{
	auto row = [](const char *name, cft_setting_type type, size_t offset, const char *fallback,
	              int64_t min = 0, int64_t max = 0, unsigned flags = 0,
	              const char *group = nullptr) {
		struct cft_setting r = {};
		r.name = name;
		r.type = type;
		r.offset = offset;
		r.fallback = fallback;
		r.min = min;
		r.max = max;
		r.flags = flags;
		r.group = group;
		r.help = "Says something about it.";
		return r;
	};
	std::vector<struct cft_setting> rows = {
		row("config", CFT_SETTING_PATH, offsetof(Values, config), nullptr, 0, 0,
	            CFT_SETTING_CLI_ONLY, "General"),
		row("listen", CFT_SETTING_ADDRESS, offsetof(Values, listen), "127.0.0.1:7430"),
		row("data_dir", CFT_SETTING_PATH, offsetof(Values, data_dir), nullptr),
		row("embedded", CFT_SETTING_BOOL, offsetof(Values, embedded), "false"),
		row("workers", CFT_SETTING_INT, offsetof(Values, workers), "2", 1, 64),
		row("timeout", CFT_SETTING_DURATION, offsetof(Values, timeout_ms), "5s", 0, 60000),
		row("memory", CFT_SETTING_BYTES, offsetof(Values, memory_bytes), "64MiB"),
		row("log_format", CFT_SETTING_ENUM, offsetof(Values, log_format), "text"),
		row("tags", CFT_SETTING_LIST, offsetof(Values, tags), nullptr),
		row("password", CFT_SETTING_STRING, offsetof(Values, password), nullptr, 3, 20,
	            CFT_SETTING_SECRET, "Security"),
		row("tls.cert", CFT_SETTING_PATH, offsetof(Values, cert), nullptr),
		row("extra", CFT_SETTING_SECTION, offsetof(Values, extra), nullptr),
	};
	rows[7].choices = formats;
	return rows;
}

class Settings : public ProjectTest
{
      protected:
	int load(std::vector<std::string> arguments, const Variables &variables = Variables())
	{
		std::vector<char *> argv = {const_cast<char *>("program")};
		for (auto &a : arguments)
			argv.push_back(a.data());
		values_ = {};
		cft_err_clear(&err_);
		cft_settings_init(&s_, &table_, &arena_, &values_);
		return cft_settings_load(&s_, (int)argv.size(), argv.data(), "config",
		                         variables.lookup(), &err_);
	}
	std::vector<struct cft_setting> rows_ = make_rows();
	struct cft_settings_table table_ = {rows_.data(), rows_.size(), "CONFITURE_"};
	Values values_ = {};
	struct cft_settings s_ = {};
};

} // namespace

TEST_F(Settings, HaveTheirDefaults)
{
	ASSERT_EQ(0, load({})) << err_.message;
	EXPECT_STREQ("127.0.0.1:7430", values_.listen);
	EXPECT_EQ(5000, values_.timeout_ms);
	EXPECT_EQ(64 << 20, values_.memory_bytes);
	EXPECT_EQ(nullptr, values_.data_dir);
	EXPECT_EQ(CFT_SOURCE_DEFAULT, cft_settings_origin_of(&s_, "listen")->source);
}

TEST_F(Settings, PreferFlagsThenVariablesThenTheFile)
{
	std::string file = write("c.yaml", "listen: 0.0.0.0:1\nworkers: 3\ntimeout: 1s\n");
	Variables variables{{"CONFITURE_WORKERS", "4"}, {"CONFITURE_LISTEN", "0.0.0.0:2"}};
	ASSERT_EQ(0, load({"--config", file, "--listen=0.0.0.0:3"}, variables)) << err_.message;
	EXPECT_STREQ("0.0.0.0:3", values_.listen);
	EXPECT_EQ(4, values_.workers);
	EXPECT_EQ(1000, values_.timeout_ms);
	auto *origin = cft_settings_origin_of(&s_, "timeout");
	EXPECT_EQ(CFT_SOURCE_FILE, origin->source);
	EXPECT_EQ(3, origin->line);
}

TEST_F(Settings, TakeTheFileFromAVariableToo)
{
	std::string file = write("c.yaml", "workers: 7\n");
	ASSERT_EQ(0, load({}, Variables{{"CONFITURE_CONFIG", file}})) << err_.message;
	EXPECT_EQ(7, values_.workers);
}

TEST_F(Settings, CheckTheFileEvenWhereAFlagIsStronger)
{
	std::string file = write("c.yaml", "workers: many\n");
	EXPECT_EQ(CFT_E_CONFIG, load({"--config", file, "--workers", "3"}));
	EXPECT_EQ(1, err_.line);
}

TEST_F(Settings, ReadPathsInAFileFromWhereItIs)
{
	std::string file = write("etc/c.yaml", "data_dir: data\ntls:\n  cert: /abs/c.pem\n");
	ASSERT_EQ(0, load({"--config", file})) << err_.message;
	EXPECT_EQ(root_ + "/etc/data", values_.data_dir);
	EXPECT_STREQ("/abs/c.pem", values_.cert);
}

TEST_F(Settings, ReadEveryType)
{
	std::string file = write("c.yaml", "embedded: yes\nmemory: 2kB\nlog_format: json\n"
	                                   "tags: [a, b]\nextra: {any: thing}\n");
	ASSERT_EQ(0, load({"--config", file, "--no-embedded", "--timeout", "250ms"}))
		<< err_.message;
	EXPECT_FALSE(values_.embedded);
	EXPECT_EQ(2048, values_.memory_bytes);
	EXPECT_EQ(1, values_.log_format);
	ASSERT_EQ(2u, values_.tags.n);
	EXPECT_STREQ("b", values_.tags.v[1].text);
	EXPECT_EQ(4, values_.tags.v[1].node->line);
	EXPECT_EQ(250, values_.timeout_ms);
	EXPECT_STREQ("thing", cft_yaml_get(values_.extra, "any")->text);
}

TEST_F(Settings, SplitListsInFlags)
{
	ASSERT_EQ(0, load({"--tags", " a ,b,,c"}));
	ASSERT_EQ(3u, values_.tags.n);
	EXPECT_STREQ("a", values_.tags.v[0].text);
	EXPECT_STREQ("c", values_.tags.v[2].text);
}

TEST_F(Settings, ExpandVariablesInTheFile)
{
	std::string file = write("c.yaml", "listen: ${HOST:-localhost}:${PORT}\n"
	                                   "password: 'a$${b}$'\n");
	ASSERT_EQ(0, load({"--config", file}, Variables{{"PORT", "99"}})) << err_.message;
	EXPECT_STREQ("localhost:99", values_.listen);
	EXPECT_STREQ("a${b}$", values_.password);
}

TEST_F(Settings, RefuseBadFilesAtTheirPlace)
{
	struct {
		const char *text;
		int line, column;
		const char *reason, *message;
	} const rows[] = {
		{"lisen: x\n", 1, 1, "UNKNOWN_KEY", "unknown key 'lisen', did you mean 'listen'?"},
		{"zebra: x\n", 1, 1, "UNKNOWN_KEY", "unknown key 'zebra'"},
		{"config: x\n", 1, 1, "UNKNOWN_KEY", "unknown key 'config'"},
		{"tls:\n  cret: x\n", 2, 3, "UNKNOWN_KEY", "did you mean 'cert'?"},
		{"tls: yes\n", 1, 6, "INVALID_CONFIGURATION", "keys and values are expected"},
		{"listen: nowhere\n", 1, 9, "INVALID_CONFIGURATION", "'nowhere' is not an address"},
		{"listen: a:70000\n", 1, 9, "INVALID_CONFIGURATION", "not an address"},
		{"listen: 'a::1:7'\n", 1, 9, "INVALID_CONFIGURATION", "not an address"},
		{"listen: [a]\n", 1, 9, "INVALID_CONFIGURATION",
	         "one value is expected here, not a list"},
		{"workers: 3x\n", 1, 10, "INVALID_CONFIGURATION",
	         "workers: '3x' is not a whole number"},
		{"workers: 99\n", 1, 10, "OUT_OF_RANGE", "99 is outside 1 to 64"},
		{"workers: 99999999999999999999\n", 1, 10, "INVALID_CONFIGURATION", "whole number"},
		{"timeout: soon\n", 1, 10, "INVALID_CONFIGURATION", "is not a duration"},
		{"timeout: 2h\n", 1, 10, "OUT_OF_RANGE", "2h is outside 0 to 1m"},
		{"memory: 3 apples\n", 1, 9, "INVALID_CONFIGURATION", "is not a size"},
		{"memory: 99999999999TB\n", 1, 9, "INVALID_CONFIGURATION", "is not a size"},
		{"embedded: maybe\n", 1, 11, "INVALID_CONFIGURATION", "is not true or false"},
		{"log_format: jsn\n", 1, 13, "INVALID_CONFIGURATION", "did you mean 'json'?"},
		{"tags: {a: b}\n", 1, 7, "INVALID_CONFIGURATION", "a list is expected"},
		{"tags: [[a]]\n", 1, 8, "INVALID_CONFIGURATION", "each item must be one value"},
		{"extra: 5\n", 1, 8, "INVALID_CONFIGURATION", "keys and values are expected"},
		{"data_dir: ''\n", 1, 11, "INVALID_CONFIGURATION", "must not be empty"},
		{"listen: a:${NO_PORT}\n", 1, 11, "MISSING_VARIABLE", "NO_PORT is not set"},
		{"listen: 'a:${NO_PORT}'\n", 1, 12, "MISSING_VARIABLE", "NO_PORT is not set"},
		{"listen: a:${NO_PORT\n", 1, 11, "INVALID_CONFIGURATION", "no closing }"},
		{"listen: a:${}\n", 1, 11, "INVALID_CONFIGURATION", "is written ${NAME}"},
		{"listen: a:${1X}\n", 1, 11, "INVALID_CONFIGURATION", "is written ${NAME}"},
		{"listen: a:${A-B}\n", 1, 11, "INVALID_CONFIGURATION", "is written ${NAME}"},
		{"- a\n", 1, 1, "INVALID_CONFIGURATION",
	         "keys and values are expected here, not a list"},
	};
	for (auto &row : rows) {
		SCOPED_TRACE(row.text);
		std::string file = write("c.yaml", row.text);
		EXPECT_EQ(CFT_E_CONFIG, load({"--config", file}));
		EXPECT_EQ(2, cft_code_exit(err_.code));
		EXPECT_EQ(file, err_.file);
		EXPECT_EQ(row.line, err_.line);
		EXPECT_EQ(row.column, err_.column);
		EXPECT_STREQ(row.reason, err_.reason);
		EXPECT_NE(nullptr, strstr(err_.message, row.message)) << err_.message;
	}
}

TEST_F(Settings, RefuseBadFlags)
{
	struct {
		std::vector<std::string> arguments;
		const char *message;
	} const rows[] = {
		{{"--lisen", "x"}, "unknown option --lisen, did you mean --listen?"},
		{{"--what"}, "unknown option --what"},
		{{"--listen"}, "--listen needs a value (HOST:PORT)"},
		{{"--log-format"}, "--log-format needs a value (text|json)"},
		{{"--workers", "0"}, "--workers: 0 is outside 1 to 64"},
		{{"--embedded=perhaps"}, "--embedded: 'perhaps' is not true or false"},
		{{"--no-embedded=x"}, "takes no value"},
		{{"--no-listen"}, "unknown option --no-listen"},
		{{"--extra", "x"}, "unknown option --extra"},
		{{"serve"}, "unexpected argument 'serve'"},
	};
	for (auto &row : rows) {
		SCOPED_TRACE(row.message);
		EXPECT_EQ(CFT_E_INVALID, load(row.arguments));
		EXPECT_EQ(CFT_E_INVALID, err_.code);
		EXPECT_EQ(2, cft_code_exit(err_.code));
		EXPECT_NE(nullptr, strstr(err_.message, row.message)) << err_.message;
	}
}

TEST_F(Settings, NameTheVariableThatIsWrong)
{
	EXPECT_EQ(CFT_E_CONFIG,
	          load({}, Variables{{"CONFITURE_TLS_CERT", "c.pem"}, {"CONFITURE_WORKERS", "x"}}));
	EXPECT_STREQ("CONFITURE_WORKERS", err_.file);
	EXPECT_STREQ("CONFITURE_WORKERS: 'x' is not a whole number", err_.message);
}

TEST_F(Settings, NeverShowSecrets)
{
	std::string secret = "hunter2-hunter2-hunter2";
	EXPECT_NE(0, load({"--password", secret}));
	EXPECT_EQ(nullptr, strstr(err_.message, "hunter2")) << err_.message;
	ASSERT_EQ(0, load({"--password", "hunter2"}));
	struct cft_buf out = CFT_BUF_INIT;
	cft_settings_show(&s_, &out);
	EXPECT_EQ(nullptr, strstr(cft_buf_str(&out), "hunter2"));
	EXPECT_NE(nullptr, strstr(cft_buf_str(&out), "password: (set)  # --password"));
	cft_buf_release(&out);
}

TEST_F(Settings, AskForRequiredOnes)
{
	rows_[2].flags |= CFT_SETTING_REQUIRED;
	EXPECT_EQ(CFT_E_CONFIG, load({}));
	EXPECT_STREQ("MISSING_SETTING", err_.reason);
	EXPECT_EQ(0, load({"--data-dir", "d"}));
}

TEST_F(Settings, LeaveHelpAndVersionToTheProgram)
{
	EXPECT_EQ(0, load({"--help", "--nonsense"}));
	EXPECT_EQ(CFT_SETTINGS_HELP, s_.action);
	EXPECT_EQ(0, load({"--version"}));
	EXPECT_EQ(CFT_SETTINGS_VERSION, s_.action);
}

TEST_F(Settings, DocumentThemselves)
{
	struct cft_buf out = CFT_BUF_INIT;
	cft_settings_help(&table_, &out);
	EXPECT_NE(nullptr, strstr(cft_buf_str(&out), "General:\n  --config PATH\n"));
	EXPECT_NE(nullptr, strstr(cft_buf_str(&out), "  --log-format text|json\n"));
	EXPECT_NE(nullptr, strstr(cft_buf_str(&out), "  --tls-cert PATH\n"));
	EXPECT_EQ(nullptr, strstr(cft_buf_str(&out), "--extra"));
	cft_buf_clear(&out);
	cft_settings_markdown(&table_, &out);
	EXPECT_NE(nullptr,
	          strstr(cft_buf_str(&out),
	                 "| `workers` | `--workers` | `CONFITURE_WORKERS` | number, 1 to 64 "
	                 "| `2` | Says something about it. |"))
		<< cft_buf_str(&out);
	cft_buf_release(&out);
}

TEST(BytesParse, KnowsTheUnits)
{
	int64_t n = -1;
	EXPECT_EQ(0, cft_bytes_parse("12", &n));
	EXPECT_EQ(12, n);
	EXPECT_EQ(0, cft_bytes_parse("3 GiB", &n));
	EXPECT_EQ(int64_t(3) << 30, n);
	EXPECT_EQ(0, cft_bytes_parse("1M", &n));
	EXPECT_EQ(1 << 20, n);
	for (const char *bad : {"", "-1", "x", "1Q", "1MBB", " 1"})
		EXPECT_NE(0, cft_bytes_parse(bad, &n)) << bad;
}

TEST(AddressParse, TakesBracketsOff)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	const char *host;
	int port;
	ASSERT_EQ(0, cft_address_parse(&arena, "[::1]:7430", &host, &port, nullptr));
	EXPECT_STREQ("::1", host);
	EXPECT_EQ(7430, port);
	cft_arena_release(&arena);
}
