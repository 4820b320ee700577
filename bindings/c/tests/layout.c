/* The layout of ringshift_route, as this compiler sees it, is that of layout.def. Compiled as C and as C++. */
#include "check.h"
#include "ringshift.h"

int main(void) {
#define FIELD(name, bytes, pointers) \
  CHECK_SAYS(offsetof(ringshift_route, name) == bytes + pointers * sizeof(void *), #name " is at %lu", \
             (unsigned long)offsetof(ringshift_route, name));
#define SIZE(bytes, pointers) \
  CHECK_SAYS(sizeof(ringshift_route) == bytes + pointers * sizeof(void *), "the size is %lu", \
             (unsigned long)sizeof(ringshift_route));
#include "layout.def"
  CHECK(sizeof(ringshift_status) == 4);
  CHECK(ringshift_abi_version() == RINGSHIFT_ABI_VERSION);
  return check_end("layout");
}
