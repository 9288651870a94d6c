/* Event: the record of one revision, and the base schema's.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/event.h"

#include "server/core/pack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct cft_base_schema *cft_base_schema_ref(const struct cft_base_schema *base)
{
	struct cft_base_schema *mine = (struct cft_base_schema *)base;

	assert(mine->refs > 0);
	mine->refs++;
	return mine;
}

void cft_base_schema_unref(const struct cft_base_schema *base)
{
	struct cft_base_schema *mine = (struct cft_base_schema *)base;

	if (!mine)
		return;
	assert(mine->refs > 0);
	if (--mine->refs == 0)
		free(mine);
}

static void pack_base(struct cft_pack *pack, const void *from)
{
	struct cft_base_schema *to = cft_pack_room(pack, sizeof(*to));
	struct cft_base_schema copy = *(const struct cft_base_schema *)from;

	copy.refs = 1;
	copy.fingerprint = cft_pack_str(pack, copy.fingerprint);
	copy.source = cft_pack_str(pack, copy.source);
	copy.effects = cft_pack_effects(pack, copy.effects);
	if (to)
		*to = copy;
}

struct cft_base_schema *cft_base_schema_copy(const struct cft_base_schema *base)
{
	return cft_pack_run(pack_base, base);
}

struct cft_target_news *cft_target_news_ref(const struct cft_target_news *news)
{
	struct cft_target_news *mine = (struct cft_target_news *)news;

	assert(mine->refs > 0);
	mine->refs++;
	return mine;
}

void cft_target_news_unref(const struct cft_target_news *news)
{
	struct cft_target_news *mine = (struct cft_target_news *)news;

	if (!mine)
		return;
	assert(mine->refs > 0);
	if (--mine->refs == 0)
		free(mine);
}

static void pack_news(struct cft_pack *pack, const void *from)
{
	struct cft_target_news *to = cft_pack_room(pack, sizeof(*to));
	struct cft_target_news copy = *(const struct cft_target_news *)from;

	copy.refs = 1;
	copy.target = cft_pack_str(pack, copy.target);
	copy.operation = cft_pack_str(pack, copy.operation);
	copy.expected = cft_pack_str(pack, copy.expected);
	copy.found = cft_pack_str(pack, copy.found);
	copy.action = cft_pack_str(pack, copy.action);
	copy.versions = cft_pack_str(pack, copy.versions);
	if (to)
		*to = copy;
}

struct cft_target_news *cft_target_news_copy(const struct cft_target_news *news)
{
	return cft_pack_run(pack_news, news);
}

static void hold_change(const struct cft_change *change)
{
	if (change->intent)
		cft_intent_ref(change->intent);
	if (change->conflict)
		cft_conflict_ref(change->conflict);
	if (change->base)
		cft_base_schema_ref(change->base);
	if (change->news)
		cft_target_news_ref(change->news);
}

static void drop_change(const struct cft_change *change)
{
	cft_intent_unref(change->intent);
	cft_conflict_unref(change->conflict);
	cft_base_schema_unref(change->base);
	cft_target_news_unref(change->news);
}

struct cft_event *cft_event_ref(const struct cft_event *event)
{
	struct cft_event *mine = (struct cft_event *)event;

	assert(mine->refs > 0);
	mine->refs++;
	return mine;
}

void cft_event_unref(const struct cft_event *event)
{
	struct cft_event *mine = (struct cft_event *)event;

	if (!mine)
		return;
	assert(mine->refs > 0);
	if (--mine->refs > 0)
		return;
	for (size_t i = 0; i < mine->n_changes; i++)
		drop_change(&mine->changes[i]);
	free(mine);
}

static void pack_event(struct cft_pack *pack, const void *from)
{
	struct cft_event *to = cft_pack_room(pack, sizeof(*to));
	struct cft_event copy = *(const struct cft_event *)from;
	size_t bytes = copy.n_changes * sizeof(*copy.changes);
	struct cft_change *changes = cft_pack_room(pack, bytes);

	if (changes)
		memcpy(changes, copy.changes, bytes);
	copy.refs = 1;
	copy.changes = changes;
	copy.actor = cft_pack_str(pack, copy.actor);
	copy.reason = cft_pack_str(pack, copy.reason);
	copy.request_id = cft_pack_str(pack, copy.request_id);
	if (to)
		*to = copy;
}

struct cft_event *cft_event_copy(const struct cft_event *event)
{
	struct cft_event *copy = cft_pack_run(pack_event, event);

	for (size_t i = 0; i < copy->n_changes; i++)
		hold_change(&copy->changes[i]);
	return copy;
}

const char *cft_event_subject(const struct cft_event *event)
{
	if (event->n_changes == 0)
		return "";
	const struct cft_change *first = &event->changes[0];
	if (first->intent)
		return first->intent->id;
	if (first->news)
		return first->news->target;
	return first->conflict ? first->conflict->id : "";
}

const char *cft_change_kind_name(enum cft_change_kind kind)
{
	switch (kind) {
#define CFT_X(name, number, wire) \
	case CFT_CHANGE_##name:   \
		return wire;
		CFT_CHANGE_KIND_MAP(CFT_X)
#undef CFT_X
	}
	return "unknown";
}

bool cft_change_concerns(const struct cft_change *change, const char *agent_id)
{
	if (change->intent)
		return strcmp(change->intent->agent_id, agent_id) == 0;
	if (change->conflict)
		return strcmp(change->conflict->agent_a, agent_id) == 0 ||
		       strcmp(change->conflict->agent_b, agent_id) == 0;
	return false;
}
