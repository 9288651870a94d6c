// Process: fork, exec, collect the output, and clean up.
// SPDX-License-Identifier: MIT
#include "tests/lib/process.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cft_test
{

TempDir::TempDir(const std::string &prefix)
{
	const char *base = getenv("TMPDIR");
	std::string path = std::string(base && *base ? base : "/tmp") + "/" + prefix + "-XXXXXX";

	if (!mkdtemp(path.data()))
		throw std::runtime_error("mkdtemp " + path + ": " + strerror(errno));
	path_ = path;
}

TempDir::~TempDir()
{
	std::error_code ignored;

	std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(const std::string &name, const std::string &content) const
{
	std::filesystem::path path = file(name);

	std::filesystem::create_directories(path.parent_path());
	std::ofstream(path, std::ios::binary) << content;
	return path;
}

std::string program(const std::string &name)
{
	return std::string(CFT_BIN_DIR) + "/" + name;
}

std::string read_file(const std::string &path)
{
	std::ifstream in(path, std::ios::binary);
	std::stringstream text;

	text << in.rdbuf();
	return text.str();
}

void sleep_ms(int ms)
{
	std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

namespace
{

// What the child needs, prepared before the fork: between fork and exec only system calls run.
struct Spawn {
	std::vector<char *> argv;
	std::vector<std::string> env_text;
	std::vector<char *> env;
	std::string cwd;
	uid_t uid = 0;
	gid_t gid = 0;
	bool drop = false;
	int death_signal = 0;
	int fds[3] = {-1, -1, -1};
};

bool overridden(const char *entry, const RunOptions &options)
{
	for (const auto &[key, value] : options.env)
		if (strncmp(entry, key.c_str(), key.size()) == 0 && entry[key.size()] == '=')
			return true;
	return false;
}

void prepare(Spawn &spawn, const std::vector<std::string> &argv, const RunOptions &options)
{
	for (const std::string &arg : argv)
		spawn.argv.push_back(const_cast<char *>(arg.c_str()));
	spawn.argv.push_back(nullptr);
	for (char **entry = environ; *entry; entry++)
		if (!overridden(*entry, options))
			spawn.env_text.push_back(*entry);
	for (const auto &[key, value] : options.env)
		if (!value.empty())
			spawn.env_text.push_back(key + "=" + value);
	for (std::string &entry : spawn.env_text)
		spawn.env.push_back(entry.data());
	spawn.env.push_back(nullptr);
	spawn.cwd = options.cwd;
	spawn.death_signal = options.death_signal;
	if (!options.user.empty() && geteuid() == 0) {
		struct passwd *user = getpwnam(options.user.c_str());
		if (!user)
			throw std::runtime_error("no user " + options.user);
		spawn.uid = user->pw_uid;
		spawn.gid = user->pw_gid;
		spawn.drop = true;
	}
}

[[noreturn]] void child(const Spawn &spawn)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, nullptr);
	signal(SIGPIPE, SIG_DFL);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(spawn.fds[fd], fd) < 0)
			_exit(126);
	if (spawn.drop &&
	    (setgroups(0, nullptr) != 0 || setgid(spawn.gid) != 0 || setuid(spawn.uid) != 0))
		_exit(126);
	// After setuid, which clears it.
	prctl(PR_SET_PDEATHSIG, spawn.death_signal);
	if (!spawn.cwd.empty() && chdir(spawn.cwd.c_str()) != 0)
		_exit(126);
	execvpe(spawn.argv[0], spawn.argv.data(), spawn.env.data());
	_exit(127);
}

pid_t start(const Spawn &spawn)
{
	pid_t pid = fork();

	if (pid == 0)
		child(spawn);
	if (pid < 0)
		throw std::runtime_error(std::string("fork: ") + strerror(errno));
	return pid;
}

void close_fd(int &fd)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

// Moves bytes both ways until the program has closed its output, or the time is over.
bool converse(int in, int out, int err, const RunOptions &options, RunResult &result)
{
	auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout_s);
	size_t sent = 0;
	char chunk[65536];

	while (out >= 0 || err >= 0) {
		if (in >= 0 && sent == options.input.size())
			close_fd(in);
		struct pollfd polls[3] = {{in, POLLOUT, 0}, {out, POLLIN, 0}, {err, POLLIN, 0}};
		if (poll(polls, 3, 200) < 0 && errno != EINTR)
			break;
		if (in >= 0 && polls[0].revents) {
			ssize_t n =
				write(in, options.input.data() + sent, options.input.size() - sent);
			if (n > 0)
				sent += static_cast<size_t>(n);
			else if (errno != EAGAIN)
				close_fd(in);
		}
		for (int i = 1; i <= 2; i++) {
			int &fd = i == 1 ? out : err;
			if (fd < 0 || !polls[i].revents)
				continue;
			ssize_t n = read(fd, chunk, sizeof(chunk));
			if (n > 0)
				(i == 1 ? result.out : result.err)
					.append(chunk, static_cast<size_t>(n));
			else if (n == 0 || errno != EINTR)
				close_fd(fd);
		}
		if (std::chrono::steady_clock::now() > end)
			break;
	}
	bool complete = out < 0 && err < 0;
	close_fd(in);
	close_fd(out);
	close_fd(err);
	return complete;
}

