/*
 * Where keys live: place SPEC [REGION]
 *
 * Reads keys from standard input, one a line, and prints a line for each, such as green/mc7|blue/mc1|1: the node to read
 * first and the node to fall back to, each as cluster/id or - for none, and 1 if the key has moved, else 0.
 *
 * Build: make -C bindings/c/tests place, which leaves it in target/c-tests/place.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "ringshift.h"

static int fail(const char *what) {
  fprintf(stderr, "place: %s\n", what);
  return 1;
}

static void print_node(const ringshift_node *node) {
  if (node == NULL)
    printf("-|");
  else
    printf("%s/%s|", ringshift_node_cluster(node), ringshift_node_id(node));
}

static int place_lines(const ringshift_router *router) {
  char *line = NULL;
  size_t room = 0;
  ssize_t len;
  int status = 0;
  while (status == 0 && (len = getline(&line, &room, stdin)) >= 0) {
    if (len > 0 && line[len - 1] == '\n') len--;
    ringshift_route route;
    if (ringshift_router_route(router, line, (size_t)len, &route) != RINGSHIFT_OK) {
      status = fail(ringshift_error_message());
      break;
    }
    /* Behind the last node of a list there is NULL. */
    print_node(route.read[0]);
    print_node(route.fallback[0]);
    printf("%d\n", route.moved);
  }
  free(line);
  if (status == 0 && (ferror(stdin) || fflush(stdout) != 0)) status = fail("reading or writing failed");
  return status;
}

int main(int count, char **arguments) {
  if (count < 2 || count > 3) {
    fprintf(stderr, "usage: place SPEC [REGION], keys on standard input, one a line\n");
    return 2;
  }
  ringshift_options *options = ringshift_options_new();
  ringshift_router *router = NULL;
  ringshift_status status = ringshift_options_set_region(options, count == 3 ? arguments[2] : NULL);
  if (status == RINGSHIFT_OK) status = ringshift_router_open(arguments[1], options, &router);
  ringshift_options_free(options);
  if (status != RINGSHIFT_OK) return fail(ringshift_error_message());
  int result = place_lines(router);
  ringshift_router_free(router);
  return result;
}
