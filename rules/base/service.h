/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mail ports. Names are IANA's (Service Name and Transport Protocol Port
 * Number Registry) but for smtp-alt, which is de facto only: the registry has
 * another use for 2525.
 */
#ifndef MAILWALL_SERVICE_H
#define MAILWALL_SERVICE_H

#include <stddef.h>
#include <stdint.h>

enum service_role {
	ROLE_TRANSPORT,	 /* between mail servers */
	ROLE_SUBMISSION, /* a user hands mail to a server */
	ROLE_ACCESS,	 /* a user reads mail */
};

enum service_encryption {
	ENCRYPTION_STARTTLS, /* cleartext first, TLS if both sides agree */
	ENCRYPTION_IMPLICIT, /* TLS from the first byte */
};

struct service {
	const char *name;
	uint16_t port;
	enum service_role role;
	enum service_encryption encryption;
	const char *standard; /* the document that says so; NULL: de facto */
	const char *purpose;
};

extern const struct service services[];
extern const size_t n_services;

const struct service *service_by_name(const char *name);
const struct service *service_by_port(uint16_t port);

const char *service_role_name(enum service_role role);
const char *service_encryption_name(enum service_encryption encryption);

#endif
