// The shared vectors through the C++ wrapper. Usage: vectors_cpp DIRECTORY (that of index.json)
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "check.h"
#include "ringshift.hpp"

using Json = nlohmann::json;

static std::string file_name;

static std::string from_hex(const std::string &hex) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
  return bytes;
}

// A text `times` times; where that is more than 1, each # becomes the number of the repetition.
static std::string part(const std::string &text, int times) {
  std::string parts;
  for (int repetition = 0; repetition < times; repetition++)
    for (const char character : text)
      if (character == '#' && times > 1)
        parts += std::to_string(repetition);
      else
        parts.push_back(character);
  return parts;
}

static std::string spec_of(const Json &owner) {
  if (owner.contains("spec")) return owner["spec"];
  if (owner.contains("spec_hex")) return from_hex(owner["spec_hex"]);
  std::string text;
  for (const Json &piece : owner.at("spec_parts")) text += part(piece[0], piece[1]);
  return text;
}

static std::string key_of(const Json &owner) {
  if (owner.contains("key")) return from_hex(owner["key"]);
  const Json &repeat = owner.at("key_repeat");
  const std::string once = from_hex(repeat[0]);
  std::string key;
  for (int times = repeat[1]; times > 0; times--) key += once;
  return key;
}

static std::uint64_t number_of(const Json &value) {
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<std::uint64_t>();
}

static ringshift::Router open_spec(const Json &owner) {
  ringshift::Options options;
  if (!owner["region"].is_null()) options.region = owner["region"].get<std::string>();
  return ringshift::Router::from_spec(spec_of(owner), options);
}

static Json names(ringshift::Nodes nodes, const Json &prefixes) {
  Json list = Json::array();
  for (const ringshift::Node node : nodes) {
    const std::string cluster(node.cluster());
    CHECK(prefixes.at(cluster).get<std::string>() == node.key_prefix());
    list.push_back(cluster + "/" + std::string(node.id()));
  }
  return list;
}

static Json names(std::optional<ringshift::Target> target, const Json &prefixes) {
  return target ? names(target->nodes(), prefixes) : Json();
}

static void run_route(const Json &file) {
  for (const Json &group : file.at("groups")) {
    const ringshift::Router router = open_spec(group);
    CHECK(router.weight() == group.at("weight").get<std::uint32_t>());
    const Json &prefixes = group.at("key_prefix");
    for (const Json &wanted : group.at("cases")) {
      const ringshift::Route route = router.route(key_of(wanted));
      Json found = {{"read", names(route.read(), prefixes)},
                    {"fallback", names(route.fallback(), prefixes)},
                    {"fill", route.fill()},
                    {"invalidate", names(route.invalidate(), prefixes)},
                    {"moved", route.moved()},
                    {"stage", ringshift::stage_name(route.stage())},
                    {"generation", route.generation()}};
      Json rest = wanted;
      rest.erase("key");
      rest.erase("key_repeat");
      rest["generation"] = number_of(rest.at("generation"));
      CHECK_SAYS(found == rest, "%s: got %s, not %s", file_name.c_str(), found.dump().c_str(), wanted.dump().c_str());
    }
  }
}

static void run_accept(const Json &file) {
  for (const Json &wanted : file.at("cases")) {
    const ringshift::Router router = open_spec(wanted);
    CHECK(router.generation() == number_of(wanted.at("generation")));
    CHECK(router.digest() == wanted.at("digest").get<std::string>());
    CHECK(ringshift::stage_name(router.stage()) == wanted.at("stage").get<std::string>());
    CHECK(router.weight() == wanted.at("weight").get<std::uint32_t>());
    CHECK(router.max_ttl().has_value() == !wanted.at("max_ttl_ms").is_null());
    if (router.max_ttl())
      CHECK(static_cast<std::uint64_t>(router.max_ttl()->count()) == number_of(wanted.at("max_ttl_ms")));
  }
}

// Where a case names no line or column, any will do; null means none, which is 0 here.
static bool is_place(const Json &wanted, const char *name, std::uint32_t found) {
  if (!wanted.contains(name)) return true;
  return (wanted[name].is_null() ? 0 : wanted[name].get<std::uint32_t>()) == found;
}

