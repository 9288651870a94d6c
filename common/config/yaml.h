/* YAML documents as trees that know where every node stands in its file.
 * SPDX-License-Identifier: MIT
 *
 * One document per file. Duplicate keys, keys that are not plain text, foreign tags and aliases
 * that contain themselves are refused. What aliases repeat counts against the limit of nodes, so a
 * few lines cannot stand for millions of nodes. Errors are CFT_E_CONFIG with file, line and column.
 *
 * Nodes live in the arena that the caller gives and are read-only.
 */
#ifndef CFT_CONFIG_YAML_H
#define CFT_CONFIG_YAML_H

#include "common/base/arena.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_yaml_limit {
	CFT_YAML_MAX_BYTES = 1024 * 1024,
	CFT_YAML_MAX_NODES = 20000, /* aliases count as what they stand for */
	CFT_YAML_MAX_DEPTH = 32,
};

enum cft_yaml_kind {
	CFT_YAML_NULL, /* an empty value, `~` or `null` */
	CFT_YAML_SCALAR,
	CFT_YAML_SEQUENCE,
	CFT_YAML_MAPPING,
};

struct cft_yaml_node {
	enum cft_yaml_kind kind;
	const char *file;
	int line, column;                    /* 1-based */
	const char *text;                    /* of a scalar; "" of a null */
	bool quoted;                         /* written in quotes or as a block */
	const struct cft_yaml_node **keys;   /* of a mapping: n scalars */
	const struct cft_yaml_node **values; /* of a mapping or sequence: n nodes */
	size_t n;
	size_t weight; /* nodes in the subtree, this one included */
};

/* Reads text that is called `file` in errors. An empty document gives a mapping without keys. */
int cft_yaml_parse(struct cft_arena *arena, const char *file, const char *text, size_t len,
                   const struct cft_yaml_node **ret_root, struct cft_err *err);
/* The same from a file. Blocks. A file that does not exist gives CFT_E_NOT_FOUND. */
int cft_yaml_read(struct cft_arena *arena, const char *path, const struct cft_yaml_node **ret_root,
                  struct cft_err *err);

/* The value under a key, or NULL. */
const struct cft_yaml_node *cft_yaml_get(const struct cft_yaml_node *mapping, const char *key);
const char *cft_yaml_kind_name(enum cft_yaml_kind kind); /* "a list" */

/* Fills `err` with CFT_E_CONFIG and the node's place. */
int cft_yaml_fail(const struct cft_yaml_node *node, struct cft_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Fails at the key where a mapping has one that is not among `names`, with the nearest name. */
int cft_yaml_check_keys(const struct cft_yaml_node *mapping, const char *const *names, size_t n,
                        struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
