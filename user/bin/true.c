/* SPDX-License-Identifier: MIT */
/* true: succeeds. */
int main(void);

int main(void)
{
	return 0;
}
