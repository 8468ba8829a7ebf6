// gRPC takes calls with half as many threads as the machine has cores, at least
// two, whatever part of the machine is ours. Each that has work first wakes
// another to wait for more, so two threads on one core hand every few calls to
// each other: a fifth of a call's CPU time, and its tail.
#ifndef TENUTO_SERVER_CALL_THREADS_H_
#define TENUTO_SERVER_CALL_THREADS_H_

#include <memory>

namespace tenuto {

// How many cores this process may run on.
int UsableCores();

// Of gRPC's threads in this process, which all its servers and channels share.
// Thread-safe: immutable after construction. One a process.
class CallThreads {
 public:
  // Keeps all but `wanted` (at least one) of those that run by now from taking
  // calls until destroyed: they wait, in a callback that does not return. No
  // effect where gRPC calls its threads other names than those we know.
  explicit CallThreads(int wanted);
  ~CallThreads();

  int kept_waiting() const { return kept_waiting_; }

 private:
  class Waiting;
  int kept_waiting_ = 0;
  std::unique_ptr<Waiting> waiting_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_CALL_THREADS_H_
