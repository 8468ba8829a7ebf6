#include "model/model_bundle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "tests/support/toy_forest.h"
#include "training/bundle_writer.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;
constexpr int kWidth = 4;
constexpr const char* kFiles[] = {kManifestFile, kModelFile, kGoldenFile};

class ModelBundleTest : public testing::Test {
 protected:
  ModelBundleTest()
      : good_(Write(ToyManifest("churn", kWidth), 1)),
        other_(Write(ToyManifest("churn", kWidth), 2)) {}

  fs::path Write(const v1::Manifest& manifest, std::uint64_t seed) {
    auto written =
        WriteBundle(scratch_.path(), manifest, ToyModel(kWidth, seed), seed);
    EXPECT_TRUE(written.ok()) << written.status();
    return written->directory;
  }
  // A copy of the good bundle, to be damaged.
  fs::path Copy(const std::string& name) {
    const fs::path copy = scratch_.path() / "copies" / name;
    fs::create_directories(copy.parent_path());
    fs::copy(good_, copy);
    return copy;
  }
  static absl::StatusOr<std::shared_ptr<const ModelBundle>> Open(
      const fs::path& directory) {
    return ModelBundle::Open(directory, Catalogue::Embedded());
  }
  // Changes the manifest and seals it again, as an attacker or a tool would.
  static void Reseal(const fs::path& directory,
                     const std::function<void(v1::Manifest&)>& edit) {
    auto manifest = ParseManifest("m", *ReadFile(directory / kManifestFile));
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    edit(*manifest);
    ASSERT_TRUE(
        WriteFileAtomically(directory / kManifestFile, SealManifest(*manifest))
            .ok());
  }
  // Puts `bytes` in place of a file, with a digest that holds.
  static void Replace(const fs::path& directory, int file,
                      const std::string& bytes) {
    Reseal(directory, [&](v1::Manifest& manifest) {
      v1::FileDigest& digest = *manifest.mutable_files(file);
      ASSERT_TRUE(WriteFileAtomically(directory / digest.name(), bytes).ok());
      digest.set_sha256(Sha256Hex(bytes));
      digest.set_size_bytes(static_cast<std::int64_t>(bytes.size()));
    });
  }
  static void ExpectRefused(const fs::path& directory, absl::string_view says) {
    const auto bundle = Open(directory);
    ASSERT_FALSE(bundle.ok()) << says;
    EXPECT_NE(bundle.status().message().find(directory.string()),
              absl::string_view::npos)
        << bundle.status();
    EXPECT_NE(bundle.status().message().find(says), absl::string_view::npos)
        << bundle.status();
  }

  const ScratchDirectory scratch_;
  const fs::path good_;
  const fs::path other_;
};

TEST_F(ModelBundleTest, ScoresAsTheModelThatWasFitted) {
  const auto bundle = Open(good_);
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  const TrainingMatrix rows = ToyRows(50, kWidth, 77);
  const auto expected = PredictProbabilities(ToyModel(kWidth, 1), rows);
  std::vector<Score> scores(50);
  ASSERT_TRUE((*bundle)->ScoreRows(rows.values, absl::MakeSpan(scores)).ok());
  for (std::size_t k = 0; k < scores.size(); ++k) {
    EXPECT_EQ(scores[k].probability, (*expected)[k]);
    EXPECT_TRUE(std::isfinite(scores[k].margin));
  }
  EXPECT_EQ((*bundle)->width(), kWidth);
  ASSERT_NE((*bundle)->plan(), nullptr);
  EXPECT_EQ((*bundle)->plan()->width(), kWidth);
}

TEST_F(ModelBundleTest, HasNoPlanForATable) {
  const auto bundle = Open(Write(ToyTableManifest("table", kWidth), 3));
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  EXPECT_EQ((*bundle)->plan(), nullptr);
  EXPECT_EQ((*bundle)->width(), kWidth);
}

TEST_F(ModelBundleTest, NamesTheColumnThatTheCatalogueComputesOtherwise) {
  const fs::path copy = Copy("stale");
  std::string column;
  Reseal(copy, [&](v1::Manifest& manifest) {
    column = manifest.columns(2).name();
    manifest.mutable_columns(2)->set_fingerprint("0123456789abcdef");
  });
  ExpectRefused(copy, "\"" + column + "\" was trained as fingerprint 012345");
}

TEST_F(ModelBundleTest, NamesTheColumnThatTheCatalogueLacks) {
  const fs::path copy = Copy("unknown");
  Reseal(copy, [](v1::Manifest& manifest) {
    manifest.mutable_columns(1)->set_name("dreams_remembered_7d");
  });
  ExpectRefused(copy, "\"dreams_remembered_7d\" is no feature");
}

