/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hosts of a report as XARF documents, a file each. */
#include "xarf.h"
#include "../program/value.h"
#include "../program/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define STAMP_BYTES 32
#define ORG_MOST    200 /* bytes, by the schema */

/*
 * Checks against typing errors; the schema's formats "hostname" and "email" are
 * wider.
 */
static bool is_hostname(const char *text)
{
	size_t len = strlen(text);

	return len && len < 254 && !strstr(text, "..") && *text != '.' &&
	       *text != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == len;
}

static bool is_mail_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at != text && is_hostname(at + 1) &&
	       strcspn(text, " \t<>\"") == strlen(text);
}

static int xarf_check_sender(const struct report_sender *s, struct fault *f)
{
	if (!s->org || !*s->org || strlen(s->org) > ORG_MOST)
		return fault_set(f, -EINVAL,
				 "a report needs the name of who reports, of "
				 "at most %d bytes",
				 ORG_MOST);
	if (!s->contact || !is_mail_address(s->contact))
		return fault_set(f, -EINVAL,
				 "\"%.60s\" is not a mail address; a report "
				 "needs one, such as \"abuse@isp.example\"",
				 s->contact ? s->contact : "");
	if (!is_hostname(xarf_domain(s)))
		return fault_set(f, -EINVAL,
				 "\"%.60s\" is not a domain; a report needs "
				 "one, such as \"isp.example\"",
				 xarf_domain(s));
	return 0;
}

static int xarf_make_folder(const char *folder, struct fault *f)
{
	struct stat st;

	if (!mkdir(folder, 0750))
		return 0;
	if (errno != EEXIST || stat(folder, &st))
		return fault_set(f, -errno, "cannot make the folder \"%s\": %s",
				 folder, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return 0;
	return fault_set(f, -ENOTDIR,
			 "\"%s\" is not a folder; reports need one, a file "
			 "each",
			 folder);
}

/* Makes "/folder/20261124T134600Z-5d0c....json", for free(). */
static char *xarf_path_of(const char *folder, const struct report_host *h,
			  const struct report_sender *s)
{
	char id[XARF_UUID_BYTES], time[STAMP_BYTES] = "";
	time_t seconds = (time_t)h->time_s;
	struct tm tm;
	char *path;

	if (gmtime_r(&seconds, &tm))
		strftime(time, sizeof(time), "%Y%m%dT%H%M%SZ-", &tm);
	xarf_id(h, s, id);
	return asprintf(&path, "%s/%s%s.json", folder, time, id) < 0 ? NULL :
								       path;
}

static int xarf_write_json(const char *path, const json_t *document,
			   struct fault *f)
{
	struct output o;
	int error = output_begin(&o, path, f);

	if (error)
		return error;
	/* output_commit() sees it if the file did not take it. */
	if (!value_print(o.file, document) && !ferror(o.file)) {
		output_abandon(&o);
		return fault_set(f, -ENOMEM,
				 "cannot write the JSON document \"%s\"", path);
	}
	return output_commit(&o, f);
}

static int xarf_write_host(const struct report_host *host,
			   const struct report_sender *s, const char *folder,
			   struct fault *f)
{
	json_t *document = xarf_document(host, s);
	char *path = xarf_path_of(folder, host, s);
	int error;

	if (document && path)
		error = xarf_write_json(path, document, f);
	else
		error = fault_no_memory(f);
	json_decref(document);
	free(path);
	return error;
}

static int xarf_write(const struct report *r, const struct report_style *style,
		      const char *folder, struct fault *f)
{
	const struct report_sender *s = &style->sender;
	int error = xarf_check_sender(s, f);

	if (!error)
		error = xarf_make_folder(folder, f);
	for (size_t i = 0; i < r->hosts.n && !error; i++)
		if (xarf_has_type(&r->hosts.items[i]))
			error = xarf_write_host(&r->hosts.items[i], s, folder,
						f);
	return error;
}

const struct report_writer report_writer_xarf = {
	.name = "xarf",
	.type = "application/json",
	.write_folder = xarf_write,
};
