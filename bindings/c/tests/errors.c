/* Every kind of error that C can reach, with its place; NULL, wild lengths and unknown numbers everywhere. */
#include "check.h"
#include "ringshift.h"
#include "specs.h"

#define INVALID RINGSHIFT_INVALID_ARGUMENT

static int says(const char *part) { return strstr(ringshift_error_message(), part) != NULL; }

static ringshift_status try_spec(const char *text) {
  ringshift_router *router = (ringshift_router *)(void *)&router;
  ringshift_status status = ringshift_router_from_spec(text, strlen(text), NULL, &router);
  CHECK((router == NULL) == (status != RINGSHIFT_OK));
  ringshift_router_free(router);
  return status;
}

/* Kinds that need a router, a file or a spec. The others are not given by this interface. */
static void test_kinds(const char *directory) {
  CHECK(ringshift_error_status() == RINGSHIFT_OK && *ringshift_error_message() == '\0');
  CHECK(ringshift_error_pointer() == NULL && ringshift_error_line() == 0 && ringshift_error_column() == 0);

  ringshift_router *router = NULL;
  char path[512];
  path_in(path, sizeof path, directory, "missing.json");
  CHECK(ringshift_router_open(path, NULL, &router) == RINGSHIFT_IO && router == NULL);
  CHECK(ringshift_error_status() == RINGSHIFT_IO && says(path));
  CHECK(ringshift_error_pointer() == NULL && ringshift_error_line() == 0);

  CHECK(try_spec("{\"format\": 1,\n  oops}") == RINGSHIFT_SPEC_SYNTAX);
  CHECK(ringshift_error_pointer() == NULL && ringshift_error_line() == 2 && ringshift_error_column() > 0);

  CHECK(try_spec("{\n \"format\": 2}") == RINGSHIFT_SPEC_INVALID);
  CHECK_TEXT(ringshift_error_pointer(), "/format");
  CHECK(ringshift_error_line() == 2 && ringshift_error_column() == 12);
  CHECK(says("/format: ") && says("2"));

  size_t size = ((size_t)4 << 20) + 1;
  char *large = (char *)malloc(size);
  CHECK(large != NULL);
  if (large != NULL) {
    memset(large, ' ', size);
    CHECK(ringshift_router_from_spec(large, size, NULL, &router) == RINGSHIFT_SPEC_LIMIT);
    free(large);
  }

  CHECK(ringshift_router_from_spec(SPEC_PLAIN, strlen(SPEC_PLAIN), NULL, &router) == RINGSHIFT_OK);
  /* A call that succeeds leaves the last error as it is. */
  CHECK(ringshift_error_status() == RINGSHIFT_SPEC_LIMIT);
  char other[] = SPEC_PLAIN;
  *strchr(strstr(other, "90s"), '9') = '8';
  CHECK(ringshift_router_apply(router, other, strlen(other), NULL) == RINGSHIFT_GENERATION_CONFLICT);
  CHECK(ringshift_router_apply(router, SPEC_PLAIN " ", strlen(SPEC_PLAIN) + 1, NULL) == RINGSHIFT_OK);
  char *lower = (char *)malloc(strlen(SPEC_PLAIN) + 1);
  if (CHECK(lower != NULL)) {
    strcpy(lower, SPEC_PLAIN);
    *strchr(strstr(lower, "generation"), '3') = '2';
    CHECK(ringshift_router_apply(router, lower, strlen(lower), NULL) == RINGSHIFT_STALE_GENERATION);
    free(lower);
  }
  CHECK(ringshift_router_generation(router) == 3);
  ringshift_router_free(router);

  /* A region that can't be one. */
  ringshift_options *options = ringshift_options_new();
  CHECK(ringshift_options_set_region(options, "") == RINGSHIFT_OK);
  CHECK(ringshift_router_from_spec(SPEC_PLAIN, strlen(SPEC_PLAIN), options, &router) == INVALID && router == NULL);
  CHECK(says("region"));
  CHECK(ringshift_options_set_region(options, NULL) == RINGSHIFT_OK);
  CHECK(ringshift_router_from_spec(SPEC_PLAIN, strlen(SPEC_PLAIN), options, &router) == RINGSHIFT_OK);
  CHECK(ringshift_options_set_region(options, "k\xff") == INVALID && says("UTF-8"));
  ringshift_options_free(options);
  ringshift_router_free(router);
}

