// What the ledger must hold, kept outside of it in a file of its own: a byte an
// event that says whether it was sent, and whether it was acknowledged.
// Thread-safe: an event's byte is changed by one thread at a time.
#ifndef TENUTO_TESTS_CRASH_EXPECTED_EVENTS_H_
#define TENUTO_TESTS_CRASH_EXPECTED_EVENTS_H_

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "gtest/gtest.h"

namespace tenuto::testing {

enum class Fate : std::uint8_t { kUnsent = 0, kPending = 1, kCommitted = 2 };

class ExpectedEvents {
 public:
  ExpectedEvents(const std::filesystem::path& path, std::size_t events_max)
      : size_(events_max) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_GE(file, 0) << path;
    EXPECT_EQ(::ftruncate(file, static_cast<off_t>(size_)), 0);
    void* const bytes =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    EXPECT_NE(bytes, MAP_FAILED);
    ::close(file);
    fates_ = static_cast<std::atomic<Fate>*>(bytes);
  }
  ~ExpectedEvents() { ::munmap(static_cast<void*>(fates_), size_); }
  ExpectedEvents(const ExpectedEvents&) = delete;
  ExpectedEvents& operator=(const ExpectedEvents&) = delete;

  Fate of(std::size_t event) const { return fates_[event].load(); }
  void Set(std::size_t event, Fate fate) { fates_[event].store(fate); }

 private:
  static_assert(sizeof(std::atomic<Fate>) == 1);
  const std::size_t size_;
  std::atomic<Fate>* fates_;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_CRASH_EXPECTED_EVENTS_H_
