/* The example with libmemcached on real servers: what it reads, stores, removes and reports, in every stage and when
   servers are slow, gone or restarted, or the spec changes. Usage: libmemcached DIRECTORY */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>

#include "../examples/libmemcached/internal.h"
#include "check.h"
#include "servers.h"

enum { SHORT = 300, LONG = 20000 };

/* `a` is all of blue; green is `b` and `c`, of which every key is at both, under the prefix "g:". */
static test_server a, b, c;
static const test_server *green[2];
static ringshift_router *router;
static unsigned long generation;

static void apply(const char *migration, const char *more) {
  char spec[2048];
  const char *primary = strcmp(migration, "final") == 0 ? "green" : "blue";
  int used = snprintf(spec, sizeof spec, "{\"format\": 1, \"generation\": %lu, \"primary\": \"%s\", \"clusters\": {",
                      ++generation, primary);
  if (strcmp(migration, "final") != 0)
    used += snprintf(spec + used, sizeof spec - (size_t)used, "\"blue\": {\"placement\": {\"kind\": \"ring\"}, "
                     "\"nodes\": [{\"id\": \"a\", \"address\": \"%s\"}]}, ", a.address);
  used += snprintf(spec + used, sizeof spec - (size_t)used,
                   "\"green\": {\"placement\": {\"kind\": \"ring\"}, \"replicas\": 2, \"key_prefix\": \"g:\", "
                   "\"nodes\": [{\"id\": \"b\", \"address\": \"%s\"}, {\"id\": \"c\", \"address\": \"%s\"}]}}%s",
                   b.address, c.address, more);
  if (strcmp(migration, "none") != 0 && strcmp(migration, "final") != 0)
    used += snprintf(spec + used, sizeof spec - (size_t)used, ", \"standby\": \"green\", \"migration\": "
                     "{\"id\": \"m\", \"from\": \"blue\", \"to\": \"green\", %s}", migration);
  snprintf(spec + used, sizeof spec - (size_t)used, ", \"breaker\": {\"failures\": 100, \"open\": \"1ms\", \"max_open\": \"1ms\"}}");
  ringshift_status status = router == NULL ? ringshift_router_from_spec(spec, strlen(spec), NULL, &router)
                                           : ringshift_router_apply(router, spec, strlen(spec), NULL);
  if (!CHECK_SAYS(status == RINGSHIFT_OK, "%s", ringshift_error_message())) exit(check_end("libmemcached"));
  /* Which of green's is read first. */
  ringshift_route route;
  ringshift_router_route(router, "k", 1, &route);
  const ringshift_node *first = route.invalidate[route.invalidate_len > 2 ? 1 : 0];
  int is_c = strcmp(ringshift_node_address(first), c.address) == 0;
  green[0] = is_c ? &c : &b;
  green[1] = is_c ? &b : &c;
}

#define NONE "none"
#define PREPARE "\"stage\": \"prepare\""
#define RAMP(percent) "\"stage\": \"ramp\", \"percent\": " #percent
#define SOAK "\"stage\": \"soak\""
#define FINAL "final"

static void clear(void) {
  server_ask(&a, "flush_all\r\n%s", "");
  server_ask(&b, "flush_all\r\n%s", "");
  server_ask(&c, "flush_all\r\n%s", "");
}

/* What is at a server, as the wire has it, with its flags and its CAS number left out. */
#define HOLDS(server, key, wanted) CHECK_TEXT(server_ask(server, "get %s\r\n", key), wanted)
#define MISSING "END\r\n"
#define VALUE(key, flags, len, data) "VALUE " key " " #flags " " #len "\r\n" data "\r\nEND\r\n"

static long left_at(const test_server *server, const char *key) {
  const char *found = server_ask(server, "mg %s t\r\n", key);
  return strncmp(found, "HD t", 4) == 0 ? strtol(found + 4, NULL, 10) : -9;
}

