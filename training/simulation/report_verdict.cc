#include "training/simulation/report_verdict.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tenuto {
namespace {

constexpr double kPaymentsMin = 200;  // Fewer have unsure intervals.

// Says the figures of one result.
class Words {
 public:
  Words(const SimulationResult& result, const PolicyRanking& ranking)
      : result_(result),
        ranking_(ranking),
        digits_(MoneyDigits(result)),
        reference_(absl::StrCat("the ", ReferenceWord(result), " policy")) {}

  std::string Headline() const;
  std::string Proof() const;
  std::string Costs() const;
  std::string Fixed() const;
  std::string Personal() const;
  std::string InForce() const;
  std::string Ceiling() const;
  std::string Alone() const;
  std::string StandIn() const;
  std::string Doubt() const;
  std::string MeaningOfALog() const;
  std::string Meaning() const;
  std::string Fidelity() const;

 private:
  bool nothing() const {
    return result_.failures <= 0 || !ranking_.best.has_value();
  }
  std::size_t best() const { return *ranking_.best; }
  bool current_is_best() const { return best() == result_.current; }
  // Then nothing that happened bears the figures out.
  bool is_believed_only() const {
    return IsModelOnly(result_, best()) ||
           IsModelOnly(result_, result_.current);
  }
  // Beyond the chance of the draw.
  bool gain_is_sure() const { return Gain(best()).low > 0; }
  Estimate Gain(std::size_t policy) const {
    return FiguresOf(result_, policy).difference;
  }
  const std::string& Name(std::size_t policy) const {
    return result_.policies[policy];
  }

  std::string Believed() const;
  std::string Number(double value, int digits) const;
  std::string Money(double value) const {
    return absl::StrCat(Number(value, digits_), " ", result_.currency);
  }
  std::string Interval(const Estimate& estimate, int digits) const {
    return absl::StrCat(Number(estimate.low, digits), " to ",
                        Number(estimate.high, digits));
  }
  std::string Beside(const Estimate& gain) const;
  std::string Names(const std::vector<std::size_t>& policies,
                    absl::string_view last) const;

