/* Every function of ringshift.h does what its comment says. Usage: api DIRECTORY (an empty one, for files). */
#include "check.h"
#include "ringshift.h"
#include "specs.h"

static ringshift_router *from_spec(const char *text, const char *region) {
  ringshift_options *options = ringshift_options_new();
  ringshift_router *router = NULL;
  CHECK(ringshift_options_set_region(options, region) == RINGSHIFT_OK);
  CHECK_SAYS(ringshift_router_from_spec(text, strlen(text), options, &router) == RINGSHIFT_OK, "%s",
             ringshift_error_message());
  ringshift_options_free(options);
  return router;
}

static void test_names(void) {
  CHECK(ringshift_abi_version() == RINGSHIFT_ABI_VERSION);
  CHECK(strchr(ringshift_version(), '.') != NULL);
  CHECK_TEXT(ringshift_status_name(RINGSHIFT_OK), "ok");
  CHECK_TEXT(ringshift_status_name(RINGSHIFT_SPEC_INVALID), "spec_invalid");
  CHECK_TEXT(ringshift_status_name(4711), "unknown");
  CHECK_TEXT(ringshift_stage_name(RINGSHIFT_STAGE_NONE), "none");
  CHECK_TEXT(ringshift_stage_name(RINGSHIFT_STAGE_PREPARE), "prepare");
  CHECK_TEXT(ringshift_stage_name(RINGSHIFT_STAGE_RAMP), "ramp");
  CHECK_TEXT(ringshift_stage_name(RINGSHIFT_STAGE_SOAK), "soak");
  CHECK_TEXT(ringshift_stage_name(256), "unknown");
}

