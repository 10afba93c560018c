/*
 * table: rows of columns, a blank between them.
 *
 * Test: tests/cachectl/terminal.py
 */
#include <config.h>

#include "cachectl/table.h"

#include <string.h>

#define CUT_MARK "..."
#define CUT_LENGTH 3

static void
widen(struct column *column, const char *text)
{
	int columns = terminal_columns(text);

	if (column->width < columns)
		column->width = columns;
}

void
table_measure(struct column *columns, size_t count, const char *const *cells)
{
	for (size_t i = 0; i < count; i++) {
		widen(&columns[i], columns[i].heading);
		widen(&columns[i], cells[i]);
	}
}

static int
row_width(const struct column *columns, size_t count)
{
	int width = -1; /* no blank before the first */

	for (size_t i = 0; i < count; i++)
		width += columns[i].width > 0 ? columns[i].width + 1 : 0;
	return width;
}

void
table_fit(struct column *columns, size_t count, int screen)
{
	for (size_t i = count; i-- > 0;) {
		struct column *column = &columns[i];
		int excess = row_width(columns, count) - screen;
		int spare = column->width - column->least;

		if (column->least > 0 && excess > 0 && spare > 0)
			column->width -= excess < spare ? excess : spare;
	}
	for (size_t i = count; i-- > 1;) {
		if (row_width(columns, count) > screen)
			columns[i].width = 0;
	}
}

static void
put_cell(const struct column *column, const char *text, bool cut)
{
	int width = column->width;

	if (cut && terminal_columns(text) > width && width > CUT_LENGTH)
		printf("%.*s" CUT_MARK, width - CUT_LENGTH, text);
	else
		printf("%*s", column->right ? width : -width, text);
}

void
table_put(const struct column *columns, size_t count, const char *const *cells,
    bool cut)
{
	const char *gap = "";

	for (size_t i = 0; i < count; i++) {
		if (columns[i].width == 0)
			continue;
		fputs(gap, stdout);
		put_cell(&columns[i], cells[i], cut);
		gap = " ";
	}
	putchar('\n');
}

void
table_put_headings(
    const struct column *columns, size_t count, const struct terminal *terminal)
{
	const char *gap = "";

	for (size_t i = 0; i < count; i++) {
		const char *heading = columns[i].heading;
		int pad = columns[i].width - terminal_columns(heading);

		if (columns[i].width == 0)
			continue;
		printf("%s%*s", gap, columns[i].right ? pad : 0, "");
		terminal_put(terminal, stdout, STYLE_STRONG, heading);
		printf("%*s", columns[i].right ? 0 : pad, "");
		gap = " ";
	}
	putchar('\n');
}
