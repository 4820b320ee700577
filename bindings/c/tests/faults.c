/* The example with libmemcached while a node is killed, hangs, refuses connections, or comes and goes: real servers, and
   threads that read and write all the time. Usage: faults READS [NAME...], where READS says for how many reads a fault
   is looked at, and the names which faults; else it is all of them. */
#define _POSIX_C_SOURCE 200809L
#include "callers.h"
#include "relay.h"

enum { PATIENCE = 20000 };

/* `relay` is in front of `a`, the node that fails where the servers keep what they hold. */
static test_server a, b, c;
static test_relay relay;
static unsigned long wanted_reads;

#define BREAKERS "\"failures\": 3, \"open\": \"100ms\", \"max_open\": \"400ms\""
/* They never open. */
#define NO_BREAKERS "\"failures\": 100, \"min_requests\": 1000000"

static ringshift_router *open_router(const char *address_of_a, const char *breaker) {
  char spec[1024];
  ringshift_router *router = NULL;
  snprintf(spec, sizeof spec,
           "{\"format\": 1, \"generation\": 1, \"primary\": \"blue\", \"clusters\": {\"blue\": {\"placement\": {\"kind\": "
           "\"ring\"}, \"nodes\": [{\"id\": \"a\", \"address\": \"%s\"}, {\"id\": \"b\", \"address\": \"%s\"}, "
           "{\"id\": \"c\", \"address\": \"%s\"}]}}, \"breaker\": {%s}}",
           address_of_a, b.address, c.address, breaker);
  ringshift_status status = ringshift_router_from_spec(spec, strlen(spec), NULL, &router);
  if (!CHECK_SAYS(status == RINGSHIFT_OK, "%s", ringshift_error_message())) exit(check_end("faults"));
  return router;
}

/* A number behind a text in the metrics; 0 if it is not there. */
static unsigned long counted(const ringshift_router *router, const char *name) {
  char *text = NULL;
  ringshift_router_metrics_text(router, &text);
  const char *line = strstr(text, name);
  unsigned long count = line == NULL ? 0 : strtoul(line + strlen(name), NULL, 10);
  ringshift_string_free(text);
  return count;
}

#define FAILED_READS(outcome) "ringshift_requests_total{cluster=\"blue\",op=\"read\",outcome=\"" outcome "\"} "
#define LOST(outcome) "ringshift_requests_total{cluster=\"blue\",op=\"invalidate\",outcome=\"" outcome "\"} "
#define STATE "ringshift_breaker_state{cluster=\"blue\",node=\"a\"} "
#define OPENINGS "ringshift_breaker_openings_total{cluster=\"blue\",node=\"a\"} "

static unsigned long owed_keys(const ringshift_router *router) {
  char *json = NULL;
  ringshift_router_metrics_json(router, &json);
  const char *keys = strstr(json, "\"owed\":{\"keys\":");
  unsigned long count = keys == NULL ? 999 : strtoul(keys + strlen("\"owed\":{\"keys\":"), NULL, 10);
  ringshift_string_free(json);
  return count;
}

/* ---- Faults -------------------------------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  int through_relay;
  void (*begin)(void);
  /* In place of waiting, if it is more than a moment. */
  void (*go_on)(void);
  void (*end)(void);
  const char *outcome;
} fault;

static void kill_a(void) { server_kill(&a); }
static void start_a(void) {
  if (!server_run(&a)) give_up("memcached does not start again");
}
static void stop_a(void) { server_stop(&a); }
static void wake_a(void) { server_wake(&a); }
static void cut(void) { relay_cut(&relay); }
static void join(void) { relay_join(&relay); }

static void come_and_go(void) {
  for (int turn = 0; turn < 6; turn++) {
    nap(80);
    relay_join(&relay);
    nap(80);
    relay_cut(&relay);
  }
}

static const fault faults[] = {
    {"killed", 0, kill_a, NULL, start_a, "unreachable"},
    {"hung", 0, stop_a, NULL, wake_a, "timeout"},
    {"refusing", 1, cut, NULL, join, "unreachable"},
    {"flapping", 1, cut, come_and_go, join, "unreachable"},
};

/* Runs until there were enough reads. */
static void wait_for_reads(caller_group *group, unsigned long count) {
  long begun = callers_now();
  unsigned long before = atomic_load(&group->seen.reads);
  while (atomic_load(&group->seen.reads) < before + count && callers_now() < begun + PATIENCE) nap(5);
}

