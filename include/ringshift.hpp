/*
 * ringshift for C++17: the functions of ringshift.h as types that free themselves and throw ringshift::Error.
 *
 * Everything is decided behind ringshift.h; these files only convert. Link with the same library.
 *
 *   auto router = ringshift::Router::open("cache.json");
 *   auto route = router.route("user:42");
 *   if (auto read = route.read()) connect(read->node().address());
 *
 * Threads: any number may use one Router at the same time, also while one refreshes it; every other type is plain data
 * and belongs to one thread at a time. Lifetime: nodes and their strings are valid until the Router goes away. A Router
 * that was moved from holds nothing: what can throw throws ErrorKind::invalid_argument, what can't gives 0 or nothing.
 */
#ifndef RINGSHIFT_HPP
#define RINGSHIFT_HPP

#include <string_view>

#include "ringshift.h"
#include "ringshift/error.hpp"
#include "ringshift/node.hpp"
#include "ringshift/route.hpp"
#include "ringshift/router.hpp"
#include "ringshift/watcher.hpp"

namespace ringshift {

/** The version of the library, such as "0.1.0". Valid for ever. */
inline std::string_view version() noexcept { return ringshift_version(); }

}  // namespace ringshift

#endif
