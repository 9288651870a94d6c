/* agent and confiture: entry point.
 * SPDX-License-Identifier: MIT
 */
int main(void)
{
	return 0;
}
