/* The shared vectors through the C interface. Usage: vectors DIRECTORY (that of index.json) */
#include "check.h"
#include "ringshift.h"
#include "vectors_json.h"

static const char *file_name;

static const char *text(const json_t *object, const char *name) {
  return json_string_value(json_object_get(object, name));
}

static ringshift_status open_spec(const json_t *owner, ringshift_router **router) {
  ringshift_options *options = ringshift_options_new();
  ringshift_options_set_region(options, text(owner, "region"));
  bytes spec = spec_of(owner);
  ringshift_status status = ringshift_router_from_spec(spec.data, spec.len, options, router);
  free(spec.data);
  ringshift_options_free(options);
  return status;
}

/* A node is the one at a position of a list, written as "<cluster>/<id>". */
static int is_at(const ringshift_node *node, const json_t *wanted, size_t position) {
  const char *name = json_string_value(json_array_get(wanted, position));
  char found[600];
  snprintf(found, sizeof found, "%s/%s", ringshift_node_cluster(node), ringshift_node_id(node));
  return name != NULL && strcmp(found, name) == 0;
}

/* A list of nodes is the wanted one; null is an empty list. */
static int is_list(const ringshift_node *const *nodes, size_t len, const json_t *wanted) {
  if (json_array_size(wanted) != len) return 0;
  for (size_t position = 0; position < len; position++)
    if (!is_at(nodes[position], wanted, position)) return 0;
  return 1;
}

static int has_prefixes(const ringshift_node *const *nodes, size_t len, const json_t *prefixes) {
  int right = 1;
  for (size_t position = 0; position < len; position++) {
    const char *prefix = text(prefixes, ringshift_node_cluster(nodes[position]));
    right = right && prefix != NULL && strcmp(ringshift_node_key_prefix(nodes[position]), prefix) == 0;
  }
  return right;
}

static void run_route_case(const ringshift_router *router, const json_t *group, const json_t *wanted) {
  bytes key = key_of(wanted);
  ringshift_route route;
  ringshift_status status = ringshift_router_route(router, key.data, key.len, &route);
  free(key.data);
  const json_t *prefixes = json_object_get(group, "key_prefix");
  int equal = status == RINGSHIFT_OK && is_list(route.read, route.read_len, json_object_get(wanted, "read")) &&
              is_list(route.fallback, route.fallback_len, json_object_get(wanted, "fallback")) &&
              is_list(route.invalidate, route.invalidate_len, json_object_get(wanted, "invalidate")) &&
              has_prefixes(route.read, route.read_len, prefixes) &&
              has_prefixes(route.fallback, route.fallback_len, prefixes) &&
              has_prefixes(route.invalidate, route.invalidate_len, prefixes) &&
              route.fill == json_is_true(json_object_get(wanted, "fill")) &&
              route.moved == json_is_true(json_object_get(wanted, "moved")) &&
              strcmp(ringshift_stage_name(route.stage), text(wanted, "stage")) == 0 &&
              route.generation == number_of(json_object_get(wanted, "generation"));
  char *shown = equal ? NULL : json_dumps(wanted, 0);
  CHECK_SAYS(equal, "%s: got another route than %.300s", file_name, shown);
  free(shown);
}

/* The keys of a group in one call have the nodes that their routes read first. */
static void check_index_many(const ringshift_router *router, const json_t *cases) {
  size_t count = json_array_size(cases), each;
  size_t *offsets = calloc(count + 1, sizeof *offsets);
  uint32_t *nodes = calloc(count, sizeof *nodes);
  bytes packed = {NULL, 0, 0};
  json_t *wanted;
  json_array_foreach(cases, each, wanted) {
    bytes key = key_of(wanted);
    append(&packed, key.data, key.len);
    offsets[each + 1] = packed.len;
    free(key.data);
  }
  CHECK(ringshift_router_index_many(router, packed.data, offsets, count, nodes) == RINGSHIFT_OK);
  json_array_foreach(cases, each, wanted) {
    const ringshift_node *node = ringshift_router_node(router, nodes[each]);
    const json_t *read = json_object_get(wanted, "read");
    int equal = node == NULL ? json_array_size(read) == 0 : is_at(node, read, 0);
    CHECK_SAYS(equal, "%s: another node in a batch for case %lu", file_name, (unsigned long)each);
  }
  free(offsets);
  free(nodes);
  free(packed.data);
}

