/* Eight threads ask for routes while one rewrites the spec, two refresh and two read metrics. Every route must belong to
   one generation: the key prefix of each of its nodes says which. Usage: threads DIRECTORY REWRITES */
#include <pthread.h>
#include <stdatomic.h>
#include <sched.h>

#include "check.h"
#include "ringshift.h"
#include "specs.h"

enum { READERS = 8, REFRESHERS = 2, WATCHERS = 2, THREADS = READERS + REFRESHERS + WATCHERS };

static ringshift_router *router;
static atomic_int stopped;
static atomic_ulong torn, asked, rejected, strange, scraped;

/* Generation g has g % 3 + 2 nodes, all with the key prefix "g:", and g % 2 + 1 replicas of each key. */
static void make_spec(char *text, size_t size, unsigned long generation) {
  int used = snprintf(text, size,
                      "{\"format\": 1, \"generation\": %lu, \"primary\": \"c\", \"clusters\": {\"c\": {\"placement\": "
                      "{\"kind\": \"ring\", \"vnodes\": 8}, \"replicas\": %lu, \"key_prefix\": \"%lu:\", \"nodes\": [",
                      generation, generation % 2 + 1, generation);
  for (unsigned long node = 0; node < generation % 3 + 2; node++)
    used += snprintf(text + used, size - (size_t)used, "%s{\"id\": \"n%lu\", \"address\": \"127.0.0.1:%lu\"}",
                     node ? ", " : "", node, 1000 + node);
  snprintf(text + used, size - (size_t)used, "]}}}");
}

static int belongs(const ringshift_node *node, uint64_t generation) {
  char prefix[32];
  snprintf(prefix, sizeof prefix, "%lu:", (unsigned long)generation);
  return strcmp(ringshift_node_key_prefix(node), prefix) == 0;
}

static void *read_routes(void *seed) {
  unsigned long number = *(unsigned long *)seed, count = 0, bad = 0;
  uint64_t seen = 0;
  /* Once at least, however late the thread has its turn. */
  do {
    char key[2][32];
    const void *keys[2] = {key[0], key[1]};
    size_t lens[2];
    for (int each = 0; each < 2; each++)
      lens[each] = (size_t)snprintf(key[each], sizeof key[each], "user:%lu", number++ * 2654435761u % 100000);
    ringshift_route routes[2];
    if (ringshift_router_route_many(router, keys, lens, 2, routes) != RINGSHIFT_OK) bad++;
    if (routes[0].epoch != routes[1].epoch || routes[0].generation < seen) bad++;
    seen = routes[0].generation;
    for (int each = 0; each < 2; each++) {
      size_t nodes = seen % 2 + 1;
      if (routes[each].read_len != nodes || routes[each].invalidate_len != nodes) bad++;
      for (size_t position = 0; position < routes[each].read_len; position++)
        if (!belongs(routes[each].read[position], routes[each].generation)) bad++;
      ringshift_router_report(router, routes[each].read[0], RINGSHIFT_OP_READ, RINGSHIFT_OUTCOME_HIT);
    }
    count++;
  } while (!atomic_load(&stopped));
  atomic_fetch_add(&torn, bad);
  atomic_fetch_add(&asked, count);
  return NULL;
}

static void *refresh(void *unused) {
  (void)unused;
  while (!atomic_load(&stopped)) {
    ringshift_status status = ringshift_router_refresh(router, NULL);
    if (status != RINGSHIFT_OK) {
      atomic_fetch_add(&rejected, 1);
      /* A reader of a file that is being written may find any part of it, or that it changes all the time, but never a
         good spec of the wrong number. */
      if (status != RINGSHIFT_SPEC_SYNTAX && status != RINGSHIFT_SPEC_INVALID && status != RINGSHIFT_IO)
        atomic_fetch_add(&strange, 1);
      if (*ringshift_error_message() == '\0') atomic_fetch_add(&strange, 1);
    }
    sched_yield();
  }
  return NULL;
}

