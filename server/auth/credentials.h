/* Credentials: what may be shown, in memory as the database has it.
 * SPDX-License-Identifier: MIT
 *
 * A credential is found by its key: the SHA-256 of a bearer token, or of a name in a client
 * certificate. The tokens themselves are nowhere: they have 256 random bits, so a plain digest
 * cannot be turned back. One thread. `confiture token` writes the table.
 */
#ifndef CFT_AUTH_CREDENTIALS_H
#define CFT_AUTH_CREDENTIALS_H

#include "common/base/digest.h"
#include "server/auth/matrix.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_credential {
	unsigned char key[CFT_SHA256_BYTES];
	const char *id; /* public: for logs and for revoking */
	enum cft_role role;
	const char *agent_id, *project; /* "": none in particular, every one */
	int64_t expires_us;             /* 0: never */
	bool revoked;
};

struct cft_credentials;

struct cft_credentials *cft_credentials_new(void);
void cft_credentials_free(struct cft_credentials *credentials); /* NULL is fine */
void cft_credentials_clear(struct cft_credentials *credentials);
/* Copies; takes the place of one with the same key. */
void cft_credentials_put(struct cft_credentials *credentials, const struct cft_credential *one);
size_t cft_credentials_count(const struct cft_credentials *credentials);
/* The one of that key, whatever its state; NULL for none. Borrowed until the next change. */
const struct cft_credential *cft_credentials_find(const struct cft_credentials *credentials,
                                                  const unsigned char key[CFT_SHA256_BYTES]);

/* 0, or CFT_E_UNAUTHENTICATED with reason CREDENTIAL_UNKNOWN (NULL), CREDENTIAL_REVOKED or
 * CREDENTIAL_EXPIRED. `now_us` is microseconds since 1970. */
int cft_credential_check(const struct cft_credential *one, int64_t now_us, struct cft_err *err);

/* The two kinds of keys can never meet. */
void cft_credential_key_of_token(const char *token, unsigned char ret[CFT_SHA256_BYTES]);
void cft_credential_key_of_name(const char *san, unsigned char ret[CFT_SHA256_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