static void test_plain_routes(void) {
  ringshift_router *router = from_spec(SPEC_PLAIN, NULL);
  CHECK(ringshift_router_generation(router) == 3);
  CHECK(ringshift_router_epoch(router) == 1);
  CHECK(ringshift_router_stage(router) == RINGSHIFT_STAGE_NONE);
  CHECK(ringshift_router_weight(router) == 0);
  CHECK(ringshift_router_max_ttl(router) == 90000);

  int replicas_seen[3] = {0, 0, 0};
  for (int number = 0; number < 100; number++) {
    char key[32];
    size_t len = (size_t)snprintf(key, sizeof key, "user:%d", number);
    ringshift_route route;
    memset(&route, 0xff, sizeof route);
    CHECK(ringshift_router_route(router, key, len, &route) == RINGSHIFT_OK);
    CHECK(route.epoch == 1 && route.generation == 3 && route.stage == RINGSHIFT_STAGE_NONE);
    CHECK(route.moved == 0 && route.fill == 0);
    CHECK(route.read_len == 2 && route.fallback_len == 0 && route.invalidate_len == 2);
    CHECK(route.read[2] == NULL && route.fallback[0] == NULL && route.invalidate[2] == NULL);
    CHECK(route.read[0] != route.read[1]);
    CHECK(route.invalidate[0] == route.read[0] && route.invalidate[1] == route.read[1]);
    for (int position = 0; position < 2; position++) {
      const ringshift_node *node = route.read[position];
      const char *id = ringshift_node_id(node);
      CHECK(strlen(id) == 2 && id[0] == 'n' && id[1] >= '1' && id[1] <= '3');
      replicas_seen[id[1] - '1']++;
      CHECK(ringshift_router_node(router, ringshift_node_index(node)) == node);
      CHECK_TEXT(ringshift_node_cluster(node), "blue");
      CHECK_TEXT(ringshift_node_key_prefix(node), "b:");
      CHECK(ringshift_node_weight(node) == (id[1] == '1' ? 2u : 1u));
      if (id[1] == '1') CHECK_TEXT(ringshift_node_zone(node), "east");
      if (id[1] == '2') CHECK_TEXT(ringshift_node_address(node), "127.0.0.1:1002");
      if (id[1] == '3') CHECK(ringshift_node_zone(node) == NULL);
    }
  }
  CHECK(replicas_seen[0] && replicas_seen[1] && replicas_seen[2]);
  CHECK(ringshift_router_node(router, 3) == NULL);

  /* All nodes, in the order of the spec; with too little room, as many as fit. */
  const ringshift_node *nodes[3] = {NULL, NULL, NULL};
  size_t count = 0;
  CHECK(ringshift_router_nodes(router, NULL, 0, &count) == RINGSHIFT_OK && count == 3);
  CHECK(ringshift_router_nodes(router, nodes, 2, &count) == RINGSHIFT_OK && count == 3);
  CHECK(nodes[0] != NULL && nodes[1] != NULL && nodes[2] == NULL);
  CHECK(ringshift_router_nodes(router, nodes, 3, &count) == RINGSHIFT_OK && count == 3);
  for (int position = 0; position < 3; position++) {
    CHECK(ringshift_node_id(nodes[position])[1] == '1' + position);
    CHECK(ringshift_router_node(router, ringshift_node_index(nodes[position])) == nodes[position]);
  }

  /* A code stands for the same route as the key, under its epoch only. */
  ringshift_route whole, expanded;
  uint64_t epoch = 0, code = 0;
  CHECK(ringshift_router_code(router, "user:1", 6, &epoch, &code) == RINGSHIFT_OK);
  CHECK(ringshift_router_route(router, "user:1", 6, &whole) == RINGSHIFT_OK);
  CHECK(ringshift_router_expand(router, epoch, code, &expanded) == RINGSHIFT_OK);
  CHECK(expanded.code == code && expanded.epoch == epoch && expanded.generation == whole.generation);
  CHECK(expanded.read_len == whole.read_len && expanded.read[0] == whole.read[0]);
  CHECK(expanded.invalidate_len == whole.invalidate_len && expanded.invalidate[1] == whole.invalidate[1]);
  CHECK(ringshift_router_expand(router, epoch + 1, code, &expanded) == RINGSHIFT_INVALID_ARGUMENT);
  CHECK(ringshift_router_expand(router, epoch, UINT64_MAX, &expanded) == RINGSHIFT_INVALID_ARGUMENT);

  /* The empty key, with and without an address; a key with a NUL. */
  ringshift_route empty, null, nul, prefix;
  CHECK(ringshift_router_route(router, "", 0, &empty) == RINGSHIFT_OK);
  CHECK(ringshift_router_route(router, NULL, 0, &null) == RINGSHIFT_OK);
  CHECK(empty.code == null.code && empty.read[0] == null.read[0]);
  int differs = 0;
  for (char end = 'a'; end <= 'z'; end++) {
    const char key[3] = {'k', '\0', end};
    CHECK(ringshift_router_route(router, key, 3, &nul) == RINGSHIFT_OK);
    CHECK(ringshift_router_route(router, key, 1, &prefix) == RINGSHIFT_OK);
    differs += nul.code != prefix.code;
  }
  CHECK_SAYS(differs > 0, "a key ends at its first NUL");
  ringshift_router_free(router);
}

