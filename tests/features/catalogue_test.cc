#include "features/catalogue.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kSmall[] = R"(
  signals {
    id: 1 name: "plays" event: "playback" keep: KEEP_DAILY_SUM
    consent: CONSENT_CLASS_BEHAVIOUR
  }
  signals {
    id: 2 name: "plan" measure: "event.plan" keep: KEEP_LAST_VALUE
    consent: CONSENT_CLASS_CONTRACT
  }
  signals {
    id: 3 name: "consent_behaviour" event: "consent_changed"
    measure: "consent" keep: KEEP_LAST_VALUE consent: CONSENT_CLASS_CONTRACT
    where { field: "consent_class" equals: "CONSENT_CLASS_BEHAVIOUR" }
  }
  signals {
    id: 4 name: "total" event: "playback" keep: KEEP_TOTAL
    consent: CONSENT_CLASS_CONTRACT
  }
  features {
    id: 10 name: "plays_{window}d" family: "f" window_sum { signal: "plays" }
    window_days: [7, 28] missing: MISSING_ZERO max_value: 100
    reason_raises_risk: "raises in {window}" reason_lowers_risk: "lowers"
  }
  features {
    id: 20 name: "is_free" family: "f"
    last_value_is { signal: "plan" equals: "PLAN_FREE" }
    missing: MISSING_NAN max_value: 1
    reason_raises_risk: "r" reason_lowers_risk: "l"
  }
  features {
    id: 30 name: "trend" family: "f"
    window_trend { signal: "plays" baseline_days: 28 } window_days: 7
    missing: MISSING_NAN max_value: 9
    reason_raises_risk: "r" reason_lowers_risk: "l"
  }
  features {
    id: 40 name: "share" family: "f"
    total_ratio { numerator: "total" denominator: "total" prior_weight: 1 }
    missing: MISSING_NAN max_value: 9
    reason_raises_risk: "r" reason_lowers_risk: "l"
  }
  features {
    id: 50 name: "decayed" family: "f"
    decayed_sum { signal: "plays" half_life_days: 7 }
    missing: MISSING_NAN max_value: 9
    reason_raises_risk: "r" reason_lowers_risk: "l"
  }
)";

v1::Catalogue Small() {
  v1::Catalogue declaration;
  EXPECT_TRUE(ParseTextproto("small", kSmall, declaration).ok());
  return declaration;
}

using Change = std::function<void(v1::Catalogue&)>;

struct Refusal {
  std::string name;  // Of the entry that the text must name.
  std::string part;  // Of the text.
  Change change;
};

void ExpectRefusals(const std::vector<Refusal>& table) {
  for (const Refusal& line : table) {
    v1::Catalogue declaration = Small();
    line.change(declaration);
    const absl::Status status = Catalogue::Create(declaration).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << line.part;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(absl::StrCat("\"", line.name, "\"")),
                      HasSubstr(line.part)));
  }
}

TEST(Catalogue, RefusesEachWrongSignalByName) {
  using C = v1::Catalogue&;
  ExpectRefusals({
      {"plays", "id is 0", [](C c) { c.mutable_signals(0)->clear_id(); }},
      {"id 1", "no name", [](C c) { c.mutable_signals(0)->clear_name(); }},
      {"plays", "`keep`", [](C c) { c.mutable_signals(0)->clear_keep(); }},
      {"plays", "`consent`",
       [](C c) { c.mutable_signals(0)->clear_consent(); }},
      {"plan", "`measure`", [](C c) { c.mutable_signals(1)->clear_measure(); }},
      {"plan", "id 1 is already", [](C c) { c.mutable_signals(1)->set_id(1); }},
      {"plays", "twice", [](C c) { c.mutable_signals(1)->set_name("plays"); }},
      {"plays", "no payload",
       [](C c) { c.mutable_signals(0)->set_event(0, "plaiback"); }},
      {"plays", "no plain field",
       [](C c) { c.mutable_signals(0)->set_measure("ms_plaid"); }},
      {"plays", "a text",
       [](C c) { c.mutable_signals(0)->set_measure("track_id"); }},
      {"plays", "needs `equals`",
       [](C c) { c.mutable_signals(0)->add_where()->set_field("track_id"); }},
      {"consent_behaviour", "NOBODY",
       [](C c) {
         c.mutable_signals(2)->mutable_where(0)->set_equals(0, "NOBODY");
       }},
  });
}

