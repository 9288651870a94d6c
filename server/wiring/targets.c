/* Targets: from YAML to the list that MigrationService works with.
 * SPDX-License-Identifier: MIT
 */
#include "server/wiring/targets.h"

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/pg/pg.h"

#include <string.h>

enum { URL_MAX_BYTES = 64 << 10, LOCK_TIMEOUT_MS = 5000 };

static const char *const keys[] = {
	"name",        "project", "url",          "url_file",          "policy", "agents",
	"description", "table",   "lock_timeout", "statement_timeout", "roles",  "approvers"};

/* The text of a key, or the fallback. */
static int read_text(const struct cft_yaml_node *node, const char *key, const char *fallback,
                     const char **ret, struct cft_err *err)
{
	const struct cft_yaml_node *value = cft_yaml_get(node, key);

	if (value && value->kind != CFT_YAML_SCALAR)
		return cft_yaml_fail(value, err, "%s must be text, not %s", key,
		                     cft_yaml_kind_name(value->kind));
	*ret = value ? value->text : fallback;
	return 0;
}

static const char *beside(struct cft_arena *arena, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (path[0] == '/' || !slash)
		return path;
	return cft_arena_printf(arena, "%.*s/%s", (int)(slash - file), file, path);
}

static int read_url(struct cft_arena *arena, const struct cft_yaml_node *node,
                    struct cft_target *target, struct cft_err *err)
{
	const char *path = NULL;
	struct cft_buf text = CFT_BUF_INIT;
	int rc = read_text(node, "url", NULL, &target->url, err);

	if (rc == 0)
		rc = read_text(node, "url_file", NULL, &path, err);
	if (rc == 0 && !target->url == !path)
		rc = cft_yaml_fail(node, err, "a target has either url or url_file");
	if (rc == 0 && path) {
		rc = cft_file_read(beside(arena, node->file, path), URL_MAX_BYTES, &text, err);
		target->url = cft_arena_strdup(arena, cft_buf_str(&text));
		((char *)(uintptr_t)target->url)[strcspn(target->url, "\r\n")] = '\0';
	}
	cft_buf_release(&text);
	if (rc != 0)
		return rc;
	if (cft_pg_url_place(target->url, &text, NULL) != 0)
		rc = cft_yaml_fail(node, err, "this is no connection string");
	/* Agents need to recognise the database, not to know how the server logs in. */
	target->shown = cft_arena_strdup(arena, cft_buf_str(&text));
	cft_buf_release(&text);
	return rc;
}

static int read_policy(const struct cft_yaml_node *node, struct cft_target *target,
                       struct cft_err *err)
{
	static const char *const names[] = {"free", "intent-required", "approval-required"};
	const char *text = "";
	int rc = read_text(node, "policy", "intent-required", &text, err);

	if (rc != 0)
		return rc;
	for (int i = 0; i < 3; i++) {
		if (strcmp(names[i], text) == 0) {
			target->policy = (enum cft_apply_policy)(CFT_APPLY_FREE + i);
			return 0;
		}
	}
	return cft_yaml_fail(cft_yaml_get(node, "policy"), err,
	                     "policy is free, intent-required or approval-required");
}

static int read_agents(struct cft_arena *arena, const struct cft_yaml_node *node, const char *key,
                       const char *const **ret, size_t *ret_n, struct cft_err *err)
{
	const struct cft_yaml_node *list = cft_yaml_get(node, key);

	if (!list)
		return 0;
	if (list->kind != CFT_YAML_SEQUENCE)
		return cft_yaml_fail(list, err, "%s must be a list", key);
	const char **names = cft_arena_array(arena, const char *, list->n);
	for (size_t i = 0; i < list->n; i++) {
		if (list->values[i]->kind != CFT_YAML_SCALAR)
			return cft_yaml_fail(list->values[i], err, "an agent is a name");
		names[i] = list->values[i]->text;
	}
	if (list->n == 0)
		return cft_yaml_fail(list, err, "an empty list of %s: leave it out for everybody",
		                     key);
	*ret = names;
	*ret_n = list->n;
	return 0;
}

static int read_role(const struct cft_yaml_node *roles, const char *key, enum cft_role *ret,
                     struct cft_err *err)
{
	const char *name = "agent";
	int rc = read_text(roles, key, name, &name, err);

	*ret = cft_role_parse(name);
	if (rc == 0 && *ret < CFT_ROLE_AGENT)
		rc = cft_yaml_fail(cft_yaml_get(roles, key), err,
		                   "%s takes the role agent, approver or operator", key);
	return rc;
}

static int read_roles(const struct cft_yaml_node *node, struct cft_target *target,
                      struct cft_err *err)
{
	static const char *const acts[] = {"apply", "rollback"};
	const struct cft_yaml_node *roles = cft_yaml_get(node, "roles");

