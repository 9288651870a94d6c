/* YAML documents: libyaml's events become a tree with places and limits.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/yaml.h"

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/suggest.h"
#include "common/base/utf8.h"
#include "common/base/vec.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct anchor {
	const char *name;
	const struct cft_yaml_node *node;
	bool open; /* its end has not been read: an alias here would contain itself */
};

struct reader {
	struct cft_arena *arena;
	const char *file;
	yaml_parser_t parser;
	CFT_VEC(struct anchor) anchors;
	size_t nodes;
	int depth;
	struct cft_err *err;
};

static int read_node(struct reader *r, yaml_event_t *event, const struct cft_yaml_node **ret_node);

static int fail_at(struct reader *r, yaml_mark_t mark, const char *message)
{
	cft_fail_reason(r->err, CFT_E_CONFIG, "INVALID_YAML", "%s", message);
	cft_err_at(r->err, r->file, (int)mark.line + 1, (int)mark.column + 1);
	return CFT_E_CONFIG;
}

static int parser_failed(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "unreadable";
	yaml_mark_t mark = p->problem_mark;
	char text[256];

	if (p->error == YAML_SCANNER_ERROR && strstr(problem, "cannot start any token"))
		problem = "a value cannot start with this character (quote it; indent with blanks, "
			  "not tabs)";
	if (p->context && *p->context)
		snprintf(text, sizeof(text), "%s (%s, line %zu)", problem, p->context,
		         p->context_mark.line + 1);
	else
		snprintf(text, sizeof(text), "%s", problem);
	return fail_at(r, mark, text);
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	return yaml_parser_parse(&r->parser, event) ? 0 : parser_failed(r);
}

static bool core_tag(const yaml_char_t *tag)
{
	static const char prefix[] = "tag:yaml.org,2002:";
	static const char *const names[] = {"str", "int", "float", "bool", "null", "seq", "map"};
	const char *text = (const char *)tag;

	if (!tag || strcmp(text, "!") == 0)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(text, prefix, sizeof(prefix) - 1) == 0 &&
		    strcmp(text + sizeof(prefix) - 1, names[i]) == 0)
			return true;
	}
	return false;
}

static struct cft_yaml_node *new_node(struct reader *r, yaml_mark_t mark)
{
	struct cft_yaml_node *node = cft_arena_new(r->arena, struct cft_yaml_node);

	node->file = r->file;
	node->line = (int)mark.line + 1;
	node->column = (int)mark.column + 1;
	node->text = "";
	node->weight = 1;
	return node;
}

static int count(struct reader *r, size_t weight, yaml_mark_t mark)
{
	r->nodes += weight;
	if (r->nodes <= CFT_YAML_MAX_NODES)
		return 0;
	return fail_at(r, mark, "the document is too large once its aliases are followed");
}

static size_t remember(struct reader *r, const yaml_char_t *name, const struct cft_yaml_node *node)
{
	if (!name)
		return SIZE_MAX;
	struct anchor a = {cft_arena_strdup(r->arena, (const char *)name), node, true};
	cft_vec_push(&r->anchors, a);
	return r->anchors.n - 1;
}

static void close_anchor(struct reader *r, size_t index)
{
	if (index != SIZE_MAX)
		r->anchors.v[index].open = false;
}

static int read_alias(struct reader *r, const yaml_event_t *event,
                      const struct cft_yaml_node **ret_node)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (size_t i = r->anchors.n; i > 0; i--) {
		const struct anchor *a = &r->anchors.v[i - 1];
		if (strcmp(a->name, name) != 0)
			continue;
		if (a->open)
			return fail_at(r, event->start_mark, "this alias contains itself");
		*ret_node = a->node;
		return count(r, a->node->weight, event->start_mark);
	}
	return fail_at(r, event->start_mark, "this alias names no anchor above it");
}

