/* The library: the whole route, without and in the middle of a migration, and what a call into it costs at the least. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "ringshift.h"

/* A text that grows. */
typedef struct text {
  char *bytes;
  size_t length, size;
} text;

static void add(text *text, const char *more) {
  size_t length = strlen(more);
  if (text->length + length >= text->size) {
    text->size = (text->length + length) * 2 + 64;
    text->bytes = realloc(text->bytes, text->size);
    if (text->bytes == NULL) die("no memory");
  }
  memcpy(text->bytes + text->length, more, length + 1);
  text->length += length;
}

static void add_node(text *text, const char *host, int first) {
  char line[128];
  snprintf(line, sizeof line, "%s{\"id\":\"%s:%d\",\"address\":\"%s:%d\"}", first ? "" : ",", host, NODE_PORT, host, NODE_PORT);
  add(text, line);
}

static void add_cluster(text *text, const char *name, const char *prefix, size_t nodes, const char *extra) {
  char line[128];
  snprintf(line, sizeof line, "\"%s\":{\"placement\":{\"kind\":\"ring\",\"vnodes\":%d},\"key_prefix\":\"%s\",\"nodes\":[", name,
           POINTS, prefix);
  add(text, line);
  for (size_t node = 0; node < nodes; node++) {
    char host[16];
    node_host(host, node);
    add_node(text, host, node == 0);
  }
  if (extra != NULL) add_node(text, extra, 0);
  add(text, "]}");
}

/* One cluster; when migrating, half of the keys on the way to another with one node more. */
static ringshift_router *make(size_t nodes, int migrating) {
  text spec = {NULL, 0, 0};
  ringshift_router *router = NULL;
  add(&spec, "{\"format\":1,\"generation\":1,\"primary\":\"blue\",");
  if (migrating) {
    add(&spec, "\"standby\":\"green\",\"migration\":{\"id\":\"bench\",\"from\":\"blue\",\"to\":\"green\",");
    add(&spec, "\"stage\":\"ramp\",\"percent\":50},");
  }
  add(&spec, "\"clusters\":{");
  add_cluster(&spec, "blue", "", nodes, NULL);
  if (migrating) {
    add(&spec, ",");
    add_cluster(&spec, "green", "g1:", nodes, "10.255.0.0");
  }
  add(&spec, "}}");
  if (ringshift_router_from_spec(spec.bytes, spec.length, NULL, &router) != RINGSHIFT_OK) die(ringshift_error_message());
  free(spec.bytes);
  return router;
}

static uint64_t route(const void *router, const char *keys, size_t count) {
  uint64_t sum = 0;
  ringshift_route route;
  for (size_t index = 0; index < count; index++)
    if (ringshift_router_route(router, keys + index * KEY_LENGTH, KEY_LENGTH, &route) == RINGSHIFT_OK && route.read_len > 0)
      sum += (uintptr_t)route.read[0];
  return sum;
}

static uint64_t code(const void *router, const char *keys, size_t count) {
  uint64_t sum = 0, epoch = 0, code = 0;
  for (size_t index = 0; index < count; index++) {
    if (ringshift_router_code(router, keys + index * KEY_LENGTH, KEY_LENGTH, &epoch, &code) != RINGSHIFT_OK) die("a key was refused");
    sum += code;
  }
  return sum;
}

/* Nodes of a spec get their indices in its order. */
static size_t owner(const void *router, const char *key) {
  ringshift_route route;
  if (ringshift_router_route(router, key, KEY_LENGTH, &route) != RINGSHIFT_OK || route.read_len == 0) die("a key has no node");
  return ringshift_node_index(route.read[0]);
}

static uint64_t version(const void *router, const char *keys, size_t count) {
  uint64_t sum = 0;
  (void)router, (void)keys;
  for (size_t index = 0; index < count; index++) sum += ringshift_abi_version();
  return sum;
}

size_t our_subjects(subject *out, size_t nodes) {
  const ringshift_router *plain = make(nodes, 0), *migrating = make(nodes, 1);
  size_t made = 0;
  out[made++] = (subject){"floor: call that returns a number", version, NULL, NULL};
  out[made++] = (subject){"ringshift: route", route, owner, plain};
  out[made++] = (subject){"ringshift: route, migrating", route, NULL, migrating};
  out[made++] = (subject){"ringshift: route's code", code, NULL, plain};
  return made;
}
