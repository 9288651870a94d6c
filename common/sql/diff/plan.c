/* Plan: the public face of the diff; both directions, hazards, and what is refused.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/diff.h"
#include "common/sql/diff/rename.h"
#include "common/sql/syntax/name.h"
#include "common/sql/syntax/parse.h"

#include <stdlib.h>
#include <string.h>

struct plan {
	struct cft_plan plan;
	struct cft_arena arena;
};

static const struct cft_diff_options no_options = {0};

struct direction {
	CFT_VEC(struct cft_step) steps;
};

/* SET search_path … RESET around each statement: one pair is enough for neighbours. */
static void push_step(struct cft_arena *arena, struct direction *dir, struct cft_step step)
{
	size_t n = dir->steps.n;

	if (n >= 3 && strncmp(step.sql, "SET search_path", 15) == 0 &&
	    strcmp(dir->steps.v[n - 1].sql, "RESET search_path") == 0) {
		for (size_t i = n - 1; i-- > 0;) {
			if (strncmp(dir->steps.v[i].sql, "SET search_path", 15) != 0)
				continue;
			if (strcmp(dir->steps.v[i].sql, step.sql) == 0) {
				dir->steps.n--;
				return;
			}
			break;
		}
	}
	cft_vec_push_in(arena, &dir->steps, step);
}

static void run_direction(struct plan *p, struct cft_diff *d, struct direction *dir)
{
	struct cft_order order = {0};

	cft_diff_compare(d);
	cft_diff_spread(d);
	cft_diff_emit(d, &order);
	cft_diff_order(d, &order);
	CFT_VEC_EACH (struct cft_node *, node, &order.nodes)
		CFT_VEC_EACH (struct cft_step, step, &(*node)->steps)
			push_step(&p->arena, dir, *step);
}

static const enum cft_change_op public_op[] = {
	[CFT_DELTA_CREATE] = CFT_CHANGE_CREATE,   [CFT_DELTA_DROP] = CFT_CHANGE_DROP,
	[CFT_DELTA_ALTER] = CFT_CHANGE_ALTER,     [CFT_DELTA_SELF] = CFT_CHANGE_ALTER,
	[CFT_DELTA_REPLACE] = CFT_CHANGE_REPLACE, [CFT_DELTA_KEEP] = CFT_CHANGE_ALTER,
};

static const char *detail_of(struct plan *p, const struct cft_delta *x)
{
	struct cft_buf buf = CFT_BUF_INIT;

	if (x->forced)
		cft_buf_adds(&buf, "because of what it depends on");
	CFT_VEC_EACH (struct cft_attr_delta, a, &x->attrs) {
		if (strstr(cft_buf_str(&buf), cft_attr_word(a->id)) != NULL)
			continue;
		cft_buf_addf(&buf, "%s%s", buf.len ? ", " : "", cft_attr_word(a->id));
	}
	const char *s = cft_arena_strdup(&p->arena, cft_buf_str(&buf));
	cft_buf_release(&buf);
	return s;
}

static struct cft_change change_of(struct plan *p, const struct cft_delta *x)
{
	const struct cft_object *o = x->new ? x->new : x->old;

	return (struct cft_change){
		.kind = cft_kind_noun(o->kind),
		.object = o->parent && o->kind != CFT_KIND_INDEX
	                          ? cft_arena_printf(&p->arena, "%s.%s.%s", o->parent->schema,
	                                             o->parent->name, o->name)
	                          : cft_arena_printf(&p->arena, "%s%s%s%s", o->schema,
	                                             *o->schema ? "." : "", o->name, o->args),
		.op = public_op[x->op],
		.detail = detail_of(p, x),
	};
}

/* The statement says it all: ALTER TABLE users RENAME COLUMN mail TO email. */
static struct cft_change rename_change(struct plan *p, const char *sql)
{
	bool column = strstr(sql, " RENAME COLUMN ") != NULL;
	const char *name = sql + strcspn(sql, " ") + 1;

	if (strncmp(name, "MATERIALIZED ", 13) == 0 || strncmp(name, "FOREIGN ", 8) == 0)
		name += strcspn(name, " ") + 1;
	name += strcspn(name, " ") + 1;
	const char *end = strstr(name, " RENAME ");
	return (struct cft_change){
		.kind = column ? "column" : "relation",
		.object = cft_arena_strndup(&p->arena, name, (size_t)(end - name)),
		.op = CFT_CHANGE_RENAME,
		.detail = end + strlen(" RENAME "),
	};
}