/* All ways to ask for a route agree. */
static void test_many(void) {
  enum { COUNT = 500 };
  ringshift_router *router = from_spec(SPEC_PLAIN, NULL);
  static char packed[COUNT * 16];
  static const void *keys[COUNT];
  static size_t lens[COUNT];
  static ringshift_route routes[COUNT];
  static uint64_t codes[COUNT];
  size_t used = 0;
  for (int number = 0; number < COUNT; number++) {
    keys[number] = packed + used;
    lens[number] = number == 7 ? 0 : (size_t)snprintf(packed + used, 16, "item:%d", number);
    used += lens[number];
  }
  keys[7] = NULL; /* the empty key */
  uint64_t epoch = 0, code = 0;
  CHECK(ringshift_router_route_many(router, keys, lens, COUNT, routes) == RINGSHIFT_OK);
  CHECK(ringshift_router_code_packed(router, packed, used, lens, COUNT, &epoch, codes) == RINGSHIFT_OK);
  CHECK(epoch == 1);
  for (int number = 0; number < COUNT; number++) {
    ringshift_route route;
    epoch = 0;
    CHECK(ringshift_router_route(router, keys[number], lens[number], &route) == RINGSHIFT_OK);
    CHECK(ringshift_router_code(router, keys[number], lens[number], &epoch, &code) == RINGSHIFT_OK);
    CHECK(epoch == 1 && code == route.code && code == routes[number].code && code == codes[number]);
    CHECK(routes[number].epoch == 1 && routes[number].read_len == 2);
    CHECK(memcmp(route.read, routes[number].read, 3 * sizeof route.read[0]) == 0);
    CHECK(memcmp(route.invalidate, routes[number].invalidate, 3 * sizeof route.invalidate[0]) == 0);
  }
  static size_t offsets[COUNT + 1];
  static uint32_t nodes[COUNT + 1];
  for (int number = 0; number < COUNT; number++) offsets[number + 1] = offsets[number] + lens[number];
  nodes[COUNT] = 4711;
  CHECK(ringshift_router_index_many(router, packed, offsets, COUNT, nodes) == RINGSHIFT_OK);
  for (int number = 0; number < COUNT; number++) {
    CHECK(nodes[number] == ringshift_node_index(routes[number].read[0]));
    CHECK(ringshift_router_node(router, nodes[number]) == routes[number].read[0]);
  }
  CHECK_SAYS(nodes[COUNT] == 4711, "more was written than there are keys");
  /* Keys may begin behind the start; empty ones need no address. */
  CHECK(ringshift_router_index_many(router, packed, offsets + 8, 1, nodes) == RINGSHIFT_OK);
  CHECK(nodes[0] == ringshift_node_index(routes[8].read[0]));
  static const size_t nothing[3] = {0, 0, 0};
  CHECK(ringshift_router_index_many(router, NULL, nothing, 2, nodes) == RINGSHIFT_OK);
  CHECK(nodes[0] == ringshift_node_index(routes[7].read[0]) && nodes[1] == nodes[0]);
  CHECK(ringshift_router_index_many(router, NULL, NULL, 0, NULL) == RINGSHIFT_OK);

  CHECK(ringshift_router_code(router, "a", 1, NULL, &code) == RINGSHIFT_OK);
  CHECK(ringshift_router_route_many(router, NULL, NULL, 0, NULL) == RINGSHIFT_OK);
  CHECK(ringshift_router_code_packed(router, NULL, 0, NULL, 0, &epoch, NULL) == RINGSHIFT_OK);
  ringshift_router_free(router);
}

