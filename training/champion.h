// --champion: may a bundle that was just trained serve? Only where its own
// later test found it better than what needs no model, or where somebody says
// so.
// Thread-safe.
#ifndef TENUTO_TRAINING_CHAMPION_H_
#define TENUTO_TRAINING_CHAMPION_H_

#include <string>

#include "absl/strings/string_view.h"
#include "training/bundle_writer.h"
#include "training/evaluator.h"

namespace CLI {
class App;
}  // namespace CLI

namespace tenuto {

// A measure of the test, the less the better, and the same of the baseline.
struct ChampionTest {
  absl::string_view measure;   // "log loss"
  absl::string_view baseline;  // "a constant's"
  double of_model = 0;
  double of_baseline = 0;

  bool IsBetter() const { return of_model < of_baseline; }
};

ChampionTest TestOfLogLoss(const Evaluation& test);

// --champion better|always|never; better is kIfNone.
void AddChampionFlag(CLI::App& app, Crown& asked);

// What of the flag is left after the test.
Crown CrownBy(Crown asked, const ChampionTest& test);

// ", the champion", or ", a challenger" and a line that says why it is none and
// what would make it one. Ends a line.
std::string FormatRank(const WrittenBundle& bundle, Crown asked,
                       const ChampionTest& test);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_CHAMPION_H_