static bool null_text(const char *text)
{
	return *text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
	       strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static int read_scalar(struct reader *r, const yaml_event_t *event,
                       const struct cft_yaml_node **ret_node)
{
	struct cft_yaml_node *node = new_node(r, event->start_mark);

	if (!core_tag(event->data.scalar.tag))
		return fail_at(r, event->start_mark, "tags are not supported");
	node->text = cft_arena_strndup(r->arena, (const char *)event->data.scalar.value,
	                               event->data.scalar.length);
	if (strlen(node->text) != event->data.scalar.length)
		return fail_at(r, event->start_mark, "a value must not contain a NUL character");
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	bool is_null = !node->quoted && null_text(node->text);
	node->kind = is_null ? CFT_YAML_NULL : CFT_YAML_SCALAR;
	if (is_null)
		node->text = "";
	close_anchor(r, remember(r, event->data.scalar.anchor, node));
	*ret_node = node;
	return count(r, 1, event->start_mark);
}

static int read_sequence(struct reader *r, const yaml_event_t *start,
                         const struct cft_yaml_node **ret_node)
{
	struct cft_yaml_node *node = new_node(r, start->start_mark);
	CFT_VEC(const struct cft_yaml_node *) items = {0};
	size_t anchor = remember(r, start->data.sequence_start.anchor, node);
	int rc = core_tag(start->data.sequence_start.tag)
	                 ? count(r, 1, start->start_mark)
	                 : fail_at(r, start->start_mark, "tags are not supported");

	node->kind = CFT_YAML_SEQUENCE;
	while (rc == 0) {
		yaml_event_t event;
		const struct cft_yaml_node *item;
		if ((rc = next_event(r, &event)) != 0)
			break;
		bool end = event.type == YAML_SEQUENCE_END_EVENT;
		if (!end && (rc = read_node(r, &event, &item)) == 0) {
			cft_vec_push_in(r->arena, &items, item);
			node->weight += item->weight;
		}
		yaml_event_delete(&event);
		if (end)
			break;
	}
	node->values = items.v;
	node->n = items.n;
	close_anchor(r, anchor);
	if (rc == 0)
		*ret_node = node;
	return rc;
}

static int check_key(struct reader *r, const yaml_event_t *event, const struct cft_yaml_node *key,
                     const struct cft_yaml_node *const *earlier, size_t n)
{
	char text[256];

	if (key->kind != CFT_YAML_SCALAR)
		return fail_at(r, event->start_mark, "a key must be a word");
	for (size_t i = 0; i < n; i++) {
		if (strcmp(earlier[i]->text, key->text) != 0)
			continue;
		snprintf(text, sizeof(text), "the key '%.120s' is here twice (first in line %d)",
		         key->text, earlier[i]->line);
		fail_at(r, event->start_mark, text);
		return cft_err_hint(r->err, "remove one of the two");
	}
	return 0;
}

static int read_pair(struct reader *r, yaml_event_t *event, struct cft_yaml_node *node,
                     const struct cft_yaml_node **ret_key, const struct cft_yaml_node **ret_value)
{
	yaml_event_t value_event;
	int rc = read_node(r, event, ret_key);

	if (rc == 0)
		rc = check_key(r, event, *ret_key, node->keys, node->n);
	if (rc != 0 || (rc = next_event(r, &value_event)) != 0)
		return rc;
	rc = read_node(r, &value_event, ret_value);
	yaml_event_delete(&value_event);
	return rc;
}

static int read_mapping(struct reader *r, const yaml_event_t *start,
                        const struct cft_yaml_node **ret_node)
{
	struct cft_yaml_node *node = new_node(r, start->start_mark);
	CFT_VEC(const struct cft_yaml_node *) keys = {0};
	CFT_VEC(const struct cft_yaml_node *) values = {0};
	size_t anchor = remember(r, start->data.mapping_start.anchor, node);
	int rc = core_tag(start->data.mapping_start.tag)
	                 ? count(r, 1, start->start_mark)
	                 : fail_at(r, start->start_mark, "tags are not supported");

	node->kind = CFT_YAML_MAPPING;
	while (rc == 0) {
		yaml_event_t event;
		const struct cft_yaml_node *key, *value;
		if ((rc = next_event(r, &event)) != 0)
			break;
		bool end = event.type == YAML_MAPPING_END_EVENT;
		if (!end && (rc = read_pair(r, &event, node, &key, &value)) == 0) {
			cft_vec_push_in(r->arena, &keys, key);
			cft_vec_push_in(r->arena, &values, value);
			node->keys = keys.v;
			node->values = values.v;
			node->n = keys.n;
			node->weight += key->weight + value->weight;
		}
		yaml_event_delete(&event);
		if (end)
			break;
	}
	close_anchor(r, anchor);
	if (rc == 0)
		*ret_node = node;
	return rc;
}

static int read_node(struct reader *r, yaml_event_t *event, const struct cft_yaml_node **ret_node)
{
	int rc;

	if (++r->depth > CFT_YAML_MAX_DEPTH)
		return fail_at(r, event->start_mark, "the document is nested too deeply");
	if (event->type == YAML_ALIAS_EVENT)
		rc = read_alias(r, event, ret_node);
	else if (event->type == YAML_SCALAR_EVENT)
		rc = read_scalar(r, event, ret_node);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		rc = read_sequence(r, event, ret_node);
	else
		rc = read_mapping(r, event, ret_node);
	r->depth--;
	return rc;
}

/* Stream and document starts carry nothing; a second document is refused. */
static int read_document(struct reader *r, const struct cft_yaml_node **ret_root)
{
	bool done = false;
	int rc = 0;

	*ret_root = NULL;
	while (rc == 0 && !done) {
		yaml_event_t event;
		if ((rc = next_event(r, &event)) != 0)
			break;
		if (event.type == YAML_STREAM_END_EVENT)
			done = true;
		else if (event.type == YAML_DOCUMENT_START_EVENT && *ret_root)
			rc = fail_at(r, event.start_mark,
			             "a second document starts here; one per file");
		else if (event.type != YAML_STREAM_START_EVENT &&
		         event.type != YAML_DOCUMENT_START_EVENT &&
		         event.type != YAML_DOCUMENT_END_EVENT)
			rc = read_node(r, &event, ret_root);
		yaml_event_delete(&event);
	}
	return rc;
}

static const struct cft_yaml_node *empty_mapping(struct reader *r)
{
	yaml_mark_t start = {0};
	struct cft_yaml_node *node = new_node(r, start);

	node->kind = CFT_YAML_MAPPING;
	return node;
}

/* libyaml would guess UTF-16 from a byte order mark and let control characters pass. */
static int check_text(const char *file, const char *text, size_t len, struct cft_err *err)
{
	size_t bad;
	int line = 1;
	size_t start = 0;

	if (len > CFT_YAML_MAX_BYTES) {
		cft_fail_reason(err, CFT_E_CONFIG, "FILE_TOO_LARGE", "%s is larger than %d bytes",
		                file, CFT_YAML_MAX_BYTES);
		return cft_err_at(err, file, 0, 0), CFT_E_CONFIG;
	}
	if (cft_utf8_valid(text, len, &bad))
		return 0;
	for (size_t i = 0; i < bad; i++) {
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	cft_fail_reason(err, CFT_E_CONFIG, "INVALID_UTF8", "this is not UTF-8 text (byte 0x%02x)",
	                (unsigned char)text[bad]);
	cft_err_at(err, file, line, (int)(bad - start) + 1);
	cft_err_hint(err, "save the file as UTF-8");
	return CFT_E_CONFIG;
}

int cft_yaml_parse(struct cft_arena *arena, const char *file, const char *text, size_t len,
                   const struct cft_yaml_node **ret_root, struct cft_err *err)
{
	struct reader r = {.arena = arena, .file = cft_arena_strdup(arena, file), .err = err};
	const struct cft_yaml_node *root = NULL;
	int rc = check_text(file, text, len, err);

	if (rc != 0)
		return rc;
	if (!yaml_parser_initialize(&r.parser))
		return cft_fail(err, CFT_E_INTERNAL, "cannot start the YAML reader");
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	rc = read_document(&r, &root);
	if (rc == 0)
		*ret_root = root && root->kind != CFT_YAML_NULL ? root : empty_mapping(&r);
	yaml_parser_delete(&r.parser);
	cft_vec_release(&r.anchors);
	return rc;
}

int cft_yaml_read(struct cft_arena *arena, const char *path, const struct cft_yaml_node **ret_root,
                  struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_file_read(path, CFT_YAML_MAX_BYTES, &text, err);

	if (rc == 0)
		rc = cft_yaml_parse(arena, path, cft_buf_str(&text), text.len, ret_root, err);
	cft_buf_release(&text);
	return rc;
}
