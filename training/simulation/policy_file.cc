#include "training/simulation/policy_file.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/text_places.h"
#include "features/base/textproto.h"
#include "model/grace/grace_values.h"
#include "tenuto/v1/grace_policies.pb.h"

namespace tenuto {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr double kShareError = 1e-6;
constexpr std::size_t kFileBytesMax = 1 << 20;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", text, "\"");
}

bool IsSnakeCase(absl::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  if (!absl::ascii_islower(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '_';
  });
}

// Days in rising order, `apart` at least, none after `last`.
template <typename Days>
absl::Status CheckDays(const TextPlaces& places, const std::string& field,
                       const Days& days, std::int64_t apart,
                       std::int64_t last) {
  std::int64_t before = 0;
  for (int i = 0; i < days.size(); ++i) {
    const std::int64_t day = days.Get(i);
    if (day < 1 || day > last) {
      const std::string wanted =
          absl::StrCat("1 to ", last, ": day 0 is that of the failure, day ",
                       last, " the last");
      return places.Wrong(field, day, wanted, i);
    }
    if (i > 0 && day < before + apart) {
      return places.Wrong(
          field, absl::StrCat(day, " after ", before),
          apart == 1
              ? std::string("later than the day before it in the list")
              : absl::StrCat("at least ", apart, " days after the one before"),
          i);
    }
    before = day;
  }
  return absl::OkStatus();
}

absl::Status CheckEvery(const TextPlaces& places, const v1::FixedPolicy& fixed,
                        std::int64_t last) {
  if (!fixed.has_retry_every()) return absl::OkStatus();
  const TextPlaces within = places.Within("retry_every", 0, "retry_every");
  const v1::RetryEvery& every = fixed.retry_every();
  if (!fixed.retry_days().empty()) {
    return places.Wrong("retry_every", "given beside retry_days",
                        "left out, or retry_days must");
  }
  if (every.days() < 1 || every.days() > last) {
    return within.Wrong("days", every.days(),
                        absl::StrCat("1 to ", last, ", the last day"));
  }
  if (every.times() < 1 || every.times() > last / every.days()) {
    return within.Wrong(
        "times", every.times(),
        absl::StrCat("1 to ", last / every.days(), ": the last day is ", last));
  }
  return absl::OkStatus();
}

absl::Status CheckFixed(const TextPlaces& places,
                        const v1::FixedPolicy& fixed) {
  const std::int64_t last =
      fixed.has_ends_after_days() ? fixed.ends_after_days() : kUnpaidDays;
  if (last < 1 || last > kUnpaidDays) {
    return places.Wrong("ends_after_days", last,
                        absl::StrCat("1 to ", kUnpaidDays));
  }
  if (fixed.full_days() < 0 || fixed.full_days() > last) {
    return places.Wrong("full_days", fixed.full_days(),
                        absl::StrCat("0 to ", last, ", the last day"));
  }
  if (fixed.reduced_days() < 0 ||
      fixed.reduced_days() > last - fixed.full_days()) {
    return places.Wrong(
        "reduced_days", fixed.reduced_days(),
        absl::StrCat("0 to ", last - fixed.full_days(),
                     ", which full_days leaves of ", last, " days"));
  }
  TENUTO_RETURN_IF_ERROR(
      CheckDays(places, "retry_days", fixed.retry_days(), 1, last));
  TENUTO_RETURN_IF_ERROR(CheckEvery(places, fixed, last));
  return CheckDays(places, "message_days", fixed.message_days(), kMessageDays,
                   last);
}

void TakeFixed(const v1::FixedPolicy& fixed, ComparedPolicy& policy) {
  policy.kind = PolicyKind::kFixed;
  policy.last_day = fixed.has_ends_after_days()
                        ? static_cast<int>(fixed.ends_after_days())
                        : kUnpaidDays;
  for (int day = 0; day <= kUnpaidDays; ++day) {
    Access& access = policy.actions[static_cast<std::size_t>(day)].access;
    access = day <= fixed.full_days() ? Access::kFull
             : day <= fixed.full_days() + fixed.reduced_days()
                 ? Access::kReduced
                 : Access::kNone;
  }
  for (const std::int64_t day : fixed.retry_days()) {
    policy.actions[static_cast<std::size_t>(day)].attempts = true;
  }
  for (std::int64_t i = 1; i <= fixed.retry_every().times(); ++i) {
    policy.actions[static_cast<std::size_t>(i * fixed.retry_every().days())]
        .attempts = true;
  }
  for (const std::int64_t day : fixed.message_days()) {
    policy.actions[static_cast<std::size_t>(day)].messages = true;
  }
}

