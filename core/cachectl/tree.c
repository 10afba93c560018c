/*
 * tree: collects steps, then draws them. That a step is the last one, and gets
 * another branch, is known at the end alone.
 *
 * Test: tests/cachectl/terminal.py
 */
#include <config.h>

#include "cachectl/tree.h"

#include "cachectl/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_COLUMNS 17
#define TEXT_LEAST 24 /* columns; where fewer are left, lines are not folded   \
		       */

enum kind {
	KIND_TITLE,
	KIND_STEP,
	KIND_MORE,
	KIND_PART
};

struct tree_node {
	enum kind kind;
	enum mark mark;
	const char *label;
	char *text;
};

/* ---- Collecting -------------------------------------------------------- */

static void
add(struct tree *tree, struct tree_node node)
{
	struct tree_node *nodes =
	    reallocarray(tree->nodes, tree->count + 1, sizeof(*nodes));

	if (nodes == NULL)
		die_memory();
	tree->nodes = nodes;
	nodes[tree->count++] = node;
}

static char *format(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

static char *
format(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) == -1)
		die_memory();
	return text;
}

void
tree_title(struct tree *tree, const char *label, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		die_memory();
	add(tree, (struct tree_node){ KIND_TITLE, MARK_NONE, label, copy });
}

void
tree_step(
    struct tree *tree, enum mark mark, const char *label, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(tree,
	    (struct tree_node){ KIND_STEP, mark, label, format(fmt, ap) });
	va_end(ap);
}

void
tree_more(struct tree *tree, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(tree,
	    (struct tree_node){ KIND_MORE, MARK_NONE, "", format(fmt, ap) });
	va_end(ap);
}

void
tree_part(struct tree *tree, enum mark mark, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(tree, (struct tree_node){ KIND_PART, mark, "", format(fmt, ap) });
	va_end(ap);
}

/* ---- Labelled lines ---------------------------------------------------- */

static void
put_plain(const struct tree *tree)
{
	const char *label = "";

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_node *node = &tree->nodes[i];

		if (node->label[0] != '\0')
			label = node->label;
		if (node->text[0] == '\0')
			continue;
		put_field(label, "%s", node->text);
		label = "";
	}
}

/* ---- A drawing --------------------------------------------------------- */

/* What the lines are made of. */
struct pen {
	const char *fork, *corner, *trunk;
	const char *marks[MARK_IDLE + 1];
};

static const struct pen unicode_pen = { "\u251c\u2500 ", "\u2514\u2500 ",
	"\u2502  ",
	{ [MARK_NONE] = "\u2192 ",
	    [MARK_GOOD] = "\u2714 ",
	    [MARK_BAD] = "\u2718 ",
	    [MARK_DOUBT] = "? ",
	    [MARK_IDLE] = "\u00b7 " } };

static const struct pen ascii_pen = { "|- ", "`- ", "|  ",
	{ [MARK_NONE] = "> ",
	    [MARK_GOOD] = "+ ",
	    [MARK_BAD] = "x ",
	    [MARK_DOUBT] = "? ",
	    [MARK_IDLE] = "- " } };

static const enum style mark_styles[] = {
	[MARK_NONE] = STYLE_STRONG,
	[MARK_GOOD] = STYLE_GOOD,
	[MARK_BAD] = STYLE_BAD,
	[MARK_DOUBT] = STYLE_DOUBT,
	[MARK_IDLE] = STYLE_FAINT,
};

struct drawing {
	const struct tree *tree;
	const struct pen *pen;
	struct terminal terminal;
	bool last_step; /* of the tree */
};

/* Does another node of this kind follow, before one of the kind that ends it?
 */
static bool
is_followed(const struct tree *tree, size_t i, enum kind kind, enum kind end)
{
	while (++i < tree->count && tree->nodes[i].kind != end) {
		if (tree->nodes[i].kind == kind)
			return true;
	}
	return false;
}

static void
put_faint(const struct drawing *drawing, const char *text)
{
	terminal_put(&drawing->terminal, stdout, STYLE_FAINT, text);
}

/* What stands to the left of a step's further lines. */
static void
put_trunk(const struct drawing *drawing)
{
	put_faint(drawing, drawing->last_step ? "   " : drawing->pen->trunk);
}

/* The octets of text that fit into so many columns, whole words; more where
 * one word does not. */
static size_t
fitting(const char *text, int columns)
{
	size_t best = 0;
	int used = 0;

	for (size_t i = 0;; i++) {
		bool ends = text[i] == '\0';

		if (ends || (text[i] == ' ' && i > 0 && text[i - 1] != ' ')) {
			if (used <= columns || best == 0)
				best = i;
			if (ends || used > columns)
				return best;
		}
		used += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
}

/* Text from a column on, folded to the terminal's width. */
static void
put_folded(const struct drawing *drawing, const char *text, int column)
{
	int room = drawing->terminal.width - column;

	for (;;) {
		size_t len =
		    room < TEXT_LEAST ? strlen(text) : fitting(text, room);

		printf("%.*s\n", (int)len, text);
		text += len;
		text += strspn(text, " ");
		if (*text == '\0')
			return;
		put_trunk(drawing);
		printf("%*s", column - 3, "");
	}
}

static void
put_mark(const struct drawing *drawing, enum mark mark)
{
	terminal_put(&drawing->terminal, stdout, mark_styles[mark],
	    drawing->pen->marks[mark]);
}

static void
put_branch(const struct drawing *drawing, bool last)
{
	put_faint(drawing, last ? drawing->pen->corner : drawing->pen->fork);
}

static void
put_step_node(struct drawing *drawing, size_t i)
{
	const struct tree_node *node = &drawing->tree->nodes[i];
	int pad = LABEL_COLUMNS - terminal_columns(node->label);

	drawing->last_step =
	    !is_followed(drawing->tree, i, KIND_STEP, KIND_TITLE);
	put_branch(drawing, drawing->last_step);
	put_mark(drawing, node->mark);
	terminal_put(&drawing->terminal, stdout, STYLE_STRONG, node->label);
	printf("%*s", node->text[0] != '\0' ? pad : 0, "");
	put_folded(drawing, node->text, 5 + LABEL_COLUMNS);
}

static void
put_node(struct drawing *drawing, size_t i)
{
	const struct tree_node *node = &drawing->tree->nodes[i];

	switch (node->kind) {
	case KIND_TITLE:
		terminal_put(
		    &drawing->terminal, stdout, STYLE_STRONG, node->text);
		putchar('\n');
		break;
	case KIND_STEP:
		put_step_node(drawing, i);
		break;
	case KIND_MORE:
		put_trunk(drawing);
		printf("%*s", 2 + LABEL_COLUMNS, "");
		put_folded(drawing, node->text, 5 + LABEL_COLUMNS);
		break;
	case KIND_PART:
		put_trunk(drawing);
		put_branch(drawing,
		    !is_followed(drawing->tree, i, KIND_PART, KIND_STEP));
		put_mark(drawing, node->mark);
		put_folded(drawing, node->text, 8);
		break;
	}
}

void
tree_put(struct tree *tree)
{
	struct drawing drawing = { .tree = tree,
		.terminal = terminal_of(stdout) };

	drawing.pen = drawing.terminal.utf8 ? &unicode_pen : &ascii_pen;
	if (drawing.terminal.width == 0)
		put_plain(tree);
	for (size_t i = 0; i < tree->count; i++) {
		if (drawing.terminal.width > 0)
			put_node(&drawing, i);
		free(tree->nodes[i].text);
	}
	free(tree->nodes);
	*tree = (struct tree){ .count = 0 };
}
