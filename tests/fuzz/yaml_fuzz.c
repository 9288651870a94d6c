/* Fuzz: YAML, as configuration files have it.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const struct cft_yaml_node *node)
{
	size_t n = 1;

	if (node->line < 1 || node->column < 1)
		abort();
	for (size_t i = 0; i < node->n; i++) {
		if (node->keys)
			n += count(node->keys[i]);
		n += count(node->values[i]);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	const struct cft_yaml_node *root = NULL;
	struct cft_err err = CFT_ERR_INIT;

	if (cft_yaml_parse(&arena, "fuzz.yaml", (const char *)data, size, &root, &err) == 0)
		count(root);
	else if (err.code == 0 || !err.message[0])
		abort();
	cft_arena_release(&arena);
	return 0;
}
