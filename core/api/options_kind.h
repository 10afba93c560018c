/*
 * The options as a table: what each is called, where it is kept, and what
 * values it takes. options.c has the table, options_kind.c the kinds of values,
 * options_file.c reads a file by it.
 */
#ifndef API_OPTIONS_KIND_H
#define API_OPTIONS_KIND_H

#include "api/options.h"

struct option;

/* What options of one C type have in common. */
struct option_kind {
	size_t size; /* of the field */
	bool list;   /* set() appends one item */
	/* MTASTS_CONFIG: not a value of this option. */
	enum mtasts_status (*set)(const struct option *option,
	    struct mtasts_options *options, const char *value);
	/* NULL where the octets are all there is to copy or to free. */
	enum mtasts_status (*copy)(const struct option *option,
	    const struct mtasts_options *from, struct mtasts_options *to);
	void (*clear)(const struct option *option,
	    struct mtasts_options *options);
};

extern const struct option_kind kind_text, kind_flag, kind_size, kind_timeout,
    kind_seconds, kind_count, kind_level, kind_strings, kind_networks,
    kind_mode;

struct option {
	const char *section;
	const char *key;
	const char *name; /* section.key */
	size_t field;	  /* offset in struct mtasts_options */
	const struct option_kind *kind;
	const char *initial;  /* NULL: all zero; a list as in options_set */
	const char *expected; /* completes "expected ..." */
	bool (*check)(const char *value);
	uint64_t min; /* of numbers, in the unit of the field */
	uint64_t max;
	size_t count; /* of lists: offset of the field with their length */
};

/* Checks of text, for struct option. An empty value unsets what may be. */
bool option_is_path(const char *value);
bool option_is_optional_path(const char *value);
bool option_is_account(const char *value);
bool option_is_proxy(const char *value);
bool option_is_helo(const char *value);
bool option_is_address(const char *value);
bool option_is_socket(const char *value);
bool option_is_header(const char *value);
bool option_is_mailer(const char *value);
bool option_is_on_fail(const char *value);
bool option_is_on_error(const char *value);
bool option_is_tag(const char *value);
bool option_is_route(const char *value);

/* The field of an option. */
void *option_field(const struct mtasts_options *options, size_t offset);

#define OPTION_COUNT 45

/* Options of a section stand together. */
extern const struct option option_table[OPTION_COUNT];

const struct option *option_find(const char *name);

/* What was tried on a copy becomes the options: all of it or nothing. Frees the
 * copy. */
void options_adopt(struct mtasts_options *options,
    struct mtasts_options **copy);

#endif
