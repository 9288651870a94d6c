/* Token: writing, reading and checking resume tokens.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/token.h"

#include "common/base/digest.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_BYTES = 8, HASH_TEXT = 2 * HASH_BYTES };

const char *cft_token_make(const struct cft_log_identity *log, uint64_t revision,
                           const unsigned char chain_hash[32], char out[CFT_TOKEN_TEXT])
{
	char hash[HASH_TEXT + 1];

	snprintf(out, CFT_TOKEN_TEXT, "v1.%s.%llu.%llu.%s", log->id, (unsigned long long)log->epoch,
	         (unsigned long long)revision, cft_hex(chain_hash, HASH_BYTES, hash));
	return out;
}

static bool split(char *text, char *parts[5])
{
	for (int i = 0; i < 5; i++) {
		parts[i] = text;
		text = text ? strchr(text, '.') : NULL;
		if (text)
			*text++ = '\0';
		else if (i < 4)
			return false;
	}
	return text == NULL;
}

static bool read_number(const char *text, uint64_t *ret)
{
	char *end;

	*ret = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static bool is_hash(const char *text)
{
	return strlen(text) == HASH_TEXT && strspn(text, "0123456789abcdef") == HASH_TEXT;
}

int cft_token_parse(const char *text, struct cft_token *ret, struct cft_err *err)
{
	char copy[CFT_TOKEN_TEXT];
	char *parts[5];

	memset(ret, 0, sizeof(*ret));
	if (strlen(text) >= sizeof(copy))
		goto bad;
	memcpy(copy, text, strlen(text) + 1);
	if (!split(copy, parts) || strcmp(parts[0], "v1") != 0 ||
	    strlen(parts[1]) >= sizeof(ret->log.id) || !read_number(parts[2], &ret->log.epoch) ||
	    !read_number(parts[3], &ret->revision) || !is_hash(parts[4]))
		goto bad;
	memcpy(ret->log.id, parts[1], strlen(parts[1]) + 1);
	memcpy(ret->hash, parts[4], sizeof(ret->hash));
	return 0;
bad:
	cft_fail_reason(err, CFT_E_INVALID, "INVALID_RESUME_TOKEN",
	                "the resume token is none that a server gave");
	return cft_err_at(err, "resume_token", 0, 0);
}

int cft_token_check_log(const struct cft_token *token, const struct cft_log_identity *log,
                        struct cft_err *err)
{
	if (strcmp(token->log.id, log->id) == 0 && token->log.epoch == log->epoch)
		return 0;
	cft_fail_reason(err, CFT_E_OUT_OF_RANGE, "RESUME_TOKEN_FOREIGN",
	                "the resume token is of another log or of an earlier epoch of this one");
	return cft_err_hint(err, "start again with a snapshot");
}

int cft_token_check_hash(const struct cft_token *token, const unsigned char chain_hash[32],
                         struct cft_err *err)
{
	char hash[HASH_TEXT + 1];

	if (strcmp(token->hash, cft_hex(chain_hash, HASH_BYTES, hash)) == 0)
		return 0;
	cft_fail_reason(err, CFT_E_OUT_OF_RANGE, "LOG_DIVERGED",
	                "the log is not the one that the resume token was given for: it was "
	                "restored from an earlier state");
	return cft_err_hint(err, "start again with a snapshot");
}