static void run_route(const json_t *file) {
  size_t index, each;
  json_t *group, *wanted;
  json_array_foreach(json_object_get(file, "groups"), index, group) {
    ringshift_router *router;
    if (!CHECK_SAYS(open_spec(group, &router) == RINGSHIFT_OK, "%s: group %lu: %s", file_name, (unsigned long)index,
                    ringshift_error_message()))
      continue;
    CHECK(ringshift_router_weight(router) == number_of(json_object_get(group, "weight")));
    json_array_foreach(json_object_get(group, "cases"), each, wanted) run_route_case(router, group, wanted);
    check_index_many(router, json_object_get(group, "cases"));
    ringshift_router_free(router);
  }
}

static void run_accept(const json_t *file) {
  size_t index;
  json_t *wanted;
  json_array_foreach(json_object_get(file, "cases"), index, wanted) {
    ringshift_router *router;
    char digest[RINGSHIFT_DIGEST_SIZE];
    if (!CHECK_SAYS(open_spec(wanted, &router) == RINGSHIFT_OK, "%s: case %lu: %s", file_name, (unsigned long)index,
                    ringshift_error_message()))
      continue;
    CHECK(ringshift_router_generation(router) == number_of(json_object_get(wanted, "generation")));
    CHECK(ringshift_router_digest(router, digest, sizeof digest) == RINGSHIFT_OK);
    CHECK_TEXT(digest, text(wanted, "digest"));
    CHECK_TEXT(ringshift_stage_name(ringshift_router_stage(router)), text(wanted, "stage"));
    CHECK(ringshift_router_weight(router) == number_of(json_object_get(wanted, "weight")));
    CHECK(ringshift_router_max_ttl(router) == number_of(json_object_get(wanted, "max_ttl_ms")));
    ringshift_router_free(router);
  }
}

/* Where a case names no line or column, any will do; null means none, which is 0 here. */
static int is_place(const json_t *wanted, const char *name, uint32_t found) {
  const json_t *value = json_object_get(wanted, name);
  return value == NULL || number_of(value) == found;
}

static void run_spec_error(const json_t *file) {
  size_t index, each;
  json_t *wanted, *part;
  json_array_foreach(json_object_get(file, "cases"), index, wanted) {
    ringshift_router *router;
    ringshift_status status = open_spec(wanted, &router);
    const char *message = ringshift_error_message(), *pointer = ringshift_error_pointer();
    const char *wanted_pointer = text(wanted, "pointer");
    CHECK_SAYS(router == NULL && strcmp(ringshift_status_name(status), text(wanted, "kind")) == 0,
               "%s: case %lu: %s, not %s", file_name, (unsigned long)index, ringshift_status_name(status),
               text(wanted, "kind"));
    CHECK_SAYS((pointer == NULL) == (wanted_pointer == NULL) &&
                   (pointer == NULL || strcmp(pointer, wanted_pointer) == 0) &&
                   is_place(wanted, "line", ringshift_error_line()) &&
                   is_place(wanted, "column", ringshift_error_column()),
               "%s: case %lu: another place: %s", file_name, (unsigned long)index, message);
    json_array_foreach(json_object_get(wanted, "says"), each, part) {
      CHECK_SAYS(strstr(message, json_string_value(part)) != NULL, "%s: case %lu: no \"%s\" in: %s", file_name,
                 (unsigned long)index, json_string_value(part), message);
    }
    ringshift_router_free(router);
  }
}

static uint64_t fnv1a(uint64_t hash, const char *data, size_t len) {
  for (size_t at = 0; at < len; at++) hash = (hash ^ (unsigned char)data[at]) * 0x100000001b3u;
  return hash;
}

static void run_digest(const json_t *file) {
  size_t index;
  json_t *wanted;
  unsigned long keys = (unsigned long)number_of(json_object_get(file, "keys"));
  CHECK(keys == 1000000);
  json_array_foreach(json_object_get(file, "digests"), index, wanted) {
    ringshift_router *router;
    if (!CHECK_SAYS(open_spec(wanted, &router) == RINGSHIFT_OK, "%s: %s", file_name, ringshift_error_message()))
      continue;
    uint64_t hash = 0xcbf29ce484222325u;
    for (unsigned long number = 0; number < keys; number++) {
      char key[40], line[600];
      size_t len = (size_t)snprintf(key, sizeof key, "user:%lu:profile", number);
      ringshift_route route;
      if (ringshift_router_route(router, key, len, &route) != RINGSHIFT_OK || route.read_len == 0) break;
      const char *fallback = route.fallback_len > 0 ? ringshift_node_id(route.fallback[0]) : "-";
      len = (size_t)snprintf(line, sizeof line, "%s|%s|%d\n", ringshift_node_id(route.read[0]), fallback, route.moved);
      hash = fnv1a(hash, line, len);
    }
    char digest[17];
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)hash);
    CHECK_TEXT(digest, text(wanted, "digest"));
    ringshift_router_free(router);
  }
}

