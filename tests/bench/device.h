/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hardware address of a network device. */
#ifndef MAILWALL_DEVICE_H
#define MAILWALL_DEVICE_H

#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static inline int own_address(const char *device, uint8_t *mac)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), failed;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	failed = ioctl(fd, SIOCGIFHWADDR, &request);
	close(fd);
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return failed;
}

#endif