static int reads(cache_client *cache, const char *wanted) {
  cache_value value;
  cache_status status = cache_get(cache, "k", 1, &value);
  int same = wanted == NULL ? status == CACHE_MISS
                            : status == CACHE_OK && value.len == strlen(wanted) && strcmp(value.data, wanted) == 0;
  cache_value_free(&value);
  return same;
}

static unsigned long reported(const char *cluster, const char *op, const char *outcome) {
  char *text = NULL, name[160];
  ringshift_router_metrics_text(router, &text);
  snprintf(name, sizeof name, "\nringshift_requests_total{cluster=\"%s\",op=\"%s\",outcome=\"%s\"} ", cluster, op,
           outcome);
  const char *line = strstr(text, name);
  unsigned long count = line == NULL ? 0 : strtoul(line + strlen(name), NULL, 10);
  ringshift_string_free(text);
  return count;
}

/* ---- Loads: what happens while the origin is asked ------------------------------------------------------------- */

typedef struct {
  void (*meanwhile)(void);
  const char *gives;
  int calls;
} origin;

static cache_status load(void *context, const char *key, size_t key_len, cache_value *value) {
  origin *asked = context;
  CHECK(key_len == 1 && *key == 'k');
  asked->calls++;
  if (asked->meanwhile != NULL) asked->meanwhile();
  if (asked->gives == NULL) return CACHE_MISS;
  *value = (cache_value){strdup(asked->gives), strlen(asked->gives), 5};
  return CACHE_OK;
}

static int loads(cache_client *cache, uint32_t ttl, const char *gives, void (*meanwhile)(void), const char *wanted) {
  origin asked = {meanwhile, gives, 0};
  cache_value value;
  cache_status status = cache_get_or_load(cache, "k", 1, ttl, load, &asked, &value);
  int same = wanted == NULL ? status == CACHE_MISS : status == CACHE_OK && strcmp(value.data, wanted) == 0;
  cache_value_free(&value);
  return same ? asked.calls : -1;
}

static void invalidate_elsewhere(void) {
  cache_client *other = cache_new(router, SHORT);
  CHECK(cache_invalidate(other, "k", 1) == CACHE_OK);
  cache_free(other);
}

/* The first of green starts anew, and has an item under the very CAS number that the reader holds. */
static void restart_under_it(void) {
  unsigned long long held = 0, now = 0;
  sscanf(server_ask(green[0], "gets %s\r\n", "g:k"), "VALUE g:k 0 16 %llu", &held);
  server_restart(green[0] == &b ? &b : &c);
  while (now < held) {
    const char *found = server_ask(green[0], "set %s 0 0 5\r\nother\r\ngets g:k\r\n", "g:k");
    if (sscanf(found, "STORED VALUE g:k 0 5 %llu", &now) != 1) break;
  }
  CHECK_SAYS(held > 0 && now == held, "the CAS number is %llu, not %llu", now, held);
}

/* ---- The tests ------------------------------------------------------------------------------------------------- */