	target->apply_role = target->rollback_role = CFT_ROLE_AGENT;
	if (!roles)
		return 0;
	if (roles->kind != CFT_YAML_MAPPING)
		return cft_yaml_fail(roles, err, "roles: a role for apply, one for rollback");
	int rc = cft_yaml_check_keys(roles, acts, sizeof(acts) / sizeof(acts[0]), err);
	if (rc == 0)
		rc = read_role(roles, "apply", &target->apply_role, err);
	if (rc == 0)
		rc = read_role(roles, "rollback", &target->rollback_role, err);
	return rc;
}

static int read_time(const struct cft_yaml_node *node, const char *key, int64_t fallback_ms,
                     int64_t *ret_ms, struct cft_err *err)
{
	const char *text = NULL;
	int64_t us;
	int rc = read_text(node, key, NULL, &text, err);

	*ret_ms = fallback_ms;
	if (rc != 0 || !text)
		return rc;
	if (cft_duration_parse(text, &us) != 0)
		return cft_yaml_fail(cft_yaml_get(node, key), err, "%s is a time such as 5s", key);
	*ret_ms = us / 1000;
	return 0;
}

static int read_names(const struct cft_yaml_node *node, struct cft_target *target,
                      struct cft_err *err)
{
	int rc = read_text(node, "name", target->name, &target->name, err);

	if (rc == 0)
		rc = read_text(node, "project", "default", &target->project, err);
	if (rc == 0)
		rc = read_text(node, "description", "", &target->description, err);
	if (rc == 0)
		rc = read_text(node, "table", "confiture_migrations", &target->table, err);
	return rc;
}

static int read_target(struct cft_arena *arena, const struct cft_yaml_node *node,
                       struct cft_target *target, struct cft_err *err)
{
	int rc = node->kind == CFT_YAML_MAPPING
	                 ? cft_yaml_check_keys(node, keys, sizeof(keys) / sizeof(keys[0]), err)
	                 : cft_yaml_fail(node, err, "a target is a section with url, policy …");

	if (rc == 0)
		rc = read_names(node, target, err);
	if (rc == 0)
		rc = read_url(arena, node, target, err);
	if (rc == 0)
		rc = read_policy(node, target, err);
	if (rc == 0)
		rc = read_agents(arena, node, "agents", &target->agents, &target->n_agents, err);
	if (rc == 0)
		rc = read_agents(arena, node, "approvers", &target->approvers, &target->n_approvers,
		                 err);
	if (rc == 0)
		rc = read_roles(node, target, err);
	if (rc == 0)
		rc = read_time(node, "lock_timeout", LOCK_TIMEOUT_MS, &target->lock_timeout_ms,
		               err);
	if (rc == 0)
		rc = read_time(node, "statement_timeout", 0, &target->statement_timeout_ms, err);
	return rc;
}

static int check_unique(const struct cft_yaml_node *node, const struct cft_target *list, size_t n,
                        struct cft_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].name, list[n].name) == 0 &&
		    strcmp(list[i].project, list[n].project) == 0)
			return cft_yaml_fail(node, err, "project %s has a target %s already",
			                     list[n].project, list[n].name);
	}
	return 0;
}

int cft_targets_read(struct cft_arena *arena, const struct cft_yaml_node *section,
                     struct cft_targets *ret, struct cft_err *err)
{
	int rc = 0;

	*ret = (struct cft_targets){0};
	if (!section || section->kind == CFT_YAML_NULL)
		return 0;
	if (section->kind != CFT_YAML_MAPPING)
		return cft_yaml_fail(section, err, "targets: a section per target, by its name");
	struct cft_target *list = cft_arena_array(arena, struct cft_target, section->n);
	for (size_t i = 0; rc == 0 && i < section->n; i++) {
		list[i].name = section->keys[i]->text;
		rc = read_target(arena, section->values[i], &list[i], err);
		if (rc == 0)
			rc = check_unique(section->values[i], list, i, err);
	}
	ret->v = list;
	ret->n = section->n;
	return rc;
}

enum cft_role cft_targets_role(const struct cft_targets *targets, const char *project,
                               const char *target, const char *rpc)
{
	for (size_t i = 0; i < targets->n; i++) {
		const struct cft_target *one = &targets->v[i];

		if (strcmp(one->name, target) != 0 || strcmp(one->project, project) != 0)
			continue;
		if (strcmp(rpc, "ApplyMigrations") == 0)
			return one->apply_role;
		if (strcmp(rpc, "RollbackMigrations") == 0)
			return one->rollback_role;
	}
	return CFT_ROLE_NONE;
}
