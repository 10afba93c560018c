/*
 * mtasts-milter: the command line.
 *
 * Test: tests/milter/daemon.py
 */
#include <config.h>

#include "daemon.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define USAGE                                                                 \
	"usage: mtasts-milter [-fhnV] [-c FILE] [-p SOCKET] [-P PIDFILE] "    \
	"[-u USER[:GROUP]]\n"

struct arguments {
	struct conf_command command;
	bool foreground;
	bool test;
};

static _Noreturn void
print_help(void)
{
	fputs(USAGE "Judge and enforce MTA-STS policies for Sendmail and "
		    "Postfix.\n\n"
		    "  -c FILE     configuration (" SYSCONFDIR "/mtasts.conf)\n"
		    "  -f          stay in the foreground, log to standard "
		    "error\n"
		    "  -h          print this help\n"
		    "  -n          test the configuration and exit\n"
		    "  -p SOCKET   the milter's socket, instead of "
		    "milter.socket\n"
		    "  -P PIDFILE  instead of daemon.pid_file\n"
		    "  -u USER     instead of daemon.user, and USER:GROUP\n"
		    "  -V          print the version\n",
	    stdout);
	exit(EX_OK);
}

static _Noreturn void
print_version(void)
{
	printf("mtasts-milter %s\n", mtasts_library_version());
	exit(EX_OK);
}

static void
take_user(char *text, struct conf_command *command)
{
	char *colon = strchr(text, ':');

	if (colon != NULL) {
		*colon = '\0';
		command->group = colon + 1;
	}
	command->user = text;
}

static bool
take_option(int option, struct arguments *arguments)
{
	switch (option) {
	case 'c':
		arguments->command.file = optarg;
		return true;
	case 'f':
		arguments->foreground = true;
		return true;
	case 'h':
		print_help();
	case 'n':
		arguments->test = true;
		return true;
	case 'p':
		arguments->command.socket = optarg;
		return true;
	case 'P':
		arguments->command.pid_file = optarg;
		return true;
	case 'u':
		take_user(optarg, &arguments->command);
		return true;
	case 'V':
		print_version();
	default:
		return false;
	}
}

/* The daemon changes its directory. */
static void
make_absolute(struct conf_command *command)
{
	char *path;

	if (command->file == NULL || command->file[0] == '/')
		return;
	path = realpath(command->file, NULL);
	if (path != NULL)
		command->file = path;
}

/* What conf_read cannot see: files that options name. */
static int
test_conf(const struct conf *conf)
{
	struct mtasts_error err;
	struct mtasts *ctx;

	if (mtasts_new(conf->options, &ctx, &err) != MTASTS_OK) {
		fprintf(stderr, "mtasts-milter: %s\n", err.text);
		return EX_CONFIG;
	}
	mtasts_free(&ctx);
	return EX_OK;
}

int
main(int argc, char **argv)
{
	static struct arguments arguments;
	struct mtasts_error err;
	struct conf *conf;
	int option, status;

	while ((option = getopt(argc, argv, "c:fhnp:P:u:V")) != -1) {
		if (!take_option(option, &arguments)) {
			fputs(USAGE, stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		fputs(USAGE, stderr);
		return EX_USAGE;
	}
	make_absolute(&arguments.command);
	if (conf_read(&arguments.command, &conf, &err) != MTASTS_OK) {
		fprintf(stderr, "mtasts-milter: %s\n", err.text);
		return EX_CONFIG;
	}
	status = arguments.test ?
	    test_conf(conf) :
	    daemon_run(&arguments.command, &conf, arguments.foreground);
	/* Threads of libmilter may still be there. */
	fflush(NULL);
	_exit(status);
}
