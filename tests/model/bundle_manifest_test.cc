#include "model/bundle_manifest.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "tests/support/toy_forest.h"

namespace tenuto {
namespace {

v1::Manifest Good() {
  v1::Manifest manifest = ToyManifest("churn_14d", 3);
  manifest.set_format(1);
  manifest.set_version(4);
  manifest.set_golden_rows(64);
  for (const char* name : {kModelFile, kGoldenFile}) {
    v1::FileDigest& file = *manifest.add_files();
    file.set_name(name);
    file.set_sha256(Sha256Hex(name));
    file.set_size_bytes(10);
  }
  return manifest;
}

TEST(BundleManifest, ReadsWhatItSealed) {
  const auto parsed = ParseManifest("m", SealManifest(Good()));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->SerializeAsString(), Good().SerializeAsString());
}

TEST(BundleManifest, NoticesEveryFlippedBit) {
  const std::string sealed = SealManifest(Good());
  for (std::size_t k = 0; k < sealed.size(); ++k) {
    std::string damaged = sealed;
    damaged[k] = static_cast<char>(damaged[k] ^ (1 << (k % 8)));
    EXPECT_FALSE(ParseManifest("m", damaged).ok()) << "byte " << k;
  }
}

TEST(BundleManifest, NoticesEveryTruncation) {
  const std::string sealed = SealManifest(Good());
  for (std::size_t k = 0; k < sealed.size(); ++k) {
    EXPECT_FALSE(ParseManifest("m", sealed.substr(0, k)).ok()) << k;
  }
}

TEST(BundleManifest, NamesAFieldThatItDoesNotKnow) {
  const std::string text = "format: 1\nsize: 3\n";
  const auto parsed = ParseManifest(
      "m.textproto", absl::StrCat("# sha256 of every line below: ",
                                  Sha256Hex(text), "\n", text));
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.status().message().find("m.textproto:2:"),
            absl::string_view::npos)
      << parsed.status();
}

TEST(BundleManifest, RefusesEachWrongFieldByName) {
  struct Case {
    const char* says;
    std::function<void(v1::Manifest&)> spoil;
  };
  const std::vector<Case> cases = {
      {"format 2 is unknown", [](auto& m) { m.set_format(2); }},
      {"model \"Churn\"", [](auto& m) { m.set_model("Churn"); }},
      {"model \"../x\"", [](auto& m) { m.set_model("../x"); }},
      {"version 0", [](auto& m) { m.set_version(0); }},
      {"golden_rows is 0", [](auto& m) { m.set_golden_rows(0); }},
      {"model.json is not listed", [](auto& m) { m.clear_files(); }},
      {"\"../etc\"", [](auto& m) { m.mutable_files(0)->set_name("../etc"); }},
      {"\"a/b\"", [](auto& m) { m.mutable_files(0)->set_name("a/b"); }},
      {"\"/a\"", [](auto& m) { m.mutable_files(0)->set_name("/a"); }},
      {"\"\"", [](auto& m) { m.mutable_files(0)->set_name(""); }},
      {"\"manifest.textproto\"",
       [](auto& m) { m.mutable_files(0)->set_name(kManifestFile); }},
      {"listed twice",
       [](auto& m) { m.mutable_files(0)->set_name(kGoldenFile); }},
      {"SHA-256", [](auto& m) { m.mutable_files(0)->set_sha256("abc"); }},
      {"SHA-256",
       [](auto& m) { m.mutable_files(0)->set_sha256(std::string(64, 'A')); }},
      {"columns: 0", [](auto& m) { m.clear_columns(); }},
      {"not unique",
       [](auto& m) { m.mutable_columns(1)->set_name(m.columns(0).name()); }},
      {"no fingerprint",
       [](auto& m) { m.mutable_columns(2)->clear_fingerprint(); }},
      {"do not mix", [](auto& m) { m.mutable_columns(1)->mutable_table(); }},
  };
  for (const Case& c : cases) {
    v1::Manifest manifest = Good();
    c.spoil(manifest);
    const auto parsed = ParseManifest("m", SealManifest(manifest));
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument)
        << c.says;
    EXPECT_NE(parsed.status().message().find(c.says), absl::string_view::npos)
        << parsed.status();
  }
}

