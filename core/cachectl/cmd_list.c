/*
 * cmd_list: the cached policies as a table, or an object a line. Streams; on a
 * terminal it looks at all of them once before, so that columns fit.
 *
 * Test: tests/cachectl/cache.py, tests/cachectl/terminal.py
 */
#include <config.h>

#include "cachectl/json.h"
#include "cachectl/output.h"
#include "cachectl/table.h"

#include <string.h>
#include <time.h>

enum {
	DOMAIN,
	MODE,
	ID,
	AGE,
	EXPIRES,
	CHECKED,
	MX,
	COLUMN_COUNT
};

/* Widths for a file: scripts have got used to them. */
static const struct column file_columns[COLUMN_COUNT] = {
	[DOMAIN] = { "DOMAIN", 32, 16, false },
	[MODE] = { "MODE", 8, 0, false },
	[ID] = { "ID", 32, 8, false },
	[AGE] = { "AGE", 5, 0, true },
	[EXPIRES] = { "EXPIRES", 7, 0, true },
	[CHECKED] = { "CHECKED", 7, 0, true },
	[MX] = { "MX", 3, 0, true },
};

struct list {
	const struct cachectl *ctl;
	size_t cached;
	size_t listed;
	int64_t now;
	struct terminal terminal;
	struct column columns[COLUMN_COUNT];
};

struct row {
	char age[TIME_SIZE], left[TIME_SIZE], checked[TIME_SIZE];
	char mx[TIME_SIZE];
	const char *cells[COLUMN_COUNT];
};

static const char *
ago_text(const struct list *list, int64_t when, char buf[TIME_SIZE])
{
	return when == 0 ? "-" : duration_text(list->now - when, buf);
}

static void
fill_row(const struct list *list, const struct mtasts_cached *cached,
    struct row *row)
{
	const char **cells = row->cells;

	snprintf(row->mx, sizeof(row->mx), "%zu", cached->policy.mx_count);
	cells[DOMAIN] = cached->domain;
	cells[MODE] = mtasts_mode_name(cached->policy.mode);
	cells[ID] = cached->id;
	cells[AGE] = ago_text(list, cached->fetched_at, row->age);
	cells[EXPIRES] =
	    cached->live
		? duration_text(cached->expires_at - list->now, row->left)
		: "expired";
	cells[CHECKED] = ago_text(list, cached->checked_at, row->checked);
	cells[MX] = row->mx;
}

static bool
is_wanted(const struct list *list, const struct mtasts_cached *cached)
{
	const struct arguments *args = &list->ctl->args;

	if (args->expired && cached->live)
		return false;
	return args->mode == MTASTS_NO_POLICY ||
	       args->mode == cached->policy.mode;
}

static bool
measure_one(void *arg, const struct mtasts_cached *cached)
{
	struct list *list = arg;
	struct row row;

	if (is_wanted(list, cached)) {
		fill_row(list, cached, &row);
		table_measure(list->columns, COLUMN_COUNT, row.cells);
	}
	return true;
}

static bool
list_one(void *arg, const struct mtasts_cached *cached)
{
	struct list *list = arg;
	struct row row;

	list->cached++;
	if (!is_wanted(list, cached))
		return true;
	list->listed++;
	if (list->ctl->args.json) {
		json_print(json_listed(cached));
		return !ferror(stdout);
	}
	if (list->listed == 1)
		table_put_headings(
		    list->columns, COLUMN_COUNT, &list->terminal);
	fill_row(list, cached, &row);
	table_put(
	    list->columns, COLUMN_COUNT, row.cells, list->terminal.width > 0);
	return !ferror(stdout);
}

static enum mtasts_status
set_columns(struct list *list, struct mtasts_error *err)
{
	enum mtasts_status status;

	memcpy(list->columns, file_columns, sizeof(file_columns));
	list->terminal = terminal_of(stdout);
	if (list->terminal.width == 0 || list->ctl->args.json)
		return MTASTS_OK;
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		list->columns[i].width = 0;
	status = mtasts_admin_list(list->ctl->ctx, measure_one, list, err);
	table_fit(list->columns, COLUMN_COUNT, list->terminal.width);
	return status;
}

/* Silence would leave open whether anything was looked at. */
static void
tell_empty(const struct list *list)
{
	if (list->listed > 0 || list->ctl->args.json)
		return;
	if (list->cached == 0)
		complain("no policy is cached yet");
	else
		complain("none of the %zu cached policies is of this kind",
		    list->cached);
}

int
cmd_list(struct cachectl *ctl)
{
	struct list list = { .ctl = ctl, .now = time(NULL) };
	int code = cachectl_open(ctl);

	if (code != EXIT_YES)
		return code;
	if (set_columns(&list, &ctl->err) != MTASTS_OK ||
	    mtasts_admin_list(ctl->ctx, list_one, &list, &ctl->err) !=
		MTASTS_OK)
		return cachectl_fail(ctl);
	tell_empty(&list);
	return list.listed > 0 ? EXIT_YES : EXIT_NO;
}
