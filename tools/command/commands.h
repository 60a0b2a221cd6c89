/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands, a file each. argv[0] is the command's name. */
#ifndef MAILWALL_COMMANDS_H
#define MAILWALL_COMMANDS_H

#include "../program/program.h"

int cmd_apply(struct program *p, int argc, char **argv);
int cmd_check(struct program *p, int argc, char **argv);
int cmd_exempt(struct program *p, int argc, char **argv);
int cmd_generate(struct program *p, int argc, char **argv);
int cmd_help(struct program *p, int argc, char **argv);
int cmd_import(struct program *p, int argc, char **argv);
int cmd_notice(struct program *p, int argc, char **argv);
int cmd_publish(struct program *p, int argc, char **argv);
int cmd_ports(struct program *p, int argc, char **argv);
int cmd_remove(struct program *p, int argc, char **argv);
int cmd_replay(struct program *p, int argc, char **argv);
int cmd_status(struct program *p, int argc, char **argv);
int cmd_report(struct program *p, int argc, char **argv);
int cmd_source(struct program *p, int argc, char **argv);
int cmd_version(struct program *p, int argc, char **argv);
int cmd_watch(struct program *p, int argc, char **argv);

#endif
