/* Libpq: its functions, fetched from the shared library when a connection is first wanted.
 * SPDX-License-Identifier: MIT
 *
 * libpq brings some twenty libraries of its own (Kerberos, LDAP, TLS); to load them takes longer
 * than all else that a command without a database does. Private to common/pg.
 */
#ifndef CFT_PG_LIBPQ_H
#define CFT_PG_LIBPQ_H

#include "common/base/err.h"

#include <libpq-fe.h>

#define CFT_LIBPQ_MAP(X)             \
	X(PQbackendPID)              \
	X(PQcancel)                  \
	X(PQclear)                   \
	X(PQcmdStatus)               \
	X(PQcmdTuples)               \
	X(PQconnectdbParams)         \
	X(PQconnectionNeedsPassword) \
	X(PQconninfoFree)            \
	X(PQconninfoParse)           \
	X(PQconsumeInput)            \
	X(PQdb)                      \
	X(PQenterPipelineMode)       \
	X(PQerrorMessage)            \
	X(PQexec)                    \
	X(PQexitPipelineMode)        \
	X(PQfinish)                  \
	X(PQflush)                   \
	X(PQfname)                   \
	X(PQfreeCancel)              \
	X(PQfreemem)                 \
	X(PQgetCancel)               \
	X(PQgetCopyData)             \
	X(PQgetResult)               \
	X(PQgetisnull)               \
	X(PQgetlength)               \
	X(PQgetvalue)                \
	X(PQhost)                    \
	X(PQisBusy)                  \
	X(PQnfields)                 \
	X(PQnotifies)                \
	X(PQntuples)                 \
	X(PQpipelineStatus)          \
	X(PQpipelineSync)            \
	X(PQport)                    \
	X(PQputCopyData)             \
	X(PQputCopyEnd)              \
	X(PQresultErrorField)        \
	X(PQresultStatus)            \
	X(PQsendPrepare)             \
	X(PQsendQuery)               \
	X(PQsendQueryParams)         \
	X(PQsendQueryPrepared)       \
	X(PQserverVersion)           \
	X(PQsetNoticeReceiver)       \
	X(PQsetSingleRowMode)        \
	X(PQsetnonblocking)          \
	X(PQsocket)                  \
	X(PQstatus)                  \
	X(PQtransactionStatus)       \
	X(PQuser)

/* One pointer to each function, of its own type and under its own name. */
struct cft_libpq {
#define CFT_X(name) __typeof__(name) *name;
	CFT_LIBPQ_MAP(CFT_X)
#undef CFT_X
};

/* Empty until cft_libpq_load has returned 0 once; whoever has a connection has called it. */
extern struct cft_libpq libpq;

/* CFT_E_CONFIG where the library is missing or too old. Cheap after the first time; any thread. */
int cft_libpq_load(struct cft_err *err);

#endif
