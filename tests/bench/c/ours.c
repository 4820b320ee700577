/* The library: the whole route, without and in the middle of a migration, and what a call into it costs at the least. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "ringshift.h"

/* Keys that every way of asking is asked about. */
enum { CHECKED = 20000 };

/* Keys of a call that takes many. */
enum { BATCH = 1000 };

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

static void add_node(text *text, size_t node, int first) {
  char line[128], host[16];
  node_host(host, node);
  snprintf(line, sizeof line, "%s{\"id\":\"%s:%d\",\"address\":\"%s:%d\"}", first ? "" : ",", host, NODE_PORT, host, NODE_PORT);
  add(text, line);
}

static void add_cluster(text *text, const char *name, const char *prefix, size_t nodes, int more) {
  char line[128];
  snprintf(line, sizeof line, "\"%s\":{\"placement\":{\"kind\":\"ring\",\"vnodes\":%d},\"key_prefix\":\"%s\",\"nodes\":[", name,
           POINTS, prefix);
  add(text, line);
  for (size_t node = 0; node < nodes; node++) add_node(text, node, node == 0);
  if (more) add_node(text, ADDED, 0);
  add(text, "]}");
}

/* One cluster, perhaps with one node more; when migrating, half of the keys on the way to another that has it. */
static ringshift_router *make(size_t nodes, int more, int migrating) {
  text spec = {NULL, 0, 0};
  ringshift_router *router = NULL;
  add(&spec, "{\"format\":1,\"generation\":1,\"primary\":\"blue\",");
  if (migrating) {
    add(&spec, "\"standby\":\"green\",\"migration\":{\"id\":\"bench\",\"from\":\"blue\",\"to\":\"green\",");
    add(&spec, "\"stage\":\"ramp\",\"percent\":50},");
  }
  add(&spec, "\"clusters\":{");
  add_cluster(&spec, "blue", "", nodes, more);
  if (migrating) {
    add(&spec, ",");
    add_cluster(&spec, "green", "g1:", nodes, 1);
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

/* Where a key begins, for as many keys as a call takes, and where the last ends. */
static size_t batch_offsets[BATCH + 1];

static uint64_t index_many(const void *router, const char *keys, size_t count) {
  uint32_t nodes[BATCH];
  uint64_t sum = 0;
  for (size_t start = 0; start < count; start += BATCH) {
    size_t size = count - start < BATCH ? count - start : BATCH;
    if (ringshift_router_index_many(router, keys + start * KEY_LENGTH, batch_offsets, size, nodes) != RINGSHIFT_OK)
      die("a batch was refused");
    sum += nodes[0] + nodes[size - 1];
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

static const void *changed(size_t nodes, int change) { return make(nodes, change, 0); }

size_t our_subjects(subject *out, size_t nodes) {
  const ringshift_router *plain = make(nodes, 0, 0), *migrating = make(nodes, 0, 1);
  size_t made = 0;
  for (size_t index = 0; index <= BATCH; index++) batch_offsets[index] = index * KEY_LENGTH;
  out[made++] = (subject){"floor: call that returns a number", version, NULL, NULL, NULL, 0, 0};
  out[made++] = (subject){"ringshift: route", route, owner, plain, changed, 1, 1};
  out[made++] = (subject){"ringshift: route, migrating", route, NULL, migrating, NULL, 0, 0};
  out[made++] = (subject){"ringshift: route's code", code, NULL, plain, NULL, 0, 0};
  out[made++] = (subject){"ringshift: index_many, 1000 keys a call", index_many, NULL, plain, NULL, 0, 0};
  return made;
}

void check_ours(size_t nodes, const char *keys) {
  ringshift_router *router = make(nodes, 0, 0);
  size_t lens[CHECKED], offsets[CHECKED + 1], wrong = 0;
  uint32_t indices[CHECKED];
  uint64_t codes[CHECKED], epoch = 0;
  char detail[128];
  for (size_t index = 0; index < CHECKED; index++) lens[index] = KEY_LENGTH;
  if (ringshift_router_code_packed(router, keys, CHECKED * KEY_LENGTH, lens, CHECKED, &epoch, codes) != RINGSHIFT_OK)
    die(ringshift_error_message());
  for (size_t index = 0; index <= CHECKED; index++) offsets[index] = index * KEY_LENGTH;
  if (ringshift_router_index_many(router, keys, offsets, CHECKED, indices) != RINGSHIFT_OK) die(ringshift_error_message());
  for (size_t index = 0; index < CHECKED; index++) {
    ringshift_route expanded;
    size_t node = owner(router, keys + index * KEY_LENGTH);
    if (ringshift_router_expand(router, epoch, codes[index], &expanded) != RINGSHIFT_OK || expanded.read_len == 0 ||
        ringshift_node_index(expanded.read[0]) != node || indices[index] != node)
      wrong++;
  }
  snprintf(detail, sizeof detail, "%zu of %d keys have another node in a batch", wrong, CHECKED);
  check("all ways of asking give the same node", nodes, wrong == 0, detail);
  ringshift_router_free(router);
}
