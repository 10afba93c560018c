/*
 * The terminal that output may go to: how wide it is, and what it can show. And
 * one line at its foot that the next output takes the place of.
 */
#ifndef CACHECTL_TERMINAL_H
#define CACHECTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct terminal {
	int width;   /* columns; 0: the output is no terminal */
	bool colour; /* false also where NO_COLOR is set */
	bool utf8;   /* false: draw with ASCII */
};

struct terminal terminal_of(FILE *out);

enum style {
	STYLE_PLAIN,
	STYLE_STRONG,
	STYLE_FAINT,
	STYLE_GOOD,
	STYLE_BAD,
	STYLE_DOUBT,
};

/* Text that needs no escaping any more, in a style if there are colours. */
void terminal_put(const struct terminal *terminal, FILE *out, enum style style,
    const char *text);

/* The columns that text takes: octets, or characters of UTF-8. */
int terminal_columns(const char *text);

/* Show text, shorter than the terminal is wide, at the foot of standard error,
 * in place of what is there. Who writes anything else has it removed before. */
void terminal_show_foot(const char *text);
void terminal_remove_foot(void);
bool terminal_has_foot(void);

#endif
