/*
 * What Exim gives to a dlfunc: its local_scan.h, in the one place that includes
 * it. It defines short names as macros (OK, string_copy), so that it comes last.
 *
 * Only what local_scan.h documents is used, and only by mtasts_exim.c.
 */
#ifndef EXIM_ABI_H
#define EXIM_ABI_H

#define DLFUNC_IMPL
#include <local_scan.h>

/* The last word of Exim's on a dlfunc with more than this: argc is garbage. */
#define EXIM_ARGUMENTS_MAX 7

/* Exported from the module; Exim finds them by name. */
exim_dlfunc_t mtasts_query __attribute__((visibility("default")));
exim_dlfunc_t mtasts_check __attribute__((visibility("default")));
exim_dlfunc_t mtasts_event __attribute__((visibility("default")));
exim_dlfunc_t mtasts_match __attribute__((visibility("default")));
exim_dlfunc_t mtasts_version __attribute__((visibility("default")));

#endif
