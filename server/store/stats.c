/* Stats: what the sequencer holds, for metrics.
 * SPDX-License-Identifier: MIT
 */
#include "server/store/sequencer_internal.h"

#include <utlist.h>

void cft_sequencer_read_stats(const struct cft_sequencer *sequencer,
                              struct cft_sequencer_stats *ret)
{
	const struct cft_project *project;
	const struct cft_waiting_command *command;
	const struct cft_waiting_read *read;
	size_t n;

	*ret = (struct cft_sequencer_stats){.groups = sequencer->groups};
	for (project = sequencer->projects; project; project = project->hh.next) {
		ret->projects++;
		DL_COUNT(project->queue, command, n);
		ret->waiting_commands += n;
		DL_COUNT(project->reads, read, n);
		ret->waiting_reads += n;
		ret->leases += HASH_COUNT(project->leases);
		if (project->state)
			ret->live_intents += cft_state_live_intents(project->state);
	}
}
