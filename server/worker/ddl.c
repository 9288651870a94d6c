/* DDL: are the migrations to apply the statements that the intent declared?
 * SPDX-License-Identifier: MIT
 *
 * An approval, a conflict verdict and MERGED speak of the intent's statements; so nothing else may
 * run in its name. Compared is the text without comments, blanks and letter case outside quotes.
 */
#include "server/worker/child.h"

#include "common/migrate/script.h"
#include "common/sql/syntax/split.h"

#include <ctype.h>
#include <string.h>

/* Tokens with one blank between them; those that quotes begin keep their case. */
static const char *normalize(struct cft_arena *arena, const char *sql)
{
	struct cft_buf out = CFT_BUF_INIT;
	size_t len = strlen(sql);
	bool blank;

	for (size_t pos = 0, n; pos < len; pos += n) {
		n = cft_sql_lex(sql, len, pos, &blank);
		if (blank || sql[pos] == ';')
			continue;
		if (out.len > 0)
			cft_buf_addc(&out, ' ');
		bool quoted = strchr("'\"$", sql[pos]) != NULL || memchr(sql + pos, '\'', n);
		for (size_t i = 0; i < n; i++)
			cft_buf_addc(&out, quoted ? sql[pos + i]
			                          : (char)tolower((unsigned char)sql[pos + i]));
	}
	const char *text = cft_arena_strdup(arena, cft_buf_str(&out));
	cft_buf_release(&out);
	return text;
}

static bool counts(const struct cft_mig_stmt *stmt)
{
	return stmt->traits.block != CFT_SQL_BEGIN && stmt->traits.block != CFT_SQL_COMMIT;
}

static int differs(const struct cft_worker_child *child, const struct cft_mig_script *script,
                   const struct cft_mig_stmt *stmt, const char *declared, struct cft_err *err)
{
	const char *intent = cft_worker_text(child, "intent");

	if (declared)
		cft_fail_reason(err, CFT_E_STATE, "DDL_DIFFERS",
		                "this is not what intent %s declares next: %.200s", intent,
		                declared);
	else
		cft_fail_reason(err, CFT_E_STATE, "DDL_DIFFERS",
		                "this is more than what intent %s declares", intent);
	cft_err_at(err, script->path, stmt->line, 1);
	return cft_err_hint(err, "update the intent (it is checked and judged anew), or the file");
}

struct walk {
	struct cft_worker_child *child;
	const json_t *declared;
	size_t next;
};

static int check_script(struct walk *walk, const struct cft_mig_script *script, struct cft_err *err)
{
	struct cft_arena *arena = walk->child->arena;

	CFT_VEC_EACH (struct cft_mig_stmt, stmt, &script->stmts) {
		const char *text = json_string_value(json_array_get(walk->declared, walk->next));

		if (!counts(stmt))
			continue;
		if (!text || strcmp(normalize(arena, stmt->sql), normalize(arena, text)) != 0)
			return differs(walk->child, script, stmt, text, err);
		walk->next++;
	}
	return 0;
}

int cft_worker_check_ddl(struct cft_worker_child *child, const struct cft_mig_plan *plan,
                         struct cft_err *err)
{
	struct walk walk = {child, json_object_get(child->job, "ddl"), 0};
	int rc = 0;

	if (!walk.declared || plan->steps.n == 0)
		return 0;
	CFT_VEC_EACH (struct cft_mig_step, step, &plan->steps) {
		struct cft_mig_script script;

		if (rc == 0)
			rc = cft_mig_script_read(child->arena, &step->file->up, &script, err);
		if (rc == 0)
			rc = check_script(&walk, &script, err);
	}
	if (rc != 0 || walk.next == json_array_size(walk.declared))
		return rc;
	cft_fail_reason(err, CFT_E_STATE, "DDL_DIFFERS",
	                "the files leave out what intent %s declares: %.200s",
	                cft_worker_text(child, "intent"),
	                json_string_value(json_array_get(walk.declared, walk.next)));
	return cft_err_hint(err, "send every migration of the intent, up to its last statement");
}
