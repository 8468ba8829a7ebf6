#include "features/catalogue.h"

#include <algorithm>
#include <cmath>

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
#include "features/state_codec.h"
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
    TENUTO_CHECK(parsed.ok(), parsed.status().ToString());
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
    if (slot == kDailyMax) {
      return Wrong("signal", signal.name(),
                   absl::StrCat("more than ", kDailyMax, " signals keep ",
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

absl::Status Catalogue::AddFeature(const v1::Feature& declaration) {
  const ReadShape shape = ShapeOf(declaration);
  TENUTO_RETURN_IF_ERROR(CheckFeature(declaration, shape));
  bool caused_by_us = false;
  std::string read_signals;
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
    caused_by_us |= signal->declaration.caused_by_us();
    absl::StrAppend(&read_signals, signal->declaration.SerializeAsString());
  }
  v1::Feature value = declaration;  // What can change the value.
  value.clear_name();
  value.clear_family();
  value.clear_monotone();
  value.clear_reason_raises_risk();
  value.clear_reason_lowers_risk();
  value.clear_window_days();
  value.clear_id();
  std::vector<std::uint32_t> windows(declaration.window_days().begin(),
                                     declaration.window_days().end());
  if (windows.empty()) windows.push_back(0);
  for (std::size_t k = 0; k < windows.size(); ++k) {
    Feature feature;
    feature.id = declaration.id() + static_cast<std::uint32_t>(k);
    feature.window_days = windows[k];
    feature.name = FillWindow(declaration.name(), windows[k]);
    feature.declaration = declaration;
    feature.fingerprint =
        Sha256Hex(absl::StrCat(feature.id, "/", windows[k], "/",
                               value.SerializeAsString(), read_signals))
            .substr(0, kFingerprintDigits);
    feature.reason_raises_risk =
        FillWindow(declaration.reason_raises_risk(), windows[k]);
    feature.reason_lowers_risk =
        FillWindow(declaration.reason_lowers_risk(), windows[k]);
    feature.caused_by_us = caused_by_us;
    features_.push_back(std::move(feature));
  }
  return absl::OkStatus();
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
