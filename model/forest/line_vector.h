// A vector that starts on a cache line, so that registers of a line's size load
// from one line and not from two.
// Value type; not thread-safe.
#ifndef TENUTO_MODEL_FOREST_LINE_VECTOR_H_
#define TENUTO_MODEL_FOREST_LINE_VECTOR_H_

#include <cstddef>
#include <new>
#include <vector>

namespace tenuto {

template <class T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};

  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>&) {}

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), kLine));
  }
  void deallocate(T* memory, std::size_t) { ::operator delete(memory, kLine); }

  template <class U>
  bool operator==(const LineAllocator<U>&) const {
    return true;
  }
};

template <class T>
using LineVector = std::vector<T, LineAllocator<T>>;

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_LINE_VECTOR_H_
