// What the C++ wrapper adds to the C interface: ownership, exceptions, views, the watcher. Usage: wrapper_cpp DIRECTORY
#include <thread>
#include <type_traits>
#include <unordered_map>

#include "check.h"
#include "ringshift.hpp"
#include "specs.h"

using namespace ringshift;

static_assert(!std::is_copy_constructible_v<Router> && std::is_nothrow_move_constructible_v<Router>);
static_assert(!std::is_copy_constructible_v<Watcher> && !std::is_move_constructible_v<Watcher>);
static_assert(std::is_trivially_copyable_v<Route> && sizeof(Route) == sizeof(ringshift_route));

// The error that a call throws.
template <class Call>
static Error thrown(Call call) {
  try {
    call();
  } catch (const Error &error) {
    return error;
  }
  CHECK_SAYS(false, "nothing was thrown");
  return Error(ErrorKind::internal, "nothing was thrown");
}

static void test_routes() {
  Router first = Router::from_spec(SPEC_RAMP, {"kr"});
  Router router = std::move(first);
  const Route route = router.route("user:42");
  CHECK(route.stage() == Stage::ramp && stage_name(route.stage()) == "ramp");
  CHECK(route.moved() && route.fill() && route.generation() == 4 && route.epoch() == 1);
  CHECK(route.read()->cluster() == "green" && route.read()->key_prefix() == "g:");
  CHECK(route.read()->node().address() == "127.0.0.1:2001" && !route.read()->node().zone());
  CHECK(route.fallback()->node().id() == "old");
  std::string order;
  for (const Node node : route.invalidate()) order += std::string(node.id()) + " ";
  CHECK(order == "old new ");
  CHECK(route.invalidate().size() == 2 && route.invalidate()[1] == route.read()->node());
  CHECK(router.node(route.read()->node().index()) == route.read()->node() && !router.node(99));

  std::unordered_map<Node, int> connections;
  connections[route.read()->node()] = 7;
  CHECK(connections.count(router.route("user:43").read()->node()) == 1);

  const std::vector<std::string> keys = {"a", "", std::string("a\0b", 3)};
  const std::vector<Route> routes = router.route_many(keys);
  CHECK(routes.size() == 3);
  for (std::size_t key = 0; key < keys.size(); key++) CHECK(routes[key].code() == router.route(keys[key]).code());
  CHECK(router.route_many(std::vector<std::string_view>()).empty());
  const std::vector<std::uint32_t> nodes = router.index_many(keys);
  CHECK(nodes.size() == 3);
  for (std::size_t key = 0; key < keys.size(); key++) CHECK(router.node(nodes[key]) == routes[key].read()->node());
  CHECK(router.index_many(std::vector<std::string_view>()).empty());
  CHECK(router.index_many(std::vector<const char *>{""}).size() == 1);
  router.report(route.read()->node(), Outcome::error);
  router.report(route.fallback()->node(), Outcome::error);
  CHECK(router.index_many(keys) == std::vector<std::uint32_t>(3, no_node));
  CHECK(router.route({}).code() == router.route("").code());
}

static void test_state() {
  Router router = Router::from_spec(SPEC_PLAIN);
  CHECK(router.generation() == 3 && router.epoch() == 1 && router.weight() == 0 && router.stage() == Stage::none);
  CHECK(router.max_ttl() == std::chrono::seconds(90) && router.digest().size() == 32);
  const Route route = router.route("k");
  CHECK(route.read()->nodes().size() == 2 && !route.fallback() && !route.fill());
  router.report(route.read()->node(), Outcome::hit);
  router.report(route.read()->node(), Outcome::ok, Op::invalidate);
  CHECK(router.metrics_json().find("\"op\":\"invalidate\",\"outcome\":\"ok\",\"count\":1") != std::string::npos);
  CHECK(router.metrics_text().find("# EOF") != std::string::npos);
  CHECK(router.apply(SPEC_PLAIN) == Refresh::unchanged && router.apply(SPEC_RAMP) == Refresh::applied);
  CHECK(router.refresh() == Refresh::unchanged && !router.max_ttl() && !router.last_error());
  CHECK(router.events_json().find("[{\"sequence\":1,") == 0 && router.events_json(99) == "[]");
  CHECK(router.events_json(1).find("\"kind\":\"applied\",\"level\":\"info\",\"generation\":4,") != std::string::npos);
  CHECK(version() == ringshift_version());
}

