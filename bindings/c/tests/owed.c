/* Keys whose invalidation was lost: not read there until it was sent again. Usage: owed */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "check.h"
#include "ringshift.h"
#include "specs.h"

static ringshift_router *router;

/* The number of the only key that is owed to a node, if it is this one; 0 if none is. */
static uint64_t owed_to(const ringshift_node *node, const char *key, size_t key_len) {
  ringshift_owed *owed = (ringshift_owed *)(void *)&owed;
  CHECK(ringshift_router_owed(router, node, &owed) == RINGSHIFT_OK);
  if (owed == NULL) return 0;
  const void *found = NULL;
  size_t found_len = 0;
  uint64_t loss = 0;
  CHECK(ringshift_owed_count(owed) == 1);
  CHECK(ringshift_owed_key(owed, 0, &found, &found_len, &loss) == RINGSHIFT_OK && loss > 0);
  CHECK(found_len == key_len && memcmp(found, key, key_len) == 0);
  ringshift_owed_free(owed);
  return loss;
}

/* A node's answer to any request. */
static void answer(const ringshift_node *node) {
  CHECK(ringshift_router_report(router, node, RINGSHIFT_OP_READ, RINGSHIFT_OUTCOME_HIT) == RINGSHIFT_OK);
}

/* How many nodes a key is read at. It is removed from all of them, whatever is owed. */
static int readers(const char *key, size_t key_len) {
  ringshift_route route;
  CHECK(ringshift_router_route(router, key, key_len, &route) == RINGSHIFT_OK && route.invalidate_len == 2);
  return route.read_len;
}

static void lose(const ringshift_node *node, const char *key, size_t key_len, uint32_t outcome) {
  CHECK(ringshift_router_lost(router, node, key, key_len, outcome) == RINGSHIFT_OK);
}

static void repay(const char *key, size_t key_len, uint64_t loss) {
  CHECK(ringshift_router_repaid(router, key, key_len, loss) == RINGSHIFT_OK);
}

/* With breakers that open at a failed connection only, and let a probe through soon. */
static void open_router(void) {
  char spec[2048];
  snprintf(spec, sizeof spec, "%.*s, \"breaker\": {\"failures\": 100, \"min_requests\": 100000, \"open\": \"200ms\"}}",
           (int)strlen(SPEC_PLAIN) - 1, SPEC_PLAIN);
  ringshift_status status = ringshift_router_from_spec(spec, strlen(spec), NULL, &router);
  if (!CHECK_SAYS(status == RINGSHIFT_OK, "%s", ringshift_error_message())) exit(check_end("owed"));
}

/* Any key: one with a NUL in it, and the empty one. */
static void test_one_key(const char *key, size_t len) {
  ringshift_route route;
  CHECK(ringshift_router_route(router, key, len, &route) == RINGSHIFT_OK && route.read_len == 2);
  const ringshift_node *first = route.read[0], *second = route.read[1];
  CHECK(owed_to(first, key, len) == 0);
  lose(first, key, len, RINGSHIFT_OUTCOME_TIMEOUT);
  CHECK(ringshift_router_route(router, key, len, &route) == RINGSHIFT_OK);
  CHECK(route.read_len == 1 && route.read[0] == second && route.invalidate[0] == first);
  CHECK(owed_to(second, key, len) == 0);
  lose(second, key, len, RINGSHIFT_OUTCOME_ERROR);
  answer(first);
  answer(second);
  CHECK(readers(key, len) == 0);
  /* Whichever of the two is asked, and once in a while only. */
  uint64_t loss = owed_to(second, key, len);
  CHECK(loss > 0 && owed_to(first, key, len) == 0);
  repay("other", 5, loss);
  repay(key, len, loss + 1);
  CHECK(readers(key, len) == 0);
  repay(key, len, loss);
  repay(key, len, loss);
  CHECK(readers(key, len) == 2);
}

