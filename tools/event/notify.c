/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both protocols are a datagram to a socket, and stable: sd_notify(3), and the
 * journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
 */
#include "notify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define JOURNAL "/run/systemd/journal/socket"

static int notify_fd = -1, journal_fd = -1;

/* A name that begins with @ is of an abstract socket: unix(7). */
static int notify_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd;

	if (!len || len >= sizeof(to.sun_path))
		return -1;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&to,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				len))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* JOURNAL_STREAM has the device and inode of standard error: systemd.exec(5).
 */
static bool notify_stderr_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return text && sscanf(text, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == device &&
	       st.st_ino == inode;
}

void notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (path)
		notify_fd = notify_connect(path);
}

void journal_open(void)
{
	if (notify_stderr_is_journal())
		journal_fd = notify_connect(JOURNAL);
}

void notify_send(const char *fmt, ...)
{
	char text[256];
	va_list args;
	int len;

	if (notify_fd < 0)
		return;
	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len > 0 && (size_t)len < sizeof(text))
		send(notify_fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_store_fd(const char *name, int fd)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
	struct iovec iov = { text, (size_t)len };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	if (notify_fd < 0 || len < 0 || (size_t)len >= sizeof(text))
		return;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	sendmsg(notify_fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

#define STORED_FIRST 3 /* SD_LISTEN_FDS_START */

/* The nth of names that are separated by colons. */
static bool notify_is_named(const char *names, long n, const char *name)
{
	while (n-- && (names = strchr(names, ':')))
		names++;
	return names && !strncmp(names, name, strlen(name)) &&
	       (names[strlen(name)] == ':' || !names[strlen(name)]);
}

int notify_stored_fd(const char *name)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	int found = -1;

	if (!pid || !fds || !names || atol(pid) != getpid())
		return -1;
	for (long i = 0; i < atol(fds) && i < 64; i++) {
		int fd = STORED_FIRST + (int)i;

		if (found < 0 && notify_is_named(names, i, name) &&
		    !fcntl(fd, F_SETFD, FD_CLOEXEC))
			found = fd;
		else
			close(fd);
	}
	unsetenv("LISTEN_PID");
	return found;
}

int notify_watchdog_fd(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	unsigned long long us = text ? strtoull(text, NULL, 10) / 2 : 0;
	struct timespec half = { .tv_sec = (time_t)(us / 1000000),
				 .tv_nsec = (long)(us % 1000000 * 1000) };
	struct itimerspec timer = { half, half };
	int fd = -1;

	if (notify_fd >= 0 && us)
		fd = timerfd_create(CLOCK_MONOTONIC,
				    TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd >= 0)
		timerfd_settime(fd, 0, &timer, NULL);
	return fd;
}

void notify_watchdog(int fd)
{
	uint64_t passed;

	if (read(fd, &passed, sizeof(passed)) == sizeof(passed))
		notify_send("WATCHDOG=1");
}

bool journal_finding(const struct finding *f)
{
	char text[1024], source[RANGE_TEXT_MAX];
	const char *kind = finding_name(detector_finding(f->detector));
	int len;

	if (journal_fd < 0)
		return false;
	addr_print_source(source, f->family, &f->source);
	len = snprintf(
		text, sizeof(text),
		"MESSAGE=%s %s (%s), port %u: %u attempts to %" PRIu64
		" destinations in %u networks\n"
		"PRIORITY=%d\nSYSLOG_IDENTIFIER=mailwall\n"
		"MAILWALL_FINDING=%s\nMAILWALL_DETECTOR=%s\n"
		"MAILWALL_SOURCE=%s\nMAILWALL_PORT=%u\n"
		"MAILWALL_ATTEMPTS=%u\nMAILWALL_SYNS=%u\n"
		"MAILWALL_DESTINATIONS=%" PRIu64 "\n"
		"MAILWALL_GROUPS=%u\nMAILWALL_PROVEN=%d\n",
		source, kind, detector_name(f->detector), f->port, f->attempts,
		f->destinations, f->groups,
		detector_finding(f->detector) == FINDING_SPAM_SOURCE ? 4 : 5,
		kind, detector_name(f->detector), source, f->port, f->attempts,
		f->syns, f->destinations, f->groups, f->proven);
	return len > 0 && (size_t)len < sizeof(text) &&
	       send(journal_fd, text, (size_t)len,
		    MSG_NOSIGNAL | MSG_DONTWAIT) == len;
}
