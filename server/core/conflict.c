/* Conflict: the record and its id.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/conflict.h"

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "server/core/pack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct cft_conflict *cft_conflict_ref(const struct cft_conflict *conflict)
{
	struct cft_conflict *mine = (struct cft_conflict *)conflict;

	assert(mine->refs > 0);
	mine->refs++;
	return mine;
}

void cft_conflict_unref(const struct cft_conflict *conflict)
{
	struct cft_conflict *mine = (struct cft_conflict *)conflict;

	if (!mine)
		return;
	assert(mine->refs > 0);
	if (--mine->refs == 0)
		free(mine);
}

static void pack_conflict(struct cft_pack *pack, const void *from)
{
	struct cft_conflict *to = cft_pack_room(pack, sizeof(*to));
	struct cft_conflict copy = *(const struct cft_conflict *)from;

	copy.refs = 1;
	copy.id = cft_pack_str(pack, copy.id);
	copy.intent_a = cft_pack_str(pack, copy.intent_a);
	copy.intent_b = cft_pack_str(pack, copy.intent_b);
	copy.agent_a = cft_pack_str(pack, copy.agent_a);
	copy.agent_b = cft_pack_str(pack, copy.agent_b);
	copy.type = cft_pack_str(pack, copy.type);
	cft_pack_strings(pack, &copy.objects);
	copy.explanation = cft_pack_str(pack, copy.explanation);
	cft_pack_strings(pack, &copy.suggestions);
	copy.resolution_notes = cft_pack_str(pack, copy.resolution_notes);
	copy.resolved_by = cft_pack_str(pack, copy.resolved_by);
	copy.proof_json = cft_pack_str(pack, copy.proof_json);
	copy.proven_verdict = cft_pack_str(pack, copy.proven_verdict);
	if (to)
		*to = copy;
}

struct cft_conflict *cft_conflict_copy(const struct cft_conflict *conflict)
{
	return cft_pack_run(pack_conflict, conflict);
}

/* NUL between the parts: no two lists of parts give the same bytes. */
static void add_part(struct cft_buf *buf, const char *part)
{
	cft_buf_add(buf, part, strlen(part) + 1);
}

static const char *spell(const unsigned char *digest, char out[CFT_CONFLICT_ID_SIZE])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

	memcpy(out, "cfl_", 4);
	for (size_t i = 4; i < CFT_CONFLICT_ID_SIZE - 1; i++)
		out[i] = digits[digest[i] & 31];
	out[CFT_CONFLICT_ID_SIZE - 1] = '\0';
	return out;
}

const char *cft_conflict_id(const char *intent_a, const char *intent_b, const char *type,
                            const char *object, char out[CFT_CONFLICT_ID_SIZE])
{
	struct cft_buf text = CFT_BUF_INIT;
	unsigned char digest[CFT_SHA256_BYTES];
	bool sorted = strcmp(intent_a, intent_b) <= 0;

	add_part(&text, sorted ? intent_a : intent_b);
	add_part(&text, sorted ? intent_b : intent_a);
	add_part(&text, type);
	add_part(&text, object);
	cft_sha256(text.data, text.len, digest);
	cft_buf_release(&text);
	return spell(digest, out);
}

const char *cft_conflict_status_name(enum cft_conflict_status status)
{
	switch (status) {
	case CFT_CONFLICT_OPEN:
		return "OPEN";
	case CFT_CONFLICT_RESOLVED:
		return "RESOLVED";
	case CFT_CONFLICT_VANISHED:
		return "VANISHED";
	}
	return "UNKNOWN";
}

const char *cft_strategy_name(enum cft_strategy strategy)
{
	switch (strategy) {
	case CFT_STRATEGY_SEQUENCE:
		return "sequence";
	case CFT_STRATEGY_MERGE:
		return "merge";
	case CFT_STRATEGY_RENAME:
		return "rename";
	case CFT_STRATEGY_ACCEPT_RISK:
		return "accept_risk";
	}
	return "";
}
