/*
 * main: the command line of mtasts-cachectl: options, and the table of commands.
 *
 * Test: tests/cachectl/usage.py
 */
#include <config.h>

#include "cachectl/cachectl.h"
#include "cachectl/output.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_DEFAULT 16
#define JOBS_MAX 1024

static const struct command commands[] = {
	{ "check", "DOMAIN", "can mail to DOMAIN be sent as its policy says?",
	    0, 1, 1, cmd_check },
	{ "clear", "--yes", "remove everything from the cache", TAKES_YES, 0,
	    0, cmd_clear },
	{ "compact", "FILE", "write a smaller copy of the policies to FILE", 0,
	    1, 1, cmd_compact },
	{ "export", "", "write every cached policy as a line of JSON", 0, 0, 0,
	    cmd_export },
	{ "import", "[FILE|-]", "store what export wrote", 0, 0, 1,
	    cmd_import },
	{ "lint", "{--record TXT... | --policy FILE|- | DOMAIN}",
	    "find mistakes in a record, a policy, or a domain's",
	    TAKES_RECORD | TAKES_POLICY, 0, 1, cmd_lint },
	{ "list", "[--mode MODE] [--expired]", "list the cached policies",
	    TAKES_MODE | TAKES_EXPIRED, 0, 0, cmd_list },
	{ "match", "{DOMAIN | --policy FILE|-} HOST",
	    "may mail of DOMAIN go to HOST?", TAKES_POLICY, 1, 2, cmd_match },
	{ "purge", "", "remove expired policies", 0, 0, 0, cmd_purge },
	{ "query", "DOMAIN", "find DOMAIN's policy as mail would, and cache it",
	    0, 1, 1, cmd_query },
	{ "refresh", "[--jobs N] {--all | DOMAIN...}", "fetch policies again",
	    TAKES_ALL | TAKES_JOBS, 0, -1, cmd_refresh },
	{ "remove", "DOMAIN...", "remove domains from the cache", 0, 1, -1,
	    cmd_remove },
	{ "show", "DOMAIN", "show everything that is cached of DOMAIN", 0, 1,
	    1, cmd_show },
	{ "stats", "[--prometheus]", "show counters and sizes",
	    TAKES_PROMETHEUS, 0, 0, cmd_stats },
	{ "verify", "", "look for damage in the cache's files", 0, 0, 0,
	    cmd_verify },
	{ "warm", "[--jobs N] [FILE|-]",
	    "find the policies of a list of domains", TAKES_JOBS, 0, 1,
	    cmd_warm },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* ---- Help ------------------------------------------------------------- */

int
usage_error(const struct command *command, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (command == NULL)
		complain("%s", text);
	else
		complain("%s (usage: %s %s%s%s)", text, PROGRAM, command->name,
		    command->synopsis[0] != '\0' ? " " : "",
		    command->synopsis);
	return EXIT_USAGE;
}

static void
print_help(void)
{
	printf("usage: %s [OPTION]... COMMAND [ARGUMENT]...\n"
	       "Look at MTA-STS policies and at the cache of them.\n\n",
	    PROGRAM);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].help);
	printf("\n"
	       "  -c, --config FILE  configuration file (" SYSCONFDIR
	       "/mtasts.conf)\n"
	       "      --cache DIR    keep the cache below DIR instead\n"
	       "      --json         write JSON\n"
	       "  -v, --verbose      tell every step\n"
	       "      --help         this help, or that of a command\n"
	       "      --version      print the version\n\n"
	       "\"%s check DOMAIN\" is a good beginning; mtasts-cachectl(8) has "
	       "the rest.\n",
	    PROGRAM);
}

static void
print_command_help(const struct command *command)
{
	printf("usage: %s [OPTION]... %s%s%s\n%s\n", PROGRAM, command->name,
	    command->synopsis[0] != '\0' ? " " : "", command->synopsis,
	    command->help);
}

