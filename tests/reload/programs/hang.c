/*
 * A file system that hangs, for one process: loaded before the C library, it lets nobody open the file that HANG names for
 * as long as there is a file of that name with ".hangs" behind it. Beside it, ".waits" says that somebody waits.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef int opening(const char *, int, ...);

/* Whether the file with this behind its name is there. */
static int is_there(const char *path, const char *behind) {
  char name[4096];
  snprintf(name, sizeof name, "%s%s", path, behind);
  return access(name, F_OK) == 0;
}

static void wait_for(const char *path) {
  const char *hangs = getenv("HANG");
  const struct timespec moment = {0, 1000000};
  char waits[4096];
  if (hangs == NULL || strcmp(path, hangs) != 0 || !is_there(path, ".hangs")) return;
  snprintf(waits, sizeof waits, "%s.waits", path);
  /* To make a file would be to open one. */
  (void)!mkdir(waits, 0700);
  while (is_there(path, ".hangs")) nanosleep(&moment, NULL);
}

static int open_as(const char *function, const char *path, int flags, mode_t mode) {
  opening *next;
  *(void **)&next = dlsym(RTLD_NEXT, function);
  wait_for(path);
  return next(path, flags, mode);
}

static mode_t mode_of(int flags, va_list rest) {
  int has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return has_mode ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_as("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_as("open64", path, flags, mode);
}
