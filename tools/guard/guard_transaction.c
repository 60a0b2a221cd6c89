/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions of the guard, and those that it passes on. */
#include "guard_priv.h"
#include "../../rules/base/arena.h"

int64_t guard_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool guard_may_listen(struct guard_state *g)
{
	struct program own = *g->program;
	struct reading reading;
	uint64_t elements = 0;
	int family = -1;

	own.arena = arena_new();
	if (!own.arena || kernel_read(&g->ask, own.arena, &reading))
		goto out;
	family = reading_family(&reading);
	for (size_t i = 0; family >= 0 && i < reading.tables[family].sets.n;
	     i++)
		elements += reading.tables[family].sets.items[i].count;
out:
	arena_free(own.arena);
	return listener_affords("/proc/meminfo", elements);
}

void guard_before(void *ctx)
{
	struct guard_state *g = ctx;

	if (netlink_generation(&g->ask, &g->before))
		g->before = 0;
	if (g->listener.joined)
		listener_join(&g->listener, false);
}

/* A change by others, while the listener was deaf, shows in the generation. */
void guard_after(void *ctx)
{
	struct guard_state *g = ctx;
	uint32_t now = 0;
	int asked;

	if (guard_may_listen(g))
		listener_join(&g->listener, true);
	asked = netlink_generation(&g->ask, &now);
	if (asked || !g->before || (now != g->before + 1 && now != g->before))
		g->look = true;
	if (!asked)
		g->generation = now;
}

static int guard_route(void *ctx, const struct batch *b,
		       transaction_answer_fn *fn, void *fn_ctx)
{
	struct guard_state *g = ctx;
	size_t n;
	const struct iovec *pages = batch_iovec(b, &n);
	int error;

	guard_before(g);
	error = transaction_send(&g->kernel, pages, n, batch_bytes(b), fn,
				 fn_ctx);
	guard_after(g);
	return error;
}

const struct transaction_route *guard_own_route(struct guard_state *g)
{
	g->route = (struct transaction_route){ guard_route, g };
	return &g->route;
}
