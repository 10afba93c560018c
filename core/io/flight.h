/*
 * Port: who may fetch a domain's policy now. One process of the host at a time;
 * a hint against stampedes, not a guarantee: where locks do not exist, or the
 * run directory is missing, everybody may.
 *
 * Production: open-file-description locks on fetch.lock, a byte for each
 * domain chosen by the first 62 bits of the SHA-256 of its name.
 */
#ifndef IO_FLIGHT_H
#define IO_FLIGHT_H

#include <stdbool.h>

#include "mtasts.h"

struct flight_ops {
	bool (*take)(void *self, const char *domain);
	void (*give)(void *self, const char *domain);
};

struct flight {
	const struct flight_ops *ops;
	void *self;
};

/* Never blocks. False: another process has it, try again in a while. */
bool flight_take(const struct flight *flight, const char *domain);
void flight_give(const struct flight *flight, const char *domain);

/* run_directory is copied; the file is opened by first use, anew after fork. */
enum mtasts_status flight_lock_new(const char *run_directory,
    struct flight *out);
void flight_lock_free(struct flight *flight);

#endif
