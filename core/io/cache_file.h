/*
 * An LMDB data file looked at from outside, before it is mapped; and the
 * directory it stands in, made and set aside. Knows the layout of meta pages
 * of LMDB 0.9 and nothing else of LMDB.
 */
#ifndef IO_CACHE_FILE_H
#define IO_CACHE_FILE_H

#include <sys/stat.h>

#include "base/log.h"

enum cache_shape {
	CACHE_SHAPE_NEW,     /* empty */
	CACHE_SHAPE_WHOLE,
	CACHE_SHAPE_SHORT,   /* ends before its last page: cut, or its last pages
			      * were never written because they are free */
	CACHE_SHAPE_DAMAGED, /* no meta pages, or they contradict the file */
};
enum cache_shape cache_file_shape(int fd);

/* Lengthen a short file that was found sound, so that it is whole. */
void cache_file_lengthen(int fd);

/* Open the directory of an environment below its parent, making it if need be;
 * no link followed. -1 with errno. */
int cache_file_directory(int parent, const char *name);

/*
 * Rename the directory to name.damaged-<time>, if it still is the one seen; the
 * two latest are kept. False if it stands where it stood.
 */
bool cache_file_set_aside(int parent, const char *name,
    const struct stat *seen, const struct log *log);

#endif
