/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sink of a monitor that has a store or pages; ctx is a struct watch. */
#ifndef MAILWALL_RECORD_SINK_H
#define MAILWALL_RECORD_SINK_H

#include "../monitor/sink.h"

extern const struct sink watch_sink_record; /* --store, --http */

#endif
