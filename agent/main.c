/* agent and confiture: entry point.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/dispatch.h"

int main(int argc, char **argv)
{
	return cft_dispatch(argc, argv);
}
