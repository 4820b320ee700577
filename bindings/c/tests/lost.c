/* Invalidations that one caller of the example with libmemcached has lost: how they are counted, what is read until
   they are sent again, and when that is. Real servers. Usage: lost */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libmemcached/memcached.h>

#include "../examples/libmemcached/cache.h"
#include "nodes.h"

enum { SHORT = 300, PATIENCE = 4000 };

static char keys_of_a[2][32];

/* In place of libmemcached's, which the example calls for each connection. */
static int has_no_memory;

memcached_st *memcached_create(memcached_st *room) {
  memcached_st *(*real)(memcached_st *);
  void *symbol = dlsym(RTLD_NEXT, "memcached_create");
  if (symbol == NULL) give_up("libmemcached");
  memcpy(&real, &symbol, sizeof real);
  return has_no_memory ? NULL : real(room);
}

/* Two keys that are at `a`. */
static void find_keys(const ringshift_router *router) {
  ringshift_route route;
  for (int found = 0, number = 0; found < 2; number++) {
    size_t len = (size_t)sprintf(keys_of_a[found], "key:%d", number);
    if (ringshift_router_route(router, keys_of_a[found], len, &route) != RINGSHIFT_OK) give_up("a route");
    if (strcmp(ringshift_node_id(route.read[0]), "a") == 0) found++;
  }
}

static int reads_as(cache_client *cache, const char *key, const char *wanted) {
  cache_value value;
  cache_status status = cache_get(cache, key, strlen(key), &value);
  int same = wanted == NULL ? status == CACHE_MISS : status == CACHE_OK && strcmp(value.data, wanted) == 0;
  cache_value_free(&value);
  return same;
}

static int removes(cache_client *cache, const char *key) {
  return cache_invalidate(cache, key, strlen(key)) == CACHE_OK;
}

static void put_old(void) {
  for (int each = 0; each < 2; each++) {
    const char *stored = server_ask(&a, "set %s 0 0 3\r\nold\r\n", keys_of_a[each]);
    CHECK_TEXT(stored, "STORED\r\n");
  }
}

static int is_at_a(const char *key) { return strncmp(server_ask(&a, "get %s\r\n", key), "VALUE", 5) == 0; }

/* A node that was away comes back with a value that was to be removed: who lost that does not read it, and removes it
   for everybody when the node has answered something else. */
static void test_old_content(void) {
  ringshift_router *router = open_router(relay.address, BREAKERS), *elsewhere = open_router(relay.address, BREAKERS);
  cache_client *cache = cache_new(router, SHORT), *other = cache_new(elsewhere, SHORT);
  find_keys(router);
  const char *key = keys_of_a[0], *calm = keys_of_a[1];
  put_old();
  CHECK(reads_as(cache, key, "old") && reads_as(other, key, "old"));
  relay_cut(&relay);
  CHECK(!removes(cache, key) && counted(router, LOST("unreachable")) == 1 && counted(router, STATE) != 0);
  relay_join(&relay);
  CHECK(is_at_a(key) && reads_as(other, key, "old") && reads_as(cache, key, NULL));
  for (int turn = 0; turn < PATIENCE && !reads_as(cache, calm, "old"); turn++) {
    CHECK(reads_as(cache, key, NULL));
    nap(5);
  }
  CHECK_SAYS(!is_at_a(key), "it was not removed when the node had answered");
  CHECK(reads_as(other, key, NULL) && owed_keys(router) == 0 && counted(router, STATE) == 0);
  server_ask(&a, "set %s 0 0 3\r\nnew\r\n", key);
  CHECK(reads_as(cache, key, "new"));
  cache_free(cache);
  cache_free(other);
  ringshift_router_free(router);
  ringshift_router_free(elsewhere);
}

/* The same where nothing else is asked of the node: the read of that key asks first. */
static void test_nowhere_to_read(void) {
  ringshift_router *router = open_router(a.address, NO_BREAKERS);
  cache_client *cache = cache_new(router, SHORT);
  put_old();
  const char *key = keys_of_a[0];
  server_stop(&a);
  CHECK(!removes(cache, key) && counted(router, LOST("timeout")) == 1 && owed_keys(router) == 1);
  /* What it would hold if the removal had not come to it; woken, it would do that late. */
  server_restart(&a);
  put_old();
  CHECK(reads_as(cache, key, NULL) && !is_at_a(key) && owed_keys(router) == 0);
  put_old();
  CHECK(reads_as(cache, key, "old"));
  cache_free(cache);
  ringshift_router_free(router);
}

