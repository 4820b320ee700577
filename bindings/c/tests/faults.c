/* The example with libmemcached while a node is killed, hangs, is slow, refuses connections, or comes and goes: real
   servers, and threads that read and write meanwhile. Usage: faults READS [NAME...], where READS says how many reads each
   fault is watched for, and the names which of the faults; without names all of them. */
#define _POSIX_C_SOURCE 200809L
#include "callers.h"
#include "nodes.h"

enum { PATIENCE = 20000 };

static unsigned long wanted_reads;

/* ---- Faults ------------------------------------------------------------------------------------------------------ */

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
static void start_a(void) { server_start_again(&a); }
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

static void slow_down(void) { relay_slow(&relay, 1); }
static void hurry(void) { relay_slow(&relay, 0); }

/* It answers some: so not every write is lost. */
static void stay(void) { nap(4 * TIMEOUT); }

static const fault faults[] = {
    {"killed", 0, kill_a, NULL, start_a, "unreachable"},
    {"hung", 0, stop_a, NULL, wake_a, "timeout"},
    {"slow", 1, slow_down, stay, hurry, "timeout"},
    {"refusing", 1, cut, NULL, join, "unreachable"},
    {"flapping", 1, cut, come_and_go, join, "unreachable"},
};

/* Runs until there were enough reads: what is said of a part of fewer says nothing. */
static void wait_for_reads(caller_group *group, unsigned long count, const char *name) {
  long begun = now_ms();
  unsigned long before = atomic_load(&group->seen.reads);
  while (atomic_load(&group->seen.reads) < before + count && now_ms() < begun + PATIENCE) nap(5);
  const unsigned long came = atomic_load(&group->seen.reads) - before;
  CHECK_SAYS(came >= count, "%s: %lu reads in %d s, not %lu", name, came, PATIENCE / 1000, count);
}

static void test_fault(const fault *given) {
  static caller_group group;
  ringshift_router *router = open_router(given->through_relay ? relay.address : a.address, BREAKERS);
  callers_start(&group, router, "a");
  wait_for_reads(&group, wanted_reads / 10, given->name);
  const unsigned long misses = atomic_load(&group.seen.misses);
  CHECK_SAYS(misses == 0 && counted(router, OPENINGS) == 0, "%s: %lu misses without a fault", given->name, misses);

  given->begin();
  if (given->go_on == NULL) atomic_store(&group.fault, 1);
  if (given->go_on != NULL) given->go_on();
  wait_for_reads(&group, wanted_reads, given->name);
  /* So that probes fail as well. */
  if (given->go_on == NULL) nap(TIMEOUT);
  callers_rest(&group);
  atomic_store(&group.fault, 0);
  const unsigned long reads = atomic_load(&group.seen.reads), late = atomic_load(&group.seen.late);
  const unsigned long calls = atomic_load(&group.seen.calls), over = atomic_load(&group.seen.over);
  CHECK_SAYS(counted(router, OPENINGS) > 0, "%s: the breaker has not opened", given->name);
  given->end();
  long begun = now_ms();
  while ((counted(router, STATE) != 0 || owed_keys(router) != 0) && now_ms() < begun + PATIENCE) nap(5);
  CHECK_SAYS(counted(router, STATE) == 0, "%s: the breaker has not closed", given->name);
  CHECK_SAYS(owed_keys(router) == 0, "%s: %lu keys are still owed", given->name, owed_keys(router));
  wait_for_reads(&group, wanted_reads / 10, given->name);
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
  wait_for_reads(&group, wanted_reads / 10, "without breakers");
  stop_a();
  const unsigned long reads = atomic_load(&group.seen.reads);
  nap(3 * TIMEOUT);
  const unsigned long late = atomic_load(&group.seen.late), seen = atomic_load(&group.seen.reads) - reads;
  wake_a();
  callers_stop(&group);
  CHECK_SAYS(late >= 4 && late * 100 > 10 * seen, "only %lu of %lu reads waited without breakers", late, seen);
  CHECK(group.seen.stale == 0 && group.seen.strange == 0 && group.seen.unserved == 0);
  printf("without breakers: %lu reads, %lu waited\n", seen, late);
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
  nodes_start(arguments[0]);
  for (size_t each = 0; each < sizeof faults / sizeof *faults; each++) {
    if (!is_wanted(faults[each].name, count, arguments)) continue;
    for (test_server *const *server = (test_server *const[]){&a, &b, &c, NULL}; *server != NULL; server++)
      server_ask(*server, "flush_all\r\n%s", "");
    test_fault(&faults[each]);
  }
  if (is_wanted("without breakers", count, arguments)) test_without_breakers();
  nodes_end();
  return check_end("faults");
}
