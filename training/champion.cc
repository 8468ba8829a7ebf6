#include "training/champion.h"

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "model/bundle_manifest.h"

namespace tenuto {
namespace {

std::string WhyNone(Crown asked, const ChampionTest& test) {
  if (asked == Crown::kNotThis) return "--champion never";
  if (test.IsBetter()) return "another version is the champion";
  return absl::StrFormat(
      "on the later test its %s, %.4f, is no better than %s, %.4f",
      test.measure, test.of_model, test.baseline, test.of_baseline);
}

}  // namespace

ChampionTest TestOfLogLoss(const Evaluation& test) {
  return {"log loss", "a constant's", test.log_loss.value,
          test.log_loss_constant.value};
}

void AddChampionFlag(CLI::App& app, Crown& asked) {
  const std::pair<const char*, Crown> words[] = {{"better", Crown::kIfNone},
                                                 {"always", Crown::kAlways},
                                                 {"never", Crown::kNotThis}};
  app.add_option_function<std::string>(
         "--champion",
         [&asked, words](const std::string& word) {
           for (const auto& [name, crown] : words) {
             if (word == name) asked = crown;
           }
         },
         "Which version serves. better: this one, if no other does and its "
         "later test found it better than what needs no model; always: this "
         "one; never: as before")
      ->check(CLI::IsMember({"better", "always", "never"}))
      ->default_str("better");
}

Crown CrownBy(Crown asked, const ChampionTest& test) {
  return asked == Crown::kIfNone && !test.IsBetter() ? Crown::kNotThis : asked;
}

std::string FormatRank(const WrittenBundle& bundle, Crown asked,
                       const ChampionTest& test) {
  if (bundle.is_champion) return ", the champion\n";
  return absl::StrCat(
      ", a challenger\nchallenger because ", WhyNone(asked, test),
      "; to let it serve all the same write ", bundle.version, " into ",
      (bundle.directory.parent_path() / kChampionFile).string(),
      ", or train with --champion always\n");
}

}  // namespace tenuto
