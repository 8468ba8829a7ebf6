#include "training/importers/import_report.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace tenuto {
namespace {

// "2,184,797"
std::string Grouped(std::int64_t number) {
  std::string text = absl::StrCat(number);
  for (std::size_t end = text.size(); end > 3; end -= 3) {
    text.insert(end - 3, 1, ',');
  }
  return text;
}

void AppendRow(absl::string_view what, std::int64_t count, std::string& text,
               absl::string_view remark = "") {
  absl::StrAppendFormat(&text, "  %-28s %13s", what, Grouped(count));
  if (!remark.empty()) absl::StrAppend(&text, "  ", remark);
  text.push_back('\n');
}

double PerSecond(const ImportReport& report) {
  return report.seconds > 0.0
             ? static_cast<double>(report.lines) / report.seconds
             : 0.0;
}

// What a reason means, whatever the line.
struct Meaning {
  const char* reason;
  const char* text;
};
constexpr Meaning kMeanings[] = {
    {"BAD_CURRENCY", "an amount without a currency of ISO 4217"},
    {"BAD_NUMBER", "a number out of its range"},
    {"BAD_TIME", "a time that is missing or impossible"},
    {"EMPTY_LINE", "nothing on the line"},
    {"EMPTY_USER_ID", "said of nobody, as of a guest"},
    {"FUTURE", "a time that has not come yet"},
    {"LINE_TOO_LONG", "a line longer than any event"},
    {"MALFORMED_FIELD", "a field of another type than it should have"},
    {"MALFORMED_JSON", "no JSON object of this format"},
    {"NO_PAYLOAD", "an event that does not say what happened"},
    {"NOT_FOR_PRODUCERS", "an event that only the server writes"},
    {"TEXT_TOO_LONG", "a text longer than is stored"},
    {"TIME_FAR_FROM_NEIGHBOURS",
     "a time far from those of the lines around it (--time-gap-max)"},
    {"UNKNOWN_LEVEL", "a level other than paid and free; the plan is unknown"},
    {"UNKNOWN_PAGE", "a page that is missing or unknown to the format"},
    {"UNKNOWN_TIME_ZONE", "a time zone without an IANA name"},
    {"UNKNOWN_VALUE", "a value that its field does not have"},
};

const char* MeaningOf(absl::string_view reason) {
  for (const Meaning& meaning : kMeanings) {
    if (reason == meaning.reason) return meaning.text;
  }
  return "";
}

void Count(std::int64_t line, const Rejection& trouble, Troubles& troubles) {
  TroubledLines& of_reason = troubles[trouble.reason];
  ++of_reason.count;
  if (of_reason.first.size() < kFirstLinesMax) {
    of_reason.first.push_back({line, trouble.message});
  }
}

// Lines of which the same is to be said share a row.
void AppendExamples(const TroubledLines& of_reason, std::string& text) {
  std::vector<std::int64_t> lines;
  const std::vector<TroubledLines::Example>& first = of_reason.first;
  for (std::size_t i = 0; i < first.size(); ++i) {
    lines.push_back(first[i].line);
    if (i + 1 < first.size() && first[i + 1].message == first[i].message) {
      continue;
    }
    absl::StrAppend(&text, "      line ", absl::StrJoin(lines, ", "), ": ",
                    first[i].message, "\n");
    lines.clear();
  }
  const std::int64_t more =
      of_reason.count - static_cast<std::int64_t>(first.size());
  if (more > 0) absl::StrAppend(&text, "      and ", Grouped(more), " more\n");
}

void AppendTroubles(const Troubles& troubles, std::string& text) {
  for (const auto& [reason, of_reason] : troubles) {
    AppendRow(absl::StrCat("  ", reason), of_reason.count, text,
              MeaningOf(reason));
    AppendExamples(of_reason, text);
  }
}

// Reasons are UPPER_SNAKE; nothing here needs escaping.
std::string CountsJson(const Troubles& troubles) {
  return absl::StrJoin(troubles, ",", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, "\"", entry.first, "\":", entry.second.count);
  });
}

}  // namespace

void ImportReport::Reject(std::int64_t line, const Rejection& rejection) {
  Count(line, rejection, rejected);
}

void ImportReport::Note(std::int64_t line, const Rejection& lost) {
  Count(line, lost, incomplete);
}

std::int64_t ImportReport::rejected_count() const {
  std::int64_t count = 0;
  for (const auto& [reason, lines_of_reason] : rejected) {
    count += lines_of_reason.count;
  }
  return count;
}

std::string ImportReport::ToJson() const {
  return absl::StrFormat(
      "{\"lines\":%d,\"accepted\":%d,\"duplicate\":%d,\"rejected\":{%s},"
      "\"seconds\":%.3f,\"events_per_second\":%.0f,\"incomplete\":{%s},"
      "\"assumed_consents\":%d,\"implied_sessions\":%d,"
      "\"resumed_at_line\":%d,\"complete\":%s,\"peak_memory_bytes\":%d}\n",
      lines, accepted, duplicate, CountsJson(rejected), seconds,
      PerSecond(*this), CountsJson(incomplete), assumed_consents,
      implied_sessions, resumed_at_line, file_fault.ok() ? "true" : "false",
      peak_memory_bytes);
}

std::string ImportReport::ToText() const {
  std::string text;
  AppendRow("lines", lines, text);
  AppendRow("accepted", accepted, text);
  AppendRow("duplicate", duplicate, text);
  AppendRow("rejected", rejected_count(), text);
  AppendTroubles(rejected, text);
  if (!incomplete.empty()) {
    absl::StrAppend(&text, "  taken in without a field that has no use\n");
    AppendTroubles(incomplete, text);
  }
  AppendRow("assumed consents", assumed_consents, text);
  if (implied_sessions > 0) {
    AppendRow("implied sessions", implied_sessions, text);
  }
  absl::StrAppendFormat(&text, "  %.2f s, %s lines/s, peak memory %d MiB\n",
                        seconds,
                        Grouped(static_cast<std::int64_t>(PerSecond(*this))),
                        peak_memory_bytes >> 20);
  return text;
}

}  // namespace tenuto
