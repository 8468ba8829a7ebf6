// For short loops over floats: the same function for each width of registers,
// picked when the program starts. Without fused operations they all give the
// same bits. Watched builds and clang cannot pick that early. Whether a loop
// with a condition becomes one over registers is up to the compiler: where it
// must, write registers and pick by hand, as model/grace/worth_rows does.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_EACH_WIDTH_H_
#define TENUTO_FEATURES_BASE_EACH_WIDTH_H_

#if defined(__x86_64__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define TENUTO_EACH_WIDTH \
  __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TENUTO_EACH_WIDTH
#endif

#endif  // TENUTO_FEATURES_BASE_EACH_WIDTH_H_
