/* Processes: a program's own path, and the confinement of its children.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/process.h"

#include "common/base/mem.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

char *cft_process_program(const char *fallback)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len <= 0)
		return cft_strdup(fallback);
	path[len] = '\0';
	return cft_strdup(access(path, X_OK) == 0 ? path : "/proc/self/exe");
}

static void limit_memory(unsigned mib)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	struct rlimit wanted = {(rlim_t)mib << 20, (rlim_t)mib << 20};

	if (mib > 0)
		setrlimit(RLIMIT_AS, &wanted);
#else
	(void)mib; /* the sanitizers map terabytes for themselves */
#endif
}

#define REFUSE(name)                                           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

#if defined(__x86_64__)
#define NATIVE_ABI AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ABI AUDIT_ARCH_AARCH64
#else
#error "the numbers of this machine's system calls are not known here"
#endif
enum { X32_SYSCALLS = 0x40000000 };

/* A parser that hostile SQL has taken over reaches nothing but its pipes. */
static void only_compute(void)
{
	struct sock_filter filter[] = {
		/* Other ABIs of the machine have other numbers. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ABI, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_SYSCALLS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		REFUSE(socket),
		REFUSE(socketpair),
		REFUSE(connect),
		REFUSE(bind),
		REFUSE(execve),
		REFUSE(execveat),
		REFUSE(ptrace),
		REFUSE(process_vm_writev),
		REFUSE(io_uring_setup),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

void cft_process_confine(const struct cft_process_limits *limits)
{
	struct rlimit none = {0, 0};

	if (limits->dies_with_parent)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	limit_memory(limits->memory_mib);
	if (limits->only_computes)
		only_compute();
}