TEST(Catalogue, RefusesEachWrongFeatureByName) {
  using C = v1::Catalogue&;
  ExpectRefusals({
      {"is_free", "id is 0", [](C c) { c.mutable_features(1)->clear_id(); }},
      {"is_free", "`family`",
       [](C c) { c.mutable_features(1)->clear_family(); }},
      {"is_free", "no read",
       [](C c) { c.mutable_features(1)->clear_last_value_is(); }},
      {"is_free", "no window",
       [](C c) { c.mutable_features(1)->add_window_days(7); }},
      {"is_free", "`missing`",
       [](C c) { c.mutable_features(1)->clear_missing(); }},
      {"is_free", "not bounded",
       [](C c) { c.mutable_features(1)->set_max_value(0); }},
      {"is_free", "reason",
       [](C c) { c.mutable_features(1)->clear_reason_lowers_risk(); }},
      {"is_free", "id 11 is already",
       [](C c) { c.mutable_features(1)->set_id(11); }},
      {"plays_7d", "twice",
       [](C c) { c.mutable_features(1)->set_name("plays_7d"); }},
      {"is_free", "PLAN_GOLD",
       [](C c) {
         c.mutable_features(1)->mutable_last_value_is()->set_equals(
             0, "PLAN_GOLD");
       }},
      {"is_free", "`equals`",
       [](C c) {
         c.mutable_features(1)->mutable_last_value_is()->clear_equals();
       }},
      {"is_free", "unknown",
       [](C c) {
         c.mutable_features(1)->mutable_last_value_is()->set_signal("plann");
       }},
      {"is_free", "cannot take",
       [](C c) {
         c.mutable_features(1)->mutable_last_value_is()->set_signal("plays");
       }},
  });
}

TEST(Catalogue, RefusesEachWrongWindowAndParameterByName) {
  using C = v1::Catalogue&;
  ExpectRefusals({
      {"plays_{window}d", "`window_days`",
       [](C c) { c.mutable_features(0)->clear_window_days(); }},
      {"plays_{window}d", "window of 0",
       [](C c) { c.mutable_features(0)->set_window_days(0, 0); }},
      {"plays_{window}d", "window of 91",
       [](C c) { c.mutable_features(0)->set_window_days(0, 91); }},
      {"plays", "{window}",
       [](C c) { c.mutable_features(0)->set_name("plays"); }},
      {"trend", "baseline of 0",
       [](C c) {
         c.mutable_features(2)->mutable_window_trend()->clear_baseline_days();
       }},
      {"trend", "baseline of 91",
       [](C c) {
         c.mutable_features(2)->mutable_window_trend()->set_baseline_days(91);
       }},
      {"share", "prior",
       [](C c) {
         c.mutable_features(3)->mutable_total_ratio()->set_prior_weight(-1);
       }},
      {"decayed", "half_life",
       [](C c) {
         c.mutable_features(4)->mutable_decayed_sum()->clear_half_life_days();
       }},
      {"plays_{window}d", "consent_behaviour",
       [](C c) { c.mutable_signals(2)->set_name("consent_other"); }},
      {"plays_14d", "12 different windows",
       [](C c) {
         c.mutable_features(0)->clear_window_days();
         for (std::uint32_t day = 2; day < 15; ++day) {
           c.mutable_features(0)->add_window_days(day);
         }
       }},
  });
}

TEST(Catalogue, RefusesMoreSignalsThanAStateHasRoomFor) {
  v1::Catalogue declaration = Small();
  for (std::uint32_t id = 100; id < 228; ++id) {
    auto& signal = *declaration.add_signals();
    signal = declaration.signals(0);
    signal.set_id(id);
    signal.set_name(absl::StrCat("plays_", id));
  }
  EXPECT_THAT(std::string(Catalogue::Create(declaration).status().message()),
              HasSubstr("more than 128 signals keep KEEP_DAILY_SUM"));
}

TEST(Catalogue, SaysTheLineOfBrokenText) {
  EXPECT_THAT(
      std::string(Catalogue::Parse("signals {\n  id: x\n}").status().message()),
      HasSubstr("catalogue.textproto:2:"));
}

// Fingerprints by column id.
std::map<std::uint32_t, std::string> Fingerprints(const Change& change) {
  v1::Catalogue declaration = Small();
  change(declaration);
  const auto catalogue = Catalogue::Create(declaration);
  EXPECT_TRUE(catalogue.ok()) << catalogue.status();
  std::map<std::uint32_t, std::string> fingerprints;
  for (const Feature& feature : catalogue->features()) {
    fingerprints[feature.id] = feature.fingerprint;
  }
  return fingerprints;
}

