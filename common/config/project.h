/* Project identity: the name under which a server knows this repository.
 * SPDX-License-Identifier: MIT
 *
 * The first that there is: the --project option, CONFITURE_PROJECT, `project:` in confiture.yaml,
 * the normalised address of the git remote, git's common directory, the folder's name. So clones
 * and worktrees of one repository agree, and two repositories do not mix. Git is not run; its files
 * are read.
 */
#ifndef CFT_CONFIG_PROJECT_H
#define CFT_CONFIG_PROJECT_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/config/expand.h"
#include "common/config/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CFT_PROJECT_FILE "confiture.yaml"

enum cft_project_source {
	CFT_PROJECT_FROM_OPTION,
	CFT_PROJECT_FROM_VARIABLE,
	CFT_PROJECT_FROM_FILE,
	CFT_PROJECT_FROM_REMOTE,
	CFT_PROJECT_FROM_GIT_DIR,
	CFT_PROJECT_FROM_FOLDER,
};

struct cft_project {
	const char *id; /* e.g. "github.com/acme/shop", "shop-5f2c9a1e", "shop"; 1 to 200 bytes */
	enum cft_project_source source;
	const char *root;        /* the project's directory */
	const char *environment; /* `environment:` of confiture.yaml: the default one, or "local" */
	const char *server;      /* `server:` of confiture.yaml, or NULL */
};

/* `option` is the value of --project or NULL; `dir` is where to start, "." for here. Blocks (reads
 * files). Strings live in `arena`. CFT_E_CONFIG for a confiture.yaml that is wrong, CFT_E_INVALID
 * for an option that is no name. */
int cft_project_identify(struct cft_arena *arena, const char *option, const char *dir,
                         const struct cft_lookup *lookup, struct cft_project *ret_project,
                         struct cft_err *err);

/* "https://user@Host:443/Org/Repo.git/", "git@host:Org/Repo" and "ssh://git@host/Org/Repo" are all
 * "host/Org/Repo". NULL for a path of this machine. */
const char *cft_project_normalise_remote(struct cft_arena *arena, const char *url);
const char *cft_project_source_name(enum cft_project_source source); /* "--project" … */
/* Rows of confiture.yaml, for the documentation. */
const struct cft_settings_table *cft_project_file_table(void);

#ifdef __cplusplus
}
#endif

#endif
