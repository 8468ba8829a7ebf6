// How many times as long as for every commit a test runs: at night longer.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_ROUNDS_H_
#define TENUTO_TESTS_SUPPORT_ROUNDS_H_

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"

namespace tenuto::testing {

// TENUTO_ROUNDS, or 1.
inline int Rounds() {
  const char* const text = std::getenv("TENUTO_ROUNDS");
  int rounds = 1;
  EXPECT_TRUE(text == nullptr ||
              (absl::SimpleAtoi(text, &rounds) && rounds > 0))
      << "TENUTO_ROUNDS is no count: " << text;
  return std::max(rounds, 1);
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_ROUNDS_H_