/* NULL for everything that must be there, in functions that do not need a router. */
static void test_null_without_router(void) {
  ringshift_router *router = (ringshift_router *)(void *)&router;
  char *text = (char *)&text;
  char digest[RINGSHIFT_DIGEST_SIZE] = "untouched";
  uint64_t number = 7;
  uint32_t result = 7;
  ringshift_route route;

  ringshift_router_free(NULL);
  ringshift_options_free(NULL);
  ringshift_string_free(NULL);
  ringshift_owed_free(NULL);
  CHECK(ringshift_options_set_region(NULL, "kr") == INVALID && says("options"));
  CHECK(ringshift_options_set_last_good(NULL, "x") == INVALID);
  CHECK(ringshift_router_open(NULL, NULL, &router) == INVALID && router == NULL && says("path"));
  CHECK(ringshift_router_open("x", NULL, NULL) == INVALID && says("out"));
  CHECK(ringshift_router_from_spec(NULL, 0, NULL, &router) == RINGSHIFT_SPEC_SYNTAX);
  router = (ringshift_router *)(void *)&router;
  CHECK(ringshift_router_from_spec(NULL, 5, NULL, &router) == INVALID && router == NULL && says("text"));
  CHECK(ringshift_router_from_spec("x", SIZE_MAX, NULL, &router) == INVALID);
  CHECK(ringshift_router_from_spec("x", 1, NULL, NULL) == INVALID);

  CHECK(ringshift_router_refresh(NULL, &result) == INVALID && says("router") && result == 7);
  CHECK(ringshift_router_apply(NULL, "", 0, &result) == INVALID && result == 7);
  CHECK(ringshift_router_last_error(NULL) == INVALID);
  CHECK(ringshift_router_generation(NULL) == 0 && ringshift_router_epoch(NULL) == 0);
  CHECK(ringshift_router_stage(NULL) == RINGSHIFT_STAGE_NONE && ringshift_router_weight(NULL) == 0);
  CHECK(ringshift_router_max_ttl(NULL) == 0);
  CHECK(ringshift_router_digest(NULL, digest, sizeof digest) == INVALID);
  CHECK_TEXT(digest, "untouched");
  CHECK(ringshift_router_node(NULL, 0) == NULL);
  CHECK(ringshift_router_route(NULL, "k", 1, &route) == INVALID && says("router"));
  CHECK(ringshift_router_route_many(NULL, NULL, NULL, 0, &route) == INVALID);
  CHECK(ringshift_router_code(NULL, "k", 1, &number, &number) == INVALID && number == 7);
  CHECK(ringshift_router_code_packed(NULL, NULL, 0, NULL, 0, &number, &number) == INVALID && number == 7);
  CHECK(ringshift_router_index_many(NULL, NULL, NULL, 0, NULL) == INVALID && says("router"));
  CHECK(ringshift_router_report(NULL, NULL, 0, 0) == INVALID);
  CHECK(ringshift_router_lost(NULL, NULL, "k", 1, RINGSHIFT_OUTCOME_ERROR) == INVALID && says("router"));
  CHECK(ringshift_router_repaid(NULL, "k", 1, 1) == INVALID && says("router"));
  ringshift_owed *owed = (ringshift_owed *)(void *)&owed;
  CHECK(ringshift_router_owed(NULL, NULL, &owed) == INVALID && owed == NULL && says("router"));
  CHECK(ringshift_owed_count(NULL) == 0);
  CHECK(ringshift_router_metrics_text(NULL, &text) == INVALID && text == NULL);
  text = (char *)&text;
  CHECK(ringshift_router_metrics_json(NULL, &text) == INVALID && text == NULL);
  text = (char *)&text;
  CHECK(ringshift_router_events_json(NULL, 0, &text) == INVALID && text == NULL);

  CHECK(ringshift_node_id(NULL) == NULL && ringshift_node_address(NULL) == NULL);
  CHECK(ringshift_node_zone(NULL) == NULL && ringshift_node_cluster(NULL) == NULL);
  CHECK(ringshift_node_key_prefix(NULL) == NULL && ringshift_node_weight(NULL) == 0);
  CHECK(ringshift_node_index(NULL) == RINGSHIFT_NO_NODE);
}

