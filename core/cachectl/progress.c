/*
 * progress: "[#####.....]  50%  1200 of 2400  56/s  21s left".
 *
 * Test: tests/cachectl/terminal.py
 */
#include <config.h>

#include "cachectl/progress.h"

#include "cachectl/output.h"

#include <string.h>
#include <time.h>

#define INTERVAL 100 /* ms between two pictures */
#define BAR_MOST 40
#define BAR_LEAST 10 /* shorter ones tell nothing */
#define TEXT_SIZE 128

static int64_t
now_ms(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
progress_is_wanted(void)
{
	return terminal_of(stderr).width > 0;
}

/* The words beside the bar. */
static void
describe(const struct progress *progress, int64_t now, char text[TEXT_SIZE])
{
	/* What took no millisecond took one. */
	int64_t took = now > progress->began ? now - progress->began : 1;
	double rate = (double)progress->done * 1000 / (double)took;
	size_t left = progress->total - progress->done;
	char end[TIME_SIZE];
	int len;

	if (progress->total == 0) {
		snprintf(text, TEXT_SIZE, "%zu done  %.*f/s", progress->done,
		    rate < 10 ? 1 : 0, rate);
		return;
	}
	len = snprintf(text, TEXT_SIZE, "%3u%%  %zu of %zu",
	    (unsigned)(100 * progress->done / progress->total), progress->done,
	    progress->total);
	if (rate > 0)
		snprintf(text + len, TEXT_SIZE - (size_t)len,
		    "  %.*f/s  %s left", rate < 10 ? 1 : 0, rate,
		    duration_text((int64_t)((double)left / rate), end));
}

/* A bar where there is room for one. */
static void
draw_bar(const struct progress *progress, int room, char *out, size_t size)
{
	const char *full = progress->terminal.utf8 ? "\u2588" : "#";
	const char *empty = progress->terminal.utf8 ? "\u2591" : ".";
	size_t width = room > BAR_MOST ? BAR_MOST : (size_t)room;
	size_t filled =
	    progress->total > 0 ? width * progress->done / progress->total : 0;
	size_t len;

	out[0] = '\0';
	if (progress->total == 0 || room < BAR_LEAST)
		return;
	len = (size_t)snprintf(out, size, "[");
	for (size_t i = 0; i < width; i++)
		len += (size_t)snprintf(
		    out + len, size - len, "%s", i < filled ? full : empty);
	snprintf(out + len, size - len, "] ");
}

static void
show(struct progress *progress, int64_t now)
{
	char text[TEXT_SIZE], bar[BAR_MOST * 3 + 4];
	char line[sizeof(text) + sizeof(bar)];
	int room;

	describe(progress, now, text);
	/* The last column stays free: some terminals begin a new line there. */
	room = progress->terminal.width - terminal_columns(text) - 4;
	draw_bar(progress, room, bar, sizeof(bar));
	snprintf(line, sizeof(line), "%s%s", bar, text);
	if (terminal_columns(line) >= progress->terminal.width)
		line[progress->terminal.width - 1] = '\0';
	terminal_show_foot(line);
	progress->shown = now;
}

void
progress_begin(struct progress *progress, size_t total)
{
	*progress = (struct progress){ .terminal = terminal_of(stderr),
		.total = total,
		.began = now_ms() };
	if (progress->terminal.width > 0)
		show(progress, progress->began);
}

void
progress_step(struct progress *progress)
{
	int64_t now;

	progress->done++;
	if (progress->terminal.width == 0)
		return;
	/* A file may have grown since its lines were counted. */
	if (progress->total > 0 && progress->total < progress->done)
		progress->total = progress->done;
	now = now_ms();
	if (now - progress->shown >= INTERVAL ||
	    progress->done == progress->total || !terminal_has_foot())
		show(progress, now);
}

void
progress_end(struct progress *progress)
{
	if (progress->terminal.width > 0)
		terminal_remove_foot();
}
