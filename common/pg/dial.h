/* Dial: makes a connection that is ready for use. Private to common/pg.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_PG_DIAL_H
#define CFT_PG_DIAL_H

#include "common/pg/internal.h"

struct cft_pg_dial {
	/* In. The strings are ours. */
	char *url, *application_name;
	char *setup_sql; /* run once connected; may be NULL */
	int timeout_s;   /* for each host, and for each question after that */
	bool asks_pooler;
	/* Out. */
	PGconn *conn; /* NULL on failure, `err` says why; whoever takes it sets NULL here */
	bool direct;  /* asks_pooler: the server itself is at the other end */
	struct cft_err err;
};

/* Blocks, for timeout_s of each host and question at most; any thread. */
void cft_pg_dial(struct cft_pg_dial *dial);
/* Closes what was not taken. */
void cft_pg_dial_release(struct cft_pg_dial *dial);

#endif