/* A route in mid-migration, and what breakers make of it. */
static void test_migration_and_breakers(void) {
  ringshift_router *router = from_spec(SPEC_RAMP, "kr");
  CHECK(ringshift_router_stage(router) == RINGSHIFT_STAGE_RAMP);
  CHECK(ringshift_router_weight(router) == 10000);
  CHECK(ringshift_router_max_ttl(router) == 0);
  ringshift_route route;
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  CHECK(route.stage == RINGSHIFT_STAGE_RAMP && route.moved == 1 && route.fill == 1);
  CHECK(route.read_len == 1 && route.fallback_len == 1 && route.invalidate_len == 2);
  CHECK_TEXT(ringshift_node_cluster(route.read[0]), "green");
  CHECK_TEXT(ringshift_node_key_prefix(route.read[0]), "g:");
  CHECK_TEXT(ringshift_node_address(route.fallback[0]), "/run/old");
  CHECK(route.invalidate[0] == route.fallback[0] && route.invalidate[1] == route.read[0]);

  /* One failure opens a breaker here, so the key is routed like one that has not moved. */
  const ringshift_node *to = route.read[0], *from = route.fallback[0];
  CHECK(ringshift_router_report(router, to, RINGSHIFT_OP_READ, RINGSHIFT_OUTCOME_TIMEOUT) == RINGSHIFT_OK);
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  CHECK(route.read_len == 1 && route.read[0] == from && route.fallback_len == 0 && route.fill == 0);
  CHECK(route.read[1] == NULL && route.fallback[0] == NULL && route.invalidate_len == 2);
  const size_t offsets[] = {0, 1};
  uint32_t node = 4711;
  CHECK(ringshift_router_index_many(router, "k", offsets, 1, &node) == RINGSHIFT_OK);
  CHECK(node == ringshift_node_index(from));
  /* With both open there is nowhere to read, and invalidations go on. */
  CHECK(ringshift_router_report(router, from, RINGSHIFT_OP_INVALIDATE, RINGSHIFT_OUTCOME_ERROR) == RINGSHIFT_OK);
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  CHECK(route.read_len == 0 && route.read[0] == NULL && route.invalidate_len == 2);
  CHECK(ringshift_router_index_many(router, "k", offsets, 1, &node) == RINGSHIFT_OK && node == RINGSHIFT_NO_NODE);
  CHECK(ringshift_router_node(router, RINGSHIFT_NO_NODE) == NULL);
  CHECK(ringshift_router_report(router, to, RINGSHIFT_OP_READ, RINGSHIFT_OUTCOME_HIT) == RINGSHIFT_OK);
  CHECK(ringshift_router_report(router, to, RINGSHIFT_OP_READ, RINGSHIFT_OUTCOME_MISS) == RINGSHIFT_OK);
  CHECK(ringshift_router_report(router, to, RINGSHIFT_OP_FILL, RINGSHIFT_OUTCOME_OK) == RINGSHIFT_OK);

  char *text = NULL, *json = NULL;
  CHECK(ringshift_router_metrics_text(router, &text) == RINGSHIFT_OK);
  CHECK(strlen(text) > 6 && strcmp(text + strlen(text) - 6, "# EOF\n") == 0);
  CHECK(strstr(text, "timeout") != NULL && strstr(text, "green") != NULL);
  CHECK(ringshift_router_metrics_json(router, &json) == RINGSHIFT_OK);
  CHECK(strstr(json, "\"generation\":4") != NULL && strstr(json, "\"region\":\"kr\"") != NULL);
  CHECK(strstr(json, "{\"cluster\":\"green\",\"op\":\"read\",\"outcome\":\"timeout\",\"count\":1}") != NULL);
  CHECK(strstr(json, "{\"cluster\":\"green\",\"op\":\"fill\",\"outcome\":\"ok\",\"count\":1}") != NULL);
  CHECK(strstr(json, "{\"cluster\":\"blue\",\"op\":\"invalidate\",\"outcome\":\"error\",\"count\":1}") != NULL);
  CHECK(strstr(json, "\"state\":\"open\"") != NULL);
  ringshift_string_free(text);
  ringshift_string_free(json);

  uint32_t refresh = 0;
  CHECK(ringshift_router_apply(router, "{", 1, &refresh) == RINGSHIFT_SPEC_SYNTAX);
  CHECK(ringshift_router_events_json(router, 0, &json) == RINGSHIFT_OK);
  CHECK(strstr(json, "[{\"sequence\":1,") == json && strstr(json, "\"kind\":\"applied\"") != NULL);
  CHECK(strstr(json, "\"error\":\"spec_syntax\",\"pointer\":null,\"line\":1,\"column\":1,") != NULL);
  ringshift_string_free(json);
  CHECK(ringshift_router_events_json(router, UINT64_MAX, &json) == RINGSHIFT_OK);
  CHECK_TEXT(json, "[]");
  ringshift_string_free(json);
  ringshift_router_free(router);

  char *moves = NULL;
  CHECK(ringshift_moves_json(SPEC_RAMP, strlen(SPEC_RAMP), SPEC_RAMP, strlen(SPEC_RAMP), &moves) == RINGSHIFT_OK);
  CHECK(strstr(moves, "\"clusters\":[{\"from\":") != NULL && strstr(moves, "\"migration\":{") != NULL);
  CHECK(strstr(moves, "\"moved\":0.0") != NULL && strstr(moves, "\"sample\":null") != NULL);
  ringshift_string_free(moves);
  CHECK(ringshift_moves_json(SPEC_RAMP, strlen(SPEC_RAMP), "{", 1, &moves) == RINGSHIFT_SPEC_SYNTAX && moves == NULL);
  CHECK(ringshift_moves_json(NULL, 1, "{", 1, &moves) == RINGSHIFT_INVALID_ARGUMENT);
  CHECK(ringshift_moves_json("{", 1, "{", 1, NULL) == RINGSHIFT_INVALID_ARGUMENT);

  router = from_spec(SPEC_RAMP, NULL);
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  CHECK(route.moved == 0 && route.read_len == 1 && route.fallback_len == 0 && route.invalidate_len == 2);
  CHECK_TEXT(ringshift_node_cluster(route.read[0]), "blue");
  ringshift_router_free(router);
}

