/*
 * What cgo needs beside include/ringshift.h: calls that bring an error's text along.
 *
 * The library keeps the last error for each thread of the operating system, and a goroutine may be on another one after
 * every call. So the text is copied here, before the call returns to Go.
 */

#ifndef RINGSHIFT_GO_SHIM_H
#define RINGSHIFT_GO_SHIM_H

#include <stdlib.h>
#include <string.h>

#include <ringshift.h>

/* An error, to be freed with rs_error_free. Texts that did not fit into memory are NULL. */
typedef struct {
  ringshift_status status;
  uint32_t line;
  uint32_t column;
  char *message;
  char *pointer;
} rs_error;

static rs_error rs_out_of_memory = {RINGSHIFT_INTERNAL, 0, 0, NULL, NULL};

static inline char *rs_copy(const char *text) { return text == NULL ? NULL : strdup(text); }

/* The error of the call that has just ended with this status on this thread; NULL if it ended well. */
static inline rs_error *rs_check(ringshift_status status) {
  if (status == RINGSHIFT_OK) return NULL;
  rs_error *error = malloc(sizeof *error);
  if (error == NULL) return &rs_out_of_memory;
  error->status = status;
  error->line = ringshift_error_line();
  error->column = ringshift_error_column();
  error->message = rs_copy(ringshift_error_message());
  error->pointer = rs_copy(ringshift_error_pointer());
  return error;
}

static inline void rs_error_free(rs_error *error) {
  if (error == &rs_out_of_memory) return;
  free(error->message);
  free(error->pointer);
  free(error);
}

/* Sets what is not NULL; the options are freed by the caller, whatever comes of it. */
static inline rs_error *rs_set_options(ringshift_options *options, const char *region, const char *last_good) {
  ringshift_status status = ringshift_options_set_region(options, region);
  if (status == RINGSHIFT_OK) status = ringshift_options_set_last_good(options, last_good);
  return rs_check(status);
}

static inline rs_error *rs_open(const char *path, const ringshift_options *options, ringshift_router **out) {
  return rs_check(ringshift_router_open(path, options, out));
}

static inline rs_error *rs_from_spec(const char *text, size_t text_len, const ringshift_options *options,
                                     ringshift_router **out) {
  return rs_check(ringshift_router_from_spec(text, text_len, options, out));
}

static inline rs_error *rs_refresh(ringshift_router *router, uint32_t *result) {
  return rs_check(ringshift_router_refresh(router, result));
}

static inline rs_error *rs_apply(ringshift_router *router, const char *text, size_t text_len, uint32_t *result) {
  return rs_check(ringshift_router_apply(router, text, text_len, result));
}

static inline rs_error *rs_last_error(const ringshift_router *router) {
  return rs_check(ringshift_router_last_error(router));
}

static inline rs_error *rs_digest(const ringshift_router *router, char *buffer, size_t buffer_size) {
  return rs_check(ringshift_router_digest(router, buffer, buffer_size));
}

static inline rs_error *rs_report(const ringshift_router *router, const ringshift_node *node, uint32_t op,
                                  uint32_t outcome) {
  return rs_check(ringshift_router_report(router, node, op, outcome));
}

static inline rs_error *rs_lost(const ringshift_router *router, const ringshift_node *node, const char *key,
                                size_t key_len, uint32_t outcome) {
  return rs_check(ringshift_router_lost(router, node, key, key_len, outcome));
}

/* The list, and how many keys it has. */
typedef struct {
  ringshift_owed *keys;
  size_t count;
} rs_owed;

static inline rs_error *rs_ask_owed(const ringshift_router *router, const ringshift_node *node, rs_owed *out) {
  rs_error *failed = rs_check(ringshift_router_owed(router, node, &out->keys));
  out->count = ringshift_owed_count(out->keys);
  return failed;
}

typedef struct {
  const void *key;
  size_t key_len;
  uint64_t loss;
} rs_owed_key;

/* Zeroes if there is no such key. */
static inline rs_owed_key rs_owed_at(const ringshift_owed *owed, size_t index) {
  rs_owed_key one = {NULL, 0, 0};
  ringshift_owed_key(owed, index, &one.key, &one.key_len, &one.loss);
  return one;
}

static inline rs_error *rs_repaid(const ringshift_router *router, const char *key, size_t key_len, uint64_t loss) {
  return rs_check(ringshift_router_repaid(router, key, key_len, loss));
}

static inline rs_error *rs_metrics_text(const ringshift_router *router, char **out) {
  return rs_check(ringshift_router_metrics_text(router, out));
}

static inline rs_error *rs_metrics_json(const ringshift_router *router, char **out) {
  return rs_check(ringshift_router_metrics_json(router, out));
}

static inline rs_error *rs_events_json(const ringshift_router *router, uint64_t since, char **out) {
  return rs_check(ringshift_router_events_json(router, since, out));
}

static inline rs_error *rs_moves_json(const char *before, size_t before_len, const char *after, size_t after_len,
                                      char **out) {
  return rs_check(ringshift_moves_json(before, before_len, after, after_len, out));
}

/*
 * The call for every key. What cgo would do beside the call itself is left out: it gives no value, for which cgo looks
 * twice where the goroutine's stack is; and its arguments are numbers and pointers to numbers, in which there is nothing
 * to search for pointers into Go's memory.
 *
 * `out` is an rs_found.
 */
typedef struct {
  uint64_t epoch;
  uint64_t code;
  rs_error *failed;
} rs_found;

static inline void rs_code(uintptr_t router, const char *key, size_t key_len, uint64_t *out) {
  rs_found *found = (rs_found *)out;
  found->failed =
      rs_check(ringshift_router_code((const ringshift_router *)router, key, key_len, &found->epoch, &found->code));
}

/* The keys of a batch lie one after the other in `packed`: an array of their addresses would be pointers into Go's
 * memory. */
static inline rs_error *rs_code_packed(const ringshift_router *router, const char *packed, size_t packed_len,
                                       const size_t *key_lens, size_t count, uint64_t *epoch, uint64_t *codes) {
  return rs_check(ringshift_router_code_packed(router, packed, packed_len, key_lens, count, epoch, codes));
}

static inline rs_error *rs_index_many(const ringshift_router *router, const char *packed, const size_t *offsets,
                                      size_t count, uint32_t *out) {
  return rs_check(ringshift_router_index_many(router, packed, offsets, count, out));
}

/* A route has room in words: cgo would search a type with pointers. */
static inline rs_error *rs_expand(const ringshift_router *router, uint64_t epoch, uint64_t code, uint64_t *out) {
  return rs_check(ringshift_router_expand(router, epoch, code, (ringshift_route *)out));
}

/* All of a node in one call. */
typedef struct {
  const char *id;
  const char *address;
  const char *zone;
  const char *cluster;
  const char *key_prefix;
  uint32_t weight;
  uint32_t index;
} rs_node;

static inline rs_node rs_describe(const ringshift_node *node) {
  rs_node all = {
      ringshift_node_id(node),      ringshift_node_address(node),    ringshift_node_zone(node),
      ringshift_node_cluster(node), ringshift_node_key_prefix(node), ringshift_node_weight(node),
      ringshift_node_index(node),
  };
  return all;
}

#endif
