/*
 * Files named on the command line: opened early, read in bounds. "-" is the
 * standard input.
 */
#ifndef CACHECTL_INPUT_H
#define CACHECTL_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct input {
	FILE *fp;
	const char *name; /* for messages */
	unsigned long line;
	char *buf; /* of the line read last, with a NUL behind it */
	size_t len;
	size_t size;
};

enum input_status {
	INPUT_LINE,
	INPUT_TOO_LONG, /* skipped to its end */
	INPUT_END,
	INPUT_ERROR, /* complained about */
};

/* Lines of up to max octets. False after a complaint. */
bool input_open(struct input *input, const char *name, size_t max);
void input_close(struct input *input);

enum input_status input_line(struct input *input);
/* All of it in buf, as one line. */
enum input_status input_all(struct input *input);

#endif
