/* Status: the error record as google.rpc.Status and back.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/status.h"

#include "common/base/utf8.h"
#include "common/rpc/codec.h"

#include <google/rpc/error_details.pb-c.h>
#include <google/rpc/status.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DETAILS_MAX = 4, METADATA_MAX = 6 };

#define TYPE_PREFIX "type.googleapis.com/"
#define DOMAIN      "confiture"

/* What an encoding needs besides the error; on the stack of cft_status_encode. */
struct encoder {
	Google__Rpc__Status status;
	Google__Protobuf__Any any[DETAILS_MAX];
	Google__Protobuf__Any *details[DETAILS_MAX];
	struct cft_buf bytes[DETAILS_MAX];
	char type_url[DETAILS_MAX][64];
};

static void add_detail(struct encoder *enc, const void *message)
{
	const ProtobufCMessage *base = message;
	size_t i = enc->status.n_details++;

	cft_proto_pack(message, &enc->bytes[i]);
	snprintf(enc->type_url[i], sizeof(enc->type_url[i]), TYPE_PREFIX "%s",
	         base->descriptor->name);
	google__protobuf__any__init(&enc->any[i]);
	enc->any[i].type_url = enc->type_url[i];
	enc->any[i].value.data = (uint8_t *)enc->bytes[i].data;
	enc->any[i].value.len = enc->bytes[i].len;
	enc->details[i] = &enc->any[i];
}

struct metadata {
	Google__Rpc__ErrorInfo__MetadataEntry entry[METADATA_MAX];
	Google__Rpc__ErrorInfo__MetadataEntry *list[METADATA_MAX];
	size_t n;
};

static void add_metadata(struct metadata *md, const char *key, const char *value)
{
	Google__Rpc__ErrorInfo__MetadataEntry *entry = &md->entry[md->n];

	if (!value[0])
		return;
	google__rpc__error_info__metadata_entry__init(entry);
	entry->key = (char *)key;
	entry->value = (char *)value;
	md->list[md->n++] = entry;
}

static void add_error_info(struct encoder *enc, struct cft_err *err)
{
	Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
	struct metadata md = {0};
	char line[16] = "", column[16] = "";

	if (err->line)
		snprintf(line, sizeof(line), "%d", err->line);
	if (err->column)
		snprintf(column, sizeof(column), "%d", err->column);
	add_metadata(&md, "code", cft_code_name(err->code));
	add_metadata(&md, "hint", err->hint);
	add_metadata(&md, "sqlstate", err->sqlstate);
	add_metadata(&md, "file", err->file);
	add_metadata(&md, "line", line);
	add_metadata(&md, "column", column);
	info.reason = err->reason;
	info.domain = (char *)DOMAIN;
	info.n_metadata = md.n;
	info.metadata = md.list;
	add_detail(enc, &info);
}

static void add_bad_request(struct encoder *enc, struct cft_err *err)
{
	Google__Rpc__BadRequest__FieldViolation violation =
		GOOGLE__RPC__BAD_REQUEST__FIELD_VIOLATION__INIT;
	Google__Rpc__BadRequest__FieldViolation *list[] = {&violation};
	Google__Rpc__BadRequest request = GOOGLE__RPC__BAD_REQUEST__INIT;

	violation.field = err->file;
	violation.description = err->message;
	request.n_field_violations = 1;
	request.field_violations = list;
	add_detail(enc, &request);
}

static void add_resource(struct encoder *enc, struct cft_err *err)
{
	Google__Rpc__ResourceInfo info = GOOGLE__RPC__RESOURCE_INFO__INIT;

	info.resource_name = err->file;
	info.description = err->message;
	add_detail(enc, &info);
}

static void add_retry(struct encoder *enc, int delay_ms)
{
	Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
	Google__Rpc__RetryInfo info = GOOGLE__RPC__RETRY_INFO__INIT;

	delay.seconds = delay_ms / 1000;
	delay.nanos = delay_ms % 1000 * 1000000;
	info.retry_delay = &delay;
	add_detail(enc, &info);
}

/* Cuts at the first malformed byte: a fixed array may have cut a character in two. */
static void cut_malformed(char *text)
{
	size_t at;

	if (!cft_utf8_valid(text, strlen(text), &at))
		text[at] = '\0';
}

