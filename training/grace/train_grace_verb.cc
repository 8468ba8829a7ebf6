// `tenuto train grace`: the recovery model of failed payments from a ledger.
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "features/base/status_macros.h"
#include "training/champion.h"
#include "training/flag_values.h"
#include "training/grace/train_grace.h"
#include "training/verb.h"

namespace tenuto {

void AddTrainGraceVerb(CLI::App& train, const Workshop& workshop,
                       VerbRun& run) {
  CLI::App* grace = train.add_subcommand(
      "grace",
      "What becomes of a failed payment, day by day? Learns three chances of "
      "every day after it: that the subscriber pays, that an attempt of ours "
      "collects, that the subscriber cancels. Learns from earlier failures, "
      "calibrates on stretches of ten days that were held out, tests on the "
      "latest failures. Needs payment_attempted events; a year of them "
      "with some thousand failures is little. Read the report so: "
      "D-calibration p above 0.05 (the stricter one too), an integrated Brier "
      "score below Kaplan-Meier's, and an ECE like the one by chance mean that "
      "the curves may be believed; the table by hazard and days says where "
      "not.\n"
      "Example: tenuto train grace --ledger world --models models");
  struct Flags {
    TrainGraceOptions options;
    std::string test_from;
  };
  const auto flags = std::make_shared<Flags>();
  TrainGraceOptions& options = flags->options;
  grace->add_option("--ledger", options.ledger, "Ledger directory")->required();
  grace->add_option("--models", options.models, "Directory of bundles")
      ->required();
  grace->add_option("--model", options.model, "Name of the model")
      ->capture_default_str();
  grace->add_option("--test-from", flags->test_from,
                    "Test on failures from this moment on (default: the "
                    "latest 35 %)");
  AddChampionFlag(*grace, options.champion);
  grace->add_option("--seed", options.seed, "Same seed, same bytes")
      ->capture_default_str();
  grace->add_option("--threads", options.threads, "0: every core")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  grace->add_option("--summary", options.summary, "Write the result as JSON");
  grace->callback([&workshop, &run, flags] {
    run = [&workshop, flags]() -> absl::Status {
      if (!flags->test_from.empty()) {
        TENUTO_ASSIGN_OR_RETURN(flags->options.test_from,
                                ParseMoment("--test-from", flags->test_from));
      }
      return TrainGrace(flags->options, workshop);
    };
  });
}

}  // namespace tenuto