TEST(Catalogue, KeepsFingerprintsWhenNoValueCanChange) {
  using C = v1::Catalogue&;
  const auto before = Fingerprints([](C) {});
  const std::vector<Change> changes = {
      [](C c) { c.mutable_features(0)->set_name("listens_{window}d"); },
      [](C c) { c.mutable_features(0)->set_family("other"); },
      [](C c) { c.mutable_features(0)->set_reason_raises_risk("other"); },
      [](C c) { c.mutable_features(0)->set_reason_lowers_risk("other"); },
      [](C c) {
        c.mutable_features(0)->set_monotone(v1::MONOTONE_LOWERS_RISK);
      },
      [](C c) { c.mutable_signals(0)->set_caused_by_us(true); },
      [](C c) { c.mutable_signals()->SwapElements(0, 3); },
      [](C c) { c.mutable_features()->SwapElements(0, 3); },
  };
  for (std::size_t k = 0; k < changes.size(); ++k) {
    EXPECT_EQ(Fingerprints(changes[k]), before) << "change " << k;
  }
}

TEST(Catalogue, ChangesFingerprintsOfExactlyTheColumnsThatCanChange) {
  using C = v1::Catalogue&;
  const auto before = Fingerprints([](C) {});
  const std::vector<std::pair<std::vector<std::uint32_t>, Change>> table = {
      {{10, 11}, [](C c) { c.mutable_features(0)->set_max_value(99); }},
      {{10, 11}, [](C c) { c.mutable_features(0)->set_min_value(-1); }},
      {{10, 11},
       [](C c) { c.mutable_features(0)->set_missing(v1::MISSING_NAN); }},
      {{11}, [](C c) { c.mutable_features(0)->set_window_days(1, 90); }},
      {{10, 11, 30, 50},
       [](C c) { c.mutable_signals(0)->set_measure("ms_played"); }},
      {{10, 11, 30, 50},
       [](C c) {
         c.mutable_signals(0)->set_consent(v1::CONSENT_CLASS_CONTRACT);
       }},
      {{10, 11, 30, 50}, [](C c) { c.mutable_signals(2)->clear_where(); }},
      {{20},
       [](C c) {
         c.mutable_features(1)->mutable_last_value_is()->add_equals(
             "PLAN_TRIAL");
       }},
      {{30},
       [](C c) {
         c.mutable_features(2)->mutable_window_trend()->set_baseline_days(29);
       }},
      {{40},
       [](C c) {
         c.mutable_features(3)->mutable_total_ratio()->set_prior(0.5);
       }},
      {{50},
       [](C c) {
         c.mutable_features(4)->mutable_decayed_sum()->set_count_days(true);
       }},
  };
  for (std::size_t k = 0; k < table.size(); ++k) {
    std::vector<std::uint32_t> changed;
    for (const auto& [id, fingerprint] : Fingerprints(table[k].second)) {
      if (before.at(id) != fingerprint) changed.push_back(id);
    }
    EXPECT_EQ(changed, table[k].first) << "change " << k;
  }
}

TEST(Catalogue, TellsApartCataloguesOfOtherSignalsOnly) {
  const auto print = [](const Change& change) {
    v1::Catalogue declaration = Small();
    change(declaration);
    return Catalogue::Create(declaration)->signal_fingerprint();
  };
  const std::string before = print([](v1::Catalogue&) {});
  EXPECT_EQ(print([](auto& c) { c.mutable_features()->Clear(); }), before);
  EXPECT_EQ(print([](auto& c) { c.mutable_signals()->SwapElements(0, 3); }),
            before);
  EXPECT_NE(print([](auto& c) { c.mutable_signals(0)->set_id(99); }), before);
  EXPECT_NE(print([](auto& c) {
              c.mutable_features()->Clear();
              c.mutable_signals()->RemoveLast();
            }),
            before);
}

TEST(Catalogue, FillsTheWindowIntoNamesAndReasons) {
  const auto catalogue = Catalogue::Create(Small());
  const Feature* feature = catalogue->FindFeature("plays_28d");
  ASSERT_NE(feature, nullptr);
  EXPECT_EQ(feature->id, 11u);
  EXPECT_EQ(feature->window_days, 28u);
  EXPECT_EQ(feature->reason_raises_risk, "raises in 28");
  EXPECT_EQ(catalogue->FindFeature("plays_{window}d"), nullptr);
  EXPECT_EQ(catalogue->FindSignal("nothing"), nullptr);
  EXPECT_EQ(catalogue->CountOf(v1::KEEP_LAST_VALUE), 2);
}

TEST(Catalogue, EmbedsAtLeastThirtySignalsAndAHundredFeatures) {
  const Catalogue& embedded = Catalogue::Embedded();
  EXPECT_GE(embedded.signals().size(), 30u);
  EXPECT_GE(embedded.features().size(), 100u);
  std::map<int, int> reads;
  for (const Feature& feature : embedded.features()) {
    ++reads[feature.declaration.read_case()];
    EXPECT_EQ(embedded.FindFeature(feature.name), &feature);
  }
  EXPECT_GE(reads.size(), 10u);
}

}  // namespace
}  // namespace tenuto
