/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sinks of a monitor that make SMALL=1 leaves out; ctx is a struct watch.
 */
#ifndef MAILWALL_STORE_SINKS_H
#define MAILWALL_STORE_SINKS_H

#include "../monitor/sink.h"

extern const struct sink watch_sink_store; /* --store */
extern const struct sink watch_sink_pages; /* --http; behind the store */

#endif
