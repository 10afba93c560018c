/*
 * terminal: what the environment and the system say of a terminal. The only
 * file that knows of escape sequences and asks the environment.
 *
 * Test: tests/cachectl/terminal.py
 */
#include <config.h>

#include "cachectl/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80 /* where nobody says how wide it is */
#define WIDTH_MAX 10000

/* COLUMNS, or what the terminal says. */
static int
width_of(int fd)
{
	const char *columns = getenv("COLUMNS");
	long number = columns != NULL ? strtol(columns, NULL, 10) : 0;
	struct winsize size;

	if (number > 0 && number < WIDTH_MAX)
		return (int)number;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return WIDTH_DEFAULT;
}

/* NO_COLOR counts if it is set to anything (no-color.org). */
static bool
wants_colour(void)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (no == NULL || no[0] == '\0') && term != NULL &&
	       term[0] != '\0' && strcmp(term, "dumb") != 0;
}

/* By a locale of its own: what the process compares and prints stays as it is.
 */
static bool
locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (locale == (locale_t)0)
		return false;
	utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

struct terminal
terminal_of(FILE *out)
{
	int fd = fileno(out);

	if (!isatty(fd))
		return (struct terminal){ .width = 0 };
	return (
	    struct terminal){ width_of(fd), wants_colour(), locale_is_utf8() };
}

static const char *
sequence(enum style style)
{
	switch (style) {
	case STYLE_STRONG:
		return "\033[1m";
	case STYLE_FAINT:
		return "\033[2m";
	case STYLE_GOOD:
		return "\033[32m";
	case STYLE_BAD:
		return "\033[31m";
	case STYLE_DOUBT:
		return "\033[33m";
	case STYLE_PLAIN:
		break;
	}
	return "";
}

void
terminal_put(const struct terminal *terminal, FILE *out, enum style style,
    const char *text)
{
	bool styled = terminal->colour && style != STYLE_PLAIN;

	fprintf(out, "%s%s%s", styled ? sequence(style) : "", text,
	    styled ? "\033[0m" : "");
}

int
terminal_columns(const char *text)
{
	int columns = 0;

	for (; *text != '\0'; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

/* ---- The foot ---------------------------------------------------------- */

static int foot_columns; /* that are to be wiped; of the one standard error */

/* By blanks, which every terminal knows. */
void
terminal_remove_foot(void)
{
	if (foot_columns == 0)
		return;
	fprintf(stderr, "\r%*s\r", foot_columns, "");
	foot_columns = 0;
}

void
terminal_show_foot(const char *text)
{
	int columns = terminal_columns(text);
	int rest = foot_columns > columns ? foot_columns - columns : 0;

	fprintf(stderr, "\r%s%*s", text, rest, "");
	fflush(stderr);
	foot_columns = columns;
}

bool
terminal_has_foot(void)
{
	return foot_columns > 0;
}