void cft_status_encode(const struct cft_err *err, struct cft_buf *out)
{
	struct encoder enc = {0};
	struct cft_err clean = *err;
	bool input = err->code == CFT_E_INVALID || err->code == CFT_E_SYNTAX;
	bool resource = err->code == CFT_E_NOT_FOUND || err->code == CFT_E_EXISTS;

	cut_malformed(clean.message);
	cut_malformed(clean.hint);
	cut_malformed(clean.file);
	google__rpc__status__init(&enc.status);
	enc.status.code = cft_code_grpc(err->code);
	enc.status.message = clean.message;
	enc.status.details = enc.details;
	add_error_info(&enc, &clean);
	if (clean.file[0] && input)
		add_bad_request(&enc, &clean);
	if (clean.file[0] && resource)
		add_resource(&enc, &clean);
	if (clean.retry_after_ms > 0)
		add_retry(&enc, clean.retry_after_ms);
	cft_proto_pack(&enc.status, out);
	for (size_t i = 0; i < enc.status.n_details; i++)
		cft_buf_release(&enc.bytes[i]);
}

#define COPY(dst, src) snprintf((dst), sizeof(dst), "%s", (src))

static void take_metadata(const char *key, const char *value, struct cft_err *err)
{
	if (strcmp(key, "hint") == 0)
		COPY(err->hint, value);
	else if (strcmp(key, "sqlstate") == 0)
		COPY(err->sqlstate, value);
	else if (strcmp(key, "file") == 0)
		COPY(err->file, value);
	else if (strcmp(key, "line") == 0)
		err->line = (int)strtol(value, NULL, 10);
	else if (strcmp(key, "column") == 0)
		err->column = (int)strtol(value, NULL, 10);
	else if (strcmp(key, "code") == 0 && cft_code_from_name(value) != CFT_OK)
		err->code = cft_code_from_name(value);
}

static void take_error_info(const Google__Rpc__ErrorInfo *info, int grpc_status,
                            struct cft_err *err)
{
	COPY(err->reason, info->reason);
	err->code = cft_code_from_grpc(grpc_status, info->reason);
	for (size_t i = 0; i < info->n_metadata; i++)
		take_metadata(info->metadata[i]->key, info->metadata[i]->value, err);
}

static void take_retry(const Google__Rpc__RetryInfo *info, struct cft_err *err)
{
	if (info->retry_delay && info->retry_delay->seconds >= 0 &&
	    info->retry_delay->seconds < 86400)
		err->retry_after_ms =
			(int)info->retry_delay->seconds * 1000 + info->retry_delay->nanos / 1000000;
}

static void take_detail(const Google__Protobuf__Any *any, int grpc_status, struct cft_arena *arena,
                        struct cft_err *err)
{
	Google__Rpc__ErrorInfo *info;
	Google__Rpc__RetryInfo *retry;

	if (strcmp(any->type_url, TYPE_PREFIX "google.rpc.ErrorInfo") == 0 &&
	    cft_proto_unpack(&google__rpc__error_info__descriptor, any->value.data, any->value.len,
	                     arena, &info, NULL) == 0)
		take_error_info(info, grpc_status, err);
	else if (strcmp(any->type_url, TYPE_PREFIX "google.rpc.RetryInfo") == 0 &&
	         cft_proto_unpack(&google__rpc__retry_info__descriptor, any->value.data,
	                          any->value.len, arena, &retry, NULL) == 0)
		take_retry(retry, err);
}

int cft_status_decode(int grpc_status, const char *message, const void *details, size_t details_len,
                      struct cft_err *err)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	Google__Rpc__Status *status;
	struct cft_err fresh;

	if (grpc_status == 0)
		return 0;
	cft_fail(&fresh, cft_code_from_grpc(grpc_status, NULL), "%s", message ? message : "");
	if (details_len && cft_proto_unpack(&google__rpc__status__descriptor, details, details_len,
	                                    &arena, &status, NULL) == 0) {
		for (size_t i = 0; i < status->n_details; i++)
			take_detail(status->details[i], grpc_status, &arena, &fresh);
		if (!message || status->message[0])
			COPY(fresh.message, status->message);
	}
	cft_arena_release(&arena);
	if (err)
		*err = fresh;
	return fresh.code;
}
