/* Split plan: cuts a plan into migrations.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/split_plan.h"

#include "common/base/text.h"

#include <string.h>

/* What depends on statements around it, or is told by hints that only the whole text has. */
static bool stays_whole(const struct cft_plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++)
		if (plan->changes[i].op == CFT_CHANGE_RENAME)
			return true;
	for (size_t i = 0; i < plan->up_count; i++)
		if (cft_has_prefix(plan->up[i].sql, "SET search_path"))
			return true;
	return false;
}

/* Statements outside of transactions may stand together; they run one by one. */
static bool cut_before(const struct cft_step *step, const struct cft_step *before)
{
	return step->apart || step->transactional != before->transactional;
}

static void cut(struct cft_arena *arena, const struct cft_plan *plan, struct cft_split *ret)
{
	ret->parts = cft_arena_array(arena, struct cft_split_part, plan->up_count + 1);
	ret->n = 0;
	for (size_t i = 0; i < plan->up_count; i++) {
		if (i == 0 || cut_before(&plan->up[i], &plan->up[i - 1]))
			ret->parts[ret->n++].up = &plan->up[i];
		ret->parts[ret->n - 1].up_count++;
	}
}

static void whole(const struct cft_plan *plan, struct cft_split *ret)
{
	cft_split_release(ret);
	ret->parts[0] = (struct cft_split_part){.up = plan->up,
	                                        .down = plan->down,
	                                        .up_count = plan->up_count,
	                                        .down_count = plan->down_count};
	ret->n = 1;
}

/* The down of one part; false where the text does not tell. */
static bool find_down(struct cft_split_part *part, const struct cft_buf *before,
                      const struct cft_buf *after, const struct cft_diff_options *options)
{
	struct cft_schema *old = NULL, *new = NULL;
	struct cft_err err = CFT_ERR_INIT;
	bool found =
		cft_schema_read_text(cft_buf_str(before), before->len, "before", &old, &err) == 0 &&
		cft_schema_read_beside(cft_buf_str(after), after->len, "after", old, &new, &err) ==
			0 &&
		cft_schema_diff(old, new, options, &part->plan, &err) == 0 &&
		part->plan->refused_count == 0;

	if (found) {
		part->down = part->plan->down;
		part->down_count = part->plan->down_count;
	}
	cft_schema_free(old);
	cft_schema_free(new);
	return found;
}

static bool find_downs(const struct cft_buf *old_text, const struct cft_diff_options *options,
                       struct cft_split *split)
{
	struct cft_buf before = CFT_BUF_INIT, after = CFT_BUF_INIT;
	bool found = true;

	cft_buf_add(&before, old_text->data, old_text->len);
	for (size_t i = 0; found && i < split->n; i++) {
		cft_buf_clear(&after);
		cft_buf_add(&after, before.data, before.len);
		for (size_t k = 0; k < split->parts[i].up_count; k++)
			cft_buf_addf(&after, "\n;%s;\n", split->parts[i].up[k].sql);
		found = find_down(&split->parts[i], &before, &after, options);
		cft_buf_clear(&before);
		cft_buf_add(&before, after.data, after.len);
	}
	cft_buf_release(&before);
	cft_buf_release(&after);
	return found;
}

void cft_split_plan(struct cft_arena *arena, const struct cft_buf *old_text,
                    const struct cft_plan *plan, const struct cft_diff_options *options,
                    struct cft_split *ret)
{
	cut(arena, plan, ret);
	if (ret->n <= 1 || stays_whole(plan) || !find_downs(old_text, options, ret))
		whole(plan, ret);
}

void cft_split_release(struct cft_split *split)
{
	for (size_t i = 0; i < split->n; i++) {
		cft_plan_free(split->parts[i].plan);
		split->parts[i].plan = NULL;
	}
	split->n = 0;
}