/* A file that changes, goes bad, goes away and comes back; nodes outlive their specs. */
static void test_refresh(const char *directory) {
  char path[512], copy[512], digest[RINGSHIFT_DIGEST_SIZE], other[RINGSHIFT_DIGEST_SIZE];
  path_in(path, sizeof path, directory, "cache.json");
  path_in(copy, sizeof copy, directory, "last-good.json");
  write_file(path, SPEC_PLAIN);
  ringshift_options *options = ringshift_options_new();
  CHECK(ringshift_options_set_last_good(options, copy) == RINGSHIFT_OK);
  ringshift_router *router = NULL;
  CHECK(ringshift_router_open(path, options, &router) == RINGSHIFT_OK);
  CHECK(ringshift_router_digest(router, digest, sizeof digest) == RINGSHIFT_OK);
  CHECK(strlen(digest) == 32 && strspn(digest, "0123456789abcdef") == 32);

  uint32_t result = 7;
  ringshift_route route;
  CHECK(ringshift_router_refresh(router, &result) == RINGSHIFT_OK && result == RINGSHIFT_REFRESH_UNCHANGED);
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  const ringshift_node *kept = route.read[0];
  char id[8];
  strcpy(id, ringshift_node_id(kept));

  write_file(path, SPEC_RAMP);
  CHECK(ringshift_router_refresh(router, &result) == RINGSHIFT_OK && result == RINGSHIFT_REFRESH_APPLIED);
  CHECK(ringshift_router_generation(router) == 4 && ringshift_router_epoch(router) == 2);
  CHECK(ringshift_router_digest(router, other, sizeof other) == RINGSHIFT_OK && strcmp(digest, other) != 0);
  CHECK_TEXT(ringshift_node_id(kept), id);
  CHECK(ringshift_router_last_error(router) == RINGSHIFT_OK);

  write_file(path, "{\n \"format\": 2}");
  result = 7;
  CHECK(ringshift_router_refresh(router, &result) == RINGSHIFT_SPEC_INVALID && result == 7);
  CHECK(strncmp(ringshift_error_message(), path, strlen(path)) == 0);
  CHECK(ringshift_router_generation(router) == 4);
  CHECK(ringshift_router_apply(router, "", 0, NULL) == RINGSHIFT_SPEC_SYNTAX);
  CHECK(ringshift_router_last_error(router) == RINGSHIFT_SPEC_SYNTAX);

  /* Another router starts from the last good copy while the file is bad, and says so. */
  ringshift_router *second = NULL;
  CHECK(ringshift_router_open(path, options, &second) == RINGSHIFT_OK);
  CHECK(ringshift_router_generation(second) == 4);
  CHECK(ringshift_router_last_error(second) == RINGSHIFT_SPEC_INVALID);
  CHECK(ringshift_error_status() == RINGSHIFT_SPEC_INVALID && ringshift_error_line() == 2);
  ringshift_options_free(options);
  ringshift_router_free(second);

  CHECK(remove(path) == 0);
  CHECK(ringshift_router_refresh(router, NULL) == RINGSHIFT_IO);
  write_file(path, SPEC_RAMP);
  CHECK(ringshift_router_refresh(router, NULL) == RINGSHIFT_OK);
  CHECK(ringshift_router_last_error(router) == RINGSHIFT_OK);
  ringshift_router_free(router);
  CHECK(remove(path) == 0 && remove(copy) == 0);
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: api DIRECTORY\n");
    return 2;
  }
  test_names();
  test_plain_routes();
  test_many();
  test_migration_and_breakers();
  test_refresh(arguments[1]);
  return check_end("api");
}
