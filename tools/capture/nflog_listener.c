/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nflog_listener.h"

#include <stdio.h>

long nflog_listener(uint16_t group)
{
	FILE *list = fopen("/proc/net/netfilter/nfnetlink_log", "re");
	unsigned int of, port;
	long listener = -1;
	char line[128];

	while (list && fgets(line, sizeof(line), list))
		if (sscanf(line, "%u %u", &of, &port) == 2 && of == group)
			listener = port;
	if (list)
		fclose(list);
	return listener;
}
