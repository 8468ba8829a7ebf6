#include "training/world/decline_answer.h"

#include <array>
#include <cstddef>

namespace tenuto::world {
namespace {

constexpr int kChoices = 4;
constexpr double kAdviceShare = 0.6;

struct Codes {
  std::array<const char*, kChoices> code;
  std::array<double, kChoices> weight;  // They sum to 1.
};
constexpr std::array<Codes, kDeclineCauses> kCodes = {{
    {{"", "", "", ""}, {1, 0, 0, 0}},
    {{"51", "61", "78", "51"}, {0.90, 0.06, 0.04, 0}},
    {{"05", "62", "75", "86"}, {0.75, 0.13, 0.06, 0.06}},
    {{"54", "01", "54", "54"}, {0.95, 0.05, 0, 0}},
    {{"57", "04", "46", "R1"}, {0.45, 0.2, 0.2, 0.15}},
    {{"91", "92", "91", "91"}, {0.85, 0.15, 0, 0}},
    {{"14", "82", "N7", "55"}, {0.5, 0.2, 0.2, 0.1}},
    {{"41", "43", "59", "07"}, {0.35, 0.35, 0.2, 0.1}},
    {{"96", "06", "19", "68"}, {0.5, 0.2, 0.2, 0.1}},
}};
// A store tells that it could not collect, and hardly ever why.
constexpr int kStoreNumber = 1;
constexpr char kStoreCode[] = "generic_decline";

struct Advice {
  const char* code;
  int number;
  int days;  // Wait at least.
};
constexpr std::array<Advice, 7> kWaits = {{{"24", 1, 0},
                                           {"25", 2, 1},
                                           {"26", 3, 2},
                                           {"27", 4, 4},
                                           {"28", 5, 6},
                                           {"29", 6, 8},
                                           {"30", 7, 10}}};

// The issuer sees the account: it knows the next payday within some days.
Advice WaitFor(double days) {
  Advice advice = kWaits.front();
  for (const Advice& wait : kWaits) {
    if (wait.days <= days) advice = wait;
  }
  return advice;
}

Advice AdviceOf(DeclineCause cause, const Cure& cure, Draws& draws) {
  switch (cause) {
    case DeclineCause::kInsufficientFunds:
      return WaitFor(cure.payday_in + 2 * draws.Normal());
    case DeclineCause::kHold:
      return draws.Chance(0.5) ? Advice{"02", 8, 3}
                               : WaitFor(cure.mean_days + draws.Normal());
    case DeclineCause::kExpiredCard:
      return {"01", 9, 0};
    case DeclineCause::kHardDecline:
      return draws.Chance(0.5) ? Advice{"03", 10, 0} : Advice{"21", 11, 0};
    case DeclineCause::kFraud:
      return {"03", 10, 0};
    default:
      return {"", 0, 0};
  }
}

}  // namespace

v1::Store StoreOf(const Traits& traits) {
  if (traits.method_kind != v1::PAYMENT_METHOD_KIND_STORE) {
    return v1::STORE_UNSPECIFIED;
  }
  return traits.user % 5 < 3 ? v1::STORE_APP_STORE : v1::STORE_GOOGLE_PLAY;
}

v1::CardNetwork NetworkOf(const Traits& traits) {
  return traits.method_kind == v1::PAYMENT_METHOD_KIND_STORE
             ? v1::CARD_NETWORK_UNSPECIFIED
             : traits.network;
}

DeclineAnswer AnswerOf(DeclineCause cause, const Traits& traits,
                       const Cure& cure, Draws draws) {
  DeclineAnswer answer;
  if (cause == DeclineCause::kNone) return answer;
  if (traits.method_kind == v1::PAYMENT_METHOD_KIND_STORE) {
    answer.decline_code = kStoreCode;
    answer.decline_number = kStoreNumber;
    return answer;
  }
  const Codes& codes = kCodes[static_cast<std::size_t>(cause)];
  double left = draws.Uniform();
  std::size_t k = 0;
  while (k + 1 < kChoices && (left -= codes.weight[k]) >= 0) ++k;
  answer.decline_code = codes.code[k];
  answer.decline_number =
      2 + kChoices * static_cast<int>(cause) + static_cast<int>(k);
  if (traits.network == v1::CARD_NETWORK_MASTERCARD &&
      draws.Chance(kAdviceShare)) {
    const Advice advice = AdviceOf(cause, cure, draws);
    answer.advice_code = advice.code;
    answer.advice_number = advice.number;
  }
  return answer;
}

}  // namespace tenuto::world
