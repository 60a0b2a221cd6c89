/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and /proc: all that stands beside nftables on this machine. */
#include "doctor.h"
#include "../../rules/base/arena.h"
#include "../record/journal.h"
#include "../record/revision.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- small files ---- */

/* The first line of a file, without its end; NULL and errno: it is not read. */
static const char *host_line(struct doctor *d, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];
	const char *text = NULL;

	if (!file)
		return NULL;
	if (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		text = arena_printf(d->program->arena, "%s", line);
	} else {
		text = "";
	}
	fclose(file);
	return text;
}

/* ---- legacy iptables ---- */

static void host_legacy(struct doctor *d, const char *path, const char *tool)
{
	const char *names = host_line(d, path);

	if (!names && errno == ENOENT)
		return;
	if (!names)
		doctor_add(d, DOCTOR_UNKNOWN, "iptables", "run this as root",
			   "whether legacy %s has rules is not read: %s", tool,
			   strerror(errno));
	else if (*names)
		doctor_add(d, DOCTOR_NOTE, "iptables",
			   "nft does not show them; look with the legacy tool, "
			   "and move them to nftables",
			   "legacy %s has tables", tool);
}

void doctor_look_at_iptables(struct doctor *d)
{
	size_t before = d->lines.n;

	host_legacy(d, "/proc/net/ip_tables_names", "iptables");
	host_legacy(d, "/proc/net/ip6_tables_names", "ip6tables");
	if (d->lines.n == before)
		doctor_add(d, DOCTOR_GOOD, "iptables", NULL,
			   "no legacy iptables");
}

/* ---- NFLOG ---- */

void doctor_look_at_nflog(struct doctor *d)
{
	FILE *file = fopen("/proc/net/netfilter/nfnetlink_log", "re");
	unsigned int group, port;
	char line[256];
	size_t n = 0;

	if (!file) {
		doctor_add(
			d, errno == ENOENT ? DOCTOR_NOTE : DOCTOR_UNKNOWN,
			"nflog",
			errno == ENOENT ? "it is loaded when a policy logs" :
					  "run this as root",
			errno == ENOENT ?
				"nfnetlink_log is not loaded: nobody reads a "
				"group" :
				"who reads NFLOG groups is not known");
		return;
	}
	for (; fgets(line, sizeof(line), file); n++)
		if (sscanf(line, "%u %u", &group, &port) == 2)
			doctor_add(
				d, DOCTOR_NOTE, "nflog", NULL,
				"NFLOG group %u is read by netlink port %u%s",
				group, port,
				group == 25 ? "; 25 is where a policy logs "
					      "unless it says otherwise" :
					      "");
	fclose(file);
	if (!n)
		doctor_add(d, DOCTOR_NOTE, "nflog",
			   "mailwall watch --group 25 reads what a policy logs",
			   "nobody reads an NFLOG group");
}

/* ---- switches of the kernel ---- */

void doctor_look_at_bridges(struct doctor *d)
{
	static const char *const names[] = { "bridge-nf-call-iptables",
					     "bridge-nf-call-ip6tables" };

	for (size_t i = 0; i < 2; i++) {
		const char *path = arena_printf(
			d->program->arena, "/proc/sys/net/bridge/%s", names[i]);
		const char *value = host_line(d, path);

		if (!value && errno == ENOENT)
			return;
		if (value && !strcmp(value, "1"))
			doctor_add(d, DOCTOR_NOTE, "bridge",
				   "a bridge of a host needs no hook bridge "
				   "then; a policy at both would count twice",
				   "%s is 1: bridged packets pass the hooks of "
				   "IP, too",
				   names[i]);
	}
}

void doctor_look_at_forwarding(struct doctor *d)
{
	const char *v4 = host_line(d, "/proc/sys/net/ipv4/ip_forward");
	const char *v6 = host_line(d, "/proc/sys/net/ipv6/conf/all/forwarding");

	if (!v4) {
		doctor_add(d, DOCTOR_UNKNOWN, "forwarding", NULL,
			   "whether packets are forwarded is not known: %s",
			   strerror(errno));
		return;
	}
	doctor_add(d, DOCTOR_NOTE, "forwarding",
		   !strcmp(v4, "1") ?
			   NULL :
			   "a policy of hook forward sees nothing "
			   "here; hook output is for this host's own "
			   "connections",
		   "IPv4 is %sforwarded, IPv6 is %s",
		   strcmp(v4, "1") ? "not " : "",
		   !v6		    ? "not there" :
		   !strcmp(v6, "1") ? "forwarded" :
				      "not forwarded");
}