static void test_errors(const std::string &directory) {
  CHECK(thrown([&] { Router::open(directory + "/missing.json"); }).kind() == ErrorKind::io);
  CHECK(thrown([] { Router::from_spec("{"); }).kind() == ErrorKind::spec_syntax);
  const Error invalid = thrown([] { Router::from_spec("{\n \"format\": 2}"); });
  CHECK(invalid.kind() == ErrorKind::spec_invalid && invalid.kind_name() == "spec_invalid");
  CHECK(invalid.pointer() == "/format" && invalid.line() == 2 && invalid.column() == 12);
  CHECK(std::string(invalid.what()).find("/format") != std::string::npos);
  const Error limit = thrown([] { Router::from_spec(std::string((4u << 20) + 1, ' ')); });
  CHECK(limit.kind() == ErrorKind::spec_limit && !limit.pointer() && limit.line() == 0);

  Router router = Router::from_spec(SPEC_PLAIN);
  std::string other = SPEC_PLAIN;
  other.replace(other.find("90s"), 3, "80s");
  CHECK(thrown([&] { router.apply(other); }).kind() == ErrorKind::generation_conflict);
  CHECK(router.last_error()->kind() == ErrorKind::generation_conflict);
  router.apply(SPEC_RAMP);
  CHECK(thrown([&] { router.apply(SPEC_PLAIN); }).kind() == ErrorKind::stale_generation);
  const Node node = router.route("k").read()->node();
  CHECK(thrown([&] { router.report(node, static_cast<Outcome>(9)); }).kind() == ErrorKind::invalid_argument);
  const std::string cut("cache\0.json", 11);
  CHECK(thrown([&] { Router::open(cut); }).kind() == ErrorKind::invalid_argument);
  CHECK(thrown([&] { Router::from_spec(SPEC_PLAIN, {cut}); }).kind() == ErrorKind::invalid_argument);
  CHECK(thrown([] { Router::from_spec(SPEC_PLAIN, {""}); }).kind() == ErrorKind::invalid_argument);
  CHECK(thrown([&] { Watcher(router, std::chrono::milliseconds(0)); }).kind() == ErrorKind::invalid_argument);

  // A router that was moved from is empty, and says so.
  Router taken = std::move(router);
  CHECK(thrown([&] { router.route("k"); }).kind() == ErrorKind::invalid_argument);
  CHECK(thrown([&] { router.index_many(std::vector<std::string>()); }).kind() == ErrorKind::invalid_argument);
  CHECK(router.generation() == 0 && taken.generation() == 4);
}

// Waits for something that another thread brings about; a minute is for ever.
template <class Condition>
static bool comes(Condition condition) {
  for (int turn = 0; turn < 60000; turn++) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

static void test_watcher(const std::string &directory) {
  const std::string path = directory + "/watched.json";
  write_file(path.c_str(), SPEC_PLAIN);
  Router router = Router::open(path);
  {
    Watcher watcher(router, std::chrono::milliseconds(1));
    Router moved = std::move(router);
    write_file(path.c_str(), SPEC_RAMP);
    CHECK(comes([&] { return moved.generation() == 4; }));
    const std::uint64_t before = watcher.errors();
    write_file(path.c_str(), "{}");
    // While the file is being written it may look empty, which is another error.
    CHECK(comes([&] {
      const std::optional<Error> error = moved.last_error();
      return watcher.errors() > before && error && error->kind() == ErrorKind::spec_invalid;
    }));
    CHECK(moved.generation() == 4);
    watcher.stop();
    const std::uint64_t refreshes = watcher.refreshes();
    watcher.stop();
    CHECK(refreshes >= watcher.errors() && watcher.refreshes() == refreshes);
    router = std::move(moved);
  }
  { Watcher waiting(router, std::chrono::hours(1)); }  // goes away at once, in the middle of its wait
  CHECK(std::remove(path.c_str()) == 0);
}

int main(int count, char **arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: wrapper_cpp DIRECTORY\n");
    return 2;
  }
  try {
    test_routes();
    test_state();
    test_errors(arguments[1]);
    test_watcher(arguments[1]);
  } catch (const std::exception &error) {
    CHECK_SAYS(false, "%s", error.what());
  }
  return check_end("wrapper_cpp");
}