/* What a scrape does, and everything else that only looks. */
static void *look(void *unused) {
  (void)unused;
  do {
    char *text = NULL, *json = NULL, digest[RINGSHIFT_DIGEST_SIZE];
    if (ringshift_router_metrics_text(router, &text) != RINGSHIFT_OK || strstr(text, "# EOF") == NULL ||
        ringshift_router_metrics_json(router, &json) != RINGSHIFT_OK || json[0] != '{' ||
        ringshift_router_digest(router, digest, sizeof digest) != RINGSHIFT_OK || strlen(digest) != 32 ||
        ringshift_router_generation(router) == 0 || ringshift_router_weight(router) != 0)
      atomic_fetch_add(&strange, 1);
    ringshift_string_free(text);
    ringshift_string_free(json);
    (void)ringshift_router_last_error(router);
    atomic_fetch_add(&scraped, 1);
    sched_yield();
  } while (!atomic_load(&stopped));
  return NULL;
}

int main(int count, char **arguments) {
  unsigned long rewrites = count == 3 ? strtoul(arguments[2], NULL, 10) : 0;
  if (rewrites == 0) {
    fprintf(stderr, "usage: threads DIRECTORY REWRITES\n");
    return 2;
  }
  char path[512], fresh[512], text[2048];
  path_in(path, sizeof path, arguments[1], "threads.json");
  path_in(fresh, sizeof fresh, arguments[1], "threads.json.new");
  make_spec(text, sizeof text, 1);
  write_file(path, text);
  if (!CHECK(ringshift_router_open(path, NULL, &router) == RINGSHIFT_OK)) return check_end("threads");

  pthread_t threads[THREADS];
  unsigned long seeds[READERS];
  for (int reader = 0; reader < READERS; reader++) {
    seeds[reader] = (unsigned long)reader * 1000003u;
    CHECK(pthread_create(&threads[reader], NULL, read_routes, &seeds[reader]) == 0);
  }
  for (int refresher = 0; refresher < REFRESHERS; refresher++)
    CHECK(pthread_create(&threads[READERS + refresher], NULL, refresh, NULL) == 0);
  for (int watcher = 0; watcher < WATCHERS; watcher++)
    CHECK(pthread_create(&threads[READERS + REFRESHERS + watcher], NULL, look, NULL) == 0);

  /* By turns: in place, by rename, and a bad one. */
  unsigned long generation = 1, applied = 0;
  for (unsigned long rewrite = 0; rewrite < rewrites; rewrite++) {
    make_spec(text, sizeof text, ++generation);
    if (rewrite % 3 == 2) text[strlen(text) / 2] = '\0';
    if (rewrite % 3 == 1) {
      write_file(fresh, text);
      CHECK(rename(fresh, path) == 0);
    } else {
      write_file(path, text);
    }
    /* Whoever was first, after this call the file's spec is in force, if it is a good one. */
    ringshift_status status = ringshift_router_refresh(router, NULL);
    if (rewrite % 3 == 2) {
      CHECK(status == RINGSHIFT_SPEC_SYNTAX && ringshift_router_last_error(router) == RINGSHIFT_SPEC_SYNTAX);
      CHECK(ringshift_router_generation(router) == generation - 1);
    } else if (CHECK_SAYS(status == RINGSHIFT_OK, "%s", ringshift_error_message())) {
      CHECK(ringshift_router_generation(router) == generation);
      applied++;
    }
  }
  atomic_store(&stopped, 1);
  for (int thread = 0; thread < THREADS; thread++) CHECK(pthread_join(threads[thread], NULL) == 0);

  CHECK_SAYS(torn == 0, "%lu routes were of no single generation", (unsigned long)torn);
  CHECK_SAYS(strange == 0, "%lu refreshes ended strangely", (unsigned long)strange);
  CHECK(asked > 0 && applied > 0 && scraped > 0);
  CHECK(ringshift_router_epoch(router) == applied + 1);
  printf("%lu pairs of routes, %lu specs applied, %lu refreshes rejected, %lu looks at metrics\n", (unsigned long)asked,
         applied, (unsigned long)rejected, (unsigned long)scraped);
  ringshift_router_free(router);
  CHECK(remove(path) == 0);
  return check_end("threads");
}