static void list_changes(struct plan *p, const struct cft_diff *d,
                         const struct cft_renames *renames)
{
	CFT_VEC(struct cft_change) list = {0};

	for (size_t i = 0; i < renames->n; i++)
		cft_vec_push_in(&p->arena, &list, rename_change(p, renames->v[i]));

	CFT_VEC_EACH (struct cft_delta *, x, &d->deltas) {
		bool part = (*x)->old != NULL && (*x)->old->kind != CFT_KIND_TABLE;
		bool inside = (cft_delta_merged_create(d, *x) ||
		               (part && cft_delta_merged_drop(d, *x))) &&
		              (*x)->op != CFT_DELTA_REPLACE;
		if ((*x)->op != CFT_DELTA_KEEP && !inside)
			cft_vec_push_in(&p->arena, &list, change_of(p, *x));
	}
	p->plan.changes = list.v;
	p->plan.change_count = list.n;
}

/* What the texts say that the model does not hold: a difference there is told, not guessed. */
static void refuse_unread(struct cft_diff *d, const struct cft_schema *s, const char *side,
                          const struct cft_schema *other)
{
	for (size_t i = 0; i < s->refused.n; i++) {
		const char *text = strchr(s->refused.v[i].object, ':');
		bool both = false;
		for (size_t k = 0; text && k < other->refused.n; k++) {
			const char *t = strchr(other->refused.v[k].object, ':');
			both = both || (t && strcmp(t, text) == 0);
		}
		if (both)
			continue;
		struct cft_refusal r = {
			cft_arena_printf(d->arena, "%s, %s", side, s->refused.v[i].object),
			cft_arena_strdup(d->arena, s->refused.v[i].reason)};
		cft_vec_push_in(d->arena, &d->refused, r);
	}
}

static bool brings_back(const struct cft_step *step, const struct cft_step *lost)
{
	return strcmp(step->object, lost->object) == 0 &&
	       (strncmp(step->sql, "CREATE ", 7) == 0 || strstr(step->sql, " ADD COLUMN ") != NULL);
}

/* The down script makes again what the up script dropped, but not what was in it. */
static void warn_of_loss(struct plan *p)
{
	static const char lost[] = "comes back without its data, which the up script dropped";

	for (size_t i = 0; i < p->plan.up_count; i++)
		for (size_t k = 0; p->plan.up[i].destructive && k < p->plan.down_count; k++) {
			struct cft_step *step = &p->plan.down[k];
			if (!brings_back(step, &p->plan.up[i]))
				continue;
			step->hazard = *step->hazard ? cft_arena_printf(&p->arena, "%s; %s", lost,
			                                                step->hazard)
			                             : lost;
			break;
		}
}

static void list_hazards(struct plan *p)
{
	size_t total = p->plan.up_count + p->plan.down_count;

	p->plan.hazards = cft_arena_array(&p->arena, struct cft_hazard, total + 1);
	for (size_t i = 0; i < total; i++) {
		bool down = i >= p->plan.up_count;
		const struct cft_step *s =
			down ? &p->plan.down[i - p->plan.up_count] : &p->plan.up[i];
		if (*s->hazard == '\0')
			continue;
		struct cft_hazard *h = &p->plan.hazards[p->plan.hazard_count++];
		h->object = s->object;
		h->hazard = s->hazard;
		h->down = down;
	}
}

struct diff_job {
	struct plan *p;
	const struct cft_schema *old, *new;
	const struct cft_diff_options *options;
	struct cft_renames up_renames, down_renames;
	struct cft_schema *old_renamed, *new_renamed; /* NULL: no hint names anything there */
};

static void push_renames(struct plan *p, struct direction *dir, const struct cft_renames *renames)
{
	for (size_t i = 0; i < renames->n; i++) {
		struct cft_step step = {.sql = renames->v[i],
		                        .object = "",
		                        .lock = "ACCESS EXCLUSIVE",
		                        .hazard = "",
		                        .transactional = true};
		push_step(&p->arena, dir, step);
	}
}

