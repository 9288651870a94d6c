/* Certs: X.509 certificates for development, and checks of given ones (libcrypto).
 * SPDX-License-Identifier: MIT
 *
 * Keys are ECDSA P-256. Blocks for files.
 */
#ifndef CFT_BASE_CERTS_H
#define CFT_BASE_CERTS_H

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0 where the PEM certificate (the first of a chain) and the PEM key belong together; else
 * CFT_E_CONFIG. */
int cft_certs_match(const char *cert_pem, const char *key_pem, struct cft_err *err);
/* When the PEM certificate ends, microseconds since 1970; CFT_E_CONFIG where it is none. */
int cft_certs_expiry(const char *cert_pem, int64_t *ret_us, struct cft_err *err);

/* Writes into `dir` (made where missing, 0700): ca.crt, ca.key; server.crt, server.key for `names`
 * ("DNS:localhost,IP:127.0.0.1"); client.crt, client.key with the name `client`
 * ("URI:confiture://agent/alice"). Keys are 0600. An authority that is there already signs the new
 * ones, so that what was handed out stays good. */
int cft_certs_generate(const char *dir, const char *names, const char *client, int days,
                       struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
