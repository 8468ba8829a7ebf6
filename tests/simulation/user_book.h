// What a service said about one user's events, outside of the ledger. An
// erasure whose answer was lost begins an epoch: what was acknowledged before
// may be gone, but then all of it; what the service says later tells which.
// Value type; not thread-safe.
#ifndef TENUTO_TESTS_SIMULATION_USER_BOOK_H_
#define TENUTO_TESTS_SIMULATION_USER_BOOK_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace tenuto::testing {

class UserBook {
 public:
  // The answer about an event; false when it cannot be true.
  bool NoteAccepted(const std::string& id);
  bool NoteDuplicate(const std::string& id);
  // There was none.
  void NoteLost(const std::string& id);

  // An erasure is tried now: the epoch that begins.
  int BeginEpoch();
  // One was acknowledged: nothing of before `epoch` is left.
  void Erase(int epoch);
  // None happened since `epoch` began.
  void Keep(int epoch);

  int epoch() const { return static_cast<int>(epochs_.size()) - 1; }
  // What is older is gone; from the second on it is certainly there.
  int first() const { return first_; }
  int certain() const { return certain_; }

  // What is wrong with a log that holds these events of the user, by hash, a
  // line each. Takes out of `logged` what the book knows of.
  std::vector<std::string> Explain(std::set<std::uint64_t>& logged) const;

  static std::uint64_t HashOf(const std::string& id);

 private:
  struct Epoch {
    std::set<std::string> acknowledged;
    std::set<std::string> unknown;  // Their answers were lost.
  };
  // The newest epoch in which it was acknowledged, or -1.
  int EpochOf(const std::string& id) const;
  bool IsUnknown(const std::string& id) const;
  void Acknowledge(const std::string& id);

  std::vector<Epoch> epochs_{1};
  int first_ = 0;
  int certain_ = 0;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SIMULATION_USER_BOOK_H_