/* The node at a place of the spec's list: a fresh router numbers the nodes of its one cluster in their order. */
static void run_golden(const json_t *file) {
  size_t index, each;
  json_t *spec, *hex;
  json_array_foreach(json_object_get(file, "specs"), index, spec) {
    ringshift_router *router;
    const json_t *expected = json_array_get(json_object_get(file, "expected"), index);
    json_t *parsed = json_loadb(json_string_value(spec), json_string_length(spec), 0, NULL);
    const json_t *cluster = json_object_get(json_object_get(parsed, "clusters"), text(parsed, "primary"));
    if (!CHECK(ringshift_router_from_spec(json_string_value(spec), json_string_length(spec), NULL, &router) ==
               RINGSHIFT_OK))
      continue;
    json_array_foreach(json_object_get(file, "keys"), each, hex) {
      bytes key = {NULL, 0, 0};
      append(&key, "", 0);
      append_hex(&key, json_string_value(hex));
      ringshift_route route;
      ringshift_status status = ringshift_router_route(router, key.data, key.len, &route);
      free(key.data);
      size_t place = (size_t)number_of(json_array_get(expected, each));
      const char *id = text(json_array_get(json_object_get(cluster, "nodes"), place), "id");
      CHECK_SAYS(status == RINGSHIFT_OK && route.read_len == 1 && strcmp(ringshift_node_id(route.read[0]), id) == 0,
                 "%s: spec %lu: key %s is not on %s", file_name, (unsigned long)index, json_string_value(hex), id);
    }
    json_decref(parsed);
    ringshift_router_free(router);
  }
}

/* Warnings are among the metrics. */
static void run_balance(const json_t *file) {
  size_t index, each;
  json_t *wanted, *warning;
  json_array_foreach(json_object_get(file, "cases"), index, wanted) {
    ringshift_router *router;
    char *metrics;
    if (!CHECK_SAYS(open_spec(wanted, &router) == RINGSHIFT_OK, "%s: %s", file_name, ringshift_error_message()))
      continue;
    CHECK(ringshift_router_metrics_json(router, &metrics) == RINGSHIFT_OK);
    json_t *parsed = json_loads(metrics, 0, NULL), *warnings = json_object_get(parsed, "warnings");
    const json_t *expected = json_object_get(wanted, "warnings");
    CHECK(json_is_array(warnings) && json_array_size(warnings) == json_array_size(expected));
    json_array_foreach(expected, each, warning) {
      const json_t *found = json_array_get(warnings, each);
      CHECK_TEXT(text(found, "cluster"), text(warning, "cluster"));
      CHECK_TEXT(text(found, "node"), text(warning, "node"));
      CHECK_TEXT(text(found, "pointer"), text(warning, "pointer"));
      CHECK(number_of(json_object_get(found, "load")) == number_of(json_object_get(warning, "load")));
    }
    json_decref(parsed);
    ringshift_string_free(metrics);
    ringshift_router_free(router);
  }
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: vectors DIRECTORY\n");
    return 2;
  }
  json_t *index_file = load(arguments[1], "index.json"), *entry;
  size_t index;
  CHECK(number_of(json_object_get(index_file, "version")) == 1);
  json_array_foreach(json_object_get(index_file, "files"), index, entry) {
    const char *kind = text(entry, "kind");
    unsigned long before = check_made;
    file_name = text(entry, "file");
    json_t *file = load(arguments[1], file_name);
    /* A schedule names its moments; this interface has no clock to set, and the routes cover schedules. */
    if (strcmp(kind, "schedule") == 0) CHECK(json_array_size(json_object_get(file, "cases")) > 0);
    else if (strcmp(kind, "route") == 0) run_route(file);
    else if (strcmp(kind, "accept") == 0) run_accept(file);
    else if (strcmp(kind, "spec_error") == 0) run_spec_error(file);
    else if (strcmp(kind, "digest") == 0) run_digest(file);
    else if (strcmp(kind, "golden") == 0) run_golden(file);
    else if (strcmp(kind, "balance") == 0) run_balance(file);
    else CHECK_SAYS(0, "%s: the kind %s is unknown; mend this runner", file_name, kind);
    CHECK_SAYS(check_made > before, "%s: nothing was checked", file_name);
    json_decref(file);
  }
  CHECK(index > 0);
  json_decref(index_file);
  return check_end("vectors");
}
