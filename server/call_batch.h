// Calls of one method that arrived together on one queue, answered together:
// what several rows need is fetched once. Nobody waits for calls to come: a
// batch is what lay in the queue already, often one call.
// Its queue's thread's.
#ifndef TENUTO_SERVER_CALL_BATCH_H_
#define TENUTO_SERVER_CALL_BATCH_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "server/call_queue.h"

namespace tenuto {

template <typename Call>
class CallBatch final : public WaitingCalls {
 public:
  static constexpr std::size_t kCallsMax = 32;
  using Answer = std::function<void(absl::Span<Call* const>)>;

  CallBatch(CallQueue& queue, Answer answer)
      : queue_(queue), answer_(std::move(answer)) {
    calls_.reserve(kCallsMax);
  }

  void Add(Call& call) {
    if (!is_noted_) queue_.AnswerSoon(*this);
    is_noted_ = true;
    calls_.push_back(&call);
    if (calls_.size() == kCallsMax) AnswerThem();
  }
  void AnswerAll() override {
    is_noted_ = false;
    if (!calls_.empty()) AnswerThem();
  }

 private:
  void AnswerThem() {
    answer_(calls_);
    calls_.clear();
  }

  CallQueue& queue_;
  const Answer answer_;
  std::vector<Call*> calls_;
  bool is_noted_ = false;  // By the queue.
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_CALL_BATCH_H_