static int diff_deep(void *arg)
{
	struct diff_job *job = arg;
	struct plan *p = job->p;
	bool loose = job->old->is_dump != job->new->is_dump;
	struct cft_diff up = {.arena = &p->arena,
	                      .old = job->old_renamed ? job->old_renamed : job->old,
	                      .new = job->new,
	                      .options = job->options,
	                      .loose = loose};
	struct cft_diff down = {.arena = &p->arena,
	                        .old = job->new_renamed ? job->new_renamed : job->new,
	                        .new = job->old,
	                        .reverse = job->old_renamed || job->new_renamed ? NULL : &up,
	                        .options = job->options,
	                        .loose = loose};
	struct direction dirs[2] = {0};

	refuse_unread(&up, job->old, "old", job->new);
	refuse_unread(&up, job->new, "new", job->old);
	push_renames(p, &dirs[0], &job->up_renames);
	push_renames(p, &dirs[1], &job->down_renames);
	run_direction(p, &up, &dirs[0]);
	run_direction(p, &down, &dirs[1]);
	CFT_VEC_EACH (struct cft_refusal, r, &down.refused)
		cft_vec_push_in(&p->arena, &up.refused, *r);
	p->plan.up = dirs[0].steps.v;
	p->plan.up_count = dirs[0].steps.n;
	p->plan.down = dirs[1].steps.v;
	p->plan.down_count = dirs[1].steps.n;
	p->plan.refused = up.refused.v;
	p->plan.refused_count = up.refused.n;
	p->plan.circles = up.circles + down.circles;
	list_changes(p, &up, &job->up_renames);
	warn_of_loss(p);
	list_hazards(p);
	cft_rename_suggest(&p->arena, &up, &p->plan.renames_suggested,
	                   &p->plan.rename_suggested_count);
	return 0;
}

int cft_schema_diff(const struct cft_schema *old_schema, const struct cft_schema *new_schema,
                    const struct cft_diff_options *options, struct cft_plan **ret,
                    struct cft_err *err)
{
	struct plan *p = cft_new(struct plan);
	struct diff_job job = {.p = p,
	                       .old = old_schema,
	                       .new = new_schema,
	                       .options = options ? options : &no_options};
	const char *const *hints = cft_rename_hints(&p->arena, new_schema->text,
	                                            new_schema->text_len, job.options->renames);
	uint32_t tokens = old_schema->script.max_tokens > new_schema->script.max_tokens
	                          ? old_schema->script.max_tokens
	                          : new_schema->script.max_tokens;
	size_t asked = 0;

	while (job.options->renames && job.options->renames[asked])
		asked++;
	int rc = cft_rename_apply(&p->arena, old_schema, hints, asked, false, &job.old_renamed,
	                          &job.up_renames, err);

	if (rc == 0)
		rc = cft_rename_apply(&p->arena, new_schema, hints, asked, true, &job.new_renamed,
		                      &job.down_renames, err);
	if (rc == 0)
		rc = cft_sql_deep(tokens, diff_deep, &job, err);
	cft_schema_free(job.old_renamed);
	cft_schema_free(job.new_renamed);

	if (rc != 0) {
		cft_plan_free(&p->plan);
		return rc;
	}
	*ret = &p->plan;
	return 0;
}

void cft_plan_free(struct cft_plan *plan)
{
	struct plan *p = (struct plan *)plan;

	if (p == NULL)
		return;
	cft_arena_release(&p->arena);
	free(p);
}

const char *cft_change_op_name(enum cft_change_op op)
{
	static const char *const names[] = {"create", "alter", "drop", "replace", "rename"};

	return names[op];
}

void cft_step_note(const struct cft_step *step, struct cft_buf *out)
{
	if (*step->hazard)
		cft_buf_addf(out, "%s%s\n", step->destructive ? "DESTRUCTIVE: " : "", step->hazard);
	if (*step->lock && (step->rewrites || *step->hazard))
		cft_buf_addf(out, "%s lock%s\n", step->lock,
		             step->rewrites ? "; reads or rewrites the whole table" : "");
	if (!step->transactional)
		cft_buf_adds(out, "cannot run in a transaction block\n");
}

static void add_note(const struct cft_step *step, struct cft_buf *out)
{
	struct cft_buf note = CFT_BUF_INIT;

	cft_step_note(step, &note);
	for (const char *line = cft_buf_str(&note); *line != '\0';) {
		size_t len = strcspn(line, "\n");
		cft_buf_addf(out, "-- %s: %.*s\n", step->object, (int)len, line);
		line += len + 1;
	}
	cft_buf_release(&note);
}

void cft_plan_script(const struct cft_plan *plan, bool down, bool with_hazards, struct cft_buf *out)
{
	const struct cft_step *steps = down ? plan->down : plan->up;
	size_t n = down ? plan->down_count : plan->up_count;

	for (size_t i = 0; i < n; i++) {
		if (with_hazards)
			add_note(&steps[i], out);
		cft_buf_addf(out, "%s;\n", steps[i].sql);
	}
}
