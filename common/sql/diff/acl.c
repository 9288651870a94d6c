/* Acl: GRANT and REVOKE statements, privileges of one grantee together.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/diff/diff.h"
#include "common/sql/diff/print.h"
#include "common/sql/syntax/name.h"

#include <string.h>

/* "grantee|column|privilege" */
struct parts {
	const char *grantee, *column, *privilege;
};

static struct parts split(struct cft_arena *arena, const char *sub)
{
	const char *last = strrchr(sub, '|');
	const char *first = last;

	while (first > sub && first[-1] != '|')
		first--;
	first--;
	return (struct parts){cft_arena_strndup(arena, sub, (size_t)(first - sub)),
	                      cft_arena_strndup(arena, first + 1, (size_t)(last - first - 1)),
	                      last + 1};
}

enum verb { GRANT, GRANT_OPTION, REVOKE, REVOKE_OPTION, NO_VERB };

struct change {
	struct parts parts;
	enum verb verb;
};

static enum verb verb_of(const struct cft_attr *old, const struct cft_attr *new)
{
	const char *was = old ? old->text : "", *is = new ? new->text : "";

	if (strstr(is, "grant option") != NULL)
		return GRANT_OPTION;
	if (*is == '\0' && strcmp(was, "own grant option") == 0)
		return REVOKE_OPTION;
	if (strcmp(is, "grant") == 0)
		return strcmp(was, "grant option") == 0 ? REVOKE_OPTION : GRANT;
	if (strcmp(is, "revoke") == 0)
		return REVOKE;
	return strcmp(was, "revoke") == 0 ? GRANT : REVOKE;
}

static const char *object_words(struct cft_diff *d, const struct cft_object *o)
{
	switch ((int)o->kind) {
	case CFT_KIND_VIEW:
	case CFT_KIND_MATVIEW:
	case CFT_KIND_FOREIGN_TABLE:
		return cft_arena_printf(d->arena, "TABLE %s", o->ident);
	case CFT_KIND_AGGREGATE:
		return cft_arena_printf(d->arena, "FUNCTION %s", o->ident);
	case CFT_KIND_FDW:
		return cft_arena_printf(d->arena, "FOREIGN DATA WRAPPER %s", o->ident);
	case CFT_KIND_SERVER:
		return cft_arena_printf(d->arena, "FOREIGN SERVER %s", o->ident);
	default:
		return cft_print_target(d->arena, o);
	}
}

/* "role|schema|TABLES" */
static char *default_prefix(struct cft_diff *d, const struct cft_object *o, const char **ret_word)
{
	struct parts p = split(d->arena, o->name);
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_adds(&buf, "ALTER DEFAULT PRIVILEGES ");
	if (*p.grantee)
		cft_buf_addf(&buf, "FOR ROLE %s ", p.grantee);
	if (*p.column)
		cft_buf_addf(&buf, "IN SCHEMA %s ", cft_name_quote(d->arena, "", p.column));
	char *prefix = cft_arena_strdup(d->arena, cft_buf_str(&buf));
	cft_buf_release(&buf);
	*ret_word = p.privilege;
	return prefix;
}

static char *statement(struct cft_diff *d, const struct cft_object *o, enum verb verb,
                       const char *privileges, const char *grantee)
{
	const char *prefix = "", *on;
	bool grant = verb == GRANT || verb == GRANT_OPTION;

	if (o->kind == CFT_KIND_DEFAULT_ACL)
		prefix = default_prefix(d, o, &on);
	else
		on = object_words(d, o);
	return cft_arena_printf(d->arena, "%s%s%s ON %s %s %s%s", prefix,
	                        grant                   ? "GRANT "
	                        : verb == REVOKE_OPTION ? "REVOKE GRANT OPTION FOR "
	                                                : "REVOKE ",
	                        privileges, on, grant ? "TO" : "FROM", grantee,
	                        verb == GRANT_OPTION ? " WITH GRANT OPTION" : "");
}

