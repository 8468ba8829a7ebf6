// Tells ThreadSanitizer of Abseil's locks. Debian's Abseil is built without it,
// so that what a lock guards looked like a race everywhere. These members come
// before Abseil's own in the order of symbols, for gRPC as well, say what
// happens and call Abseil's. Only the functions that others end in are here:
// LockWhenWithTimeout calls LockWhenWithDeadline, and so on.
// Thread-safe.
#include <sanitizer/tsan_interface.h>

#include <cstdint>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "tests/support/next_function.h"

// Of a member of Abseil's in Debian's inline namespace; also const ones.
#define TENUTO_ABSL(name) "_ZN4absl7debian3" name
#define TENUTO_ABSL_CONST(name) "_ZNK4absl7debian3" name

namespace absl {
namespace {

using tenuto::testing::NextFunction;

constexpr unsigned kExclusive = 0;
constexpr unsigned kShared = __tsan_mutex_read_lock;
constexpr intptr_t kWriterBit = 0x0008;  // Of Mutex::mu_.

// What is done before somebody's release of `told`, whose reading is const.
void Acquire(const void* told) { __tsan_acquire(const_cast<void*>(told)); }

// While the calling thread waits for `mutex`, or may run others' conditions.
class Locking {
 public:
  Locking(void* mutex, unsigned flags) : mutex_(mutex), flags_(flags) {
    __tsan_mutex_pre_lock(mutex_, flags_);
  }
  ~Locking() { __tsan_mutex_post_lock(mutex_, flags_, 0); }
  Locking(const Locking&) = delete;
  Locking& operator=(const Locking&) = delete;

  // What a function returns that may give up.
  bool Note(bool locked) {
    if (!locked) flags_ |= __tsan_mutex_try_lock_failed;
    return locked;
  }

 private:
  void* const mutex_;
  unsigned flags_;
};

class Unlocking {
 public:
  Unlocking(void* mutex, unsigned flags) : mutex_(mutex), flags_(flags) {
    __tsan_mutex_pre_unlock(mutex_, flags_);
  }
  ~Unlocking() { __tsan_mutex_post_unlock(mutex_, flags_); }
  Unlocking(const Unlocking&) = delete;
  Unlocking& operator=(const Unlocking&) = delete;

 private:
  void* const mutex_;
  const unsigned flags_;
};

// Lets go of a mutex as a wait does, and takes it again in the end.
class Waiting {
 public:
  Waiting(void* mutex, bool exclusive)
      : flags_(exclusive ? kExclusive : kShared),
        locking_(Let(mutex), flags_) {}

 private:
  void* Let(void* mutex) const {
    const Unlocking unlocking(mutex, flags_);
    return mutex;
  }

