/* Digests and random identifiers (SHA-256 of libcrypto, getrandom of the kernel).
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_DIGEST_H
#define CFT_BASE_DIGEST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CFT_SHA256_BYTES = 32, CFT_SHA256_HEX = 65 };

void cft_sha256(const void *data, size_t len, unsigned char out[CFT_SHA256_BYTES]);
const char *cft_sha256_hex(const void *data, size_t len, char out[CFT_SHA256_HEX]);
/* 2 * len lower-case digits and a NUL into out; returns out. */
const char *cft_hex(const void *data, size_t len, char *out);
/* The bytes of hex digits of either case: len / 2 of them into out. 0, or CFT_E_INVALID. */
int cft_unhex(const char *hex, size_t len, void *out);
/* Fills with random bytes; aborts where the kernel has none to give. */
void cft_random(void *out, size_t len);

#ifdef __cplusplus
}
#endif

#endif