void decode(int status, int &exit_code, int &term_signal)
{
	exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	term_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

} // namespace

RunResult run(const std::vector<std::string> &argv, const RunOptions &options)
{
	RunResult result;
	Spawn spawn;
	int in[2], out[2], err[2], status = 0;

	prepare(spawn, argv, options);
	spawn.death_signal = SIGKILL;
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
		throw std::runtime_error(std::string("pipe: ") + strerror(errno));
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	spawn.fds[0] = in[0];
	spawn.fds[1] = out[1];
	spawn.fds[2] = err[1];
	// A program may end without reading its input.
	auto old = signal(SIGPIPE, SIG_IGN);
	pid_t pid = start(spawn);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	if (!converse(in[1], out[0], err[0], options, result))
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	signal(SIGPIPE, old);
	decode(status, result.exit_code, result.signal);
	return result;
}

Background::Background(const std::vector<std::string> &argv, const RunOptions &options)
{
	Spawn spawn;
	auto target = [](const std::string &path) {
		int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
		return open(path.empty() ? "/dev/null" : path.c_str(), flags, 0644);
	};

	prepare(spawn, argv, options);
	spawn.fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	spawn.fds[1] = target(options.stdout_path);
	spawn.fds[2] = target(options.stderr_path);
	pid_ = start(spawn);
	for (int &fd : spawn.fds)
		close_fd(fd);
}

Background::~Background()
{
	if (running())
		stop(SIGKILL);
}

Background::Background(Background &&other) noexcept
{
	*this = std::move(other);
}

Background &Background::operator=(Background &&other) noexcept
{
	if (this == &other)
		return *this;
	if (running())
		stop(SIGKILL);
	pid_ = std::exchange(other.pid_, -1);
	exit_code_ = other.exit_code_;
	term_signal_ = other.term_signal_;
	return *this;
}

bool Background::reap(int flags)
{
	int status = 0;

	if (pid_ <= 0)
		return true;
	pid_t got = waitpid(pid_, &status, flags);
	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	if (got == pid_)
		decode(status, exit_code_, term_signal_);
	pid_ = -1;
	return true;
}

bool Background::running()
{
	return !reap(WNOHANG);
}

void Background::signal(int number) const
{
	if (pid_ > 0)
		kill(pid_, number);
}

bool Background::wait(int timeout_s)
{
	return eventually([this] { return !running(); }, timeout_s);
}

RunResult Background::stop(int number, int timeout_s)
{
	RunResult result;

	signal(number);
	if (!wait(timeout_s)) {
		signal(SIGKILL);
		while (!reap(0)) {
		}
	}
	result.exit_code = exit_code_;
	result.signal = term_signal_;
	return result;
}

} // namespace cft_test
