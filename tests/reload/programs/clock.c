/*
 * A clock that is set while a process runs, for that process only: loaded before the C library, it adds to the time of day
 * the seconds that the file named by JUMP holds. Clocks that nobody sets are left alone.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*get)(clockid_t, struct timespec *);
static const volatile int64_t *jump;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("JUMP");
  *(void **)&get = dlsym(RTLD_NEXT, "clock_gettime");
  const int file = path == NULL ? -1 : open(path, O_RDONLY);
  void *shared = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *jump, PROT_READ, MAP_SHARED, file, 0);
  if (file >= 0) close(file);
  if (shared != MAP_FAILED) jump = shared;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (get == NULL) start();
  const int result = get(clock, now);
  if (jump != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += (time_t)*jump;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (out != NULL) *out = precise.tv_sec;
  return precise.tv_sec;
}
