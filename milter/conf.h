/*
 * The daemon's settings: mtasts.conf(5)'s sections milter, socketmap and daemon,
 * in the form the daemon uses. The text is read and checked by libmtasts.
 */
#ifndef MILTER_CONF_H
#define MILTER_CONF_H

#include "endpoint.h"

#include <mtasts.h>

#define CONF_LISTEN_MAX 16

enum conf_on_fail { ON_FAIL_DEFER, ON_FAIL_TAG, ON_FAIL_REJECT };
enum conf_on_error { ON_ERROR_ACCEPT, ON_ERROR_DEFER };
enum conf_tag { TAG_OFF, TAG_FAIL, TAG_ALL };
enum conf_route { ROUTE_SKIP, ROUTE_NEXT_HOP };

/* Strings belong to the options. */
struct conf {
	struct mtasts_options *options;
	struct {
		struct endpoint socket;
		int socket_mode;
		const char *socket_owner; /* "": the daemon's */
		const char *socket_group;
		int on_fail;	  /* enum conf_on_fail */
		int on_error;	  /* enum conf_on_error */
		int rcpt_timeout; /* milliseconds */
		int tag;	  /* enum conf_tag */
		const char *header;
		int overridden_routes; /* enum conf_route */
	} milter;
	struct {
		struct endpoint listen[CONF_LISTEN_MAX];
		size_t listen_count;
		int socket_mode;
		const char *socket_owner;
		const char *socket_group;
		int timeout; /* milliseconds */
	} socketmap;
	struct {
		const char *user; /* never "" */
		const char *group;
		const char *pid_file;
		bool refresh;
	} daemon;
	enum mtasts_log_level log_level;
};

/* What the command line says instead of the file; NULL: nothing. */
struct conf_command {
	const char *file;
	const char *socket;
	const char *pid_file;
	const char *user;
	const char *group;
};

/*
 * Read the file, then the command line over it.
 *
 * Returns MTASTS_OK and the caller owns *out; MTASTS_NOMEM; or MTASTS_CONFIG
 * with file and line in err.
 */
enum mtasts_status conf_read(const struct conf_command *command,
    struct conf **out, struct mtasts_error *err);

void conf_free(struct conf **conf);

/* Is a recipient of this mailer mail that leaves by SMTP? */
bool conf_has_mailer(const struct conf *conf, const char *mailer);

/*
 * Tell what differs of settings that are taken only at the start, name by name.
 */
typedef void conf_differ_fn(const char *name);
void conf_compare(const struct conf *old, const struct conf *fresh,
    conf_differ_fn *fn);

#endif
