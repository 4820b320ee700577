/* How time is taken: subjects in turn, several times over, so that a slow moment falls on all of them. */

#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

enum { ROUNDS = 5, TRIAL = 2000, MOST_SUBJECTS = 16 };

/* A pass takes at most about this long; a slower subject gets fewer keys. In nanoseconds. */
static const double BUDGET = 0.4e9;

/* Where answers go, so that the compiler can't leave the asking out. */
static volatile uint64_t sink;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double nanoseconds(const subject *subject, const char *keys, size_t count) {
  double start = now();
  sink = subject->run(subject->state, keys, count);
  return (now() - start) / (double)count;
}

static void print_or_null(const char *name, double value) {
  if (value < 0)
    printf(", \"%s\": null", name);
  else
    printf(", \"%s\": %.6f", name, value);
}

void measure(const subject *subjects, size_t subject_count, size_t nodes, const char *keys) {
  double rounds[MOST_SUBJECTS][ROUNDS], even[MOST_SUBJECTS], moves[MOST_SUBJECTS];
  size_t counts[MOST_SUBJECTS];
  if (subject_count > MOST_SUBJECTS) die("too many subjects");
  for (size_t index = 0; index < subject_count; index++) {
    nanoseconds(&subjects[index], keys, TRIAL / 10);
    double count = BUDGET / nanoseconds(&subjects[index], keys, TRIAL);
    counts[index] = count > KEYS ? KEYS : count < TRIAL ? TRIAL : (size_t)count;
  }
  for (size_t round = 0; round < ROUNDS; round++)
    for (size_t index = 0; index < subject_count; index++)
      rounds[index][round] = nanoseconds(&subjects[index], keys, counts[index]);
  /* They print lines of their own. */
  for (size_t index = 0; index < subject_count; index++) {
    even[index] = balance(&subjects[index], keys, counts[index], nodes);
    moves[index] = moved(&subjects[index], keys, counts[index], nodes);
  }
  for (size_t index = 0; index < subject_count; index++) {
    printf("{\"suite\": \"c\", \"subject\": \"%s\", \"nodes\": %zu, \"keys\": %zu, \"ns\": [", subjects[index].name, nodes,
           counts[index]);
    for (size_t round = 0; round < ROUNDS; round++) printf("%s%.3f", round ? ", " : "", rounds[index][round]);
    printf("]");
    print_or_null("max_over_avg", even[index]);
    print_or_null("moved", moves[index]);
    printf("}\n");
    fflush(stdout);
  }
}