/* ---- Which command ---------------------------------------------------- */

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance; long words are as far as can be. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[32], lena = strlen(a), lenb = strlen(b);

	if (lenb >= sizeof(row) / sizeof(row[0]) || lena > lenb + 8)
		return SIZE_MAX;
	for (size_t j = 0; j <= lenb; j++)
		row[j] = j;
	for (size_t i = 1; i <= lena; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lenb; j++) {
			size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
			size_t next = min3(row[j] + 1, row[j - 1] + 1,
			    diagonal + cost);

			diagonal = row[j];
			row[j] = next;
		}
	}
	return row[lenb];
}

static int
unknown_command(const char *name)
{
	const struct command *nearest = NULL;
	size_t best = 3; /* further off is no typing error */

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		size_t d = distance(name, commands[i].name);

		if (d < best) {
			best = d;
			nearest = &commands[i];
		}
	}
	if (nearest != NULL)
		return usage_error(NULL,
		    "no command \"%s\"; did you mean \"%s\"?", name,
		    nearest->name);
	return usage_error(NULL, "no command \"%s\"; --help lists them", name);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* ---- Options ---------------------------------------------------------- */

enum {
	OPT_CACHE = 1000,
	OPT_HELP,
	OPT_JSON,
	OPT_VERSION,
	OPT_COMMAND = 2000, /* plus a bit of enum option_bit */
};

static const struct option long_options[] = {
	{ "cache", required_argument, NULL, OPT_CACHE },
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, OPT_VERSION },

	{ "all", no_argument, NULL, OPT_COMMAND + TAKES_ALL },
	{ "expired", no_argument, NULL, OPT_COMMAND + TAKES_EXPIRED },
	{ "jobs", required_argument, NULL, OPT_COMMAND + TAKES_JOBS },
	{ "mode", required_argument, NULL, OPT_COMMAND + TAKES_MODE },
	{ "policy", required_argument, NULL, OPT_COMMAND + TAKES_POLICY },
	{ "prometheus", no_argument, NULL, OPT_COMMAND + TAKES_PROMETHEUS },
	{ "record", required_argument, NULL, OPT_COMMAND + TAKES_RECORD },
	{ "yes", no_argument, NULL, OPT_COMMAND + TAKES_YES },
	{ NULL, 0, NULL, 0 },
};

/* What the options came to beside the arguments. */
struct parsed {
	unsigned given; /* enum option_bit */
	bool help;
	bool version;
};

static bool
parse_mode(const char *name, enum mtasts_mode *out)
{
	for (int mode = MTASTS_MODE_NONE; mode <= MTASTS_MODE_ENFORCE; mode++) {
		*out = (enum mtasts_mode)mode;
		if (strcmp(name, mtasts_mode_name(*out)) == 0)
			return true;
	}
	return false;
}

static bool
parse_jobs(const char *text, unsigned *out)
{
	char *end;
	long number = strtol(text, &end, 10);

	*out = (unsigned)number;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
	    number >= 1 && number <= JOBS_MAX;
}

/* An option of a single command; an exit code if its argument is no good. */
static int
take_command_option(struct arguments *args, unsigned bit, const char *value)
{
	switch (bit) {
	case TAKES_ALL:
		args->all = true;
		break;
	case TAKES_EXPIRED:
		args->expired = true;
		break;
	case TAKES_YES:
		args->yes = true;
		break;
	case TAKES_PROMETHEUS:
		args->prometheus = true;
		break;
	case TAKES_POLICY:
		args->policy = value;
		break;
	case TAKES_RECORD:
		args->records[args->record_count++] = value;
		break;
	case TAKES_MODE:
		if (!parse_mode(value, &args->mode))
			return usage_error(NULL,
			    "--mode: expected enforce, testing or none, not "
			    "\"%s\"",
			    value);
		break;
	case TAKES_JOBS:
		if (!parse_jobs(value, &args->jobs))
			return usage_error(NULL,
			    "--jobs: expected a number from 1 to %d, not "
			    "\"%s\"",
			    JOBS_MAX, value);
		break;
	}
	return EXIT_YES;
}

