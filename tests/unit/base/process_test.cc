// Processes: a program knows its own path, and a confined child cannot do what it must not.
// SPDX-License-Identifier: MIT
#include "common/base/process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

// What holds in a child that has confined itself: the limits stay with a process for good.
bool holds_in_child(const struct cft_process_limits &limits, const std::function<bool()> &fact)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		cft_process_confine(&limits);
		_exit(fact() ? 0 : 1);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

TEST(Process, KnowsTheProgramItRuns)
{
	char *program = cft_process_program("fallback");

	EXPECT_STREQ("unit_base", strrchr(program, '/') + 1);
	free(program);
}

TEST(Process, AConfinedChildLeavesInterruptsToItsParent)
{
	EXPECT_TRUE(holds_in_child({false, 0}, [] {
		raise(SIGINT);
		raise(SIGTERM);
		raise(SIGPIPE);
		return true;
	}));
}

TEST(Process, AConfinedChildGetsNoPrivilegesAndLeavesNoCore)
{
	EXPECT_TRUE(holds_in_child({false, 0}, [] {
		struct rlimit core;

		getrlimit(RLIMIT_CORE, &core);
		return core.rlim_max == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	}));
}

TEST(Process, AConfinedChildDiesWithItsParentOnlyWhereAsked)
{
	auto signal_is = [](int wanted) {
		return [wanted] {
			int signal = -1;
			return prctl(PR_GET_PDEATHSIG, &signal) == 0 && signal == wanted;
		};
	};

	EXPECT_TRUE(holds_in_child({true, 0}, signal_is(SIGKILL)));
	EXPECT_TRUE(holds_in_child({false, 0}, signal_is(0)));
}

TEST(Process, AChildThatOnlyComputesHasNoNetworkAndStartsNothing)
{
	auto works = [] {
		bool socket_works = socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
		execl("/bin/true", "true", nullptr);
		return socket_works;
	};
	auto refused = [] {
		bool no_socket = socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM;
		execl("/bin/true", "true", nullptr);
		return no_socket && errno == EPERM;
	};

	EXPECT_TRUE(holds_in_child({false, 0, false}, works));
	EXPECT_TRUE(holds_in_child({false, 0, true}, refused));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Process, AConfinedChildGetsNoMoreMemoryThanItsLimit)
{
	auto maps = [](size_t mib) {
		return [mib] {
			return mmap(nullptr, mib << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			            0) != MAP_FAILED;
		};
	};

	EXPECT_FALSE(holds_in_child({false, 512}, maps(1024)));
	EXPECT_TRUE(holds_in_child({false, 0}, maps(1024)));
}
#endif
