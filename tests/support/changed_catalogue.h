// The catalogue of this program with other signals: what a later release may
// bring. Features are left out.
// Thread-safe: functions.
#ifndef TENUTO_TESTS_SUPPORT_CHANGED_CATALOGUE_H_
#define TENUTO_TESTS_SUPPORT_CHANGED_CATALOGUE_H_

#include <cstdint>
#include <string>

#include "features/catalogue.h"
#include "features/signal_fold.h"
#include "gtest/gtest.h"

namespace tenuto::testing {

inline v1::Catalogue SignalsOf(const Catalogue& catalogue) {
  v1::Catalogue declaration;
  for (const Signal& signal : catalogue.signals()) {
    *declaration.add_signals() = signal.declaration;
  }
  return declaration;
}

inline void AddAdvertSeconds(std::uint32_t id, v1::Catalogue& declaration) {
  v1::Signal& added = *declaration.add_signals();
  added.set_id(id);
  added.set_name("seconds_of_advert");
  added.add_event("ad_impression");
  added.set_measure("ms_shown");
  added.set_keep(v1::KEEP_DAILY_SUM);
  added.set_consent(v1::CONSENT_CLASS_CONTRACT);
}

// Without a signal of every third id, so that most slots change.
inline v1::Catalogue Thinned(const Catalogue& catalogue) {
  v1::Catalogue declaration;
  for (const Signal& signal : catalogue.signals()) {
    if (signal.declaration.id() % 3 == 0) continue;
    *declaration.add_signals() = signal.declaration;
  }
  return declaration;
}

inline Catalogue Made(const v1::Catalogue& declaration) {
  auto catalogue = Catalogue::Create(declaration);
  EXPECT_TRUE(catalogue.ok()) << catalogue.status();
  return *std::move(catalogue);
}

// Encoded state of `events`, whose positions are from 1.
template <typename Events>
std::string FoldAll(const Catalogue& catalogue, const Events& events) {
  const SignalFold fold(catalogue);
  UserState state(fold.layout());
  EventView view;
  std::uint64_t position = 0;
  for (const auto& event : events) {
    EXPECT_TRUE(view.Parse(event.event));
    fold.Apply(view, ++position, state);
  }
  std::string bytes;
  state.Encode(bytes);
  return bytes;
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_CHANGED_CATALOGUE_H_
