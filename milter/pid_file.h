/*
 * The PID file, which is also the lock that keeps a second daemon away.
 */
#ifndef MILTER_PID_FILE_H
#define MILTER_PID_FILE_H

#include <stdbool.h>
#include <sys/types.h>

/* Open and lock; "" takes none. False, logged, if another process has it. The
 * lock stays with the process and its children. */
bool pid_file_lock(const char *path, uid_t uid, gid_t gid);
/* Write this process's number into it. */
bool pid_file_write(void);
/* Remove it. */
void pid_file_remove(void);

#endif