// Of two forests, with a column of a failed payment.
v1::Manifest GoodOfParts() {
  v1::Manifest manifest = Good();
  const v1::FileDigest digest = manifest.files(0);
  manifest.clear_files();
  manifest.clear_golden_rows();
  manifest.clear_trees();
  manifest.clear_calibration();
  for (const char* name : {"one", "two"}) {
    v1::ForestPart& part = *manifest.add_parts();
    part.set_name(name);
    part.set_golden_rows(3);
    for (const std::string& file :
         {PartModelFile(name), PartGoldenFile(name)}) {
      *manifest.add_files() = digest;
      manifest.mutable_files(manifest.files_size() - 1)->set_name(file);
    }
  }
  v1::Column& column = *manifest.add_columns();
  column.set_name("failure_something");
  column.set_fingerprint("0123");
  column.set_failure(true);
  return manifest;
}

TEST(BundleManifest, RefusesEachWrongFieldOfSeveralForests) {
  const auto good = ParseManifest("m", SealManifest(GoodOfParts()));
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->parts_size(), 2);
  struct Case {
    const char* says;
    std::function<void(v1::Manifest&)> spoil;
  };
  const std::vector<Case> cases = {
      {"two.golden.bin is not listed",
       [](auto& m) { m.mutable_files()->RemoveLast(); }},
      {"each part's", [](auto& m) { m.set_golden_rows(3); }},
      {"each part's", [](auto& m) { m.mutable_calibration(); }},
      {"parts: the name \"one\"",
       [](auto& m) { m.mutable_parts(1)->set_name("one"); }},
      {"parts: the name \"../x\"",
       [](auto& m) { m.mutable_parts(1)->set_name("../x"); }},
      {"part \"two\": golden_rows is 0",
       [](auto& m) { m.mutable_parts(1)->clear_golden_rows(); }},
      {"come last",
       [](auto& m) {
         m.mutable_columns()->SwapElements(0, m.columns_size() - 1);
       }},
      {"has a fingerprint",
       [](auto& m) {
         m.mutable_columns(m.columns_size() - 1)->clear_fingerprint();
       }},
  };
  for (const Case& c : cases) {
    v1::Manifest manifest = GoodOfParts();
    c.spoil(manifest);
    const auto parsed = ParseManifest("m", SealManifest(manifest));
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument)
        << c.says;
    EXPECT_NE(parsed.status().message().find(c.says), absl::string_view::npos)
        << parsed.status();
  }
}

TEST(BundleManifest, SpellsVersionsInOneWayOnly) {
  EXPECT_EQ(ParseVersion("1"), 1);
  EXPECT_EQ(ParseVersion("120"), 120);
  for (const char* text : {"", "0", "01", "+1", "-1", " 1", "1.partial.77",
                           "1x", "99999999999999999999"}) {
    EXPECT_EQ(ParseVersion(text), std::nullopt) << text;
  }
}

TEST(BundleManifest, ReadsRegularFilesOnly) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(WriteFileAtomically(scratch.path() / "real", "x").ok());
  std::filesystem::create_symlink("real", scratch.path() / "link");
  std::filesystem::create_directory(scratch.path() / "folder");
  EXPECT_EQ(*ReadBundleFile(scratch.path(), "real"), "x");
  EXPECT_EQ(ReadBundleFile(scratch.path(), "link").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadBundleFile(scratch.path(), "folder").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadBundleFile(scratch.path(), "none").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(BundleManifest, RefusesAManifestOfAbsurdSizeUnread) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(WriteFileAtomically(scratch.path() / kManifestFile, "x").ok());
  std::filesystem::resize_file(scratch.path() / kManifestFile, 1LL << 40);
  EXPECT_EQ(ReadBundleFile(scratch.path(), kManifestFile).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace tenuto
