// Any bytes are a log record or are said to be damaged.
#include <cstdint>

#include "absl/strings/string_view.h"
#include "features/log_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  tenuto::VisitLogRecord(bytes, 1,
                         [](const tenuto::LoggedEvent&) { return true; });
  return 0;
}
