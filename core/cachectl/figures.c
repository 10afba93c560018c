/*
 * figures: statistics as lines of name and value; on a terminal as many of them
 * side by side as fit.
 *
 * Test: tests/cachectl/cache.py, tests/cachectl/terminal.py
 */
#include <config.h>

#include "cachectl/figures.h"

#include "cachectl/output.h"
#include "cachectl/terminal.h"

#include <inttypes.h>
#include <stdlib.h>

#define GAP 4 /* columns between two blocks */

void
figures_add(void *arg, const char *name, uint64_t value)
{
	struct figures *figures = arg;
	struct figure *items =
	    reallocarray(figures->items, figures->count + 1, sizeof(*items));

	if (items == NULL)
		die_memory();
	figures->items = items;
	items[figures->count++] = (struct figure){ name, value };
}

void
figures_free(struct figures *figures)
{
	free(figures->items);
	*figures = (struct figures){ .count = 0 };
}

static void
put_lines_of(const struct figures *figures)
{
	for (size_t i = 0; i < figures->count; i++)
		printf("%-24s %" PRIu64 "\n", figures->items[i].name,
		    figures->items[i].value);
}

struct block {
	int name, value; /* columns of each */
	size_t rows;
};

/* As many blocks side by side as fit. */
static struct block
fit_block(const struct figures *figures, int screen)
{
	struct block block = { 0, 0, 0 };
	int side_by_side;

	for (size_t i = 0; i < figures->count; i++) {
		const struct figure *figure = &figures->items[i];
		int name = terminal_columns(figure->name);
		int value = snprintf(NULL, 0, "%" PRIu64, figure->value);

		block.name = name > block.name ? name : block.name;
		block.value = value > block.value ? value : block.value;
	}
	side_by_side = (screen + GAP) / (block.name + 1 + block.value + GAP);
	if (side_by_side < 1)
		side_by_side = 1;
	block.rows =
	    (figures->count + (size_t)side_by_side - 1) / (size_t)side_by_side;
	return block;
}

/* Down, then across. */
static void
put_blocks(const struct figures *figures, int screen)
{
	struct block block = fit_block(figures, screen);

	for (size_t row = 0; row < block.rows; row++) {
		for (size_t i = row; i < figures->count; i += block.rows)
			printf("%*s%-*s %*" PRIu64, i == row ? 0 : GAP, "",
			    block.name, figures->items[i].name, block.value,
			    figures->items[i].value);
		putchar('\n');
	}
}

void
figures_put(const struct figures *figures)
{
	int screen = terminal_of(stdout).width;

	if (screen > 0)
		put_blocks(figures, screen);
	else
		put_lines_of(figures);
}
