// Packs bytes for tests that read gzip.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_GZIP_BYTES_H_
#define TENUTO_TESTS_SUPPORT_GZIP_BYTES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "isa-l/igzip_lib.h"

namespace tenuto {

// One gzip member.
inline std::string GzipBytes(absl::string_view bytes) {
  std::string copy(bytes);
  std::string packed(bytes.size() + bytes.size() / 8 + 512, '\0');
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<std::uint8_t*>(copy.data());
  stream.avail_in = static_cast<std::uint32_t>(copy.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(packed.data());
  stream.avail_out = static_cast<std::uint32_t>(packed.size());
  EXPECT_EQ(isal_deflate_stateless(&stream), COMP_OK);
  packed.resize(stream.total_out);
  return packed;
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_GZIP_BYTES_H_
