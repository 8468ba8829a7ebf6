#include "tests/support/recovery_bundle.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "model/grace/recovery_model.h"
#include "tests/support/toy_forest.h"
#include "training/bundle_writer.h"
#include "training/model_fit.h"
#include "training/training_matrix.h"

namespace tenuto {
namespace {

constexpr int kRows = 4000;

// What the made-up subscribers do: a lower access and a message hurry payment,
// and annoy; every attempt finds less than the one before.
double ChanceOf(Hazard hazard, int day, const DayChoice& choice) {
  switch (hazard) {
    case Hazard::kByUser:
      return (0.06 + 0.02 * (2 - choice.access) + 0.03 * choice.messaged) /
             (1 + 0.1 * day);
    case Hazard::kByRetry:
      return 0.25 / choice.attempts_before;
    case Hazard::kCancels:
      return 0.01 + 0.005 * (2 - choice.access) + 0.002 * choice.messaged;
  }
  return 0;
}

TrainingMatrix RowsOf(Hazard hazard, int row_width, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto share = [&] {
    return static_cast<double>(random() >> 11) * 0x1.0p-53;
  };
  const auto below = [&](int count) {
    return static_cast<int>(share() * count);
  };
  TrainingMatrix rows;
  rows.columns.resize(static_cast<std::size_t>(row_width + kFailureColumns));
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < row_width; ++c) {
      rows.values.push_back(static_cast<float>(10 * share()));
    }
    FailedPayment payment;
    payment.failed = absl::FromUnixSeconds(1'600'000'000 + 3600 * r);
    payment.decline_class = v1::DECLINE_CLASS_SOFT;
    payment.network = v1::CARD_NETWORK_VISA;
    payment.amount_minor = 999;
    const int day = 1 + below(kUnpaidDays);
    const DayChoice choice =
        hazard == Hazard::kByRetry
            ? DayChoice::OfAttempt(payment, day, 1 + below(3), 1 + below(day))
            : DayChoice::OfAccess(static_cast<Access>(below(3)), share() < 0.5);
    rows.values.resize(rows.values.size() + kFailureColumns);
    WriteFailureColumns(payment, day, choice,
                        absl::MakeSpan(rows.values).last(kFailureColumns));
    rows.labels.push_back(share() < ChanceOf(hazard, day, choice) ? 1 : 0);
    rows.groups.push_back(static_cast<std::uint64_t>(r));
    rows.times_s.push_back(1'600'000'000 + r);
  }
  return rows;
}

}  // namespace

void WriteRecoveryBundle(const std::filesystem::path& models_dir,
                         const std::string& name, std::uint64_t seed,
                         const RecoveryShape& shape) {
  v1::Manifest manifest = ToyManifest(name, shape.row_width);
  manifest.set_label("paid, collected or cancelled on a day");
  AddFailureColumns(manifest);
  std::vector<FittedModel> models;
  for (const Hazard hazard :
       {Hazard::kByUser, Hazard::kByRetry, Hazard::kCancels}) {
    const std::uint64_t own = 10 * seed + static_cast<std::uint64_t>(hazard);
    ForestOptions options;
    options.rounds = shape.trees;
    options.depth = shape.depth;
    options.eta = 0.2;
    options.seed = own;
    auto model = FitModel(RowsOf(hazard, shape.row_width, own),
                          RowsOf(hazard, shape.row_width, own + 5), options);
    ASSERT_TRUE(model.ok()) << model.status();
    models.push_back(*std::move(model));
  }
  const std::vector<FittedPart> parts = {{kHazardNames[0], &models[0]},
                                         {kHazardNames[1], &models[1]},
                                         {kHazardNames[2], &models[2]}};
  const auto written = WriteBundle(models_dir, manifest, parts, seed);
  ASSERT_TRUE(written.ok()) << written.status();
}

}  // namespace tenuto
