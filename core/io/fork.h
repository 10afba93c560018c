/*
 * Has this process been forked since? A counter that a child's first moment
 * moves on: comparing it costs no system call, as getpid() would.
 */
#ifndef IO_FORK_H
#define IO_FORK_H

/* Begin to count; called by whoever makes a thing that fork() invalidates. */
void fork_watch(void);

/* Grows by one in each child. What was made under another generation belongs
 * to the parent and is left alone. */
unsigned fork_generation(void);

#endif
