/*
 * The settings of a context: what mtasts.conf(5) describes, typed and checked.
 */
#ifndef API_OPTIONS_H
#define API_OPTIONS_H

#include "io/address.h"
#include "mtasts.h"

struct mtasts_options {
	struct {
		char *directory;
		char *run_directory;
		char *user;  /* owner when root creates them: "mtasts" */
		char *group; /* NULL: the user's own */
		uint64_t size; /* octets */
	} cache;
	struct {
		char **servers; /* NULL-terminated; NULL: resolv.conf */
		size_t server_count;
		int timeout; /* milliseconds */
	} dns;
	struct {
		char *ca_file;
		char *ca_path;
		char *proxy;
		struct network *allowed;
		size_t allowed_count;
		int timeout; /* milliseconds */
	} https;
	struct {
		bool enabled;
		char *ca_file; /* NULL with ca_path NULL: as https */
		char *ca_path;
		char *helo;
		int timeout;	     /* milliseconds, for one address */
		int64_t ttl;	     /* seconds, a pass is remembered */
		int64_t failure_ttl; /* seconds, anything else */
	} probe;
	struct {
		char *overrides; /* a file, NULL for none */
		bool strict_first_use;
		int64_t forget_after; /* seconds */
		int refresh_warnings; /* failures in a row before an alert */
	} policy;
	struct {
		enum mtasts_log_level level;
	} log;
	struct {
		int lookup_timeout; /* milliseconds */
	} exim;
	struct {
		char *socket;
		int socket_mode;
		char *socket_owner; /* NULL: the daemon's */
		char *socket_group;
		char *on_fail;
		char *on_error;
		int rcpt_timeout; /* milliseconds */
		char *tag;
		char *header;
		char **mailers;
		size_t mailer_count;
		char *overridden_routes;
	} milter;
	struct {
		char **listen;
		size_t listen_count;
		int socket_mode;
		char *socket_owner; /* NULL: the daemon's */
		char *socket_group;
		int timeout; /* milliseconds */
	} socketmap;
	struct {
		char *user; /* NULL: that of the cache */
		char *group;
		char *pid_file;
		bool refresh;
	} daemon;
};

/* A deep copy. MTASTS_OK or MTASTS_NOMEM. */
enum mtasts_status options_copy(const struct mtasts_options *options,
    struct mtasts_options **out);

/*
 * Read the text of a file, which is written over. file is its name, for errors.
 * MTASTS_OK, MTASTS_NOMEM, or MTASTS_CONFIG: all of it is taken, or nothing.
 */
enum mtasts_status options_parse(struct mtasts_options *options,
    const char *file, char *text, struct mtasts_error *err);

#endif