/* The same with a router, and lengths and numbers that cannot be meant. */
static void test_bad_arguments(void) {
  ringshift_router *router = NULL;
  CHECK(ringshift_router_from_spec(SPEC_PLAIN, strlen(SPEC_PLAIN), NULL, &router) == RINGSHIFT_OK);
  ringshift_route route;
  memset(&route, 0x5a, sizeof route);
  ringshift_route before = route;
  const void *keys[2] = {"a", NULL};
  size_t lens[2] = {1, 1};
  uint64_t number = 7, codes[2];

  CHECK(ringshift_router_route(router, NULL, 1, &route) == INVALID && says("key is NULL"));
  CHECK(ringshift_router_route(router, "k", SIZE_MAX, &route) == INVALID);
  CHECK(ringshift_router_route(router, "k", (SIZE_MAX >> 1) + 1, &route) == INVALID);
  CHECK(memcmp(&route, &before, sizeof route) == 0);
  CHECK(ringshift_router_route(router, "k", 1, NULL) == INVALID && says("out"));

  CHECK(ringshift_router_route_many(router, keys, lens, 2, &route) == INVALID && says("keys[1]"));
  CHECK(ringshift_router_route_many(router, NULL, lens, 2, &route) == INVALID);
  CHECK(ringshift_router_route_many(router, keys, NULL, 2, &route) == INVALID);
  CHECK(ringshift_router_route_many(router, keys, lens, 2, NULL) == INVALID);
  CHECK(ringshift_router_route_many(router, keys, lens, SIZE_MAX, &route) == INVALID);
  CHECK(ringshift_router_route_many(router, keys, lens, SIZE_MAX / sizeof route, &route) == INVALID);

  CHECK(ringshift_router_code(router, NULL, 1, NULL, &number) == INVALID);
  CHECK(ringshift_router_code(router, "k", 1, &number, NULL) == INVALID && number == 7);
  lens[1] = 2;
  CHECK(ringshift_router_code_packed(router, "abc", 4, lens, 2, &number, codes) == INVALID && says("1 bytes of keys"));
  CHECK(ringshift_router_code_packed(router, "abc", 2, lens, 2, &number, codes) == INVALID && says("key_lens[1]"));
  CHECK(ringshift_router_code_packed(router, NULL, 3, lens, 2, &number, codes) == INVALID);
  CHECK(ringshift_router_code_packed(router, "abc", 3, NULL, 2, &number, codes) == INVALID);
  CHECK(ringshift_router_code_packed(router, "abc", 3, lens, 2, &number, NULL) == INVALID);
  CHECK(ringshift_router_code_packed(router, "abc", 3, lens, SIZE_MAX, &number, codes) == INVALID);
  lens[0] = SIZE_MAX;
  CHECK(ringshift_router_code_packed(router, "abc", 3, lens, 2, &number, codes) == INVALID && number == 7);

  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  CHECK(ringshift_router_report(router, NULL, 0, 0) == INVALID && says("node"));
  CHECK(ringshift_router_report(router, route.read[0], 3, RINGSHIFT_OUTCOME_OK) == INVALID && says("3 is not an op"));
  CHECK(ringshift_router_report(router, route.read[0], RINGSHIFT_OP_READ, 7) == INVALID && says("outcome"));
  CHECK(ringshift_router_report(router, route.read[0], UINT32_MAX, UINT32_MAX) == INVALID);
  char *json = NULL;
  CHECK(ringshift_router_metrics_json(router, &json) == RINGSHIFT_OK);
  CHECK_SAYS(strstr(json, "\"requests\":[]") != NULL, "a refused report was counted: %s", json);
  ringshift_string_free(json);

  char small[RINGSHIFT_DIGEST_SIZE - 1] = "untouched";
  CHECK(ringshift_router_digest(router, small, sizeof small) == INVALID && says("32 bytes"));
  CHECK_TEXT(small, "untouched");
  CHECK(ringshift_router_digest(router, NULL, 100) == INVALID);
  CHECK(ringshift_router_expand(router, 1, 0, NULL) == INVALID && says("out"));
  CHECK(ringshift_router_nodes(router, NULL, 1, &lens[0]) == INVALID && says("out"));
  CHECK(ringshift_router_nodes(router, NULL, 0, NULL) == INVALID && says("count"));
  CHECK(ringshift_router_nodes(NULL, NULL, 0, &lens[0]) == INVALID && says("router"));
  CHECK(ringshift_router_metrics_text(router, NULL) == INVALID);
  CHECK(ringshift_router_metrics_json(router, NULL) == INVALID);
  CHECK(ringshift_router_events_json(router, 0, NULL) == INVALID);
  CHECK(ringshift_router_apply(router, NULL, 5, NULL) == INVALID);
  CHECK(ringshift_router_node(router, UINT32_MAX) == NULL);
  /* None of this was an error of the spec file. */
  CHECK(ringshift_router_last_error(router) == RINGSHIFT_OK);
  ringshift_router_free(router);
}

