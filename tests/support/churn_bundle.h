// A small, real model bundle: a forest trained on made-up rows, written by the
// bundle writer, for tests that need something to serve.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_CHURN_BUNDLE_H_
#define TENUTO_TESTS_SUPPORT_CHURN_BUNDLE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "features/catalogue.h"

namespace tenuto {

// Writes the next version of model `name` with every feature of the catalogue
// as a column. Other seeds give other forests.
void WriteChurnBundle(const std::filesystem::path& models_dir,
                      const Catalogue& catalogue,
                      const std::string& name = "churn_14d",
                      std::uint64_t seed = 1);

// A model of a table with two columns, which cannot score users.
void WriteTableBundle(const std::filesystem::path& models_dir,
                      const std::string& name);

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_CHURN_BUNDLE_H_
