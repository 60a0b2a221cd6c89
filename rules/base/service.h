/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mail services: one row each, from which everything else follows. Names
 * are IANA's (Service Name and Transport Protocol Port Number Registry) but for
 * smtp-alt, which is de facto only: the registry has another use for 2525.
 */
#ifndef MAILWALL_SERVICE_H
#define MAILWALL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The port between mail servers, of which warnings and letters say more. */
#define PORT_SMTP 25

enum service_role {
	ROLE_TRANSPORT,	 /* between mail servers */
	ROLE_SUBMISSION, /* a user hands mail to a server */
	ROLE_ACCESS,	 /* a user reads or manages mail */
};

enum service_encryption {
	ENCRYPTION_STARTTLS, /* cleartext first, TLS if both sides agree */
	ENCRYPTION_IMPLICIT, /* TLS from the first byte */
};

/* The dialogue that the monitor reads on the port. */
enum service_protocol {
	PROTOCOL_NONE, /* none: attempts are counted, nothing is read */
	PROTOCOL_SMTP,
	PROTOCOL_POP3,
	PROTOCOL_IMAP,
};

/* The warning about a clause that blocks the service for all users. */
struct service_warning {
	const char *code, *message, *help, *reference;
};

struct service {
	const char *name;
	uint16_t port;
	enum service_role role;
	enum service_encryption encryption;
	enum service_protocol protocol;
	/* Its users have TLS as a rule, so cleartext elsewhere is a setting. */
	bool users_have_tls;
	/* Rank among what customers are offered for its role: 1 is the best,
	 * 0 is not offered. */
	uint8_t offer;
	const char *standard; /* the document that says so; NULL: de facto */
	const char *purpose;
	const struct service_warning *if_blocked; /* NULL: no standard minds */
};

/* All services, ascending by port. */
extern const struct service services[];
extern const size_t n_services;

/* The service of that name or port, or NULL. */
const struct service *service_by_name(const char *name);
const struct service *service_by_port(uint16_t port);
/*
 * Returns the help for another name of a mail protocol: IANA's older ones,
 * those of /etc/services and of programs. NULL: it is none.
 */
const char *service_alias_help(const char *name);

/* The service of a role that customers are offered at this rank, or NULL. */
const struct service *service_offered(enum service_role role,
				      unsigned int rank);
/* Is the service read in cleartext unless its users ask for more? */
bool service_is_cleartext(const struct service *s);

/*
 * Writes the ports of the services that are chosen, ascending, the last word
 * before the last one: "110 and 143". Returns out.
 */
#define SERVICE_LIST_BYTES 256
const char *service_list_ports(bool (*is_chosen)(const struct service *s),
			       const char *last_word,
			       char out[SERVICE_LIST_BYTES]);

/* "transport", "implicit-tls" */
const char *service_role_name(enum service_role role);
const char *service_encryption_name(enum service_encryption encryption);

#endif
