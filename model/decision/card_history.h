// What was tried on one card, in the few bytes that the rules of card networks
// ask for: the newest attempts and every code that ever declined it. Appending
// and copying never allocate, so that a simulator can afford a history a card.
// Value type; not thread-safe.
#ifndef TENUTO_MODEL_DECISION_CARD_HISTORY_H_
#define TENUTO_MODEL_DECISION_CARD_HISTORY_H_

#include <array>
#include <bitset>
#include <cstdint>

#include "absl/time/time.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {

// A raw code as a small number, given out by PaymentRules::CodeOf; numbers of
// different PaymentRules do not go together.
using CodeNumber = std::uint8_t;
inline constexpr CodeNumber kNoCode = 0;
inline constexpr CodeNumber kUnknownCode = 1;
inline constexpr int kCodesMax = 256;
using CodeSet = std::bitset<kCodesMax>;

struct PastAttempt {
  absl::Time time;
  v1::PaymentInitiator initiator = v1::PAYMENT_INITIATOR_UNSPECIFIED;
  v1::PaymentOutcome outcome = v1::PAYMENT_OUTCOME_UNSPECIFIED;
  CodeNumber code = kNoCode;
  CodeNumber advice = kNoCode;
  std::int64_t amount_minor = 0;
};

class CardHistory {
 public:
  // The most that a limit may count. Older ones are forgotten but for when the
  // newest of them was: while it is in a window, that window is taken for full.
  static constexpr int kAttemptsMax = 40;
  // The longest time that a limit may count over.
  static constexpr int kWindowDaysMax = 60;
  struct Kept {
    absl::Time time;
    std::int64_t amount_minor;
    v1::PaymentInitiator initiator;  // Unspecified if it is none we know.
    bool collected;
  };

  // A network that nobody knows is judged by the rules of all of them.
  explicit CardHistory(v1::CardNetwork network = v1::CARD_NETWORK_UNSPECIFIED);

  // In any order; the oldest first is quickest. A new card is a new history:
  // nothing, not even a collected payment, takes a stop from this one.
  void Add(const PastAttempt& attempt);

  v1::CardNetwork network() const { return network_; }
  int size() const { return size_; }
  // 0 is the newest; i < size().
  const Kept& newest(int i) const { return kept_[Slot(i)]; }
  // Whether newest(i) followed an attempt that did not collect; of -1: whether
  // the next attempt will.
  bool IsReattempt(int i) const {
    if (i + 1 < size_) return !newest(i + 1).collected;
    return forgot_any() && !forgotten_collected_;
  }
  bool forgot_any() const { return forgotten_ != absl::InfinitePast(); }
  absl::Time newest_forgotten_time() const { return forgotten_; }
  // Of every attempt that did not collect, forgotten ones too.
  const CodeSet& codes() const { return codes_; }
  const CodeSet& advice_codes() const { return advice_codes_; }

 private:
  std::size_t Slot(int i) const {
    return static_cast<std::size_t>((end_ + kAttemptsMax - 1 - i) %
                                    kAttemptsMax);
  }
  void Forget(const Kept& attempt);

  v1::CardNetwork network_;
  int size_ = 0;
  int end_ = 0;  // Where the next one goes.
  bool forgotten_collected_ = false;
  absl::Time forgotten_ = absl::InfinitePast();
  CodeSet codes_;
  CodeSet advice_codes_;
  std::array<Kept, kAttemptsMax> kept_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_CARD_HISTORY_H_
