/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store as an attacker would have it: tables without types, which are called
 * ours afterwards, and rows with whatever a row can hold.
 */
#ifndef MAILWALL_STORE_HOSTILE_H
#define MAILWALL_STORE_HOSTILE_H

static const char loose[] =
	"CREATE TABLE source (number INTEGER PRIMARY KEY, address UNIQUE,"
	" first, last);"
	"CREATE TABLE clause (number INTEGER PRIMARY KEY, id UNIQUE);"
	"CREATE TABLE what (number INTEGER PRIMARY KEY, port, outcome, clause,"
	" observed, UNIQUE (port, outcome, clause, observed));"
	"CREATE TABLE minute (minute, source, what, attempts, syns,"
	" PRIMARY KEY (minute, source, what)) WITHOUT ROWID;"
	"CREATE TABLE day (day, source, what, attempts, syns, hours,"
	" PRIMARY KEY (day, source, what)) WITHOUT ROWID;"
	"CREATE INDEX day_source ON day (source);"
	"CREATE TABLE finding (number INTEGER PRIMARY KEY, time, source,"
	" finding, detector, port, attempts, syns, destinations, exact, groups,"
	" first, last, proven, blocked, examples, mail_server, systems,"
	" UNIQUE (time, source, finding, detector, port));"
	"CREATE TABLE loaded (number INTEGER PRIMARY KEY, time, policy, digest,"
	" who, generation, mode);"
	"CREATE TABLE run (number INTEGER PRIMARY KEY, start, last, lost,"
	" unlogged, inputs);"
	"CREATE TABLE clock (number INTEGER PRIMARY KEY, trusted, wall, held);"
	"CREATE TABLE step (number INTEGER PRIMARY KEY, time, seconds);"
	"CREATE TABLE line (number INTEGER PRIMARY KEY, hour, digests);"
	"CREATE INDEX line_hour ON line (hour);"
	"PRAGMA application_id = 0x6d77616c; PRAGMA user_version = 6;";

/* Gives the tables the texts that they have in a good store at "good". */
static inline void disguise(const char *path, const char *good)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		 "ATTACH '%s' AS good; PRAGMA writable_schema = 1;"
		 "UPDATE sqlite_schema AS m SET sql = (SELECT g.sql FROM"
		 " good.sqlite_schema g WHERE g.name = m.name)",
		 good);
	other(path, sql);
}

static const char hostile[] =
	"INSERT INTO source VALUES (1, x'0a000001', -5, 9223372036854775807),"
	" (2, x'0102030405', 0, 0), (3, x'', 0, 0), (4, NULL, NULL, NULL),"
	" (5, 'abcd', 'x', 'y'), (6, zeroblob(1000000), 1, 1),"
	" (7, 12345678, 1, 1);"
	"INSERT INTO clause VALUES (1, NULL), (2, x'00ff41'), (3, 7);"
	"INSERT INTO what VALUES (1, 25, 200, 1, -1), (2, -1, -1, 2, 1),"
	" (3, 70000, 9223372036854775807, 3, 'x'),"
	" (4, NULL, NULL, NULL, NULL);"
	"INSERT INTO minute VALUES (29520000, 1, 1, -7, -8),"
	" (29520000, 1, 2, 1e300, 'x'), (29520000, 0, 3, NULL, NULL);"
	"INSERT INTO day VALUES (20500, 1, 1, -7, -8, NULL),"
	" (20500, 1, 2, 5, 5, 'text'), (20500, 0, 3, 5, 5, x'00'),"
	" (20500, 1, 4, 9223372036854775807, 5, zeroblob(100000)),"
	" (20501, 1, 1, 3, 3, x'18ff7f00ffffffffff'),"
	" (20502, 1, 1, 3, 3, x'ffffffffffffffffffffffffffffffffffff');"
	"INSERT INTO finding VALUES (1, 5, 1, NULL, NULL, -1, -1, -1, -1, 7,"
	" -1, -1, -1, -1, -1, NULL, -1, -1), (2, 5, 1, x'ff', 1e9, 'p', 'a', "
	"'s', "
	"'d',"
	" 'e', 'g', 'f', 'l', 'p', 'b', 5, 'm', 1e300);"
	"INSERT INTO loaded VALUES (1, 5, NULL, NULL, NULL, -1, x'ff');"
	"INSERT INTO run VALUES (1, 5, 5, -1, -1, NULL);"
	"INSERT INTO line VALUES (1, 7, NULL), (2, 7, 'text'), (3, 7, 5),"
	" (4, 7, zeroblob(100003)), (5, 'x', x'00');";

#endif
