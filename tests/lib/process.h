// Process: runs programs for tests, in the foreground or the background, and temporary directories.
// SPDX-License-Identifier: MIT
//
// Nothing here uses a shell. Background programs are killed when their object goes, and (by the
// kernel) when the thread that started them dies, so that an aborted test leaves nothing running.
#pragma once

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace cft_test
{

// A new directory under $TMPDIR (or /tmp), removed with all its content at the end.
class TempDir
{
      public:
	explicit TempDir(const std::string &prefix = "confiture-test");
	~TempDir();
	TempDir(const TempDir &) = delete;
	TempDir &operator=(const TempDir &) = delete;

	const std::string &path() const
	{
		return path_;
	}
	// path()/name
	std::string file(const std::string &name) const
	{
		return path_ + "/" + name;
	}
	// Writes path()/name (making its directories) and returns that path.
	std::string write(const std::string &name, const std::string &content) const;

      private:
	std::string path_;
};

struct RunOptions {
	std::string input;                                    // standard input
	std::vector<std::pair<std::string, std::string>> env; // added to ours; "" value removes
	std::string cwd;                                      // "" = ours
	std::string user;                                     // run as this user, where we are root
	int timeout_s = 120;                                  // then SIGKILL, and exit_code is -1
	std::string stdout_path; // background only: files for the output, "" = /dev/null
	std::string stderr_path;
	int death_signal = 9; // background only: what the kernel sends when we die
};

struct RunResult {
	int exit_code = -1; // -1: killed by `signal`, or never started
	int signal = 0;
	std::string out;
	std::string err;
};

// Runs to the end; argv[0] is searched in PATH.
RunResult run(const std::vector<std::string> &argv, const RunOptions &options = {});
// The path of a program of this build: program("agent").
std::string program(const std::string &name);

class Background
{
      public:
	Background() = default;
	Background(const std::vector<std::string> &argv, const RunOptions &options = {});
	~Background(); // SIGKILL where it still runs
	Background(Background &&other) noexcept;
	Background &operator=(Background &&other) noexcept;

	pid_t pid() const
	{
		return pid_;
	}
	bool running();
	void signal(int number) const;
	// Waits up to timeout_s; false if it still runs.
	bool wait(int timeout_s = 30);
	// Signals, waits, and kills where that does not help; the result's exit_code and signal.
	RunResult stop(int number = 15, int timeout_s = 30);
	// After wait(), stop() or running() == false.
	int exit_code() const
	{
		return exit_code_;
	}
	int term_signal() const
	{
		return term_signal_;
	}

      private:
	bool reap(int flags);

	pid_t pid_ = -1;
	int exit_code_ = -1;
	int term_signal_ = 0;
};

// Whole file as text, "" where it is missing.
std::string read_file(const std::string &path);
// Polls until `done()` or the time is over; returns the last answer.
template <typename F> bool eventually(F done, int timeout_s = 20);
void sleep_ms(int ms);

template <typename F> bool eventually(F done, int timeout_s)
{
	for (int i = 0; i < timeout_s * 100; i++) {
		if (done())
			return true;
		sleep_ms(10);
	}
	return done();
}

} // namespace cft_test
