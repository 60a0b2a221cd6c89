/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is cut short under a mapping: SIGBUS would end the process. Once
 * caught, such a page reads as zeros, and the fault is counted.
 */
#include "store_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_uint bus_errors;
static uintptr_t bus_page_size;

/* Any other SIGBUS ends the process, when the instruction is tried again. */
static void bus_error_on_signal(int number, siginfo_t *info, void *ctx)
{
	uintptr_t at = (uintptr_t)info->si_addr & ~(bus_page_size - 1);
	int saved = errno;

	(void)ctx;
	if (info->si_code != BUS_ADRERR ||
	    mmap((void *)at, bus_page_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		signal(number, SIG_DFL);
	else
		atomic_fetch_add(&bus_errors, 1);
	errno = saved;
}

void bus_error_catch(void)
{
	struct sigaction action = { .sa_sigaction = bus_error_on_signal,
				    .sa_flags = SA_SIGINFO };

	bus_page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	sigaction(SIGBUS, &action, NULL);
}

unsigned int bus_error_count(void)
{
	return atomic_load(&bus_errors);
}
