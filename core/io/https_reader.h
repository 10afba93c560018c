/*
 * Collecting an HTTP answer as it streams in, under limits. Knows no libcurl:
 * header lines and pieces of the body come from the caller.
 */
#ifndef IO_HTTPS_READER_H
#define IO_HTTPS_READER_H

#include <stdbool.h>
#include <stddef.h>

/* Header lines of all heads together, interim ones and trailers too. */
#define HTTPS_HEAD_MAX 16384
#define HTTPS_VALUE_SIZE 512

/* The value of a field that may be repeated: joined by ", " (RFC 9110, 5.3). */
struct https_field {
	bool present;
	char value[HTTPS_VALUE_SIZE]; /* "" if it is too long, or has a NUL */
};

struct https_reader {
	size_t body_max;
	size_t head_octets;
	int code;   /* of the latest head */
	bool ended; /* its final line was seen; what follows are trailers */
	bool delimited; /* the head tells where the body ends */
	struct https_field content_type;
	struct https_field content_encoding;
	char *body;
	size_t len, room;
	bool too_large;
	bool nomem;
};

void https_reader_init(struct https_reader *reader, size_t body_max);
void https_reader_free(struct https_reader *reader);

/* One header line with its end, or the empty line. False: stop reading. */
bool https_reader_line(struct https_reader *reader, const char *line,
    size_t len);
/* A piece of the body. False: stop reading. */
bool https_reader_body(struct https_reader *reader, const char *data,
    size_t len);

#endif
