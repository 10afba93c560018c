/*
 * Bounded text: append to a fixed buffer, never past its end, always NUL
 * terminated. What does not fit is cut and remembered.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
	char *buf;
	size_t size; /* of buf, at least 1 */
	size_t len;  /* used, without the NUL */
	bool cut;    /* something did not fit */
};

void text_init(struct text *text, char *buf, size_t size);
void text_put(struct text *text, const char *s);
void text_printf(struct text *text, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/*
 * Append hostile octets: printable ASCII and valid UTF-8 without controls as
 * they are, backslash as \\, quote as \", everything else octet by octet as
 * \xhh (bidirectional controls and line separators included). An escape or a
 * character is never cut in half, by these functions or by those above.
 */
void text_escape(struct text *text, const char *data, size_t len);

/* The same, but backslash and quote stay: for a sentence of ours, some of whose
 * words have been through text_escape already. */
void text_clean(struct text *text, const char *data, size_t len);

/* Would text_clean leave it as it is? */
bool text_is_clean(const char *data, size_t len);

/* text_escape of a whole into a buffer of its own; returns buf. */
char *text_escaped(char *buf, size_t size, const char *data, size_t len);

/* What may stand between quotation marks: a sentence that holds escapes of
 * text_escape's keeps them, and its bare quotation marks are escaped. */
char *text_quoted(char *buf, size_t size, const char *s);

/* The octets of one valid UTF-8 sequence at data, 0 if there is none. */
size_t text_utf8(const char *data, size_t len);

#endif
