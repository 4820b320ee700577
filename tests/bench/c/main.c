/* Speed and balance of the C library beside libmemcached: one JSON line a subject and number of nodes.
 *
 * `bench-c NODES...`: tests/bench/run.py runs it and makes the table. */

#include <libmemcached-1.0/configure.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

void die(const char *what) {
  fprintf(stderr, "bench-c: %s\n", what);
  exit(1);
}

void node_host(char *out, size_t node) {
  snprintf(out, 16, "10.%zu.%zu.%zu", node >> 16 & 255, node >> 8 & 255, node & 255);
}

/* Keys like user:12345678:profile, all different, one after the other without a separator. */
static char *make_keys(void) {
  char *keys = malloc((size_t)KEYS * KEY_LENGTH + 1);
  if (keys == NULL) die("no memory");
  for (size_t index = 0; index < KEYS; index++)
    snprintf(keys + index * KEY_LENGTH, KEY_LENGTH + 1, "user:%08zu:profile", index * 48271 % 100000000);
  return keys;
}

void check(const char *name, size_t nodes, int ok, const char *detail) {
  printf("{\"suite\": \"c\", \"check\": \"%s, N = %zu\", \"ok\": %s, \"detail\": \"%s\"}\n", name, nodes, ok ? "true" : "false",
         detail);
}

int main(int count, char **arguments) {
  char *keys = make_keys();
  for (int index = 1; index < count; index++) {
    subject subjects[16];
    char *end = NULL;
    size_t nodes = strtoul(arguments[index], &end, 10);
    if (*end != '\0' || nodes == 0) die("the arguments are numbers of nodes");
    check_ours(nodes, keys);
    size_t made = our_subjects(subjects, nodes);
    made += peer_subjects(subjects + made, nodes);
    measure(subjects, made, nodes, keys);
  }
  printf("{\"suite\": \"c\", \"versions\": {\"libmemcached\": \"%s\"}}\n", LIBMEMCACHED_VERSION_STRING);
  free(keys);
  return 0;
}