/* An acknowledgement says nothing about a loss that came after the invalidation was sent. */
static void test_later_loss(void) {
  ringshift_route route;
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  lose(route.read[0], "k", 1, RINGSHIFT_OUTCOME_ERROR);
  uint64_t loss = owed_to(route.read[0], "k", 1);
  lose(route.read[0], "k", 1, RINGSHIFT_OUTCOME_ERROR);
  answer(route.read[0]);
  repay("k", 1, loss);
  CHECK(readers("k", 1) == 1);
  /* Its number is a later one, but need not be the next. */
  for (uint64_t later = 1; later < 10; later++) repay("k", 1, loss + later);
  CHECK(readers("k", 1) == 2);
}

/* What cannot be reached is left alone; when its breaker's probe is due, and nobody asks it for anything else, it is this. */
static void test_unreachable(void) {
  ringshift_route route;
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  const ringshift_node *node = route.read[0];
  lose(node, "k", 1, RINGSHIFT_OUTCOME_UNREACHABLE);
  CHECK(owed_to(node, "k", 1) == 0);
  uint64_t loss = 0;
  for (int turn = 0; turn < 5000 && loss == 0; turn++) {
    const struct timespec moment = {0, 1000000};
    nanosleep(&moment, NULL);
    loss = owed_to(node, "k", 1);
  }
  CHECK_SAYS(loss > 0, "what is owed was never given as the probe");
  CHECK(readers("k", 1) == 1);
  CHECK(ringshift_router_report(router, node, RINGSHIFT_OP_INVALIDATE, RINGSHIFT_OUTCOME_OK) == RINGSHIFT_OK);
  repay("k", 1, loss);
  CHECK(readers("k", 1) == 2);
}

/* A few at a time, each once; what was given needs no router. */
static void test_many(void) {
  enum { MANY = 40 };
  ringshift_route route;
  CHECK(ringshift_router_route(router, "k", 1, &route) == RINGSHIFT_OK);
  const ringshift_node *node = route.read[0];
  for (char each = 0; each < MANY; each++) lose(node, &each, 1, RINGSHIFT_OUTCOME_ERROR);
  answer(node);
  char *json = NULL;
  CHECK(ringshift_router_metrics_json(router, &json) == RINGSHIFT_OK);
  CHECK_SAYS(strstr(json, "\"owed\":{\"keys\":40,\"unlisted_nodes\":0,\"repaid\":5}") != NULL, "%s", json);
  CHECK_SAYS(strstr(json, "\"op\":\"invalidate\",\"outcome\":\"unreachable\",\"count\":1}") != NULL, "%s", json);
  ringshift_string_free(json);

  ringshift_owed *owed[MANY] = {NULL};
  size_t given = 0, seen[MANY] = {0};
  while (given < MANY && ringshift_router_owed(router, node, &owed[given]) == RINGSHIFT_OK && owed[given] != NULL)
    given++;
  CHECK_SAYS(given > 1 && given < MANY, "given by %zu calls", given);
  ringshift_router_free(router);
  router = NULL;
  for (size_t call = 0; call < given; call++) {
    for (size_t i = 0; i < ringshift_owed_count(owed[call]); i++) {
      const void *key = NULL;
      size_t len = 0;
      uint64_t loss = 0;
      CHECK(ringshift_owed_key(owed[call], i, &key, &len, &loss) == RINGSHIFT_OK && len == 1);
      if (key != NULL && *(const unsigned char *)key < MANY) seen[*(const unsigned char *)key]++;
    }
    ringshift_owed_free(owed[call]);
  }
  for (size_t each = 0; each < MANY; each++) CHECK(seen[each] == 1);
}

int main(void) {
  open_router();
  test_one_key("k", 1);
  test_one_key("k\0k", 3);
  test_one_key("", 0);
  test_later_loss();
  test_unreachable();
  test_many();
  return check_end("owed");
}