/* The next statement takes all changes of the same verb and grantee. */
static void emit_group(struct cft_diff *d, const struct cft_object *o, struct change *v, size_t n,
                       size_t first, struct cft_node *node)
{
	struct cft_buf buf = CFT_BUF_INIT;
	enum verb verb = v[first].verb;
	const char *grantee = v[first].parts.grantee;

	for (size_t i = first; i < n; i++) {
		if (v[i].verb != verb || strcmp(v[i].parts.grantee, grantee) != 0)
			continue;
		v[i].verb = NO_VERB;
		cft_buf_addf(&buf, "%s%s", buf.len ? ", " : "", v[i].parts.privilege);
		if (*v[i].parts.column)
			cft_buf_addf(&buf, " (%s)", v[i].parts.column);
	}
	struct cft_step step = {.sql = statement(d, o, verb, cft_buf_str(&buf), grantee),
	                        .lock = "",
	                        .hazard = "",
	                        .transactional = true};
	cft_buf_release(&buf);
	cft_node_step(d, node, NULL, step);
}

static void emit(struct cft_diff *d, const struct cft_object *o, struct change *v, size_t n,
                 struct cft_node *node)
{
	static const enum verb turns[] = {REVOKE, REVOKE_OPTION, GRANT, GRANT_OPTION};

	for (size_t t = 0; t < 4; t++)
		for (size_t i = 0; i < n; i++)
			if (v[i].verb == turns[t])
				emit_group(d, o, v, n, i, node);
}

/* What default privileges give to an object that is made now: those of the old schema are changed
 * at the end of the script. */
static const struct cft_attr *given(const struct cft_diff *d, const struct cft_object *o,
                                    const char *sub)
{
	for (int k = 0; k < 2; k++) {
		const struct cft_object *def = cft_default_acl_of(d->old, o, k);
		const struct cft_attr *a = def ? cft_attr_find(def, CFT_ATTR_ACL, sub) : NULL;
		if (a != NULL)
			return a;
	}
	return NULL;
}

void cft_emit_acl(struct cft_diff *d, struct cft_delta *x, struct cft_node *node, bool all)
{
	CFT_VEC(struct change) changes = {0};
	const struct cft_object *o = x->new ? x->new : x->old;

	if (all && d->options->keep_privileges)
		return;
	if (all && x->new != NULL) {
		CFT_VEC_EACH (struct cft_attr, a, &x->new->attrs)
			if (a->id == CFT_ATTR_ACL) {
				const struct cft_attr *now = given(d, x->new, a->sub);
				struct change c = {split(d->arena, a->sub), verb_of(now, a)};
				if (now == NULL || strcmp(now->text, a->text) != 0)
					cft_vec_push_in(d->arena, &changes, c);
			}
		for (int k = 0; k < 2; k++) { /* given, but not wanted */
			const struct cft_object *def = cft_default_acl_of(d->old, x->new, k);
			for (size_t i = 0; def != NULL && i < def->attrs.n; i++) {
				const struct cft_attr *a = &def->attrs.v[i];
				struct change c = {split(d->arena, a->sub), verb_of(a, NULL)};
				if (a->id == CFT_ATTR_ACL &&
				    !cft_attr_find(x->new, CFT_ATTR_ACL, a->sub))
					cft_vec_push_in(d->arena, &changes, c);
			}
		}
	} else if (x->new == NULL) {
		CFT_VEC_EACH (struct cft_attr, a, &x->old->attrs)
			if (a->id == CFT_ATTR_ACL) {
				struct change c = {split(d->arena, a->sub), verb_of(a, NULL)};
				cft_vec_push_in(d->arena, &changes, c);
			}
	} else {
		CFT_VEC_EACH (struct cft_attr_delta, a, &x->attrs)
			if (a->id == CFT_ATTR_ACL) {
				struct change c = {split(d->arena, a->sub),
				                   verb_of(a->old, a->new)};
				cft_vec_push_in(d->arena, &changes, c);
			}
	}
	emit(d, o, changes.v, changes.n, node);
}