/* ---- systemd ---- */

static bool host_is_wanted(const char *unit)
{
	static const char *const targets[] = { "multi-user", "network-pre",
					       "sysinit", "basic" };
	char path[200];

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		snprintf(path, sizeof(path),
			 "/etc/systemd/system/%s.target.wants/%s", targets[i],
			 unit);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

static bool host_has_unit(const char *unit)
{
	static const char *const folders[] = {
		"/etc/systemd/system", "/usr/lib/systemd/system",
		"/lib/systemd/system", "/usr/local/lib/systemd/system"
	};
	char path[200];

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], unit);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

void doctor_look_at_units(struct doctor *d)
{
	static const struct {
		const char *unit, *help;
	} units[] = {
		{ "mailwall.service", "the policy is not loaded at boot: "
				      "systemctl enable mailwall" },
		{ "mailwall-guard.service",
		  "nobody mends the policy when another program flushes it: "
		  "systemctl enable --now mailwall-guard" },
		{ "mailwall-watch.service", "nobody counts attempts: systemctl "
					    "enable --now mailwall-watch" },
	};

	if (access("/run/systemd/system", F_OK)) {
		doctor_add(
			d, DOCTOR_NOTE, "units",
			"load the policy from your own boot script: mailwall "
			"apply FILE",
			"this machine is not run by systemd");
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		const char *unit = units[i].unit;

		if (!host_has_unit(unit))
			doctor_add(d, DOCTOR_NOTE, "units",
				   "the package and make install bring it",
				   "%s is not installed", unit);
		else if (host_is_wanted(unit))
			doctor_add(d, DOCTOR_GOOD, "units", NULL,
				   "%s is enabled", unit);
		else
			doctor_add(d, DOCTOR_NOTE, "units", units[i].help,
				   "%s is not enabled", unit);
	}
}

/* ---- our own files ---- */

static void host_journal(struct doctor *d)
{
	struct journal_state state = { 0 };
	struct fault f;

	if (journal_read(d->program, NULL, NULL, &state, &f))
		doctor_add(d, DOCTOR_UNKNOWN, "journal", NULL, "%s", f.text);
	else if (state.broken)
		doctor_add(d, DOCTOR_PROBLEM, "journal",
			   "mailwall history --verify says more",
			   "the journal was changed by hand: %s",
			   state.why.text);
}

void doctor_look_at_state(struct doctor *d)
{
	uint32_t number = 0;
	struct revision revision;
	struct fault f;

	if (access(d->program->state_dir, F_OK) && errno == ENOENT) {
		doctor_add(d, DOCTOR_NOTE, "state", NULL,
			   "no policy was applied on this machine");
		return;
	}
	if (revision_current(d->program, &number, &f)) {
		doctor_add(d, DOCTOR_UNKNOWN, "state", "run this as root", "%s",
			   f.text);
		return;
	}
	if (!number)
		doctor_add(d, DOCTOR_NOTE, "state", NULL,
			   "no revision is the current one: nothing is loaded "
			   "at boot");
	else if (revision_read(d->program, number, &revision, &f))
		doctor_add(
			d, DOCTOR_PROBLEM, "state",
			"apply the policy once more, for the next boot loads "
			"that revision",
			"%s", f.text);
	else
		doctor_add(d, DOCTOR_GOOD, "state", NULL,
			   "revision %u of %s is what boots", number,
			   revision.name);
	host_journal(d);
}

void doctor_look_at_store(struct doctor *d)
{
	struct stat st;

	if (!stat(d->store, &st))
		doctor_add(d, DOCTOR_GOOD, "store", NULL,
			   "the store \"%s\" has %lld kB", d->store,
			   (long long)(st.st_size + 1023) / 1024);
	else if (errno == ENOENT)
		doctor_add(d, DOCTOR_NOTE, "store",
			   "mailwall watch --store keeps what it counts there",
			   "there is no store \"%s\"", d->store);
	else
		doctor_add(d, DOCTOR_UNKNOWN, "store", "run this as root",
			   "the store \"%s\" is not seen: %s", d->store,
			   strerror(errno));
}