/* What is lost and owed: a call that is refused counts and writes nothing. */
static void test_bad_losses(void) {
  ringshift_router *router = NULL;
  CHECK(ringshift_router_from_spec(SPEC_PLAIN, strlen(SPEC_PLAIN), NULL, &router) == RINGSHIFT_OK);
  ringshift_route route;
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  const ringshift_node *node = route.read[0];
  const void *key = "untouched";
  size_t len = 7;
  uint64_t loss = 7;
  ringshift_owed *owed = (ringshift_owed *)(void *)&owed;

  CHECK(ringshift_router_lost(router, NULL, "k", 1, RINGSHIFT_OUTCOME_ERROR) == INVALID && says("node"));
  CHECK(ringshift_router_lost(router, node, NULL, 1, RINGSHIFT_OUTCOME_ERROR) == INVALID && says("key is NULL"));
  CHECK(ringshift_router_lost(router, node, "k", SIZE_MAX, RINGSHIFT_OUTCOME_ERROR) == INVALID);
  CHECK(ringshift_router_lost(router, node, "k", 1, RINGSHIFT_OUTCOME_OK) == INVALID);
  CHECK(says("\"ok\"") && says("use error, timeout, unreachable or unsent"));
  CHECK(ringshift_router_lost(router, node, "k", 1, RINGSHIFT_OUTCOME_HIT) == INVALID);
  CHECK(ringshift_router_lost(router, node, "k", 1, RINGSHIFT_OUTCOME_MISS) == INVALID);
  CHECK(ringshift_router_lost(router, node, "k", 1, 7) == INVALID && says("7 is not an outcome"));
  CHECK(ringshift_router_owed(router, node, &owed) == RINGSHIFT_OK && owed == NULL);
  char *json = NULL;
  CHECK(ringshift_router_metrics_json(router, &json) == RINGSHIFT_OK);
  CHECK_SAYS(strstr(json, "\"requests\":[]") != NULL, "a refused loss was counted: %s", json);
  ringshift_string_free(json);

  owed = (ringshift_owed *)(void *)&owed;
  CHECK(ringshift_router_owed(router, NULL, &owed) == INVALID && owed == NULL && says("node"));
  CHECK(ringshift_router_owed(router, node, NULL) == INVALID && says("out"));
  CHECK(ringshift_router_lost(router, node, "k", 1, RINGSHIFT_OUTCOME_ERROR) == RINGSHIFT_OK);
  CHECK(ringshift_router_repaid(router, NULL, 1, 1) == INVALID && says("key is NULL"));
  CHECK(ringshift_router_repaid(router, "another", 7, 1) == RINGSHIFT_OK);
  CHECK(ringshift_router_repaid(router, "k", 1, 0) == RINGSHIFT_OK);
  if (CHECK(ringshift_router_owed(router, node, &owed) == RINGSHIFT_OK && owed != NULL)) {
    CHECK(ringshift_owed_key(owed, 1, &key, &len, &loss) == INVALID && says("no key 1") && says("1 of them"));
    CHECK(ringshift_owed_key(owed, SIZE_MAX, &key, &len, &loss) == INVALID);
    CHECK(ringshift_owed_key(NULL, 0, &key, &len, &loss) == INVALID && says("owed"));
    CHECK(ringshift_owed_key(owed, 0, NULL, &len, &loss) == INVALID && says("key"));
    CHECK(ringshift_owed_key(owed, 0, &key, NULL, &loss) == INVALID && says("key_len"));
    CHECK(ringshift_owed_key(owed, 0, &key, &len, NULL) == INVALID && says("loss"));
    CHECK(strcmp((const char *)key, "untouched") == 0 && len == 7 && loss == 7);
    CHECK(ringshift_owed_key(owed, 0, &key, &len, &loss) == RINGSHIFT_OK && len == 1);
  }
  ringshift_owed_free(owed);
  ringshift_router_free(router);
}

