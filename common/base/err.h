/* Errors: one table of codes, one caller-owned record, one way to fill it.
 * SPDX-License-Identifier: MIT
 *
 * A function that can fail returns 0 or a negative `enum cft_code` and takes `struct cft_err *err`
 * as its last parameter. The caller owns `err`; filling it never allocates. Out parameters are set
 * only on success. Libraries return errors, programs print or log them, once.
 *
 * `reason` is the stable name that clients see (google.rpc.ErrorInfo.reason, "reason" in JSON): it
 * never changes meaning. Where a code is too wide ("the state refuses that"), cft_fail_reason sets
 * a narrower one, e.g. LEASE_EXPIRED.
 */
#ifndef CFT_BASE_ERR_H
#define CFT_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, default reason, gRPC status, exit code). gRPC statuses: grpc/status.h, by number here so
 * that base depends on nothing. Exit codes: docs/cli.md. */
#define CFT_CODE_MAP(X)                              \
	X(FAILED, "OPERATION_FAILED", 9, 1)          \
	X(INVALID, "INVALID_ARGUMENT", 3, 2)         \
	X(SYNTAX, "SQL_SYNTAX_ERROR", 3, 2)          \
	X(CONFIG, "INVALID_CONFIGURATION", 3, 2)     \
	X(UNAVAILABLE, "UNAVAILABLE", 14, 3)         \
	X(NOT_FOUND, "NOT_FOUND", 5, 4)              \
	X(STATE, "WRONG_STATE", 9, 5)                \
	X(CONFLICT, "BLOCKED_BY_CONFLICT", 9, 5)     \
	X(EXISTS, "ALREADY_EXISTS", 6, 5)            \
	X(ABORTED, "ABORTED", 10, 5)                 \
	X(LIMIT, "LIMIT_EXCEEDED", 8, 5)             \
	X(OUT_OF_RANGE, "OUT_OF_RANGE", 11, 5)       \
	X(LOCKED, "LOCKED", 9, 6)                    \
	X(TIMEOUT, "DEADLINE_EXCEEDED", 4, 6)        \
	X(UNAUTHENTICATED, "UNAUTHENTICATED", 16, 7) \
	X(FORBIDDEN, "PERMISSION_DENIED", 7, 7)      \
	X(IRREVERSIBLE, "IRREVERSIBLE", 9, 8)        \
	X(INCONSISTENT, "INCONSISTENT", 15, 8)       \
	X(CANCELLED, "CANCELLED", 1, 1)              \
	X(UNSUPPORTED, "UNSUPPORTED", 12, 1)         \
	X(INTERNAL, "INTERNAL", 13, 70)

enum cft_code_ordinal {
#define CFT_CODE_ORDINAL(name, reason, grpc, exit) CFT_ORD_##name,
	CFT_CODE_MAP(CFT_CODE_ORDINAL)
#undef CFT_CODE_ORDINAL
};

enum cft_code {
	CFT_OK = 0,
#define CFT_CODE_ENUM(name, reason, grpc, exit) CFT_E_##name = -1 - CFT_ORD_##name,
	CFT_CODE_MAP(CFT_CODE_ENUM)
#undef CFT_CODE_ENUM
};

struct cft_err {
	int code;           /* enum cft_code; 0 while no error */
	char reason[48];    /* stable, UPPER_SNAKE */
	char sqlstate[6];   /* of PostgreSQL, or "" */
	int line, column;   /* 1-based place in the input that `file` names; 0 = unknown */
	char file[256];     /* file, setting or field the error is about, or "" */
	char message[768];  /* one sentence: what went wrong, and where */
	char hint[384];     /* what to do about it, or "" */
	int retry_after_ms; /* a good time to wait before the same request may work; 0 = unknown */
};

#define CFT_ERR_INIT \
	{            \
		0    \
	}

/* Fills `err` (which may be NULL) and returns `code`. An error already in `err` is replaced. */
int cft_fail(struct cft_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int cft_fail_reason(struct cft_err *err, int code, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* For strerror-style failures of system calls: "<text>: <strerror(errnum)>". */
int cft_fail_errno(struct cft_err *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds to an error: a hint, or the place. They keep the rest and return err->code
 * (CFT_E_FAILED where err is NULL, so that `return cft_err_hint(…)` never reads as success). */
int cft_err_hint(struct cft_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int cft_err_at(struct cft_err *err, const char *file, int line, int column);
/* Puts "<text>: " before the message. */
int cft_err_prefix(struct cft_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Where the error is, for people: "db/x.sql:3:7", "--listen", "line 3:7"; "" where unknown,
 * or where the message itself names the field that it is about. */
enum { CFT_ERR_PLACE = 300 };
const char *cft_err_place(const struct cft_err *err, char text[CFT_ERR_PLACE]);

void cft_err_clear(struct cft_err *err);

const char *cft_code_name(int code);      /* "NOT_FOUND" */
const char *cft_code_reason(int code);    /* default reason */
int cft_code_grpc(int code);              /* grpc_status_code, 0 for CFT_OK */
int cft_code_exit(int code);              /* process exit code, 0 for CFT_OK */
int cft_code_from_name(const char *name); /* CFT_OK for a name that is none of ours */
/* The code whose gRPC status and reason fit best; for clients that got a status from the wire. */
int cft_code_from_grpc(int grpc_status, const char *reason);

#ifdef __cplusplus
}
#endif

#endif
