/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mailwall as a plugin of collectd(1): the counters and sets of a table in the
 * kernel, and the attempts and findings of an engine that captures, as values
 * and notifications.
 *
 * The plugin knows mailwall by mailwall.h alone, and loads mailwall.so.1 when
 * collectd starts. Two threads meet here: collectd's own, which reads values,
 * and one that captures, to which the engine belongs. Between them is a lock,
 * and under it the figures of the last second.
 */
#ifndef MAILWALL_HOST_H
#define MAILWALL_HOST_H

#include <mailwall.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <collectd/core/daemon/collectd.h>

#include <collectd/core/daemon/plugin.h>

#define PLUGIN_NAME "mailwall"
#define INPUTS_MOST 32

/* Writes a line of collectd's log, after our name. level: LOG_ERR and so on. */
void collectd_log(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
