#include "features/catalogue.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "embedded/catalogue.textproto.h"
#include "features/base/digest.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/base/textproto.h"
#include "features/event_condition.h"
#include "features/event_view.h"
#include "features/feature_reads.h"
#include "features/state_windows.h"
#include "google/protobuf/descriptor.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {
namespace {

constexpr int kFingerprintDigits = 16;
constexpr char kWindowMark[] = "{window}";

absl::Status Wrong(absl::string_view kind, absl::string_view name,
                   absl::string_view reason) {
  return absl::InvalidArgumentError(
      absl::StrCat(kind, " \"", name, "\": ", reason));
}

// Payload names of every event but the named ones, if any are.
std::vector<std::string> EventsOf(const v1::Signal& signal) {
  if (signal.event_size() > 0) {
    return {signal.event().begin(), signal.event().end()};
  }
  std::vector<std::string> all;
  const auto* payload = v1::Event::descriptor()->oneof_decl(0);
  for (int k = 0; k < payload->field_count(); ++k) {
    all.push_back(payload->field(k)->name());
  }
  return all;
}

bool NeedsMeasure(v1::Keep keep) {
  return keep == v1::KEEP_LAST_VALUE || keep == v1::KEEP_LAST_TEXT ||
         keep == v1::KEEP_DISTINCT || keep == v1::KEEP_RECENT;
}

absl::Status CheckMeasure(const v1::Signal& signal, absl::string_view event) {
  if (signal.measure().empty()) return absl::OkStatus();
  const absl::StatusOr<FieldRef> field = FindField(event, signal.measure());
  if (!field.ok()) {
    return Wrong("signal", signal.name(), field.status().message());
  }
  const bool wants_text =
      signal.keep() == v1::KEEP_LAST_TEXT || signal.keep() == v1::KEEP_RECENT;
  if (signal.keep() != v1::KEEP_DISTINCT && field->is_text != wants_text) {
    return Wrong(
        "signal", signal.name(),
        absl::StrCat("measure \"", signal.measure(), "\" is ",
                     field->is_text ? "a text" : "a number", ", which ",
                     v1::Keep_Name(signal.keep()), " cannot keep"));
  }
  return absl::OkStatus();
}

absl::Status CheckConditions(const v1::Signal& signal,
                             absl::string_view event) {
  for (const v1::Condition& condition : signal.where()) {
    const auto compiled = EventCondition::Compile(event, condition);
    if (!compiled.ok()) {
      return Wrong("signal", signal.name(), compiled.status().message());
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSignal(const v1::Signal& signal) {
  if (signal.id() == 0) return Wrong("signal", signal.name(), "id is 0");
  if (signal.name().empty()) {
    return Wrong("signal", absl::StrCat("id ", signal.id()), "has no name");
  }
  if (signal.keep() == v1::KEEP_UNSPECIFIED) {
    return Wrong("signal", signal.name(), "`keep` is missing");
  }
  if (signal.consent() == v1::CONSENT_CLASS_UNSPECIFIED) {
    return Wrong("signal", signal.name(), "`consent` is missing");
  }
  if (signal.measure().empty() && NeedsMeasure(signal.keep())) {
    return Wrong(
        "signal", signal.name(),
        absl::StrCat(v1::Keep_Name(signal.keep()), " needs a `measure`"));
  }
  for (const std::string& event : EventsOf(signal)) {
    const absl::StatusOr<int> payload = FindPayload(event);
    if (!payload.ok()) {
      return Wrong("signal", signal.name(), payload.status().message());
    }
    TENUTO_RETURN_IF_ERROR(CheckMeasure(signal, event));
    TENUTO_RETURN_IF_ERROR(CheckConditions(signal, event));
  }
  return absl::OkStatus();
}

absl::Status CheckFeature(const v1::Feature& feature, const ReadShape& shape) {
  const std::string& name = feature.name();
  if (feature.id() == 0) return Wrong("feature", name, "id is 0");
  if (feature.family().empty()) {
    return Wrong("feature", name, "`family` is missing");
  }
  if (shape.uses.empty()) return Wrong("feature", name, "has no read");
  if (shape.windowed != !feature.window_days().empty()) {
    return Wrong("feature", name,
                 shape.windowed ? "`window_days` is missing"
                                : "this read has no window");
  }
  for (const std::uint32_t days : feature.window_days()) {
    if (days == 0 || days > kWindowDaysMax) {
      return Wrong("feature", name,
                   absl::StrCat("window of ", days, " days is not in 1-",
                                kWindowDaysMax));
    }
  }
  if (feature.window_days_size() > 1 && !absl::StrContains(name, kWindowMark)) {
    return Wrong("feature", name, "several windows need {window} in the name");
  }
  if (feature.missing() == v1::MISSING_UNSPECIFIED) {
    return Wrong("feature", name, "`missing` is missing");
  }
  if (!std::isfinite(feature.min_value()) ||
      !std::isfinite(feature.max_value()) ||
      feature.min_value() >= feature.max_value()) {
    return Wrong("feature", name,
                 "the range min_value-max_value is not bounded");
  }
  if (feature.reason_raises_risk().empty() ||
      feature.reason_lowers_risk().empty()) {
    return Wrong("feature", name, "a reason text is missing");
  }
  return absl::OkStatus();
}

absl::Status CheckPrior(const std::string& name, double prior, double weight) {
  if (std::isfinite(prior) && std::isfinite(weight) && weight >= 0) {
    return absl::OkStatus();
  }
  return Wrong("feature", name, "the prior is not finite or weighs below 0");
}

// What a read takes beside signals and windows.
absl::Status CheckParameters(const v1::Feature& feature) {
  const std::string& name = feature.name();
  if (feature.has_window_trend()) {
    const std::uint32_t days = feature.window_trend().baseline_days();
    if (days == 0 || days > kWindowDaysMax) {
      return Wrong("feature", name,
                   absl::StrCat("baseline of ", days, " days is not in 1-",
                                kWindowDaysMax));
    }
  }
  if (feature.has_decayed_sum()) {
    const double half_life = feature.decayed_sum().half_life_days();
    if (!std::isfinite(half_life) || half_life <= 0) {
      return Wrong("feature", name, "`half_life_days` is not above 0");
    }
  }
  if (feature.has_last_value_is() && feature.last_value_is().equals().empty()) {
    return Wrong("feature", name, "`equals` is missing");
  }
  if (feature.has_window_ratio()) {
    return CheckPrior(name, feature.window_ratio().prior(),
                      feature.window_ratio().prior_weight());
  }
  if (feature.has_total_ratio()) {
    return CheckPrior(name, feature.total_ratio().prior(),
                      feature.total_ratio().prior_weight());
  }
  return CheckPrior(name, 0, feature.daily_rate().prior_days());
}

// The values that a LastValueIs compares with.
absl::Status CheckEquals(const v1::Feature& feature, const v1::Signal& signal) {
  for (const std::string& text : feature.last_value_is().equals()) {
    const auto number =
        FindNumber(EventsOf(signal).front(), signal.measure(), text);
    if (!number.ok()) {
      return Wrong("feature", feature.name(), number.status().message());
    }
  }
  return absl::OkStatus();
}

// What a signal says about the values of the features that read it.
std::string ValueBytes(v1::Signal signal) {
  signal.clear_caused_by_us();
  return signal.SerializeAsString();
}

bool KeepFits(v1::Keep wanted, v1::Keep kept) {
  if (wanted != v1::KEEP_UNSPECIFIED) return wanted == kept;
  return kept == v1::KEEP_LAST_TIME || kept == v1::KEEP_FIRST_TIME;
}

std::string FillWindow(const std::string& text, std::uint32_t days) {
  return absl::StrReplaceAll(text, {{kWindowMark, absl::StrCat(days)}});
}

}  // namespace

const Catalogue& Catalogue::Embedded() {
  static const Catalogue* const catalogue = [] {
    absl::StatusOr<Catalogue> parsed = Parse(kEmbeddedCatalogueTextproto);
    TENUTO_CHECK(parsed.ok(),
                 absl::StrCat("features/catalogue.textproto has an error: ",
                              std::string(parsed.status().message())));
    return new Catalogue(*std::move(parsed));
  }();
  return *catalogue;
}

absl::StatusOr<Catalogue> Catalogue::Parse(absl::string_view textproto) {
  v1::Catalogue declaration;
  TENUTO_RETURN_IF_ERROR(
      ParseTextproto("catalogue.textproto", textproto, declaration));
  return Create(std::move(declaration));
}

absl::StatusOr<Catalogue> Catalogue::Create(v1::Catalogue declaration) {
  Catalogue catalogue;
  TENUTO_RETURN_IF_ERROR(catalogue.AddSignals(declaration));
  for (const v1::Feature& feature : declaration.features()) {
    TENUTO_RETURN_IF_ERROR(catalogue.AddFeature(feature));
  }
  TENUTO_RETURN_IF_ERROR(catalogue.CheckWindows());
  std::sort(catalogue.features_.begin(), catalogue.features_.end(),
            [](const Feature& a, const Feature& b) { return a.id < b.id; });
  for (std::size_t k = 0; k < catalogue.features_.size(); ++k) {
    const Feature& feature = catalogue.features_[k];
    if (k > 0 && catalogue.features_[k - 1].id == feature.id) {
      return Wrong("feature", feature.name,
                   absl::StrCat("id ", feature.id, " is already that of \"",
                                catalogue.features_[k - 1].name, "\""));
    }
    if (!catalogue.feature_by_name_.emplace(feature.name, k).second) {
      return Wrong("feature", feature.name, "the name occurs twice");
    }
  }
  return catalogue;
}

absl::Status Catalogue::AddSignals(const v1::Catalogue& declaration) {
  std::vector<v1::Signal> sorted(declaration.signals().begin(),
                                 declaration.signals().end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
  std::string all;
  for (const v1::Signal& signal : sorted) {
    TENUTO_RETURN_IF_ERROR(CheckSignal(signal));
    if (!signals_.empty() && signals_.back().declaration.id() == signal.id()) {
      return Wrong("signal", signal.name(),
                   absl::StrCat("id ", signal.id(), " is already that of \"",
                                signals_.back().declaration.name(), "\""));
    }
    const int slot = CountOf(signal.keep());
    const int slots_max =
        signal.keep() == v1::KEEP_DISTINCT ? kDistinctMax : kDailyMax;
    if (slot == slots_max) {
      return Wrong("signal", signal.name(),
                   absl::StrCat("more than ", slots_max, " signals keep ",
                                v1::Keep_Name(signal.keep())));
    }
    if (!signal_by_name_.emplace(signal.name(), signals_.size()).second) {
      return Wrong("signal", signal.name(), "the name occurs twice");
    }
    absl::StrAppend(&all, signal.SerializeAsString());
    signals_.push_back({signal, slot});
  }
  signal_fingerprint_ = Sha256Hex(all).substr(0, kFingerprintDigits);
  return absl::OkStatus();
}

absl::Status Catalogue::CheckUses(const v1::Feature& declaration,
                                  const ReadShape& shape,
                                  SignalsRead& read) const {
  for (const SignalUse& use : shape.uses) {
    const Signal* signal = FindSignal(use.signal);
    if (signal == nullptr) {
      return Wrong("feature", declaration.name(),
                   absl::StrCat("signal \"", use.signal, "\" is unknown"));
    }
    if (!KeepFits(use.keep, signal->declaration.keep())) {
      return Wrong("feature", declaration.name(),
                   absl::StrCat("signal \"", use.signal, "\" keeps ",
                                v1::Keep_Name(signal->declaration.keep()),
                                ", which this read cannot take"));
    }
    TENUTO_RETURN_IF_ERROR(CheckEquals(declaration, signal->declaration));
    read.caused_by_us |= signal->declaration.caused_by_us();
    absl::StrAppend(&read.bytes, ValueBytes(signal->declaration));
    const absl::string_view answer =
        ConsentSignal(signal->declaration.consent());
    if (answer.empty()) continue;
    const Signal* consent = FindSignal(answer);
    if (consent == nullptr ||
        consent->declaration.keep() != v1::KEEP_LAST_VALUE) {
      return Wrong("feature", declaration.name(),
                   absl::StrCat("its consent needs a signal \"", answer,
                                "\" that keeps KEEP_LAST_VALUE"));
    }
    absl::StrAppend(&read.bytes, ValueBytes(consent->declaration));
  }
  return absl::OkStatus();
}

absl::Status Catalogue::AddFeature(const v1::Feature& declaration) {
  const ReadShape shape = ShapeOf(declaration);
  TENUTO_RETURN_IF_ERROR(CheckFeature(declaration, shape));
  TENUTO_RETURN_IF_ERROR(CheckParameters(declaration));
  SignalsRead read;
  TENUTO_RETURN_IF_ERROR(CheckUses(declaration, shape, read));
  v1::Feature value = declaration;  // What can change the value.
  value.clear_name();
  value.clear_family();
  value.clear_monotone();
  value.clear_reason_raises_risk();
  value.clear_reason_lowers_risk();
  value.clear_window_days();
  value.clear_id();
  const int count = std::max(1, declaration.window_days_size());
  for (int k = 0; k < count; ++k) {
    const std::uint32_t days = shape.windowed ? declaration.window_days(k) : 0;
    Feature feature;
    feature.id = declaration.id() + static_cast<std::uint32_t>(k);
    feature.window_days = days;
    feature.name = FillWindow(declaration.name(), days);
    feature.declaration = declaration;
    feature.fingerprint =
        Sha256Hex(absl::StrCat(feature.id, "/", days, "/",
                               value.SerializeAsString(), read.bytes))
            .substr(0, kFingerprintDigits);
    feature.reason_raises_risk =
        FillWindow(declaration.reason_raises_risk(), days);
    feature.reason_lowers_risk =
        FillWindow(declaration.reason_lowers_risk(), days);
    feature.caused_by_us = read.caused_by_us;
    features_.push_back(std::move(feature));
  }
  return absl::OkStatus();
}

absl::Status Catalogue::CheckWindows() const {
  std::set<std::uint32_t> windows;
  int decays = 0;
  for (const Feature& feature : features_) {
    windows.insert(feature.window_days);
    windows.insert(feature.declaration.window_trend().baseline_days());
    windows.erase(0);
    if (windows.size() > kWindowsMax) {
      return Wrong("feature", feature.name,
                   absl::StrCat("the catalogue has more than ", kWindowsMax,
                                " different windows"));
    }
    decays += feature.declaration.has_decayed_sum();
    if (decays > kDecaysMax) {
      return Wrong("feature", feature.name,
                   absl::StrCat("the catalogue has more than ", kDecaysMax,
                                " decayed sums"));
    }
  }
  return absl::OkStatus();
}

absl::string_view ConsentSignal(v1::ConsentClass consent) {
  switch (consent) {
    case v1::CONSENT_CLASS_BEHAVIOUR:
      return "consent_behaviour";
    case v1::CONSENT_CLASS_MESSAGES:
      return "consent_messages";
    default:
      return "";
  }
}

const Signal* Catalogue::FindSignal(absl::string_view name) const {
  const auto found = signal_by_name_.find(name);
  if (found == signal_by_name_.end()) return nullptr;
  return &signals_[static_cast<std::size_t>(found->second)];
}

const Feature* Catalogue::FindFeature(absl::string_view name) const {
  const auto found = feature_by_name_.find(name);
  if (found == feature_by_name_.end()) return nullptr;
  return &features_[static_cast<std::size_t>(found->second)];
}

int Catalogue::CountOf(v1::Keep keep) const {
  return static_cast<int>(std::count_if(
      signals_.begin(), signals_.end(), [keep](const Signal& signal) {
        return signal.declaration.keep() == keep;
      }));
}

}  // namespace tenuto
