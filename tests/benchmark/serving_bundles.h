// Bundles as large as the targets name: 500 full trees of depth 6.
// Thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_SERVING_BUNDLES_H_
#define TENUTO_TESTS_BENCHMARK_SERVING_BUNDLES_H_

#include <filesystem>

namespace tenuto {

// The model of a table that ScoreRows is asked for.
inline constexpr char kRowsModel[] = "rows_128";
inline constexpr int kRowsColumns = 128;

// Puts kRowsModel and, in place of what is there, churn_14d over the whole
// catalogue into `models_dir`.
void WriteServingBundles(const std::filesystem::path& models_dir);

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_SERVING_BUNDLES_H_