  const SimulationResult& result_;
  const PolicyRanking& ranking_;
  const int digits_;
  const std::string reference_;  // "the current policy".
};

std::string Words::Number(double value, int digits) const {
  // Else what rounds to nothing might be "-0.00".
  const double step = std::pow(10.0, -digits);
  return absl::StrFormat("%.*f", digits,
                         std::abs(value) < step / 2 ? 0.0 : value);
}

// "0.40 EUR above the current policy (95 % interval 0.30 to 0.50)".
std::string Words::Beside(const Estimate& gain) const {
  const bool below = gain.value < 0;
  const Estimate shown =
      below ? Estimate{-gain.value, -gain.high, -gain.low} : gain;
  return absl::StrCat(Money(shown.value), below ? " below" : " above", " ",
                      reference_, " (95 % interval ", Interval(shown, digits_),
                      ")");
}

std::string Words::Names(const std::vector<std::size_t>& policies,
                         absl::string_view last) const {
  constexpr std::size_t kNamed = 4;
  std::vector<std::string> names;
  for (const std::size_t policy : policies) {
    if (names.size() == kNamed && policies.size() > kNamed + 1) {
      names.push_back(absl::StrCat(policies.size() - kNamed, " more"));
      break;
    }
    names.push_back(Name(policy));
  }
  if (names.size() < 2) return absl::StrJoin(names, "");
  const std::string end = names.back();
  names.pop_back();
  return absl::StrCat(absl::StrJoin(names, ", "), " ", last, " ", end);
}

// The headline where only the model speaks.
std::string Words::Believed() const {
  const char* const how =
      " That is the model's belief: only a randomised share can tell.";
  if (!result_.refused_current.empty()) {
    return absl::StrCat("What the current policy, ", result_.refused_current,
                        ", is worth cannot be told; of the others the model "
                        "expects most of ",
                        Name(best()), ".", how);
  }
  if (current_is_best()) {
    return absl::StrCat(
        "The model expects no policy to be worth more than the "
        "current one, ",
        Name(best()), ".", how);
  }
  if (!gain_is_sure()) {
    return absl::StrCat("Keep ", Name(result_.current),
                        ", the current policy: nothing shows that another is "
                        "better.");
  }
  return absl::StrCat("The model expects ", Name(best()), " to be worth ",
                      Beside(Gain(best())), ".", how);
}

std::string Words::Headline() const {
  if (nothing()) return "No failed payment was simulated.";
  if (result_.policies.size() == 1) {
    return absl::StrCat("Only ", Name(best()),
                        " was simulated: there is nothing to choose from.");
  }
  if (is_believed_only()) return Believed();
  if (!result_.refused_current.empty()) {
    return absl::StrCat("What the current policy, ", result_.refused_current,
                        ", is worth cannot be told; of the others ",
                        Name(best()), " is worth most.");
  }
  if (current_is_best()) {
    return absl::StrCat("Keep ", Name(best()),
                        ", the current policy: no other was worth more.");
  }
  if (!gain_is_sure()) {
    return absl::StrCat("Keep ", Name(result_.current),
                        ", the current policy: none was better beyond chance.");
  }
  std::vector<std::size_t> sure = {best()};
  for (const std::size_t policy : ranking_.like_best) {
    if (Gain(policy).low > 0 && !IsModelOnly(result_, policy)) {
      sure.push_back(policy);
    }
  }
  const std::string gain =
      absl::StrCat(Money(Gain(best()).value),
                   " more per failed payment than the current policy, ",
                   Name(result_.current), ".");
  if (sure.size() > 1) {
    return absl::StrCat("Choose ", Names(sure, "or"),
                        ", which cannot be told apart: ", Name(best()),
                        " was worth ", gain);
  }
  return absl::StrCat("Choose ", Name(best()), ": ", gain);
}

std::string Words::Proof() const {
  if (nothing()) return "";
  const PolicyFigures figures = FiguresOf(result_, best());
  std::string text = absl::StrCat(Name(best()), " recovers ",
                                  Number(figures.recovered_percent.value, 1),
                                  " % of failed payments (95 % interval ",
                                  Interval(figures.recovered_percent, 1), ")");
  if (!current_is_best()) {
    const PolicyFigures current = FiguresOf(result_, result_.current);
    absl::StrAppend(&text, ", ", Name(result_.current), " ",
                    Number(current.recovered_percent.value, 1), " %");
  }
  absl::StrAppend(&text, ". Its net value per failed payment is ",
                  Money(figures.net.value));
  if (!current_is_best()) {
    absl::StrAppend(&text, ", ", Beside(figures.difference));
  }
  return absl::StrCat(text, ".");
}

std::string Words::Costs() const {
  if (nothing()) return "";
  const PolicyFigures mine = FiguresOf(result_, best());
  std::string text = absl::StrCat(
      "A payment takes ", Number(mine.free_days.value, 1), " free days, ",
      Number(mine.attempts.value, 1), " attempts and ",
      Number(mine.messages.value, 1), " messages");
  if (!current_is_best()) {
    const PolicyFigures current = FiguresOf(result_, result_.current);
    absl::StrAppend(&text, " (", ReferenceWord(result_), ": ",
                    Number(current.free_days.value, 1), ", ",
                    Number(current.attempts.value, 1), " and ",
                    Number(current.messages.value, 1), ")");
  }
  return absl::StrCat(text, ".");
}

std::string Words::Fixed() const {
  if (nothing() || !ranking_.best_fixed.has_value() ||
      *ranking_.best_fixed == best()) {
    return "";
  }
  const std::size_t fixed = *ranking_.best_fixed;
  std::string text =
      absl::StrCat("Of the policies that are the same for everybody, ",
                   Name(fixed), " is best");
  if (fixed == result_.current) {
    absl::StrAppend(&text, ": the ", ReferenceWord(result_), " one");
  } else {
    absl::StrAppend(&text, ": ", Beside(Gain(fixed)));
  }
  if (!ranking_.like_best_fixed.empty()) {
    absl::StrAppend(&text, "; it cannot be told apart from ",
                    Names(ranking_.like_best_fixed, "and"));
  }
  return absl::StrCat(text, ".");
}

std::string Words::Personal() const {
  if (nothing() || !result_.personal.has_value() ||
      !ranking_.best_fixed.has_value()) {
    return "";
  }
  const Estimate gain = FiguresOf(result_, *ranking_.best_fixed).personal_gain;
  const bool less = gain.value < 0;
  const Estimate shown =
      less ? Estimate{-gain.value, -gain.high, -gain.low} : gain;
  return absl::StrCat(Name(*result_.personal), " was worth ",
                      Money(shown.value), less ? " less" : " more", " than ",
                      Name(*ranking_.best_fixed),
                      ", the best that is the same for everybody (95 % "
                      "interval ",
                      Interval(shown, digits_), ", payment by payment).",
                      result_.expected ? " It is judged by the very model "
                                         "that it plans with, which flatters "
                                         "it."
                                       : "");
}

std::string Words::InForce() const {
  if (nothing() || !result_.personal.has_value()) return "";
  return absl::StrCat(
      "To put ", Name(*result_.personal),
      IsModelOnly(result_, *result_.personal) ? " in force, at first for some: "
                                              : " in force: ",
      "learn from your own payments with tenuto train grace "
      "--ledger DIR --models DIR; let tenuto-server serve both directories, or "
      "call ReloadModels if it runs; and call PlanGracePeriod on the day a "
      "payment fails and on every day that it stays unpaid. Give the access of "
      "its answer, send its messages, make the attempt that it leases, and "
      "report as events what you did.");
}

std::string Words::Ceiling() const {
  if (nothing() || !result_.oracle.has_value()) return "";
  const double oracle = FiguresOf(result_, *result_.oracle).net.value;
  std::string text = absl::StrCat(
      "The oracle, which knows every true chance and cannot be had, is worth ",
      Money(oracle));
  if (ranking_.best_fixed.has_value() && *ranking_.best_fixed != best()) {
    const double fixed = FiguresOf(result_, *ranking_.best_fixed).net.value;
    const double reached = FiguresOf(result_, best()).net.value;
    if (oracle > fixed && reached > fixed) {
      absl::StrAppend(&text, ": ", Name(best()), " closes ",
                      Number(100 * (reached - fixed) / (oracle - fixed), 0),
                      " % of the gap between ", Name(*ranking_.best_fixed),
                      " and the oracle");
    }
  }
  return absl::StrCat(text, ".");
}

std::string Words::Alone() const {
  if (nothing() || IsModelOnly(result_, best())) return "";
  for (const std::size_t policy : ranking_.best_first) {
    if (policy == best()) break;
    if (!IsModelOnly(result_, policy)) continue;
    return absl::StrCat("The model alone expects more of ", Name(policy), ": ",
                        Beside(Gain(policy)),
                        "; only a randomised share can tell.");
  }
  return "";
}

std::string Words::StandIn() const {
  if (result_.refused_current.empty() || result_.policies.size() < 2) return "";
  return absl::StrCat(result_.refused_current,
                      ", the current policy, was refused: the others are "
                      "compared with ",
                      Name(result_.current),
                      ", which is most alike to what was done.");
}

std::string Words::Doubt() const {
  if (nothing()) return "";
  std::vector<std::string> doubts;
  if (!StandIn().empty()) doubts.push_back(StandIn());
  if (!current_is_best() && !gain_is_sure()) {
    doubts.push_back(absl::StrCat(Name(best()), " cannot be told apart from ",
                                  reference_, ", ", Name(result_.current),
                                  ": the interval of its gain contains zero."));
  }
  std::vector<std::size_t> others;
  for (const std::size_t policy : ranking_.like_best) {
    if (policy != result_.current) others.push_back(policy);
  }
  if (!others.empty()) {
    const bool may_choose =
        !is_believed_only() &&
        std::none_of(others.begin(), others.end(), [&](std::size_t policy) {
          return IsModelOnly(result_, policy);
        });
    doubts.push_back(absl::StrCat(
        Name(best()), " cannot be told apart from ", Names(others, "and"),
        ": their 95 % intervals overlap.",
        may_choose ? " Choose among them by what they cost, or look at more "
                     "payments."
                   : ""));
  }
  if (is_believed_only() && result_.policies.size() > 1) {
    doubts.push_back(
        "To learn more, let chance decide for a share of payments; what is "
        "missing for each policy stands below, under How this was made.");
  }
  if (static_cast<double>(result_.failures) < kPaymentsMin) {
    doubts.push_back(absl::StrCat("Only ", result_.failures,
                                  " payments: too few for intervals that may "
                                  "be trusted."));
  }
  return absl::StrJoin(doubts, " ");
}

std::string Words::MeaningOfALog() const {
  std::vector<std::string> said = {"Payments that really failed."};
  std::vector<std::size_t> told, believed;
  for (std::size_t k = 0; k < result_.estimators.size(); ++k) {
    (IsModelOnly(result_, k) ? believed : told).push_back(k);
  }
  if (!told.empty()) {
    said.push_back(absl::StrCat(
        "Doubly robust (", Names(told, "and"),
        "): what a model expects of a policy is put right by what "
        "happened where the log did the same by chance; the "
        "intervals hold that chance.",
        result_.strayed == 0
            ? ""
            : absl::StrCat(" ", result_.strayed,
                           " payments were later treated otherwise "
                           "than first planned: they count up to "
                           "that day.")));
  }
  if (!believed.empty()) {
    said.push_back(absl::StrCat(
        "Model only (", Names(believed, "and"),
        "): expected values by a model; the intervals hold how payments "
        "differ, the luck of each and ",
        result_.model_error.has_value()
            ? absl::StrCat("the ", Number(100 * *result_.model_error, 1),
                           " points by which the model missed later payments "
                           "(recovered ones and their value; free days, "
                           "attempts and messages hold none of it); under "
                           "another policy it may miss by more.")
            : "not the model's error, which was not measured."));
  }
  said.push_back(
      "Intervals allow for payments of one subscriber being alike, as far as "
      "it is known of them; luck to come they take as independent.");
  return absl::StrJoin(said, " ");
}

std::string Words::Meaning() const {
  if (result_.expected) return MeaningOfALog();
  return "A simulated world, not your customers: people, cards and banks "
         "follow assumptions that were set to published figures. All policies "
         "met the same people with the same luck, so the comparison is fair "
         "under these assumptions. The intervals tell how much is chance, not "
         "whether the assumptions hold.";
}

std::string Words::Fidelity() const {
  if (!result_.fidelity.empty()) return result_.fidelity;
  return "How far a simulation is from what really happens was not measured "
         "for this report; tenuto simulate backtest measures it on a ledger.";
}

}  // namespace

ReportVerdict VerdictOf(const SimulationResult& result,
                        const PolicyRanking& ranking) {
  const Words words(result, ranking);
  return {words.Headline(), words.Proof(),   words.Costs(),   words.Fixed(),
          words.Personal(), words.InForce(), words.Ceiling(), words.Alone(),
          words.StandIn(),  words.Doubt(),   words.Meaning(), words.Fidelity()};
}

}  // namespace tenuto
