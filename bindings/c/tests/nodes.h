/* Three nodes on real servers, of which `a` is the one that fails, and what a router has counted of them. */
#ifndef NODES_H
#define NODES_H

#include "check.h"
#include "relay.h"
#include "ringshift.h"

/* `relay` is in front of `a`, for faults in which the server keeps what it holds. */
static test_server a, b, c;
static test_relay relay;

#define BREAKERS "\"failures\": 3, \"open\": \"100ms\", \"max_open\": \"400ms\""
/* They never open, unless no connection can be made. */
#define NO_BREAKERS "\"failures\": 100, \"min_requests\": 1000000"

static inline void nodes_start(char *program) {
  server_start(&a, NULL, "a", NULL);
  server_start(&b, NULL, "b", NULL);
  server_start(&c, NULL, "c", NULL);
  relay.server = &a;
  relay.program = program;
  relay_join(&relay);
}

static inline void nodes_end(void) {
  relay_cut(&relay);
  server_kill(&a);
  server_kill(&b);
  server_kill(&c);
}

static inline ringshift_router *open_router(const char *address_of_a, const char *breaker) {
  char spec[1024];
  ringshift_router *router = NULL;
  snprintf(spec, sizeof spec,
           "{\"format\": 1, \"generation\": 1, \"primary\": \"blue\", \"clusters\": {\"blue\": {\"placement\": "
           "{\"kind\": \"ring\"}, \"nodes\": [{\"id\": \"a\", \"address\": \"%s\"}, "
           "{\"id\": \"b\", \"address\": \"%s\"}, {\"id\": \"c\", \"address\": \"%s\"}]}}, \"breaker\": {%s}}",
           address_of_a, b.address, c.address, breaker);
  ringshift_status status = ringshift_router_from_spec(spec, strlen(spec), NULL, &router);
  if (!CHECK_SAYS(status == RINGSHIFT_OK, "%s", ringshift_error_message())) exit(check_end("nodes"));
  return router;
}

/* A number behind a text in the metrics; 0 if it is not there. */
static inline unsigned long counted(const ringshift_router *router, const char *name) {
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

static inline unsigned long owed_keys(const ringshift_router *router) {
  char *json = NULL;
  ringshift_router_metrics_json(router, &json);
  const char *keys = strstr(json, "\"owed\":{\"keys\":");
  unsigned long count = keys == NULL ? 999 : strtoul(keys + strlen("\"owed\":{\"keys\":"), NULL, 10);
  ringshift_string_free(json);
  return count;
}

#endif
