/* Assertions that count themselves: a program that made none, or of which one failed, ends with 1. */
#ifndef CHECK_H
#define CHECK_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static unsigned long check_made;
static unsigned long check_failed;

/* Says what failed, up to a number that a person can read. */
static inline int check_that(int holds, const char *file, int line, const char *format, ...) {
  check_made++;
  if (!holds && ++check_failed <= 20) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
  }
  return holds;
}

#define CHECK(condition) check_that(!!(condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_SAYS(condition, ...) check_that(!!(condition), __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_TEXT(text, wanted) check_text(text, wanted, __FILE__, __LINE__, #text)

static inline int check_text(const char *text, const char *wanted, const char *file, int line, const char *what) {
  return check_that(text != NULL && strcmp(text, wanted) == 0, file, line, "%s is \"%s\", not \"%s\"", what,
                    text == NULL ? "(NULL)" : text, wanted);
}

/* Ends the program: a line that test runners count, and its exit status. */
static inline int check_end(const char *program) {
  if (check_made > 0 && check_failed == 0) {
    printf("check: %s, %lu assertions ok\n", program, check_made);
    return 0;
  }
  printf("%s: 0 passed, 1 failed\n%lu of %lu assertions failed\n", program, check_failed, check_made);
  return 1;
}

#endif
