/* confiture coordinate verify: does a branch do what its intent declared, and nothing else?
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/range_check.h"

static int answer(struct cft_coord *coord, const Confiture__V1__Intent *intent,
                  const struct cft_range_check *check, uint64_t revision)
{
	bool declared = json_array_size(check->undeclared) == 0;
	json_t *document = json_pack("{s:s,s:b}", "intent_id", intent->id, "declared", declared);

	if (declared)
		cft_out_mark(coord->cmd->out, CFT_MARK_OK,
		             "All that the range changes was declared (%zu files)", check->files.n);
	cft_range_check_show(coord->cmd->out, check);
	cft_range_check_json(check, document);
	cft_coord_answer(coord, document, revision);
	return declared ? 0 : cft_code_exit(CFT_E_CONFLICT);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__GetIntentRequest request = CONFITURE__V1__GET_INTENT_REQUEST__INIT;
	Confiture__V1__GetIntentResponse *response;
	struct cft_range_check check = {0};
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = cft_coord_call(&coord, "GetIntent", &request, &response, err);
	if (rc == 0) {
		cft_coord_sign_of_life(&coord, response->intent->id);
		rc = cft_range_check(cmd, response->intent, cft_cmd_str(cmd, "git-range"), &check,
		                     err);
	}
	if (rc == 0)
		rc = answer(&coord, response->intent, &check, response->revision);
	cft_range_check_release(&check);
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_INTENT(true),
	{.name = "git-range",
         .type = CFT_OPT_STRING,
         .value = "A..B",
         .required = true,
         .help = "The commits whose added migration files are checked"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"A gate for pull requests: no change that nobody was told of",
         "confiture coordinate verify --intent-id int_abc123def456 --git-range origin/main...HEAD"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_verify = {
	.summary = "Check that the migrations of a branch do what the intent declared",
	.description =
		"Exits with 5 and names each change that the intent does not declare, or declares "
		"otherwise. What is declared and not in the range is listed, and is no failure: it "
		"may come in a later one. A sketch covers whatever is done to its table, a "
		"declared table "
		"whatever is done to it where the intent's DDL does not speak of it.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
