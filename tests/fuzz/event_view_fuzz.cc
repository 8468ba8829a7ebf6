// Any bytes are an event or not; an event folds into a state.
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "features/catalogue.h"
#include "features/event_view.h"
#include "features/signal_fold.h"
#include "features/user_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const tenuto::SignalFold fold(tenuto::Catalogue::Embedded());
  tenuto::EventView view;
  if (!view.Parse({reinterpret_cast<const char*>(data), size})) return 0;
  tenuto::UserState state(fold.layout());
  fold.Apply(view, 1, state);
  std::string bytes;
  state.Encode(bytes);
  return 0;
}
