#include "training/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tenuto {
namespace {

constexpr absl::Duration kShowEvery = absl::Milliseconds(200);
constexpr absl::Duration kLogEvery = absl::Minutes(1);
constexpr char kClearLine[] = "\r\x1b[K";

}  // namespace

Progress::Progress(const Clock& clock, std::string what, std::int64_t total,
                   std::string unit)
    : clock_(clock),
      what_(std::move(what)),
      total_(total),
      unit_(std::move(unit)),
      start_(clock.Now()),
      shown_(start_),
      on_terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (line_stands_) std::fputs(kClearLine, stderr);
}

void Progress::Update(std::int64_t done) {
  const absl::Time now = clock_.Now();
  if (now - shown_ < (on_terminal_ ? kShowEvery : kLogEvery)) return;
  shown_ = now;
  line_stands_ = on_terminal_;
  std::string line =
      absl::StrCat(on_terminal_ ? kClearLine : "", what_, ": ", done);
  if (total_ > 0) {
    absl::StrAppendFormat(&line, " of %d %s (%d %%)", total_, unit_,
                          done * 100 / total_);
  } else {
    absl::StrAppend(&line, " ", unit_);
  }
  absl::StrAppendFormat(&line, ", %.0f s", absl::ToDoubleSeconds(now - start_));
  if (!on_terminal_) line += '\n';
  std::fputs(line.c_str(), stderr);
}

double Progress::SecondsSinceStart() const {
  return absl::ToDoubleSeconds(clock_.Now() - start_);
}

}  // namespace tenuto