static void test_stages(cache_client *cache) {
  static const struct {
    const char *migration;
    int finds, copies, removes_a, removes_green;
  } stages[] = {{NONE, 1, 0, 1, 0},      {PREPARE, 1, 0, 1, 1}, {RAMP(0), 1, 0, 1, 1},
                {RAMP(100), 1, 1, 1, 1}, {SOAK, 0, 0, 1, 1},    {FINAL, 0, 0, 0, 1}};
  for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
    clear();
    apply(stages[i].migration, "");
    server_ask(&a, "set %s 7 100 3\r\nold\r\n", "k");
    CHECK(reads(cache, stages[i].finds ? "old" : NULL));
    for (int each = 0; each < 2; each++) {
      HOLDS(green[each], "g:k", stages[i].copies ? VALUE("g:k", 7, 3, "old") : MISSING);
      long left = left_at(green[each], "g:k");
      int right = stages[i].copies ? left >= 97 && left <= 100 : left == -9;
      CHECK_SAYS(right, "%s: %ld s left", stages[i].migration, left);
      server_ask(green[each], "set %s 0 0 3\r\nnew\r\n", "g:k");
    }
    CHECK(reads(cache, stages[i].migration[0] == 'n' || i < 3 ? "old" : "new"));
    CHECK(cache_invalidate(cache, "k", 1) == CACHE_OK);
    HOLDS(&a, "k", stages[i].removes_a ? MISSING : VALUE("k", 7, 3, "old"));
    for (int each = 0; each < 2; each++)
      HOLDS(green[each], "g:k", stages[i].removes_green ? MISSING : VALUE("g:k", 0, 3, "new"));
    /* A load is stored where it is read, and nowhere else. */
    clear();
    CHECK(loads(cache, 50, "fresh", NULL, "fresh") == 1 && loads(cache, 50, "later", NULL, "fresh") == 0);
    HOLDS(&a, "k", i < 3 ? VALUE("k", 5, 5, "fresh") : MISSING);
    HOLDS(green[0], "g:k", i < 3 ? MISSING : VALUE("g:k", 5, 5, "fresh"));
    HOLDS(green[1], "g:k", i < 3 ? MISSING : VALUE("g:k", 5, 5, "fresh"));
    /* And so is a set, which removes it from all others. */
    clear();
    server_ask(&a, "set %s 0 0 3\r\nold\r\n", "k");
    for (int each = 0; each < 2; each++) server_ask(green[each], "set %s 0 0 3\r\nold\r\n", "g:k");
    char data[] = "set";
    const cache_value given = {data, 3, 9};
    CHECK(cache_set(cache, "k", 1, &given, 40) == CACHE_OK && reads(cache, "set"));
    HOLDS(&a, "k", i < 3 ? VALUE("k", 9, 3, "set") : i == 5 ? VALUE("k", 0, 3, "old") : MISSING);
    for (int each = 0; each < 2; each++)
      HOLDS(green[each], "g:k", i == 0  ? VALUE("g:k", 0, 3, "old") : i < 3 ? MISSING : VALUE("g:k", 9, 3, "set"));
  }
  /* What the spec has no more is given up. */
  CHECK(reads(cache, "set") && cache->links.count == 2);
  generation = 0;
}

static void test_times(cache_client *cache) {
  apply(RAMP(100), "");
  clear();
  server_ask(&a, "set %s 0 0 3\r\nold\r\n", "k");
  CHECK(reads(cache, "old") && left_at(green[0], "g:k") == -1 && left_at(green[1], "g:k") == -1);
  /* A replica that has a value is left as it is, and not used. */
  server_ask(green[0], "delete %s\r\n", "g:k");
  server_ask(green[1], "set %s 0 0 3\r\nnew\r\n", "g:k");
  CHECK(reads(cache, "old"));
  HOLDS(green[0], "g:k", VALUE("g:k", 0, 3, "old"));
  HOLDS(green[1], "g:k", VALUE("g:k", 0, 3, "new"));
  apply(RAMP(100), ", \"max_ttl\": \"90s\"");
  clear();
  server_ask(&a, "set %s 0 0 3\r\nold\r\n", "k");
  CHECK(reads(cache, "old") && left_at(green[0], "g:k") >= 87 && left_at(green[0], "g:k") <= 90);
  clear();
  CHECK(loads(cache, 3000000, "fresh", NULL, "fresh") == 1 && left_at(green[1], "g:k") >= 87);
  CHECK(left_at(green[1], "g:k") <= 90);
  /* A month is where memcached's times begin to be dates. */
  apply(RAMP(100), "");
  clear();
  CHECK(loads(cache, 3000000, "fresh", NULL, "fresh") == 1);
  CHECK(left_at(green[0], "g:k") <= 3000000 && left_at(green[0], "g:k") > 2999900);
}