static int
take_option(struct arguments *args, struct parsed *parsed, int opt,
    const char *value)
{
	switch (opt) {
	case 'c':
		args->config = value;
		return EXIT_YES;
	case 'v':
		args->verbose = true;
		return EXIT_YES;
	case OPT_CACHE:
		args->cache = value;
		return EXIT_YES;
	case OPT_JSON:
		args->json = true;
		return EXIT_YES;
	case OPT_HELP:
		parsed->help = true;
		return EXIT_YES;
	case OPT_VERSION:
		parsed->version = true;
		return EXIT_YES;
	default:
		if (opt < OPT_COMMAND)
			return EXIT_USAGE; /* getopt_long has complained */
		parsed->given |= (unsigned)(opt - OPT_COMMAND);
		return take_command_option(args,
		    (unsigned)(opt - OPT_COMMAND), value);
	}
}

static int
parse_options(struct arguments *args, struct parsed *parsed, int argc,
    char **argv)
{
	int code = EXIT_YES;
	int opt;

	args->jobs = JOBS_DEFAULT;
	args->records = calloc((size_t)argc, sizeof(*args->records));
	if (args->records == NULL)
		die_memory();
	while (code == EXIT_YES &&
	    (opt = getopt_long(argc, argv, "c:v", long_options, NULL)) != -1)
		code = take_option(args, parsed, opt, optarg);
	args->operands = argv + optind;
	args->count = argc - optind;
	return code;
}

static int
check_arguments(const struct command *command, const struct arguments *args,
    unsigned given)
{
	unsigned excess = given & ~command->accepts;

	for (size_t i = 0; long_options[i].name != NULL; i++) {
		int bit = long_options[i].val - OPT_COMMAND;

		if (bit > 0 && (excess & (unsigned)bit) != 0)
			return usage_error(command, "%s takes no --%s",
			    command->name, long_options[i].name);
	}
	if (args->count < command->min)
		return usage_error(command, "%s: an argument is missing",
		    command->name);
	if (command->max >= 0 && args->count > command->max)
		return usage_error(command, "%s: \"%s\" is too much",
		    command->name, args->operands[command->max]);
	return EXIT_YES;
}

/* ---- From the command line to an exit code ---------------------------- */

static int
run(struct cachectl *ctl, int argc, char **argv)
{
	struct parsed parsed = { .given = 0 };
	int code = parse_options(&ctl->args, &parsed, argc, argv);

	if (code != EXIT_YES)
		return code;
	if (parsed.version)
		return printf(PROGRAM " %s\n", mtasts_library_version()), EXIT_YES;
	if (ctl->args.count > 0) {
		ctl->command = find_command(ctl->args.operands[0]);
		if (ctl->command == NULL)
			return unknown_command(ctl->args.operands[0]);
		ctl->args.operands++;
		ctl->args.count--;
	}
	if (parsed.help && ctl->command == NULL)
		return print_help(), EXIT_YES;
	if (parsed.help)
		return print_command_help(ctl->command), EXIT_YES;
	if (ctl->command == NULL)
		return usage_error(NULL,
		    "expected a command; --help lists them");
	code = check_arguments(ctl->command, &ctl->args, parsed.given);
	return code == EXIT_YES ? ctl->command->run(ctl) : code;
}

int
main(int argc, char **argv)
{
	static char name[] = PROGRAM; /* not a path, in getopt's messages */
	struct cachectl ctl = { .command = NULL };
	int code;

	if (argc > 0)
		argv[0] = name;
	/* A reader that goes away is an error of output, not the end. */
	signal(SIGPIPE, SIG_IGN);
	code = run(&ctl, argc, argv);
	if (!output_finish())
		code = EXIT_UNKNOWN;
	cachectl_close(&ctl);
	return code;
}
