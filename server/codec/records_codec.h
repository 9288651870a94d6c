/* Records and events as protobuf: the stored form, which is also the public one.
 * SPDX-License-Identifier: MIT
 *
 * What is derived from the state (blocked, stale, conflicts_with, the lease's deadline) is not
 * here: the services add it to answers. Any thread; nothing blocks.
 */
#ifndef CFT_CODEC_RECORDS_CODEC_H
#define CFT_CODEC_RECORDS_CODEC_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "server/core/event.h"

#include "confiture/v1/types.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CFT_WITH_EFFECTS = 1 };

/* Messages in the arena that borrow the record's strings. */
Confiture__V1__Intent *cft_codec_intent(struct cft_arena *arena, const char *project,
                                        const struct cft_intent *intent, int flags);
Confiture__V1__Conflict *cft_codec_conflict(struct cft_arena *arena, const char *project,
                                            const struct cft_conflict *conflict);
Confiture__V1__BaseSchema *cft_codec_base(struct cft_arena *arena,
                                          const struct cft_base_schema *base, int flags);
Confiture__V1__Event *cft_codec_event(struct cft_arena *arena, const char *project,
                                      const struct cft_event *event, int flags);
Google__Protobuf__Timestamp *cft_codec_time(struct cft_arena *arena, int64_t us);
int64_t cft_codec_time_us(const Google__Protobuf__Timestamp *time); /* 0 for NULL */

/* A record's bytes, which stand in its event and in the projections. */
struct cft_codec_bytes {
	const void *data;
	size_t len;
};

/* The bytes of an event in the log: with effects, with the hash of the event before. The record of
 * each change is packed once: its bytes are given too, in the arena; none where it has no record.
 */
const struct cft_codec_bytes *cft_codec_event_pack(const char *project,
                                                   const struct cft_event *event,
                                                   const unsigned char previous_hash[32],
                                                   struct cft_arena *arena, struct cft_buf *out);
/* Back to records, each a new reference; CFT_E_INCONSISTENT where the bytes are not ours.
 * `ret_previous` (may be NULL) gets the hash of the event before. */
int cft_codec_event_unpack(const void *data, size_t len, struct cft_event **ret,
                           unsigned char ret_previous[32], struct cft_err *err);
/* One record of the projections. */
int cft_codec_intent_unpack(const void *data, size_t len, struct cft_intent **ret,
                            struct cft_err *err);
int cft_codec_conflict_unpack(const void *data, size_t len, struct cft_conflict **ret,
                              struct cft_err *err);
/* The base and what it points to live in the arena. */
int cft_codec_base_unpack(const void *data, size_t len, struct cft_arena *arena,
                          struct cft_base_schema *ret, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
