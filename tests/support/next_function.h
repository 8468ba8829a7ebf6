// The function of a name that a library of ours stands in front of.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_NEXT_FUNCTION_H_
#define TENUTO_TESTS_SUPPORT_NEXT_FUNCTION_H_

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace tenuto::testing {

// Ends the process when there is none: the other library has changed.
template <typename Function>
Function* NextFunction(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) {
    std::fprintf(stderr, "no library has %s after this one\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_NEXT_FUNCTION_H_
