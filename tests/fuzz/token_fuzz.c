/* Fuzz: resume tokens, which clients send back.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/token.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char hash[32] = {1, 2, 3};
	struct cft_log_identity log = {"log", 1};
	struct cft_token token;
	struct cft_err err = CFT_ERR_INIT;
	char *text = strndup((const char *)data, size);

	if (cft_token_parse(text, &token, &err) == 0) {
		if (strlen(token.log.id) >= CFT_LOG_ID_MAX ||
		    strlen(token.hash) >= sizeof(token.hash))
			abort();
		cft_token_check_log(&token, &log, &err);
		cft_token_check_hash(&token, hash, &err);
	} else if (err.code == 0) {
		abort();
	}
	free(text);
	return 0;
}