static void test_tokens(cache_client *cache) {
  apply(SOAK, "");
  clear();
  CHECK(loads(cache, 0, "stale", invalidate_elsewhere, "stale") == 1);
  HOLDS(green[0], "g:k", MISSING);
  HOLDS(green[1], "g:k", MISSING);
  CHECK(loads(cache, 0, NULL, NULL, NULL) == 1 && left_at(green[0], "g:k") > 27);
  /* A token that is left is a miss, and as good as a new one: a placeholder, and what other languages leave. */
  HOLDS(green[0], "g:k", VALUE("g:k", 0, 16, "@ringshift:lease"));
  CHECK(reads(cache, NULL) && loads(cache, 0, "fresh", NULL, "fresh") == 1 && reads(cache, "fresh"));
  clear();
  server_ask(green[0], "mg %s N30\r\n", "g:k");
  HOLDS(green[0], "g:k", VALUE("g:k", 0, 0, ""));
  CHECK(reads(cache, NULL) && loads(cache, 0, "fresh", NULL, "fresh") == 1);
  HOLDS(green[0], "g:k", VALUE("g:k", 5, 5, "fresh"));
  /* What is really empty is a value. */
  server_ask(green[0], "set %s 0 0 0\r\n\r\n", "g:k");
  CHECK(reads(cache, "") && loads(cache, 0, "fresh", NULL, "") == 0);
  clear();
  for (int i = 0; i < 20; i++) server_ask(green[0], "set %s 0 0 1\r\n1\r\n", "x");
  CHECK(loads(cache, 0, "stale", restart_under_it, "stale") == 1);
  HOLDS(green[0], "g:k", VALUE("g:k", 0, 5, "other"));
}

static void test_keys_and_values(cache_client *cache) {
  char key[260];
  memset(key, 'x', sizeof key);
  cache_value value;
  apply(SOAK, "");
  const unsigned long before = reported("green", "read", "miss");
  CHECK(cache_get(cache, "", 0, &value) == CACHE_BAD_KEY && cache_get(cache, "a b", 3, &value) == CACHE_BAD_KEY);
  CHECK(cache_get(cache, "a\0b", 3, &value) == CACHE_BAD_KEY && cache_invalidate(cache, "a\x7f", 2) == CACHE_BAD_KEY);
  CHECK(cache_get(cache, key, 249, &value) == CACHE_BAD_KEY && cache_invalidate(cache, key, 249) == CACHE_BAD_KEY);
  CHECK(reported("green", "read", "miss") == before && cache_get(cache, key, 248, &value) == CACHE_MISS);
  CHECK(reported("green", "read", "miss") == before + 1);
  const cache_value large = {calloc(1, 2000000), 2000000, 0};
  server_ask(green[1], "set %s 0 0 3\r\nold\r\n", "g:k");
  CHECK(cache_set(cache, "k", 1, &large, 0) == CACHE_REFUSED && reads(cache, NULL));
  HOLDS(green[1], "g:k", MISSING);
  const cache_value fits = {large.data, 900000, 0};
  CHECK(cache_set(cache, "k", 1, &fits, 0) == CACHE_OK && cache_get(cache, "k", 1, &value) == CACHE_OK);
  CHECK(value.len == fits.len && memcmp(value.data, fits.data, fits.len) == 0);
  cache_value_free(&value);
  apply(RAMP(100), "");
  server_ask(green[0], "delete %s\r\n", "g:k");
  CHECK(cache_get(cache, "k", 1, &value) == CACHE_MISS);
  free(large.data);
}

/* ---- Servers that fail, and what happens while one is waited for ------------------------------------------------- */

typedef struct {
  int (*what)(cache_client *cache);
  int result;
} task;

static int invalidates(cache_client *cache) { return cache_invalidate(cache, "k", 1) == CACHE_OK; }
static int finds_old(cache_client *cache) { return reads(cache, "old"); }

static void *with_patience(void *context) {
  task *given = context;
  cache_client *cache = cache_new(router, LONG);
  given->result = given->what(cache);
  cache_free(cache);
  return NULL;
}

