#include "training/world/world_variant.h"

#include <array>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tenuto::world {
namespace {

constexpr std::array<absl::string_view, 6> kNames = {
    "",          "weak_engagement", "other_declines", "no_messages",
    "no_access", "shifted_paydays"};

}  // namespace

absl::Span<const absl::string_view> VariantNames() { return kNames; }

absl::StatusOr<WorldVariant> WorldVariant::Named(absl::string_view name) {
  WorldVariant variant;
  variant.name = std::string(name);
  if (name.empty()) return variant;
  if (name == "weak_engagement") {
    variant.engagement_link = 0.3;
  } else if (name == "other_declines") {
    variant.funds_mix = 0.5;
    variant.hold_mix = 1.5;
    variant.card_mix = 2;
    variant.technical_mix = 2;
  } else if (name == "no_messages") {
    variant.message_effect = 0;
  } else if (name == "no_access") {
    variant.access_effect = 0;
  } else if (name == "shifted_paydays") {
    variant.payday_shift_days = 5;
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        "no variant of the world is named '", name, "'; there are ",
        absl::StrJoin(VariantNames().subspan(1), ", "),
        ", and '' for the base"));
  }
  return variant;
}

}  // namespace tenuto::world
