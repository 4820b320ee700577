/* A prefork server: a router that was opened, used by many threads and refreshed in the parent goes on in its children, each
   of which has its own from then on. The threads have ended or rest when it forks. Usage: fork DIRECTORY */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ringshift.h"
#include "specs.h"

enum { THREADS = 4, CHILDREN = 50, KEYS = 200 };

static ringshift_router *router;

static void make_spec(char *text, size_t size, unsigned long generation) {
  snprintf(text, size,
           "{\"format\": 1, \"generation\": %lu, \"primary\": \"c\", \"clusters\": {\"c\": {\"placement\": {\"kind\": \"ring\"}, "
           "\"key_prefix\": \"%lu:\", \"nodes\": [{\"id\": \"a\", \"address\": \"127.0.0.1:1\"}, "
           "{\"id\": \"b\", \"address\": \"127.0.0.1:2\"}]}}}",
           generation, generation);
}

/* All keys are routed by this generation, and what was found can be reported. */
static int routes(uint64_t generation) {
  char prefix[32];
  snprintf(prefix, sizeof prefix, "%lu:", (unsigned long)generation);
  for (int number = 0; number < KEYS; number++) {
    char key[32];
    ringshift_route route;
    int length = snprintf(key, sizeof key, "user:%d", number);
    if (ringshift_router_route(router, key, (size_t)length, &route) != RINGSHIFT_OK) return 0;
    if (route.generation != generation || strcmp(ringshift_node_key_prefix(route.read[0]), prefix) != 0) return 0;
    if (ringshift_router_report(router, route.read[0], RINGSHIFT_OP_READ, RINGSHIFT_OUTCOME_HIT) != RINGSHIFT_OK) return 0;
  }
  return 1;
}

static void *use(void *unused) {
  char *text;
  (void)unused;
  (void)routes(1);
  if (ringshift_router_metrics_text(router, &text) == RINGSHIFT_OK) ringshift_string_free(text);
  (void)ringshift_router_refresh(router, NULL);
  return NULL;
}

/* What a child does; 0 if all went well. */
static int child(const char *path, unsigned long generation) {
  char text[1024], *json = NULL;
  uint32_t result = RINGSHIFT_REFRESH_UNCHANGED;
  if (!routes(1)) return 1;
  make_spec(text, sizeof text, generation);
  write_file(path, text);
  if (ringshift_router_refresh(router, &result) != RINGSHIFT_OK || result != RINGSHIFT_REFRESH_APPLIED) return 2;
  if (!routes(generation)) return 3;
  if (ringshift_router_metrics_json(router, &json) != RINGSHIFT_OK) return 4;
  ringshift_string_free(json);
  pthread_t threads[THREADS];
  for (int thread = 0; thread < THREADS; thread++)
    if (pthread_create(&threads[thread], NULL, use, NULL) != 0) return 5;
  for (int thread = 0; thread < THREADS; thread++) pthread_join(threads[thread], NULL);
  ringshift_router_free(router);
  return 0;
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: fork DIRECTORY\n");
    return 2;
  }
  char path[512], text[1024];
  path_in(path, sizeof path, arguments[1], "fork.json");
  make_spec(text, sizeof text, 1);
  write_file(path, text);
  if (!CHECK(ringshift_router_open(path, NULL, &router) == RINGSHIFT_OK)) return check_end("fork");
  pthread_t threads[THREADS];
  for (int thread = 0; thread < THREADS; thread++) CHECK(pthread_create(&threads[thread], NULL, use, NULL) == 0);
  for (int thread = 0; thread < THREADS; thread++) CHECK(pthread_join(threads[thread], NULL) == 0);
  fflush(NULL);
  for (unsigned long number = 0; number < CHILDREN; number++) {
    pid_t forked = fork();
    if (forked == 0) {
      alarm(60); /* one that waits for a lock that nobody releases ends with a signal */
      _exit(child(path, number + 2));
    }
    int status = -1;
    CHECK(forked > 0 && waitpid(forked, &status, 0) == forked);
    CHECK_SAYS(status == 0, "child %lu ended with the status %d", number, status);
  }
  /* Nothing of it is seen here before this process reads the file itself. */
  CHECK(routes(1) && ringshift_router_generation(router) == 1);
  CHECK(ringshift_router_refresh(router, NULL) == RINGSHIFT_OK && routes(CHILDREN + 1));
  ringshift_router_free(router);
  CHECK(remove(path) == 0);
  return check_end("fork");
}
