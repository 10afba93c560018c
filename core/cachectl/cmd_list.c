/*
 * cmd_list: the cached policies as a table, or an object a line. Streams.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/json.h"
#include "cachectl/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DOMAIN_WIDTH 32	 /* where nobody says how wide the screen is */
#define DOMAIN_NARROW 16 /* at least */
#define OTHERS_WIDTH 66	 /* every other column, and the gaps */

struct list {
	const struct cachectl *ctl;
	size_t listed;
	int64_t now;
	int width; /* of the domain column */
	bool cut;  /* names that do not fit */
};

/* COLUMNS, or what the terminal says; 0 if neither does. */
static int
screen_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long number = columns != NULL ? strtol(columns, NULL, 10) : 0;

	if (number > 0 && number < 10000)
		return (int)number;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

/* On a terminal a row is a line; elsewhere no name is cut. */
static void
set_width(struct list *list)
{
	int screen;

	list->width = DOMAIN_WIDTH;
	if (!isatty(STDOUT_FILENO))
		return;
	screen = screen_width();
	if (screen == 0)
		return;
	list->cut = true;
	list->width = screen - OTHERS_WIDTH;
	if (list->width < DOMAIN_NARROW)
		list->width = DOMAIN_NARROW;
}

static void
put_domain(const struct list *list, const char *domain)
{
	int width = list->width;

	if (list->cut && strlen(domain) > (size_t)width)
		printf("%.*s... ", width - 3, domain);
	else
		printf("%-*s ", width, domain);
}

static void
put_heading(const struct list *list)
{
	printf("%-*s %-8s %-32s %5s %7s %7s %3s\n", list->width, "DOMAIN",
	    "MODE", "ID", "AGE", "EXPIRES", "CHECKED", "MX");
}

static const char *
ago_text(const struct list *list, int64_t when, char buf[TIME_SIZE])
{
	return when == 0 ? "-" : duration_text(list->now - when, buf);
}

static void
put_row(const struct list *list, const struct mtasts_cached *cached)
{
	char age[TIME_SIZE], left[TIME_SIZE], checked[TIME_SIZE];

	put_domain(list, cached->domain);
	printf("%-8s %-32s %5s %7s %7s %3zu\n",
	    mtasts_mode_name(cached->policy.mode), cached->id,
	    ago_text(list, cached->fetched_at, age),
	    cached->live ? duration_text(cached->expires_at - list->now, left) :
			   "expired",
	    ago_text(list, cached->checked_at, checked),
	    cached->policy.mx_count);
}

static bool
is_wanted(const struct arguments *args, const struct mtasts_cached *cached)
{
	if (args->expired && cached->live)
		return false;
	return args->mode == MTASTS_NO_POLICY ||
	    args->mode == cached->policy.mode;
}

static bool
list_one(void *arg, const struct mtasts_cached *cached)
{
	struct list *list = arg;
	const struct arguments *args = &list->ctl->args;

	if (!is_wanted(args, cached))
		return true;
	if (list->listed++ == 0 && !args->json)
		put_heading(list);
	if (args->json)
		json_print(json_listed(cached));
	else
		put_row(list, cached);
	return !ferror(stdout);
}

int
cmd_list(struct cachectl *ctl)
{
	struct list list = { .ctl = ctl, .now = time(NULL) };
	int code = cachectl_open(ctl);

	if (code != EXIT_YES)
		return code;
	set_width(&list);
	if (mtasts_admin_list(ctl->ctx, list_one, &list, &ctl->err) !=
	    MTASTS_OK)
		return cachectl_fail(ctl);
	return list.listed > 0 ? EXIT_YES : EXIT_NO;
}
