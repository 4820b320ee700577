/* A C++ process that watches a spec file; ../README.md says what it is told and what it answers. */

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>

#include "ringshift.hpp"

namespace {

/** Routes until it is stopped, and counts what does not fit together. */
class Reader {
 public:
  explicit Reader(const ringshift::Router &router) : router_(router), thread_([this] { run(); }) {}
  ~Reader() {
    stopped_ = true;
    thread_.join();
  }
  std::uint64_t routed() const { return routed_; }
  std::uint64_t wrong() const { return wrong_; }

 private:
  void run() {
    std::uint64_t last = 0;
    while (!stopped_) {
      for (int number = 0; number < 16; number++) {
        const ringshift::Route route = router_.route("key:" + std::to_string(number));
        const std::uint64_t generation = route.generation();
        const std::string prefix = "g" + std::to_string(generation) + "-";
        const auto read = route.read();
        if (!read || std::string(read->node().id()).rfind(prefix, 0) != 0 || generation < last) wrong_++;
        last = generation;
      }
      routed_ += 16;
    }
  }

  const ringshift::Router &router_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> routed_{0}, wrong_{0};
  std::thread thread_;
};

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  try {
    ringshift::Router router = ringshift::Router::open(argv[1]);
    const ringshift::Watcher watcher(router, std::chrono::milliseconds(std::stol(argv[2])));
    const Reader reader(router);
    for (std::string line; std::getline(std::cin, line);) {
      const std::string metrics = router.metrics_json();
      const std::uint64_t generation = router.generation();
      std::cout << "{\"generation\":" << generation << ",\"routed\":" << reader.routed()
                << ",\"wrong\":" << reader.wrong() << ",\"metrics\":" << metrics
                << ",\"events\":" << router.events_json(std::stoull(line)) << "}" << std::endl;
    }
  } catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