TEST_F(ModelBundleTest, RefusesAManifestThatDoesNotFitItsForest) {
  const std::vector<std::pair<const char*, std::function<void(v1::Manifest&)>>>
      edits = {
          {"trees", [](auto& m) { m.set_trees(m.trees() + 1); }},
          {"columns", [](auto& m) { m.mutable_columns()->RemoveLast(); }},
          {"golden.bin", [](auto& m) { m.set_golden_rows(63); }},
          {"golden.bin", [](auto& m) { m.set_golden_rows(0xffffffff); }},
          {"calibration",
           [](auto& m) { m.mutable_calibration()->set_slope(-1); }},
          {"calibration", [](auto& m) { m.clear_calibration(); }},
          {"bytes", [](auto& m) { m.mutable_files(0)->set_size_bytes(1); }},
          {"SHA-256",
           [](auto& m) { m.mutable_files(0)->set_sha256(Sha256Hex("")); }},
          {"nothing.bin",
           [](auto& m) {
             m.add_files()->CopyFrom(m.files(0));
             m.mutable_files(2)->set_name("nothing.bin");
           }},
      };
  int number = 0;
  for (const auto& [says, edit] : edits) {
    const fs::path copy = Copy("edit" + std::to_string(number++));
    Reseal(copy, edit);
    ExpectRefused(copy, says);
  }
}

TEST_F(ModelBundleTest, ProvesTheForestByItsGoldenRows) {
  const fs::path copy = Copy("swapped_forest");
  Replace(copy, 0, *ReadFile(other_ / kModelFile));
  ExpectRefused(copy, "golden.bin: row");

  const fs::path nudged = Copy("nudged_margin");
  std::string golden = *ReadFile(nudged / kGoldenFile);
  const std::size_t at = golden.size() - sizeof(float);
  float margin = 0;
  std::memcpy(&margin, golden.data() + at, sizeof margin);
  margin = std::nextafter(margin, 100.0f);
  std::memcpy(golden.data() + at, &margin, sizeof margin);
  Replace(nudged, 1, golden);
  ExpectRefused(nudged, "golden.bin: row 127");
}

TEST_F(ModelBundleTest, RefusesWordsInPlaceOfAForest) {
  const fs::path copy = Copy("words");
  Replace(copy, 0, "{\"learner\": {}}");
  ExpectRefused(copy, "gradient_booster");
}

// One random damage; returns what it did.
std::string Damage(const fs::path& copy, const fs::path& original,
                   const fs::path& other, std::mt19937_64& random) {
  const std::string name = kFiles[random() % 3];
  const fs::path file = copy / name;
  std::string bytes = *ReadFile(file);
  const std::size_t at = random() % bytes.size();
  switch (random() % 9) {
    case 0:
      fs::resize_file(file, at);
      return "truncated " + name;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
      EXPECT_TRUE(WriteFileAtomically(file, bytes).ok());
      return "bit flipped in " + name;
    case 2:
      fs::remove(file);
      return "removed " + name;
    case 3:
      fs::remove(file);
      fs::create_symlink(original / name, file);
      return "linked " + name;
    case 4:
      fs::copy_file(copy / (name == kModelFile ? kGoldenFile : kModelFile),
                    file, fs::copy_options::overwrite_existing);
      return "another file of the bundle as " + name;
    case 5:
      fs::copy_file(other / name, file, fs::copy_options::overwrite_existing);
      return "another bundle's " + name;
    case 6:
      bytes.insert(at, 1 + random() % 64, static_cast<char>(random()));
      EXPECT_TRUE(WriteFileAtomically(file, bytes).ok());
      return "bytes inserted in " + name;
    case 7:
      fs::remove(file);
      fs::create_directory(file);
      return "a directory for " + name;
    default:
      for (std::size_t k = at; k < bytes.size(); ++k) {
        bytes[k] = static_cast<char>(random());
      }
      bytes.back() = static_cast<char>(bytes.back() + 1);
      EXPECT_TRUE(WriteFileAtomically(file, bytes).ok());
      return "noise in " + name;
  }
}

TEST_F(ModelBundleTest, RefusesEveryDamageWithAReason) {
  constexpr std::uint64_t kSeed = 42;
  RecordProperty("seed", std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  for (int k = 0; k < 200; ++k) {
    const fs::path copy = Copy(std::to_string(k));
    const std::string what = Damage(copy, good_, other_, random);
    const auto bundle = Open(copy);
    ASSERT_FALSE(bundle.ok()) << "seed " << kSeed << ", " << k << ": " << what;
    EXPECT_GT(bundle.status().message().size(), copy.string().size() + 20)
        << what;
    fs::remove_all(copy);
  }
  EXPECT_TRUE(Open(good_).ok());
}

}  // namespace
}  // namespace tenuto
