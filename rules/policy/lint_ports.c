/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings of ports that are not mail's: a typo must not lock anybody out. */
#include "../base/arena.h"
#include "../base/service.h"
#include "lint.h"

/* Names of ports that are closed by mistake; NULL: the port is one of mail. */
static const struct other_port {
	uint16_t port;
	const char *name;
} other_ports[] = {
	{ 20, "FTP" },
	{ 21, "FTP" },
	{ 22, "SSH" },
	{ 23, "Telnet" },
	{ 24, NULL }, /* private mail systems */
	{ 26, NULL }, /* where hosters listen beside 25 */
	{ 53, "DNS" },
	{ 80, "HTTP" },
	{ 88, "Kerberos" },
	{ 111, "RPC" },
	{ 119, "NNTP" },
	{ 135, "RPC of Windows" },
	{ 139, "SMB" },
	{ 179, "BGP" },
	{ 389, "LDAP" },
	{ 443, "HTTPS" },
	{ 445, "SMB" },
	{ 554, "RTSP" },
	{ 636, "LDAPS" },
	{ 646, "LDP" },
	{ 853, "DNS over TLS" },
	{ 873, "rsync" },
	{ 1194, "OpenVPN" },
	{ 1723, "PPTP" },
	{ 2049, "NFS" },
	{ 2526, NULL },
	{ 3128, "HTTP proxies" },
	{ 3306, "MySQL" },
	{ 3389, "RDP" },
	{ 4190, NULL }, /* ManageSieve, RFC 5804 */
	{ 5060, "SIP" },
	{ 5222, "XMPP" },
	{ 5432, "PostgreSQL" },
	{ 5900, "VNC" },
	{ 6379, "Redis" },
	{ 6443, "Kubernetes" },
	{ 8006, "Proxmox" },
	{ 8080, "HTTP" },
	{ 8443, "HTTPS" },
	{ 10250, "Kubernetes" },
};

static const struct other_port *other_port(uint16_t port)
{
	for (size_t i = 0; i < sizeof(other_ports) / sizeof(*other_ports); i++)
		if (other_ports[i].port == port)
			return &other_ports[i];
	return NULL;
}

/* Names those whose connections the clause concerns: the end of a sentence. */
static const char *lint_whose(const struct check *c, const struct clause *cl)
{
	bool some = cl->block->of.n || cl->from.n || cl->to.n || cl->users.n ||
		    cl->groups.n;

	if (some)
		return "those whom it names";
	if (c->policy->hook != HOOK_OUTPUT)
		return "everybody behind this device";
	return cl->block->direction == DIRECTION_OUTBOUND ?
		       "all connections of this host" :
		       "all connections to this host";
}

static const char *lint_verb(const struct clause *cl)
{
	if (action_redirects(cl->action))
		return "redirects";
	return action_needs_rate(cl->action) ? "limits" : "closes";
}

void lint_ports(struct check *c, const struct clause *cl)
{
	if (!action_may_refuse(cl->action) && !action_redirects(cl->action))
		return;
	for (size_t i = 0; i < cl->ports.n; i++) {
		uint16_t port = cl->ports.items[i];
		const struct other_port *other = other_port(port);
		const char *name = other ? other->name : "it";

		if (service_by_port(port) || !name)
			continue;
		diag_warning(c->diags, &cl->span, "not-mail",
			     "port %u is not one of mail: this clause %s %s "
			     "for %s",
			     port, lint_verb(cl), name, lint_whose(c, cl))
			->help = "mailwall ports lists mail's ports; write "
				 "other ports into the host's own firewall";
	}
}