static void test_fault(const fault *given) {
  static caller_group group;
  ringshift_router *router = open_router(given->through_relay ? relay.address : a.address, BREAKERS);
  callers_start(&group, router, "a");
  wait_for_reads(&group, wanted_reads / 10);
  const unsigned long misses = atomic_load(&group.seen.misses);
  CHECK_SAYS(misses == 0 && counted(router, OPENINGS) == 0, "%s: %lu misses without a fault", given->name, misses);

  given->begin();
  if (given->go_on == NULL) atomic_store(&group.fault, 1);
  if (given->go_on != NULL) given->go_on();
  wait_for_reads(&group, wanted_reads);
  /* So that probes fail as well. */
  if (given->go_on == NULL) nap(TIMEOUT);
  atomic_store(&group.fault, 0);
  const unsigned long reads = atomic_load(&group.seen.reads), late = atomic_load(&group.seen.late);
  const unsigned long calls = atomic_load(&group.seen.calls), over = atomic_load(&group.seen.over);
  CHECK_SAYS(counted(router, OPENINGS) > 0, "%s: the breaker has not opened", given->name);
  given->end();
  long begun = callers_now();
  while ((counted(router, STATE) != 0 || owed_keys(router) != 0) && callers_now() < begun + PATIENCE) nap(5);
  CHECK_SAYS(counted(router, STATE) == 0, "%s: the breaker has not closed", given->name);
  CHECK_SAYS(owed_keys(router) == 0, "%s: %lu keys are still owed", given->name, owed_keys(router));
  wait_for_reads(&group, wanted_reads / 10);
  callers_stop(&group);
  CHECK_SAYS(late * 100 <= reads, "%s: %lu of %lu reads waited for the node", given->name, late, reads);
  CHECK_SAYS(over * 100 <= calls, "%s: %lu of %lu calls took far longer than a timeout", given->name, over, calls);
  const unsigned long asked = counted(router, FAILED_READS("error")) + counted(router, FAILED_READS("timeout")) +
                              counted(router, FAILED_READS("unreachable"));
  CHECK_SAYS(asked * 100 <= reads, "%s: %lu of %lu reads went to the node", given->name, asked, reads);
  char lost[128];
  snprintf(lost, sizeof lost, LOST("%s"), given->outcome);
  CHECK_SAYS(counted(router, lost) > 0, "%s: no invalidation is lost as %s", given->name, given->outcome);
  CHECK_SAYS(group.seen.lost > 0 && group.seen.acknowledged == 0, "%s: %lu writes lost, %lu not", given->name,
             (unsigned long)group.seen.lost, (unsigned long)group.seen.acknowledged);
  CHECK_SAYS(group.seen.stale == 0, "%s: %lu old values", given->name, (unsigned long)group.seen.stale);
  CHECK_SAYS(group.seen.strange == 0, "%s: %lu strange answers", given->name, (unsigned long)group.seen.strange);
  CHECK_SAYS(group.seen.unserved == 0, "%s: %lu keys of other nodes not served", given->name,
             (unsigned long)group.seen.unserved);
  /* What was lost is gone for everybody now. */
  ringshift_router *other = open_router(given->through_relay ? relay.address : a.address, BREAKERS);
  cache_client *cache = cache_new(other, TIMEOUT);
  for (int number = 0; number < KEYS; number++) {
    unsigned long version = callers_version(&group, cache, number), newest = atomic_load(&group.versions[number]);
    CHECK_SAYS(version == newest, "%s: version %lu of live:%d, not %lu", given->name, version, number, newest);
  }
  cache_free(cache);
  printf("%s: %lu reads, %lu waited, %lu went to the node; %lu writes lost\n", given->name, reads, late, asked,
         (unsigned long)group.seen.lost);
  ringshift_router_free(other);
  ringshift_router_free(router);
}

