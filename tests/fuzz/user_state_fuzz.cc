// Any bytes are a user state or an error; what decodes, encodes and is read.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "features/user_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using tenuto::Catalogue;
  static const tenuto::StateLayout layout(Catalogue::Embedded());
  static const tenuto::FeaturePlan plan =
      tenuto::FeaturePlan::CompileAll(Catalogue::Embedded());
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  tenuto::UserState state(layout);
  if (state.Decode(bytes).ok()) {
    std::string again;
    state.Encode(again);
  }
  std::vector<float> row(static_cast<std::size_t>(plan.width()));
  const absl::Time as_of = absl::FromUnixSeconds(1'700'000'000);
  plan.Assemble(bytes, {as_of, as_of - absl::Hours(24 * 100)},
                absl::MakeSpan(row))
      .IgnoreError();
  return 0;
}
