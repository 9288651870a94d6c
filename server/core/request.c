/* Request: what was asked before, so that asking again changes nothing.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/machine.h"

#include <assert.h>
#include <string.h>

struct cft_request *cft_request_new(const char *id, const unsigned char digest[32],
                                    uint64_t revision, const char *subject_id, int64_t time_us)
{
	size_t id_size = strlen(id) + 1, subject_size = strlen(subject_id) + 1;
	struct cft_request *request = cft_calloc(1, sizeof(*request) + id_size + subject_size);

	assert(id[0]);
	memcpy(request->digest, digest, sizeof(request->digest));
	memcpy(request->id, id, id_size);
	request->subject_id = memcpy(request->id + id_size, subject_id, subject_size);
	request->revision = revision;
	request->time_us = time_us;
	return request;
}
