/* Digests and random identifiers.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/digest.h"

#include "common/base/err.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

/* SHA256() of OpenSSL 3 looks the algorithm up by its name at each call, which takes as long as the
 * digest of a kilobyte. */
static EVP_MD *sha256;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void cft_sha256(const void *data, size_t len, unsigned char out[CFT_SHA256_BYTES])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch_sha256);
	if (EVP_Digest(data, len, out, NULL, sha256, NULL) != 1)
		abort();
}

const char *cft_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int cft_unhex(const char *hex, size_t len, void *out)
{
	unsigned char *bytes = out;

	if (len % 2 != 0)
		return CFT_E_INVALID;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit_value(hex[i]), low = digit_value(hex[i + 1]);
		if (high < 0 || low < 0)
			return CFT_E_INVALID;
		bytes[i / 2] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

const char *cft_sha256_hex(const void *data, size_t len, char out[CFT_SHA256_HEX])
{
	unsigned char digest[CFT_SHA256_BYTES];

	cft_sha256(data, len, digest);
	return cft_hex(digest, sizeof(digest), out);
}

void cft_random(void *out, size_t len)
{
	if (getentropy(out, len) != 0)
		abort();
}
