/* What each sanitizer must find, so that its silence elsewhere says something: two threads write a number at the same time,
   and a read behind the end of a key. Usage: fault */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ringshift.h"

static unsigned long count;

static void *add(void *unused) {
  for (int turn = 0; turn < 100000; turn++) count++;
  return unused;
}

int main(void) {
  pthread_t threads[2];
  for (int thread = 0; thread < 2; thread++)
    if (pthread_create(&threads[thread], NULL, add, NULL) != 0) return 2;
  for (int thread = 0; thread < 2; thread++) pthread_join(threads[thread], NULL);
  ringshift_router *router = NULL;
  /* The library reads what it was told to read: here more than there is. */
  char *text = malloc(16);
  if (text == NULL) return 2;
  for (int at = 0; at < 16; at++) text[at] = ' ';
  ringshift_status status = ringshift_router_from_spec(text, 64, NULL, &router);
  free(text);
  printf("%lu, %u\n", count, (unsigned)status);
  return 0;
}
