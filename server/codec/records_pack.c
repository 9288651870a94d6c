/* Events as bytes, with the bytes of their records.
 * SPDX-License-Identifier: MIT
 */
#include "server/codec/records_codec.h"

enum { VARINT_MAX = 10 };

static size_t put_varint(uint8_t *out, size_t number)
{
	size_t n = 0;

	for (; number >= 0x80; number >>= 7)
		out[n++] = (uint8_t)(0x80 | (number & 0x7f));
	out[n++] = (uint8_t)number;
	return n;
}

/* The subject's bytes take its place: protobuf-c copies a field that it does not know. */
static struct cft_codec_bytes pack_subject(struct cft_arena *arena, Confiture__V1__Change *change)
{
	const ProtobufCMessage *subject = &change->intent->base; /* one union of messages */
	size_t size = protobuf_c_message_get_packed_size(subject);
	uint8_t *data = cft_arena_alloc(arena, VARINT_MAX + size);
	size_t prefix = put_varint(data, size);
	ProtobufCMessageUnknownField *field = cft_arena_new(arena, ProtobufCMessageUnknownField);

	protobuf_c_message_pack(subject, data + prefix);
	*field = (ProtobufCMessageUnknownField){
		.tag = (uint32_t)change->subject_case, /* the number of the field */
		.wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
		.len = prefix + size,
		.data = data,
	};
	change->subject_case = CONFITURE__V1__CHANGE__SUBJECT__NOT_SET;
	change->base.n_unknown_fields = 1;
	change->base.unknown_fields = field;
	return (struct cft_codec_bytes){data + prefix, size};
}

static void pack(const ProtobufCMessage *message, struct cft_buf *out)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	cft_buf_reserve(out, size);
	out->len += protobuf_c_message_pack(message, (uint8_t *)out->data + out->len);
	out->data[out->len] = '\0';
}

const struct cft_codec_bytes *cft_codec_event_pack(const char *project,
                                                   const struct cft_event *event,
                                                   const unsigned char previous_hash[32],
                                                   struct cft_arena *arena, struct cft_buf *out)
{
	Confiture__V1__Event *message = cft_codec_event(arena, project, event, CFT_WITH_EFFECTS);
	struct cft_codec_bytes *records =
		cft_arena_array(arena, struct cft_codec_bytes, message->n_changes);

	message->previous_hash.data = (uint8_t *)previous_hash;
	message->previous_hash.len = 32;
	for (size_t i = 0; i < message->n_changes; i++)
		if (message->changes[i]->subject_case != CONFITURE__V1__CHANGE__SUBJECT__NOT_SET)
			records[i] = pack_subject(arena, message->changes[i]);
	pack(&message->base, out);
	return records;
}