/* Does something while `slow` holds back its answer to what a thread does, and lets it answer then. */
static int during(const test_server *slow, int (*what)(cache_client *cache), void (*meanwhile)(void)) {
  task given = {what, 0};
  pthread_t thread;
  server_stop(slow);
  if (pthread_create(&thread, NULL, with_patience, &given) != 0) give_up("pthread_create");
  nap(400);
  meanwhile();
  server_wake(slow);
  pthread_join(thread, NULL);
  return given.result;
}

static void check_green_waits(void) {
  HOLDS(green[0], "g:k", VALUE("g:k", 0, 3, "new"));
  HOLDS(green[1], "g:k", VALUE("g:k", 0, 3, "new"));
}

static void check_last_waits(void) {
  HOLDS(&a, "k", MISSING);
  HOLDS(green[1], "g:k", VALUE("g:k", 0, 3, "new"));
}

static void remove_at_green(void) {
  HOLDS(green[0], "g:k", VALUE("g:k", 0, 16, "@ringshift:lease"));
  server_ask(green[0], "delete %s\r\n", "g:k");
}

static void prepare_meanwhile(void) { apply(PREPARE, ""); }

static void put_everywhere(void) {
  clear();
  server_ask(&a, "set %s 0 0 3\r\nold\r\n", "k");
  for (int each = 0; each < 2; each++) server_ask(green[each], "set %s 0 0 3\r\nnew\r\n", "g:k");
}

static void test_order(void) {
  apply(RAMP(100), "");
  put_everywhere();
  CHECK(during(&a, invalidates, check_green_waits));
  put_everywhere();
  CHECK(during(green[0], invalidates, check_last_waits));
  HOLDS(green[0], "g:k", MISSING);
  HOLDS(green[1], "g:k", MISSING);
  /* A copy whose token an invalidation defeats, at one of two. */
  clear();
  server_ask(&a, "set %s 0 0 3\r\nold\r\n", "k");
  CHECK(during(&a, finds_old, remove_at_green));
  HOLDS(green[0], "g:k", MISSING);
  HOLDS(green[1], "g:k", VALUE("g:k", 0, 3, "old"));
  /* A new generation while the last one answers: its nodes as well. */
  apply(NONE, "");
  put_everywhere();
  CHECK(during(&a, invalidates, prepare_meanwhile));
  HOLDS(green[0], "g:k", MISSING);
  HOLDS(green[1], "g:k", MISSING);
}

static void check_lost(cache_client *cache, const char *outcome) {
  size_t count = 0;
  const unsigned long before = reported("blue", "invalidate", outcome);
  CHECK(cache_invalidate(cache, "k", 1) == CACHE_LOST);
  const ringshift_node *const *lost = cache_lost(cache, &count);
  CHECK(count == 1 && strcmp(ringshift_node_id(lost[0]), "a") == 0);
  CHECK_SAYS(reported("blue", "invalidate", outcome) == before + 1, "%s is not reported", outcome);
  HOLDS(green[0], "g:k", MISSING);
  HOLDS(green[1], "g:k", MISSING);
}

