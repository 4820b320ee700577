/*
 * A session with a cache: cache SPEC [REGION]
 *
 * Reads commands from standard input, one a line, and prints an answer for each:
 *
 *   get KEY              the value, or a miss
 *   load KEY VALUE       the value that the cache has, or else VALUE, as if the origin had it
 *   set KEY VALUE        stores it for a minute
 *   invalidate KEY       removes it everywhere
 *   refresh              reads the spec again
 *
 * Build: make -C bindings/c/tests cache, which leaves it in target/c-tests/cache.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "cache.h"

enum { TIMEOUT_MS = 500, TTL = 60 };

static cache_status load_word(void *context, const char *key, size_t key_len, cache_value *value) {
  const char *word = context;
  printf("loading %.*s\n", (int)key_len, key);
  value->data = strdup(word);
  value->len = strlen(word);
  return value->data != NULL ? CACHE_OK : CACHE_LOAD_FAILED;
}

static void say(const cache_client *cache, cache_status status) {
  size_t count;
  const ringshift_node *const *lost = cache_lost(cache, &count);
  switch (status) {
  case CACHE_OK: puts("done"); break;
  case CACHE_MISS: puts("miss"); break;
  case CACHE_BAD_KEY: puts("not a key"); break;
  case CACHE_REFUSED: puts("refused, and removed"); break;
  case CACHE_LOAD_FAILED: puts("the load failed"); break;
  case CACHE_LOST:
    printf("not acknowledged by");
    for (size_t i = 0; i < count; i++)
      printf(" %s/%s", ringshift_node_cluster(lost[i]), ringshift_node_id(lost[i]));
    puts("; send it again");
  }
}

static void show(const cache_client *cache, cache_status status, cache_value *value) {
  if (status == CACHE_OK)
    printf("%.*s\n", (int)value->len, value->data);
  else
    say(cache, status);
  cache_value_free(value);
}

static void obey(ringshift_router *router, cache_client *cache, char *line) {
  char *rest = NULL;
  const char *word = strtok_r(line, " \n", &rest), *key = strtok_r(NULL, " \n", &rest);
  char *text = strtok_r(NULL, "\n", &rest);
  if (word == NULL) return;
  cache_value value = {0};
  if (strcmp(word, "refresh") == 0 && key == NULL) {
    if (ringshift_router_refresh(router, NULL) != RINGSHIFT_OK) puts(ringshift_error_message());
    else printf("generation %llu\n", (unsigned long long)ringshift_router_generation(router));
  } else if (strcmp(word, "get") == 0 && key != NULL && text == NULL) {
    cache_status status = cache_get(cache, key, strlen(key), &value);
    show(cache, status, &value);
  } else if (strcmp(word, "load") == 0 && text != NULL) {
    cache_status status = cache_get_or_load(cache, key, strlen(key), TTL, load_word, text, &value);
    show(cache, status, &value);
  } else if (strcmp(word, "set") == 0 && text != NULL) {
    const cache_value given = {text, strlen(text), 0};
    say(cache, cache_set(cache, key, strlen(key), &given, TTL));
  } else if (strcmp(word, "invalidate") == 0 && key != NULL && text == NULL) {
    say(cache, cache_invalidate(cache, key, strlen(key)));
  } else {
    puts("use: get KEY, load KEY VALUE, set KEY VALUE, invalidate KEY or refresh");
  }
}

static int fail(const char *what) {
  fprintf(stderr, "cache: %s\n", what);
  return 1;
}

static int follow(ringshift_router *router) {
  cache_client *cache = cache_new(router, TIMEOUT_MS);
  if (cache == NULL) return fail("no memory");
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) >= 0) {
    obey(router, cache, line);
    fflush(stdout);
  }
  int failed = ferror(stdin) || ferror(stdout);
  free(line);
  cache_free(cache);
  return failed ? fail("reading or writing failed") : 0;
}

int main(int count, char **arguments) {
  if (count < 2 || count > 3) {
    fprintf(stderr, "usage: cache SPEC [REGION], commands on standard input, one a line\n");
    return 2;
  }
  ringshift_options *options = ringshift_options_new();
  ringshift_router *router = NULL;
  ringshift_status status = ringshift_options_set_region(options, count == 3 ? arguments[2] : NULL);
  if (status == RINGSHIFT_OK) status = ringshift_router_open(arguments[1], options, &router);
  ringshift_options_free(options);
  if (status != RINGSHIFT_OK) return fail(ringshift_error_message());
  int result = follow(router);
  ringshift_router_free(router);
  return result;
}