absl::StatusOr<std::map<std::string, std::size_t>> NamesOf(
    const TextPlaces& places, const v1::GracePolicies& file) {
  if (file.policies().empty()) {
    return places.Wrong("policies", "empty", "given for one policy at least");
  }
  std::map<std::string, std::size_t> names;
  for (int i = 0; i < file.policies_size(); ++i) {
    const v1::GracePolicy& policy = file.policies(i);
    const TextPlaces within = places.Within(
        "policies", i, absl::StrCat("policy ", Quoted(policy.name())));
    if (!IsSnakeCase(policy.name())) {
      return within.Wrong("name", Quoted(policy.name()),
                          "snake case of 1 to 64 bytes");
    }
    if (!names.emplace(policy.name(), i).second) {
      return within.Wrong("name", "used twice", "unique");
    }
    if (policy.kind_case() == v1::GracePolicy::KIND_NOT_SET) {
      return within.WrongAt(within.LineOf("name"),
                            "it has none of fixed, mixture, personal, oracle");
    }
  }
  return names;
}

// The parts of a mixture; mixtures of mixtures, itself included, are refused.
absl::StatusOr<std::vector<ComparedPolicy::Part>> PartsOf(
    const TextPlaces& places, const v1::GracePolicies& file,
    const v1::MixturePolicy& mixture,
    const std::map<std::string, std::size_t>& names) {
  if (mixture.parts().empty()) {
    return places.Wrong("parts", "empty", "given for one part at least");
  }
  std::vector<ComparedPolicy::Part> parts;
  std::set<std::string> seen;
  double sum = 0;
  for (int i = 0; i < mixture.parts_size(); ++i) {
    const v1::MixturePart& part = mixture.parts(i);
    const TextPlaces within =
        places.Within("parts", i, absl::StrCat("part ", i + 1));
    const auto found = names.find(part.policy());
    if (found == names.end()) {
      return within.Wrong("policy", Quoted(part.policy()),
                          "the name of a policy of this file");
    }
    const auto kind =
        file.policies(static_cast<int>(found->second)).kind_case();
    if (kind == v1::GracePolicy::kMixture) {
      return within.Wrong("policy", Quoted(part.policy()),
                          "one that is no mixture");
    }
    if (kind == v1::GracePolicy::kOracle) {
      return within.Wrong("policy", Quoted(part.policy()),
                          "one that can be had outside a world");
    }
    if (!seen.insert(part.policy()).second) {
      return within.Wrong("policy", Quoted(part.policy()), "named only once");
    }
    if (!(part.share() > 0 && part.share() <= 1)) {
      return within.Wrong("share", part.share(), "above 0 and at most 1");
    }
    sum += part.share();
    parts.push_back({found->second, part.share()});
  }
  if (std::abs(sum - 1) > kShareError) {
    return places.WrongAt(places.LineOf("parts"),
                          absl::StrCat("the shares of its parts sum to ", sum,
                                       "; they must sum to 1"));
  }
  return parts;
}

absl::StatusOr<ComparedPolicy> PolicyOf(
    const TextPlaces& places, const v1::GracePolicies& file,
    const v1::GracePolicy& written,
    const std::map<std::string, std::size_t>& names) {
  ComparedPolicy policy;
  policy.name = written.name();
  switch (written.kind_case()) {
    case v1::GracePolicy::kFixed:
      TENUTO_RETURN_IF_ERROR(
          CheckFixed(places.Within("fixed", 0, "fixed"), written.fixed()));
      TakeFixed(written.fixed(), policy);
      break;
    case v1::GracePolicy::kMixture: {
      policy.kind = PolicyKind::kMixture;
      TENUTO_ASSIGN_OR_RETURN(
          policy.parts, PartsOf(places.Within("mixture", 0, "mixture"), file,
                                written.mixture(), names));
      break;
    }
    case v1::GracePolicy::kPersonal:
      policy.kind = PolicyKind::kPersonal;
      break;
    default:
      policy.kind = PolicyKind::kOracle;
  }
  return policy;
}

