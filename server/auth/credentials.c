/* Credentials: a hash table by key.
 * SPDX-License-Identifier: MIT
 */
#include "server/auth/credentials.h"

#include "common/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
	struct cft_credential credential;
	char *id, *agent_id, *project;
	UT_hash_handle hh;
};

struct cft_credentials {
	struct entry *entries;
};

struct cft_credentials *cft_credentials_new(void)
{
	return cft_new(struct cft_credentials);
}

static void entry_free(struct cft_credentials *credentials, struct entry *entry)
{
	HASH_DEL(credentials->entries, entry);
	free(entry->id);
	free(entry->agent_id);
	free(entry->project);
	free(entry);
}

void cft_credentials_clear(struct cft_credentials *credentials)
{
	struct entry *entry, *next;

	HASH_ITER (hh, credentials->entries, entry, next)
		entry_free(credentials, entry);
}

void cft_credentials_free(struct cft_credentials *credentials)
{
	if (!credentials)
		return;
	cft_credentials_clear(credentials);
	free(credentials);
}

static struct entry *find(const struct cft_credentials *credentials,
                          const unsigned char key[CFT_SHA256_BYTES])
{
	struct entry *entry;

	HASH_FIND(hh, credentials->entries, key, CFT_SHA256_BYTES, entry);
	return entry;
}

void cft_credentials_put(struct cft_credentials *credentials, const struct cft_credential *one)
{
	struct entry *entry = find(credentials, one->key);

	if (entry)
		entry_free(credentials, entry);
	entry = cft_new(struct entry);
	entry->credential = *one;
	entry->credential.id = entry->id = cft_strdup(one->id);
	entry->credential.agent_id = entry->agent_id = cft_strdup(one->agent_id);
	entry->credential.project = entry->project = cft_strdup(one->project);
	HASH_ADD(hh, credentials->entries, credential.key, CFT_SHA256_BYTES, entry);
}

size_t cft_credentials_count(const struct cft_credentials *credentials)
{
	return HASH_COUNT(credentials->entries);
}

const struct cft_credential *cft_credentials_find(const struct cft_credentials *credentials,
                                                  const unsigned char key[CFT_SHA256_BYTES])
{
	const struct entry *entry = find(credentials, key);

	return entry ? &entry->credential : NULL;
}

int cft_credential_check(const struct cft_credential *one, int64_t now_us, struct cft_err *err)
{
	if (!one)
		return cft_fail_reason(err, CFT_E_UNAUTHENTICATED, "CREDENTIAL_UNKNOWN",
		                       "this server does not know the credential");
	if (one->revoked)
		return cft_fail_reason(err, CFT_E_UNAUTHENTICATED, "CREDENTIAL_REVOKED",
		                       "the credential %s was revoked", one->id);
	if (one->expires_us && one->expires_us <= now_us)
		return cft_fail_reason(err, CFT_E_UNAUTHENTICATED, "CREDENTIAL_EXPIRED",
		                       "the credential %s has expired", one->id);
	return 0;
}

/* Before the name of a certificate: what it hashes to must not be had by sending it as a token. */
#define NAME_PREFIX "san:"

void cft_credential_key_of_token(const char *token, unsigned char ret[CFT_SHA256_BYTES])
{
	if (strncmp(token, NAME_PREFIX, strlen(NAME_PREFIX)) == 0)
		token = "";
	cft_sha256(token, strlen(token), ret);
}

void cft_credential_key_of_name(const char *san, unsigned char ret[CFT_SHA256_BYTES])
{
	char *text = cft_asprintf(NAME_PREFIX "%s", san);

	cft_sha256(text, strlen(text), ret);
	free(text);
}