/* What breakers are for: without them each read of a node that hangs waits. */
static void test_without_breakers(void) {
  static caller_group group;
  ringshift_router *router = open_router(a.address, NO_BREAKERS);
  callers_start(&group, router, "a");
  wait_for_reads(&group, wanted_reads / 10);
  const unsigned long reads = atomic_load(&group.seen.reads);
  stop_a();
  nap(3 * TIMEOUT);
  const unsigned long late = atomic_load(&group.seen.late), seen = atomic_load(&group.seen.reads) - reads;
  wake_a();
  callers_stop(&group);
  CHECK_SAYS(late >= 4 && late * 100 > 10 * seen, "only %lu of %lu reads waited without breakers", late, seen);
  CHECK(group.seen.stale == 0 && group.seen.strange == 0 && group.seen.unserved == 0);
  printf("without breakers: %lu reads, %lu waited\n", seen, late);
  ringshift_router_free(router);
}

/* ---- What a node held before ------------------------------------------------------------------------------------- */

static char keys_of_a[2][32];

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

/* A node that was away comes back with a value that was to be removed: who lost that does not read it, and removes it for
   everybody when the node has answered something else. */
static void test_old_content(void) {
  ringshift_router *router = open_router(relay.address, BREAKERS), *elsewhere = open_router(relay.address, BREAKERS);
  cache_client *cache = cache_new(router, TIMEOUT), *other = cache_new(elsewhere, TIMEOUT);
  find_keys(router);
  const char *key = keys_of_a[0], *calm = keys_of_a[1];
  put_old();
  CHECK(reads_as(cache, key, "old") && reads_as(other, key, "old"));
  relay_cut(&relay);
  CHECK(!removes(cache, key) && counted(router, LOST("unreachable")) == 1 && counted(router, STATE) != 0);
  relay_join(&relay);
  CHECK(is_at_a(key) && reads_as(other, key, "old") && reads_as(cache, key, NULL));
  long begun = callers_now();
  while (!reads_as(cache, calm, "old") && callers_now() < begun + PATIENCE) {
    CHECK(reads_as(cache, key, NULL));
    nap(1);
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
  cache_client *cache = cache_new(router, TIMEOUT);
  put_old();
  const char *key = keys_of_a[0];
  server_stop(&a);
  CHECK(!removes(cache, key) && counted(router, LOST("timeout")) == 1 && owed_keys(router) == 1);
  server_wake(&a);
  /* As if the removal had not come to it, late. */
  put_old();
  CHECK(reads_as(cache, key, NULL) && !is_at_a(key) && owed_keys(router) == 0);
  put_old();
  CHECK(reads_as(cache, key, "old"));
  cache_free(cache);
  ringshift_router_free(router);
}

/* What is sent again and lost again stays owed, and costs one timeout however much is owed. */
static void test_lost_again(void) {
  ringshift_router *router = open_router(a.address, NO_BREAKERS);
  cache_client *cache = cache_new(router, TIMEOUT);
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
  long begun = callers_now();
  CHECK(reads_as(cache, keys_of_a[0], NULL) && owed_keys(router) == 9);
  CHECK_SAYS(callers_now() - begun < 4 * TIMEOUT, "%ld ms for a read", callers_now() - begun);
  server_wake(&a);
  cache_free(cache);
  ringshift_router_free(router);
}

static int is_wanted(const char *name, int count, char **arguments) {
  int found = count == 2;
  for (int each = 2; each < count; each++) found |= strcmp(arguments[each], name) == 0;
  return found;
}

int main(int count, char **arguments) {
  if (count == 4 && strcmp(arguments[1], "relay") == 0) relay_main(arguments);
  wanted_reads = count >= 2 ? strtoul(arguments[1], NULL, 10) : 0;
  if (wanted_reads == 0) return fprintf(stderr, "usage: faults READS [NAME...]\n"), 2;
  server_start(&a, NULL, "a", NULL);
  server_start(&b, NULL, "b", NULL);
  server_start(&c, NULL, "c", NULL);
  relay.server = &a;
  relay.program = arguments[0];
  relay_join(&relay);
  test_old_content();
  test_nowhere_to_read();
  test_lost_again();
  for (size_t each = 0; each < sizeof faults / sizeof *faults; each++) {
    if (!is_wanted(faults[each].name, count, arguments)) continue;
    for (test_server *const *server = (test_server *const[]){&a, &b, &c, NULL}; *server != NULL; server++)
      server_ask(*server, "flush_all\r\n%s", "");
    test_fault(&faults[each]);
  }
  if (is_wanted("without breakers", count, arguments)) test_without_breakers();
  relay_cut(&relay);
  server_kill(&a);
  server_kill(&b);
  server_kill(&c);
  return check_end("faults");
}