static void test_failures(cache_client *cache) {
  size_t count = 1;
  apply(RAMP(100), "");
  put_everywhere();
  server_stop(&a);
  check_lost(cache, "timeout");
  server_wake(&a);
  /* While keys move a lost one is read nowhere, so that the next read removes it first, wherever it is. */
  put_everywhere();
  CHECK(reads(cache, NULL));
  HOLDS(&a, "k", MISSING);
  HOLDS(green[0], "g:k", MISSING);
  HOLDS(green[1], "g:k", MISSING);
  put_everywhere();
  CHECK(reads(cache, "new"));
  CHECK(cache_invalidate(cache, "k", 1) == CACHE_OK && (cache_lost(cache, &count), count == 0));
  /* Nodes that are too slow are passed over. */
  put_everywhere();
  const unsigned long late = reported("green", "read", "timeout");
  server_stop(green[0]);
  CHECK(reads(cache, "new"));
  server_stop(green[1]);
  CHECK(reads(cache, "old"));
  server_wake(green[0]);
  server_wake(green[1]);
  CHECK_SAYS(reported("green", "read", "timeout") == late + 3, "%lu", reported("green", "read", "timeout") - late);
  for (int each = 0; each < 2; each++) server_ask(green[each], "delete %s\r\n", "g:k");
  server_stop(&a);
  CHECK(reads(cache, NULL));
  server_wake(&a);
  CHECK(reads(cache, "old"));
  /* Also where a read takes no token. */
  apply(SOAK, "");
  put_everywhere();
  server_stop(green[0]);
  CHECK(reads(cache, "new"));
  server_wake(green[0]);
  apply(RAMP(100), "");
  /* Connections that died while idle are made anew. */
  server_restart(&a);
  server_restart(&b);
  server_restart(&c);
  CHECK(reads(cache, NULL) && invalidates(cache));
  server_restart(&a);
  server_restart(&b);
  server_restart(&c);
  put_everywhere();
  CHECK(invalidates(cache));
  HOLDS(&a, "k", MISSING);
  put_everywhere();
  server_kill(&a);
  for (int each = 0; each < 2; each++) server_ask(green[each], "set %s 0 0 3\r\nnew\r\n", "g:k");
  check_lost(cache, "unreachable");
  server_start(&a, NULL, "a", "-C");
  const unsigned long fills = reported("blue", "fill", "ok");
  /* Without CAS numbers there are no tokens. The first read sends again what was lost. */
  apply(NONE, "");
  CHECK(reads(cache, NULL));
  CHECK(loads(cache, 0, "fresh", NULL, "fresh") == 1 && loads(cache, 0, "later", NULL, "later") == 1);
  CHECK(reported("blue", "fill", "ok") == fills);
}

/* A server without meta commands can't tell what time an item has left: it is read, and not copied. */
static void test_old_server(cache_client *cache, const char *directory) {
  server_kill(&a);
  server_pretend_old(&a, directory, "old", "VALUE k 0 3 8\r\nold\r\nEND\r\n");
  apply(RAMP(100), "");
  for (int each = 0; each < 2; each++) server_ask(green[each], "delete %s\r\n", "g:k");
  CHECK(reads(cache, "old") && reads(cache, "old"));
  for (int each = 0; each < 2; each++) HOLDS(green[each], "g:k", VALUE("g:k", 0, 16, "@ringshift:lease"));
  server_kill(&a);
  server_pretend_old(&a, directory, "older", "VALUE k 0 0 8\r\n\r\nEND\r\n");
  apply(PREPARE, "");
  CHECK(reads(cache, "") && reads(cache, ""));
  /* An error is no miss. */
  const unsigned long errors = reported("blue", "read", "error");
  server_kill(&a);
  server_pretend_old(&a, directory, "failing", "SERVER_ERROR busy\r\n");
  apply(PREPARE, "");
  CHECK(reads(cache, NULL) && reported("blue", "read", "error") == errors + 1);
}

int main(int count, char **arguments) {
  if (count != 2) return fprintf(stderr, "usage: libmemcached DIRECTORY\n"), 2;
  server_start(&a, NULL, "a", NULL);
  server_start(&b, arguments[1], "b", NULL);
  server_start(&c, arguments[1], "c", NULL);
  apply(NONE, "");
  cache_client *cache = cache_new(router, SHORT);
  test_stages(cache);
  cache_free(cache);
  ringshift_router_free(router);
  router = NULL;
  apply(NONE, "");
  cache = cache_new(router, SHORT);
  test_times(cache);
  test_tokens(cache);
  test_keys_and_values(cache);
  test_order();
  test_failures(cache);
  test_old_server(cache, arguments[1]);
  cache_free(cache);
  cache_free(NULL);
  ringshift_router_free(router);
  server_kill(&a);
  server_kill(&b);
  server_kill(&c);
  return check_end("libmemcached");
}
