/*
 * mtasts-cachectl: what its files share. The command talks to the library
 * through mtasts.h and mtasts_admin.h alone, and decides nothing about a policy
 * itself.
 */
#ifndef CACHECTL_H
#define CACHECTL_H

#include "mtasts.h"
#include "mtasts_admin.h"

#define PROGRAM "mtasts-cachectl"

/* What the process ends with; mtasts-cachectl(8), EXIT STATUS. */
enum exit_code {
	EXIT_YES = 0,
	EXIT_NO = 1,	  /* the command's own "no" */
	EXIT_USAGE = 2,	  /* usage or configuration error */
	EXIT_UNKNOWN = 3, /* could not be determined */
};

struct arguments {
	const char *config; /* NULL: the built-in file */
	const char *cache;  /* NULL: as configured */
	bool json;
	bool verbose;
	enum mtasts_mode mode; /* MTASTS_NO_POLICY: every mode */
	bool expired;
	const char *policy;
	const char **records;
	size_t record_count;
	bool all;
	unsigned jobs;
	bool yes;
	bool prometheus;
	char **operands;
	int count;
};

struct cachectl {
	struct arguments args;
	const struct command *command;
	struct mtasts_options *options;
	struct mtasts *ctx;		/* after cachectl_open */
	struct mtasts_session *session; /* after cachectl_open_session */
	struct mtasts_error err;
};

typedef int command_fn(struct cachectl *ctl);

/* Options of single commands, as bits of struct command.accepts. */
enum option_bit {
	TAKES_MODE = 1u << 0,
	TAKES_EXPIRED = 1u << 1,
	TAKES_POLICY = 1u << 2,
	TAKES_RECORD = 1u << 3,
	TAKES_ALL = 1u << 4,
	TAKES_JOBS = 1u << 5,
	TAKES_YES = 1u << 6,
	TAKES_PROMETHEUS = 1u << 7,
};

struct command {
	const char *name;
	const char *synopsis; /* arguments, "" if none */
	const char *help;     /* one line */
	unsigned accepts;     /* enum option_bit */
	int min, max;	      /* operands; max -1: any number */
	command_fn *run;      /* returns an exit code */
};

/*
 * Read the configuration, become the cache's owner if root, make a context.
 * Files named on the command line are opened before, with the rights of the
 * user who named them, and read after. Returns EXIT_YES, or complains and
 * returns the exit code.
 */
int cachectl_open(struct cachectl *ctl);
int cachectl_open_session(struct cachectl *ctl);
void cachectl_close(struct cachectl *ctl);

/* Complain about ctl->err; the exit code that goes with its status. */
int cachectl_fail(const struct cachectl *ctl);

/* One line of what is wrong and what the command expects. EXIT_USAGE. */
int usage_error(const struct command *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The commands. */
command_fn cmd_check, cmd_clear, cmd_compact, cmd_export, cmd_import, cmd_lint,
    cmd_list, cmd_match, cmd_purge, cmd_query, cmd_refresh, cmd_remove,
    cmd_show, cmd_stats, cmd_verify, cmd_warm;

/* No answer about a policy was to be had, and none is cached. */
bool is_undetermined(const struct mtasts_result *result);

#endif
