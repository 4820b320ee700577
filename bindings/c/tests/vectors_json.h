/* What the files in tests/vectors write in a notation of their own, as bytes: specs, keys. */
#ifndef VECTORS_JSON_H
#define VECTORS_JSON_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that grow; freed by the caller. */
typedef struct {
  char *data;
  size_t len, room;
} bytes;

static inline void append(bytes *to, const void *data, size_t len) {
  if (to->len + len + 1 > to->room) {
    to->room = 2 * (to->len + len + 1);
    to->data = (char *)realloc(to->data, to->room);
    if (to->data == NULL) exit(1);
  }
  memcpy(to->data + to->len, data, len);
  to->len += len;
}

static inline void append_hex(bytes *to, const char *hex) {
  static const char digits[] = "0123456789abcdef";
  for (; hex[0] != '\0'; hex += 2) {
    const char *high = strchr(digits, hex[0]), *low = strchr(digits, hex[1]);
    if (high == NULL || low == NULL || hex[1] == '\0') {
      fprintf(stderr, "not hex: %s\n", hex);
      exit(1);
    }
    char byte = (char)((high - digits) * 16 + (low - digits));
    append(to, &byte, 1);
  }
}

/* A text `times` times; where that is more than 1, each # becomes the number of the repetition. */
static inline void append_part(bytes *to, const char *text, json_int_t times) {
  for (json_int_t repetition = 0; repetition < times; repetition++) {
    for (const char *at = text; *at != '\0'; at++) {
      if (*at == '#' && times > 1) {
        char number[24];
        append(to, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)repetition));
      } else {
        append(to, at, 1);
      }
    }
  }
}

/* The text of a case's spec: `spec`, `spec_hex` or `spec_parts`. */
static inline bytes spec_of(const json_t *owner) {
  bytes text = {NULL, 0, 0};
  append(&text, "", 0);
  const json_t *spec = json_object_get(owner, "spec"), *hex = json_object_get(owner, "spec_hex"), *part;
  if (spec != NULL) append(&text, json_string_value(spec), json_string_length(spec));
  if (hex != NULL) append_hex(&text, json_string_value(hex));
  size_t index;
  json_array_foreach(json_object_get(owner, "spec_parts"), index, part) {
    append_part(&text, json_string_value(json_array_get(part, 0)), json_integer_value(json_array_get(part, 1)));
  }
  return text;
}

/* The bytes of a key: hex, or `key_repeat`. */
static inline bytes key_of(const json_t *owner) {
  bytes key = {NULL, 0, 0};
  append(&key, "", 0);
  const json_t *hex = json_object_get(owner, "key"), *repeat = json_object_get(owner, "key_repeat");
  if (hex != NULL) append_hex(&key, json_string_value(hex));
  json_int_t times = repeat == NULL ? 0 : json_integer_value(json_array_get(repeat, 1));
  while (times-- > 0) append_hex(&key, json_string_value(json_array_get(repeat, 0)));
  return key;
}

/* A number that may stand as a string of digits. */
static inline unsigned long long number_of(const json_t *value) {
  return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10)
                               : (unsigned long long)json_integer_value(value);
}

static inline json_t *load(const char *directory, const char *name) {
  char path[1024];
  json_error_t error;
  if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, name) >= sizeof path) exit(1);
  json_t *file = json_load_file(path, JSON_ALLOW_NUL, &error);
  if (file == NULL) {
    fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
    exit(1);
  }
  return file;
}

#endif
