/* Specs and files that several tests use. */
#ifndef SPECS_H
#define SPECS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One cluster, two replicas, zones, a limit on times to live. */
#define SPEC_PLAIN                                                                                  \
  "{\"format\": 1, \"generation\": 3, \"primary\": \"blue\", \"max_ttl\": \"90s\", \"clusters\": {\n" \
  "  \"blue\": {\"placement\": {\"kind\": \"ring\"}, \"replicas\": 2, \"key_prefix\": \"b:\", \"nodes\": [\n" \
  "    {\"id\": \"n1\", \"address\": \"127.0.0.1:1001\", \"zone\": \"east\", \"weight\": 2},\n"     \
  "    {\"id\": \"n2\", \"address\": \"127.0.0.1:1002\", \"zone\": \"west\"},\n"                    \
  "    {\"id\": \"n3\", \"address\": \"[::1]:1003\"}]}}}"

/* A migration in which every key of the region "kr" has moved, and no other. */
#define SPEC_RAMP                                                                                   \
  "{\"format\": 1, \"generation\": 4, \"primary\": \"blue\", \"standby\": \"green\", \"clusters\": {\n" \
  "  \"blue\": {\"placement\": {\"kind\": \"ring\"}, \"nodes\": [{\"id\": \"old\", \"address\": \"/run/old\"}]},\n" \
  "  \"green\": {\"placement\": {\"kind\": \"ring\"}, \"key_prefix\": \"g:\", \"nodes\": [\n"       \
  "    {\"id\": \"new\", \"address\": \"127.0.0.1:2001\"}]}},\n"                                    \
  " \"migration\": {\"id\": \"m\", \"from\": \"blue\", \"to\": \"green\", \"stage\": \"ramp\", \"percent\": 0,\n" \
  "   \"regions\": {\"kr\": {\"stage\": \"ramp\", \"percent\": 100}}},\n"                           \
  " \"breaker\": {\"failures\": 1, \"open\": \"1h\", \"max_open\": \"1h\", \"max_ejected\": 1}}"

/* Puts a text in a file, in place; ends the program if that fails. */
static inline void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(text, 1, strlen(text), file) != strlen(text) || fclose(file) != 0) {
    perror(path);
    exit(1);
  }
}

/* directory/name in a buffer of the caller. */
static inline const char *path_in(char *buffer, size_t size, const char *directory, const char *name) {
  if ((size_t)snprintf(buffer, size, "%s/%s", directory, name) >= size) {
    fprintf(stderr, "the path %s/%s is too long\n", directory, name);
    exit(1);
  }
  return buffer;
}

#endif
