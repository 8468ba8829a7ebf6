#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/architecture/source_tree.h"

namespace tenuto::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Which folders of ours each layer may include, besides generated messages.
struct Layer {
  std::string_view folder;
  std::vector<std::string_view> may_include;
};

const std::vector<Layer>& Layers() {
  static const auto* const layers = new std::vector<Layer>{
      {"features", {"features"}},
      {"model", {"features", "model"}},
      {"server", {"features", "model", "server"}},
      {"training", {"features", "model", "training"}},
  };
  return *layers;
}

bool IsOurs(const std::string& include) {
  return std::any_of(
             Layers().begin(), Layers().end(),
             [&](const Layer& layer) {
               return include.starts_with(std::string(layer.folder) + "/");
             }) ||
         include.starts_with("tests/");
}

Breaches IncludesAgainstTheLayers(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    for (const Layer& layer : Layers()) {
      if (!file.IsUnder(layer.folder)) continue;
      for (const Include& include : IncludesOf(file)) {
        const std::string target =
            include.name.substr(0, include.name.find('/'));
        const bool allowed =
            std::find(layer.may_include.begin(), layer.may_include.end(),
                      target) != layer.may_include.end();
        if (IsOurs(include.name) && !allowed) {
          breaches.push_back(file.Where(include.line_index,
                                        "may not include " + include.name));
        }
      }
    }
  }
  return breaches;
}

// features/base knows no event, no user, no message.
Breaches IncludesOfTheBaseAboveIt(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.IsUnder("features/base")) continue;
    for (const Include& include : IncludesOf(file)) {
      const bool above =
          IsOurs(include.name) && !include.name.starts_with("features/base/");
      if (above || include.name.starts_with("tenuto/v1/")) {
        breaches.push_back(file.Where(
            include.line_index, "the base may not include " + include.name));
      }
    }
  }
  return breaches;
}

// A library and the only files, or folders with a '/' at the end, that may
// include it. Tests may compare with any library.
struct Door {
  std::string_view library;
  std::vector<std::string_view> files;
};

const std::vector<Door>& Doors() {
  static const auto* const doors = new std::vector<Door>{
      {"xgboost/", {"training/trainer.cc", "model/booster.cc"}},
      {"rocksdb/",
       {"features/rocks_files.cc", "features/rocks_files.h",
        "features/rocks_logger.cc", "features/rocks_logger.h",
        "features/rocks_merges.h", "features/rocks_opening.cc",
        "features/rocks_opening.h", "features/rocks_openings.cc",
        "features/rocks_openings.h", "features/rocks_store.cc",
        "features/rocks_upkeep.cc", "features/rocks_upkeep.h"}},
      {"openssl/", {"features/base/digest.cc"}},
      {"grpcpp/", {"server/", "training/server_client.cc"}},
      {"grpc/", {"server/", "training/server_client.cc"}},
      {"prometheus/", {"server/metrics.cc"}},
  };
  return *doors;
}

bool MayOpen(const Door& door, const std::string& path) {
  return std::any_of(
      door.files.begin(), door.files.end(), [&](std::string_view file) {
        return path == file || (file.ends_with('/') && path.starts_with(file));
      });
}

Breaches LibrariesThroughAnotherDoor(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.is_cpp() || file.IsUnder("tests")) continue;
    for (const Include& include : IncludesOf(file)) {
      // Stubs of our own services are gRPC too.
      const std::string name = include.name.ends_with(".grpc.pb.h")
                                   ? "grpcpp/" + include.name
                                   : include.name;
      for (const Door& door : Doors()) {
        if (name.starts_with(door.library) && !MayOpen(door, file.path)) {
          breaches.push_back(file.Where(
              include.line_index, include.name + " has its door elsewhere"));
        }
      }
    }
  }
  return breaches;
}

// Programs choose a ledger; everything else takes what it is given.
Breaches LedgersNamedOutsideComposition(const SourceTree& tree) {
  constexpr std::array<std::string_view, 6> kComposers = {
      "features/rocks_ledger.h",  "features/rocks_ledger.cc",
      "features/memory_ledger.h", "features/memory_ledger.cc",
      "server/server.cc",         "training/main.cc"};
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.is_cpp() || file.IsUnder("tests") ||
        std::find(kComposers.begin(), kComposers.end(), file.path) !=
            kComposers.end()) {
      continue;
    }
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      for (const char* name : {"RocksLedger", "MemoryLedger"}) {
        if (file.code[i].find(name) != std::string::npos) {
          breaches.push_back(
              file.Where(i, std::string("names ") + name + "; take a Ledger&"));
        }
      }
    }
  }
  return breaches;
}

TEST(Layers, AreFoundBrokenInABadTree) {
  const SourceTree bad = SourceTree::Of({
      {"features/a.cc", "#include \"model/booster.h\"\n"},
      {"model/a.cc", "#include \"features/ledger.h\"\n"},
      {"server/a.cc", "\n#include \"training/trainer.h\"\n"},
      {"training/a.cc", "#include \"tests/support/x.h\"\n"},
  });
  EXPECT_THAT(
      IncludesAgainstTheLayers(bad),
      ElementsAre(HasSubstr("features/a.cc:1"), HasSubstr("server/a.cc:2"),
                  HasSubstr("training/a.cc:1")));
}

TEST(Layers, IncludeOnlyWhatIsBelow) {
  const Breaches breaches = IncludesAgainstTheLayers(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Layers, KeepTheBaseFreeOfTheDomain) {
  const SourceTree bad = SourceTree::Of({
      {"features/base/a.cc",
       "#include \"features/base/clock.h\"\n#include \"features/ledger.h\"\n"},
      {"features/base/b.h", "#include \"tenuto/v1/event.pb.h\"\n"},
  });
  EXPECT_THAT(IncludesOfTheBaseAboveIt(bad),
              ElementsAre(HasSubstr("a.cc:2"), HasSubstr("b.h:1")));
  const Breaches breaches = IncludesOfTheBaseAboveIt(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Layers, EnterALibraryThroughItsOneDoor) {
  const SourceTree bad = SourceTree::Of({
      {"model/booster.cc", "#include \"xgboost/c_api.h\"\n"},
      {"model/forest.cc", "#include \"xgboost/c_api.h\"\n"},
      {"server/a.h", "#include \"grpcpp/grpcpp.h\"\n"},
      {"training/a.cc", "#include \"tenuto/v1/scoring.grpc.pb.h\"\n"},
      {"training/server_client.cc", "#include <grpcpp/grpcpp.h>\n"},
      {"tests/model/a_test.cc", "#include <xgboost/c_api.h>\n"},
  });
  EXPECT_THAT(
      LibrariesThroughAnotherDoor(bad),
      ElementsAre(HasSubstr("model/forest.cc"), HasSubstr("training/a.cc")));
  const Breaches breaches = LibrariesThroughAnotherDoor(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Layers, NameALedgerOnlyWhereProgramsAreComposed) {
  const SourceTree bad = SourceTree::Of({
      {"server/server.cc", "RocksLedger::Open();\n"},
      {"server/ingest.cc", "// not RocksLedger\nRocksLedger ledger;\n"},
  });
  EXPECT_THAT(LedgersNamedOutsideComposition(bad),
              ElementsAre(HasSubstr("server/ingest.cc:2")));
  const Breaches breaches = LedgersNamedOutsideComposition(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

}  // namespace
}  // namespace tenuto::architecture