struct Struck {
  int count = 0;
  int attempts = 0;  // As written.
  int first_day = 0;
  absl::string_view rule;  // Of the first.
  v1::CardNetwork network = v1::CARD_NETWORK_UNSPECIFIED;
};

// Of a card that was never tried before.
Struck StrikeOut(const ComparedPolicy& policy, const PaymentRules& rules,
                 v1::CardNetwork network, absl::Time failed) {
  Struck struck;
  struck.network = network;
  constexpr v1::PaymentInitiator kWe = v1::PAYMENT_INITIATOR_MERCHANT;
  CardHistory history(network);
  history.Add({failed, kWe, v1::PAYMENT_OUTCOME_DECLINED, kNoCode, kNoCode, 1});
  for (int day = 1; day <= kUnpaidDays; ++day) {
    if (!policy.actions[static_cast<std::size_t>(day)].attempts) continue;
    ++struck.attempts;
    const absl::Time time = failed + absl::Hours(24 * day);
    const AttemptVerdict verdict = rules.Judge(history, {time, kWe, 1});
    if (verdict.allowed) {
      history.Add(
          {time, kWe, v1::PAYMENT_OUTCOME_DECLINED, kNoCode, kNoCode, 1});
    } else if (struck.count++ == 0) {
      struck.first_day = day;
      struck.rule = verdict.rule;
    }
  }
  return struck;
}

}  // namespace

absl::StatusOr<PolicyFile> PolicyFile::FromText(absl::string_view text,
                                                absl::string_view file) {
  v1::GracePolicies written;
  TextPlaces::Tree tree;
  TENUTO_RETURN_IF_ERROR(ParseTextproto(file, text, written, tree));
  const TextPlaces places(file, written, tree);
  TENUTO_ASSIGN_OR_RETURN(const auto names, NamesOf(places, written));
  PolicyFile made;
  for (int i = 0; i < written.policies_size(); ++i) {
    const v1::GracePolicy& policy = written.policies(i);
    TENUTO_ASSIGN_OR_RETURN(
        ComparedPolicy compared,
        PolicyOf(places.Within("policies", i,
                               absl::StrCat("policy ", Quoted(policy.name()))),
                 written, policy, names));
    made.policies_.push_back(std::move(compared));
  }
  const auto current = names.find(written.current());
  if (current == names.end()) {
    return places.Wrong("current", Quoted(written.current()),
                        "the name of a policy of this file");
  }
  made.current_ = current->second;
  const PolicyKind kind = made.policies_[made.current_].kind;
  if (kind == PolicyKind::kPersonal || kind == PolicyKind::kOracle) {
    return places.Wrong("current", Quoted(written.current()),
                        "fixed or a mixture: what the others are judged by");
  }
  made.currency_ = written.currency().empty() ? "EUR" : written.currency();
  const absl::Status valued =
      GraceValues::Embedded().StakesOf(made.currency_).status();
  if (!valued.ok()) {
    return places.WrongAt(places.LineOf("currency"), valued.message());
  }
  return made;
}

absl::StatusOr<PolicyFile> PolicyFile::Read(const std::filesystem::path& path) {
  TENUTO_ASSIGN_OR_RETURN(const std::string text,
                          ReadFile(path, kFileBytesMax));
  return FromText(text, path.string());
}

const ComparedPolicy& PolicyFile::Serving(std::size_t policy,
                                          double unit) const {
  const ComparedPolicy& asked = policies_[policy];
  if (asked.kind != PolicyKind::kMixture) return asked;
  double sum = 0;
  for (const ComparedPolicy::Part& part : asked.parts) {
    sum += part.share;
    if (unit < sum) return policies_[part.policy];
  }
  return policies_[asked.parts.back().policy];
}

absl::Status CheckLawful(const ComparedPolicy& policy,
                         const PaymentRules& rules, absl::Time failed_time) {
  Struck most;
  for (int network = v1::CARD_NETWORK_UNSPECIFIED + 1;
       network < v1::CardNetwork_ARRAYSIZE; ++network) {
    const Struck struck = StrikeOut(
        policy, rules, static_cast<v1::CardNetwork>(network), failed_time);
    if (struck.count > most.count) most = struck;
  }
  if (most.count == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "policy ", Quoted(policy.name), ": rules strike ", most.count, " of ",
      most.attempts, " attempts on ", v1::CardNetwork_Name(most.network),
      ", the first on day ", most.first_day, ", by ", std::string(most.rule)));
}

}  // namespace tenuto
