/*
 * input: lines of bounded length, from whoever wrote the file.
 *
 * Test: tests/cachectl/cache.py
 */
#include <config.h>

#include "cachectl/input.h"

#include "cachectl/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool
input_open(struct input *input, const char *name, size_t max)
{
	bool standard = strcmp(name, "-") == 0;

	*input = (struct input){
		.name = standard ? "standard input" : name,
		.fp = standard ? stdin : fopen(name, "re"),
		.size = max + 1,
	};
	if (input->fp == NULL) {
		complain("%s: %s", name, strerror(errno));
		return false;
	}
	input->buf = malloc(input->size);
	if (input->buf == NULL)
		die_memory();
	return true;
}

void
input_close(struct input *input)
{
	if (input->fp != NULL && input->fp != stdin)
		fclose(input->fp);
	free(input->buf);
	*input = (struct input){ .fp = NULL };
}

static enum input_status
at_end(const struct input *input)
{
	if (!ferror(input->fp))
		return INPUT_END;
	complain("%s: %s", input->name, strerror(errno));
	return INPUT_ERROR;
}

enum input_status
input_line(struct input *input)
{
	bool too_long = false;
	int c;

	input->len = 0;
	while ((c = getc(input->fp)) != EOF && c != '\n') {
		if (input->len + 1 < input->size)
			input->buf[input->len++] = (char)c;
		else
			too_long = true;
	}
	input->buf[input->len] = '\0';
	if (c == EOF && (input->len == 0 || ferror(input->fp)))
		return at_end(input);
	input->line++;
	return too_long ? INPUT_TOO_LONG : INPUT_LINE;
}

enum input_status
input_all(struct input *input)
{
	input->len = fread(input->buf, 1, input->size, input->fp);
	if (ferror(input->fp))
		return at_end(input);
	if (input->len == input->size)
		return INPUT_TOO_LONG;
	input->buf[input->len] = '\0';
	input->line = 1;
	return INPUT_LINE;
}
