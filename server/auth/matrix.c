/* Matrix: who may call which RPC.
 * SPDX-License-Identifier: MIT
 */
#include "server/auth/matrix.h"

#include <string.h>

static const struct cft_auth_rule rules[] = {
#define RULE(service, rpc, least, in_name) \
	{service, rpc, CFT_ROLE_##least, CFT_IN_##in_name##_NAME},
	CFT_AUTH_MATRIX(RULE)
#undef RULE
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

static const char *const role_names[] = {"none", "viewer", "agent", "approver", "operator"};

const struct cft_auth_rule *cft_auth_rules(size_t *ret_n)
{
	*ret_n = RULES;
	return rules;
}

const struct cft_auth_rule *cft_auth_find(const char *service, const char *rpc)
{
	for (size_t i = 0; i < RULES; i++) {
		if (strcmp(rules[i].rpc, rpc) == 0 && strcmp(rules[i].service, service) == 0)
			return &rules[i];
	}
	return NULL;
}

const char *cft_role_name(enum cft_role role)
{
	return role_names[role];
}

enum cft_role cft_role_parse(const char *name)
{
	for (int i = CFT_ROLE_VIEWER; i <= CFT_ROLE_OPERATOR; i++) {
		if (strcmp(role_names[i], name) == 0)
			return (enum cft_role)i;
	}
	return CFT_ROLE_NONE;
}

static int need_role(const struct cft_identity *identity, const char *rpc, enum cft_role least,
                     const char *where, struct cft_err *err)
{
	if (identity->role >= least)
		return 0;
	return cft_fail_reason(err, CFT_E_FORBIDDEN, "ROLE_TOO_LOW",
	                       "%s needs the role %s%s; this credential's is %s", rpc,
	                       cft_role_name(least), where, cft_role_name(identity->role));
}

static int check_role(const struct cft_identity *identity, const struct cft_auth_rule *rule,
                      struct cft_err *err)
{
	if (rule->least == CFT_ROLE_NONE)
		return 0;
	if (!identity->authenticated) {
		cft_fail(err, CFT_E_UNAUTHENTICATED, "%s needs a credential", rule->rpc);
		return cft_err_hint(err,
		                    "send a token as `authorization: Bearer …`; the command line "
		                    "takes it from CONFITURE_TOKEN");
	}
	return need_role(identity, rule->rpc, rule->least, "", err);
}

static int check_project(const struct cft_identity *identity,
                         const struct cft_auth_request *request, struct cft_err *err)
{
	if (!identity->project[0] || strcmp(identity->project, request->project) == 0)
		return 0;
	return cft_fail_reason(err, CFT_E_FORBIDDEN, "WRONG_PROJECT",
	                       "this credential is for another project than '%s'",
	                       request->project);
}

static int check_name(const struct cft_identity *identity, const struct cft_auth_rule *rule,
                      const struct cft_auth_request *request, struct cft_err *err)
{
	if (rule->in_name == CFT_IN_NOBODYS_NAME || identity->role == CFT_ROLE_OPERATOR)
		return 0;
	if (identity->agent_id[0] && strcmp(identity->agent_id, request->agent_id) == 0)
		return 0;
	cft_fail_reason(err, CFT_E_FORBIDDEN, "AGENT_MISMATCH",
	                "this credential speaks for '%s', not for '%s'", identity->agent_id,
	                request->agent_id);
	return cft_err_hint(err, "leave --agent-id out, or use that agent's own credential");
}

static int check_force(const struct cft_identity *identity, const struct cft_auth_request *request,
                       struct cft_err *err)
{
	if (!request->force || identity->role >= CFT_ROLE_APPROVER)
		return 0;
	return cft_fail_reason(err, CFT_E_FORBIDDEN, "FORCE_NOT_ALLOWED",
	                       "what is forced needs the role approver");
}

int cft_auth_decide(const struct cft_identity *identity, const char *service, const char *rpc,
                    const struct cft_auth_request *request, struct cft_err *err)
{
	const struct cft_auth_rule *rule = cft_auth_find(service, rpc);
	int rc = rule ? check_role(identity, rule, err)
	              : cft_fail(err, CFT_E_FORBIDDEN, "nobody may call %s/%s", service, rpc);

	if (rc != 0 || rule->least == CFT_ROLE_NONE || !request)
		return rc;
	rc = check_project(identity, request, err);
	if (rc == 0)
		rc = check_name(identity, rule, request, err);
	if (rc == 0)
		rc = check_force(identity, request, err);
	if (rc == 0)
		rc = need_role(identity, rpc, request->target_role, " on this target", err);
	return rc;
}