/* Keys by their offsets: whatever is wrong, nothing is written. */
static void test_bad_offsets(void) {
  ringshift_router *router = NULL;
  CHECK(ringshift_router_from_spec(SPEC_PLAIN, strlen(SPEC_PLAIN), NULL, &router) == RINGSHIFT_OK);
  const size_t good[] = {0, 1, 3}, falls[] = {0, 2, 1}, falls_at_once[] = {3, 2, 3}, wild[] = {0, 1, SIZE_MAX};
  uint32_t nodes[2] = {4711, 4711};
  CHECK(ringshift_router_index_many(router, "abc", falls, 2, nodes) == INVALID);
  CHECK(says("offsets[2] is 1") && says("the 2 before it"));
  CHECK(ringshift_router_index_many(router, "abc", falls_at_once, 2, nodes) == INVALID && says("offsets[1] is 2"));
  CHECK(ringshift_router_index_many(router, "abc", wild, 2, nodes) == INVALID && says("keys has length"));
  CHECK(ringshift_router_index_many(router, NULL, good, 2, nodes) == INVALID && says("keys is NULL; with length 3"));
  CHECK(ringshift_router_index_many(router, "abc", NULL, 2, nodes) == INVALID && says("offsets is NULL"));
  CHECK(ringshift_router_index_many(router, "abc", good, 2, NULL) == INVALID && says("out is NULL"));
  CHECK(ringshift_router_index_many(router, "abc", good, SIZE_MAX, nodes) == INVALID && says("out has length"));
  CHECK(ringshift_router_index_many(router, "abc", good, SIZE_MAX / 8, nodes) == INVALID && says("offsets has length"));
  CHECK(nodes[0] == 4711 && nodes[1] == 4711);
  CHECK(ringshift_router_index_many(router, "abc", good, 2, nodes) == RINGSHIFT_OK && nodes[0] < 3 && nodes[1] < 3);
  ringshift_router_free(router);
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: errors DIRECTORY\n");
    return 2;
  }
  test_kinds(arguments[1]);
  test_null_without_router();
  test_bad_arguments();
  test_bad_losses();
  test_bad_offsets();
  return check_end("errors");
}
