// Any bytes are a log file of RocksDB, or are said to be torn or damaged.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "features/log_file_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto depth :
       {tenuto::CheckDepth::kFrames, tenuto::CheckDepth::kChecksums}) {
    if (tenuto::CheckLogBytes(bytes, depth).offset > size) std::abort();
  }
  return 0;
}