static void run_spec_error(const Json &file) {
  for (const Json &wanted : file.at("cases")) {
    try {
      ringshift::Router::from_spec(spec_of(wanted));
      CHECK_SAYS(false, "%s: a bad spec was taken: %s", file_name.c_str(), wanted.dump().c_str());
    } catch (const ringshift::Error &error) {
      const std::string message = error.what();
      const Json pointer = error.pointer() ? Json(*error.pointer()) : Json();
      CHECK_SAYS(error.kind_name() == wanted.at("kind").get<std::string>() && pointer == wanted.at("pointer") &&
                     is_place(wanted, "line", error.line()) && is_place(wanted, "column", error.column()),
                 "%s: got %s", file_name.c_str(), error.what());
      for (const Json &says : wanted.at("says"))
        CHECK_SAYS(message.find(says.get<std::string>()) != std::string::npos, "%s: no %s in: %s", file_name.c_str(),
                   says.dump().c_str(), error.what());
    }
  }
}

static void run_balance(const Json &file) {
  for (const Json &wanted : file.at("cases")) {
    Json warnings = Json::parse(open_spec(wanted).metrics_json()).at("warnings");
    for (Json &warning : warnings)
      for (const char *said : {"vnodes", "max_load", "message"}) CHECK(warning.erase(said) == 1);
    CHECK_SAYS(warnings == wanted.at("warnings"), "%s: got %s", file_name.c_str(), warnings.dump().c_str());
  }
}

static void run_digest(const Json &file) {
  const std::size_t keys = file.at("keys"), batch = 1000;
  CHECK(keys == 1000000);
  for (const Json &wanted : file.at("digests")) {
    const ringshift::Router router = open_spec(wanted);
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (std::size_t first = 0; first < keys; first += batch) {
      std::vector<std::string> names;
      for (std::size_t number = first; number < first + batch; number++)
        names.push_back("user:" + std::to_string(number) + ":profile");
      for (const ringshift::Route &route : router.route_many(names)) {
        std::string line(route.read().value().node().id());
        line += "|";
        line += route.fallback() ? route.fallback()->node().id() : "-";
        line += route.moved() ? "|1\n" : "|0\n";
        for (const char byte : line) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
      }
    }
    char digest[17];
    std::snprintf(digest, sizeof digest, "%016llx", static_cast<unsigned long long>(hash));
    CHECK_TEXT(digest, wanted.at("digest").get<std::string>().c_str());
  }
}

static void run_golden(const Json &file) {
  for (std::size_t index = 0; index < file.at("specs").size(); index++) {
    const std::string spec = file["specs"][index];
    const ringshift::Router router = ringshift::Router::from_spec(spec);
    const Json parsed = Json::parse(spec);
    const Json &nodes = parsed["clusters"][parsed["primary"].get<std::string>()]["nodes"];
    for (std::size_t key = 0; key < file.at("keys").size(); key++) {
      const ringshift::Route route = router.route(from_hex(file["keys"][key]));
      const std::string id = nodes.at(file["expected"][index][key].get<std::size_t>())["id"];
      CHECK_SAYS(route.read().value().node().id() == id, "%s: spec %lu: key %s is not on %s", file_name.c_str(),
                 static_cast<unsigned long>(index), file["keys"][key].dump().c_str(), id.c_str());
    }
  }
}

static Json load(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return Json::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
}

int main(int count, char **arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: vectors_cpp DIRECTORY\n");
    return 2;
  }
  try {
    const std::string directory = arguments[1];
    const Json index = load(directory + "/index.json");
    CHECK(index.at("version") == 1 && !index.at("files").empty());
    for (const Json &entry : index.at("files")) {
      file_name = entry.at("file");
      const std::string kind = entry.at("kind");
      const unsigned long before = check_made;
      const Json file = load(directory + "/" + file_name);
      // A schedule names its moments; this interface has no clock to set, and the routes cover schedules.
      if (kind == "schedule") CHECK(!file.at("cases").empty());
      else if (kind == "route") run_route(file);
      else if (kind == "accept") run_accept(file);
      else if (kind == "spec_error") run_spec_error(file);
      else if (kind == "digest") run_digest(file);
      else if (kind == "golden") run_golden(file);
      else if (kind == "balance") run_balance(file);
      else CHECK_SAYS(false, "%s: the kind %s is unknown; mend this runner", file_name.c_str(), kind.c_str());
      CHECK_SAYS(check_made > before, "%s: nothing was checked", file_name.c_str());
    }
  } catch (const std::exception &error) {
    CHECK_SAYS(false, "%s: %s", file_name.c_str(), error.what());
  }
  return check_end("vectors_cpp");
}