/* One that was not sent is as lost as any, though the node has done nothing wrong: this program had no memory for it. */
static void test_not_sent(void) {
  ringshift_router *router = open_router(a.address, BREAKERS);
  cache_client *cache = cache_new(router, SHORT), *other = cache_new(router, SHORT);
  put_old();
  const char *key = keys_of_a[0], *calm = keys_of_a[1];
  has_no_memory = 1;
  for (int turn = 0; turn < 10; turn++) CHECK(reads_as(cache, calm, NULL) && !removes(cache, key));
  has_no_memory = 0;
  CHECK(counted(router, FAILED_READS("unsent")) == 10 && counted(router, LOST("unsent")) == 10);
  CHECK(owed_keys(router) == 1 && counted(router, STATE) == 0 && is_at_a(key));
  CHECK_SAYS(reads_as(other, key, NULL) && !is_at_a(key), "another cache of the router reads it, or does not remove it");
  CHECK(reads_as(other, calm, "old") && owed_keys(router) == 0);
  cache_free(cache);
  cache_free(other);
  ringshift_router_free(router);
}

/* What is sent again and lost again stays owed, and costs one timeout however much is owed. */
static void test_lost_again(void) {
  ringshift_router *router = open_router(a.address, NO_BREAKERS);
  cache_client *cache = cache_new(router, SHORT);
  char key[32];
  ringshift_route route;
  put_old();
  ringshift_router_route(router, keys_of_a[0], strlen(keys_of_a[0]), &route);
  for (int each = 0; each < 8; each++) {
    size_t len = (size_t)sprintf(key, "lost:%d", each);
    CHECK(ringshift_router_lost(router, route.read[0], key, len, RINGSHIFT_OUTCOME_TIMEOUT) == RINGSHIFT_OK);
  }
  server_stop(&a);
  CHECK(!removes(cache, keys_of_a[0]) && owed_keys(router) == 9);
  long begun = now_ms();
  CHECK(reads_as(cache, keys_of_a[0], NULL) && owed_keys(router) == 9);
  CHECK_SAYS(now_ms() - begun < 4 * SHORT, "%ld ms for a read", now_ms() - begun);
  server_wake(&a);
  cache_free(cache);
  ringshift_router_free(router);
}

/* Requests to a node at an address are counted with an outcome, whether they read or remove. */
static void check_outcome(const char *address, const char *outcome) {
  ringshift_router *router = open_router(address, NO_BREAKERS);
  cache_client *cache = cache_new(router, SHORT);
  char reads[128], removals[128];
  snprintf(reads, sizeof reads, FAILED_READS("%s"), outcome);
  snprintf(removals, sizeof removals, LOST("%s"), outcome);
  find_keys(router);
  CHECK(reads_as(cache, keys_of_a[0], NULL) && !removes(cache, keys_of_a[0]));
  CHECK_SAYS(counted(router, reads) == 1, "%s: a read is not %s", address, outcome);
  CHECK_SAYS(counted(router, removals) == 1, "%s: a removal is not %s", address, outcome);
  cache_free(cache);
  ringshift_router_free(router);
}

/* What cannot be connected to is another thing than a connection that breaks, or is not answered. */
static void test_outcomes(void) {
  check_outcome("/nowhere/at/all", "unreachable");
  /* Nobody accepts, and there is no more room to wait. */
  test_server full = {.address = "loopback"};
  struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof inet;
  int listener = socket(AF_INET, SOCK_STREAM, 0), waiting[4];
  if (bind(listener, (const struct sockaddr *)&inet, size) < 0 || listen(listener, 0) < 0 ||
      getsockname(listener, (struct sockaddr *)&inet, &size) < 0)
    give_up("a port");
  for (int each = 0; each < 4; each++) {
    waiting[each] = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(waiting[each], F_SETFL, O_NONBLOCK);
    if (connect(waiting[each], (const struct sockaddr *)&inet, size) < 0 && errno != EINPROGRESS) give_up("connect");
  }
  nap(20);
  snprintf(full.address, sizeof full.address, "127.0.0.1:%u", ntohs(inet.sin_port));
  check_outcome(full.address, "unreachable");
  for (int each = 0; each < 4; each++) close(waiting[each]);
  close(listener);
  /* The relay accepts, and has nothing behind it. */
  server_kill(&a);
  check_outcome(relay.address, "error");
  server_start_again(&a);
  server_stop(&a);
  check_outcome(a.address, "timeout");
  /* Woken, it would still remove the key, and perhaps after the next test has stored it. */
  server_restart(&a);
}

int main(int count, char **arguments) {
  if (count == 4 && strcmp(arguments[1], "relay") == 0) relay_main(arguments);
  nodes_start(arguments[0]);
  test_outcomes();
  test_old_content();
  test_nowhere_to_read();
  test_not_sent();
  test_lost_again();
  nodes_end();
  return check_end("lost");
}
