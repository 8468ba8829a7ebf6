// Tells ThreadSanitizer how RocksDB hands a batch from the thread that wrote it
// to the one that leads a group, and back: by atomics of a library that is
// built without it. Like sanitizer_locks.cc, in the preset tsan only.
// Thread-safe.
#include <sanitizer/tsan_interface.h>

#include <cstddef>
#include <cstdint>

#include "tests/support/next_function.h"

// Of rocksdb::WriteThread, whose header is not installed.
#define TENUTO_LINK_ONE \
  "_ZN7rocksdb11WriteThread7LinkOneEPNS0_6WriterEPSt6atomicIS2_E"
#define TENUTO_ENTER                                                    \
  "_ZN7rocksdb11WriteThread23EnterAsBatchGroupLeaderEPNS0_6WriterEPNS0" \
  "_10WriteGroupE"
#define TENUTO_EXIT                                                         \
  "_ZN7rocksdb11WriteThread22ExitAsBatchGroupLeaderERNS0_10WriteGroupERNS_" \
  "6StatusE"
#define TENUTO_SET_STATE "_ZN7rocksdb11WriteThread8SetStateEPNS0_6WriterEh"
#define TENUTO_AWAIT_STATE                                     \
  "_ZN7rocksdb11WriteThread10AwaitStateEPNS0_6WriterEhPNS0_17" \
  "AdaptationContextE"

namespace tenuto::testing {

bool LinkOne(void* queue, void* writer, void* newest) asm(TENUTO_LINK_ONE);
std::size_t Enter(void* queue, void* leader, void* group) asm(TENUTO_ENTER);
void Exit(void* queue, void* group, void* status) asm(TENUTO_EXIT);
void SetState(void* queue, void* writer, std::uint8_t) asm(TENUTO_SET_STATE);
std::uint8_t AwaitState(void* queue, void* writer, std::uint8_t goals,
                        void* context) asm(TENUTO_AWAIT_STATE);

bool LinkOne(void* queue, void* writer, void* newest) {
  static const auto next =
      NextFunction<bool(void*, void*, void*)>(TENUTO_LINK_ONE);
  __tsan_release(queue);
  return next(queue, writer, newest);
}

std::size_t Enter(void* queue, void* leader, void* group) {
  static const auto next =
      NextFunction<std::size_t(void*, void*, void*)>(TENUTO_ENTER);
  const std::size_t bytes = next(queue, leader, group);
  __tsan_acquire(queue);  // After the newest of the group was seen.
  return bytes;
}

// Reads who came after the group.
void Exit(void* queue, void* group, void* status) {
  static const auto next = NextFunction<void(void*, void*, void*)>(TENUTO_EXIT);
  __tsan_acquire(queue);
  next(queue, group, status);
}

void SetState(void* queue, void* writer, std::uint8_t state) {
  static const auto next =
      NextFunction<void(void*, void*, std::uint8_t)>(TENUTO_SET_STATE);
  __tsan_acquire(queue);
  __tsan_release(writer);
  next(queue, writer, state);
}

std::uint8_t AwaitState(void* queue, void* writer, std::uint8_t goals,
                        void* context) {
  static const auto next =
      NextFunction<std::uint8_t(void*, void*, std::uint8_t, void*)>(
          TENUTO_AWAIT_STATE);
  const std::uint8_t state = next(queue, writer, goals, context);
  __tsan_acquire(writer);
  return state;
}

}  // namespace tenuto::testing
