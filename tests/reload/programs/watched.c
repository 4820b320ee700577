/* A C process that watches a spec file; ../README.md says what it is told and what it answers. */

#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ringshift.h"

static ringshift_router *router;
static atomic_long interval;
static atomic_ulong routed, wrong;

/* What C has for a watcher: a thread of the program's that refreshes. */
static void *watch(void *unused) {
  const long each = atomic_load(&interval);
  const struct timespec pause = {each / 1000, each % 1000 * 1000000};
  (void)unused;
  for (;;) {
    nanosleep(&pause, NULL);
    /* A refusal was counted, and is among the events. */
    (void)ringshift_router_refresh(router, NULL);
  }
  return NULL;
}

/* Routes without pause, and counts what does not fit together. */
static void *read_keys(void *unused) {
  uint64_t last = 0;
  (void)unused;
  for (;;) {
    for (int number = 0; number < 16; number++) {
      char key[16], prefix[32];
      ringshift_route route;
      const int length = snprintf(key, sizeof key, "key:%d", number);
      if (ringshift_router_route(router, key, (size_t)length, &route) != RINGSHIFT_OK || route.read_len == 0) {
        atomic_fetch_add(&wrong, 1);
        continue;
      }
      const int begin = snprintf(prefix, sizeof prefix, "g%" PRIu64 "-", route.generation);
      if (strncmp(ringshift_node_id(route.read[0]), prefix, (size_t)begin) != 0 || route.generation < last)
        atomic_fetch_add(&wrong, 1);
      last = route.generation;
    }
    atomic_fetch_add(&routed, 16);
  }
  return NULL;
}

static void answer(uint64_t since) {
  char *metrics = NULL, *events = NULL;
  if (ringshift_router_metrics_json(router, &metrics) != RINGSHIFT_OK) abort();
  const uint64_t generation = ringshift_router_generation(router);
  if (ringshift_router_events_json(router, since, &events) != RINGSHIFT_OK) abort();
  printf("{\"generation\":%" PRIu64 ",\"routed\":%lu,\"wrong\":%lu,\"metrics\":%s,\"events\":%s}\n", generation,
         atomic_load(&routed), atomic_load(&wrong), metrics, events);
  fflush(stdout);
  ringshift_string_free(metrics);
  ringshift_string_free(events);
}

int main(int argc, char **argv) {
  pthread_t thread;
  char line[64];
  if (argc != 3) return 2;
  if (ringshift_router_open(argv[1], NULL, &router) != RINGSHIFT_OK) {
    fprintf(stderr, "%s\n", ringshift_error_message());
    return 1;
  }
  atomic_store(&interval, strtol(argv[2], NULL, 10));
  if (pthread_create(&thread, NULL, watch, NULL) != 0 || pthread_create(&thread, NULL, read_keys, NULL) != 0) return 1;
  while (fgets(line, sizeof line, stdin) != NULL) answer(strtoull(line, NULL, 10));
  return 0;
}