  const unsigned flags_;
  Locking locking_;
};

}  // namespace

Mutex::~Mutex() {
  static const auto next =
      NextFunction<void(Mutex*)>(TENUTO_ABSL("5MutexD1Ev"));
  __tsan_mutex_destroy(this, __tsan_mutex_not_static);
  next(this);
}

void Mutex::Lock() {
  static const auto next =
      NextFunction<void(Mutex*)>(TENUTO_ABSL("5Mutex4LockEv"));
  const Locking locking(this, kExclusive);
  next(this);
}

void Mutex::Unlock() {
  static const auto next =
      NextFunction<void(Mutex*)>(TENUTO_ABSL("5Mutex6UnlockEv"));
  const Unlocking unlocking(this, kExclusive);
  next(this);
}

bool Mutex::TryLock() {
  static const auto next =
      NextFunction<bool(Mutex*)>(TENUTO_ABSL("5Mutex7TryLockEv"));
  Locking locking(this, kExclusive | __tsan_mutex_try_lock);
  return locking.Note(next(this));
}

void Mutex::ReaderLock() {
  static const auto next =
      NextFunction<void(Mutex*)>(TENUTO_ABSL("5Mutex10ReaderLockEv"));
  const Locking locking(this, kShared);
  next(this);
}

void Mutex::ReaderUnlock() {
  static const auto next =
      NextFunction<void(Mutex*)>(TENUTO_ABSL("5Mutex12ReaderUnlockEv"));
  const Unlocking unlocking(this, kShared);
  next(this);
}

bool Mutex::ReaderTryLock() {
  static const auto next =
      NextFunction<bool(Mutex*)>(TENUTO_ABSL("5Mutex13ReaderTryLockEv"));
  Locking locking(this, kShared | __tsan_mutex_try_lock);
  return locking.Note(next(this));
}

void Mutex::LockWhen(const Condition& cond) {
  static const auto next = NextFunction<void(Mutex*, const Condition&)>(
      TENUTO_ABSL("5Mutex8LockWhenERKNS0_9ConditionE"));
  const Locking locking(this, kExclusive);
  next(this, cond);
}

void Mutex::ReaderLockWhen(const Condition& cond) {
  static const auto next = NextFunction<void(Mutex*, const Condition&)>(
      TENUTO_ABSL("5Mutex14ReaderLockWhenERKNS0_9ConditionE"));
  const Locking locking(this, kShared);
  next(this, cond);
}

// Whether the condition is true or not, these return with the lock.
bool Mutex::LockWhenWithDeadline(const Condition& cond, Time deadline) {
  static const auto next = NextFunction<bool(Mutex*, const Condition&, Time)>(
      TENUTO_ABSL("5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE"));
  const Locking locking(this, kExclusive);
  return next(this, cond, deadline);
}

bool Mutex::ReaderLockWhenWithDeadline(const Condition& cond, Time deadline) {
  static const auto next =
      NextFunction<bool(Mutex*, const Condition&, Time)>(TENUTO_ABSL(
          "5Mutex26ReaderLockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE"));
  const Locking locking(this, kShared);
  return next(this, cond, deadline);
}

void Mutex::Await(const Condition& cond) {
  static const auto next = NextFunction<void(Mutex*, const Condition&)>(
      TENUTO_ABSL("5Mutex5AwaitERKNS0_9ConditionE"));
  const Waiting waiting(this, (mu_.load() & kWriterBit) != 0);
  next(this, cond);
}

bool Mutex::AwaitWithDeadline(const Condition& cond, Time deadline) {
  static const auto next = NextFunction<bool(Mutex*, const Condition&, Time)>(
      TENUTO_ABSL("5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE"));
  const Waiting waiting(this, (mu_.load() & kWriterBit) != 0);
  return next(this, cond, deadline);
}

void CondVar::Wait(Mutex* mutex) {
  static const auto next = NextFunction<void(CondVar*, Mutex*)>(
      TENUTO_ABSL("7CondVar4WaitEPNS0_5MutexE"));
  const Waiting waiting(mutex, (mutex->mu_.load() & kWriterBit) != 0);
  next(this, mutex);
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const auto next = NextFunction<bool(CondVar*, Mutex*, Time)>(
      TENUTO_ABSL("7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE"));
  const Waiting waiting(mutex, (mutex->mu_.load() & kWriterBit) != 0);
  return next(this, mutex, deadline);
}

// Whoever finds these done need not take their lock.
void Notification::Notify() {
  static const auto next =
      NextFunction<void(Notification*)>(TENUTO_ABSL("12Notification6NotifyEv"));
  __tsan_release(&notified_yet_);
  next(this);
}

void Notification::WaitForNotification() const {
  static const auto next = NextFunction<void(const Notification*)>(
      TENUTO_ABSL_CONST("12Notification19WaitForNotificationEv"));
  next(this);
  Acquire(&notified_yet_);
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  static const auto next =
      NextFunction<bool(const Notification*, Duration)>(TENUTO_ABSL_CONST(
          "12Notification30WaitForNotificationWithTimeoutENS0_8DurationE"));
  const bool notified = next(this, timeout);
  if (notified) Acquire(&notified_yet_);
  return notified;
}

bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  static const auto next =
      NextFunction<bool(const Notification*, Time)>(TENUTO_ABSL_CONST(
          "12Notification31WaitForNotificationWithDeadlineENS0_4TimeE"));
  const bool notified = next(this, deadline);
  if (notified) Acquire(&notified_yet_);
  return notified;
}

bool BlockingCounter::DecrementCount() {
  static const auto next = NextFunction<bool(BlockingCounter*)>(
      TENUTO_ABSL("15BlockingCounter14DecrementCountEv"));
  __tsan_release(&count_);
  const bool last = next(this);
  if (last) __tsan_acquire(&count_);
  return last;
}

void BlockingCounter::Wait() {
  static const auto next = NextFunction<void(BlockingCounter*)>(
      TENUTO_ABSL("15BlockingCounter4WaitEv"));
  next(this);
  __tsan_acquire(&count_);
}

}  // namespace absl
