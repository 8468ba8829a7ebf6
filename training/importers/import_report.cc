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
  absl::StrAppendFormat(&text, "  %-24s %13s", what, Grouped(count));
  if (!remark.empty()) absl::StrAppend(&text, "  ", remark);
  text.push_back('\n');
}

double PerSecond(const ImportReport& report) {
  return report.seconds > 0.0
             ? static_cast<double>(report.lines) / report.seconds
             : 0.0;
}

}  // namespace

void ImportReport::Reject(std::int64_t line, const Rejection& rejection) {
  RejectedLines& lines_of_reason = rejected[rejection.reason];
  if (lines_of_reason.count++ == 0) {
    lines_of_reason.first_message = rejection.message;
  }
  if (lines_of_reason.first_lines.size() < kFirstLinesMax) {
    lines_of_reason.first_lines.push_back(line);
  }
}

std::int64_t ImportReport::rejected_count() const {
  std::int64_t count = 0;
  for (const auto& [reason, lines_of_reason] : rejected) {
    count += lines_of_reason.count;
  }
  return count;
}

std::string ImportReport::ToJson() const {
  // Reasons are UPPER_SNAKE; nothing here needs escaping.
  const std::string reasons =
      absl::StrJoin(rejected, ",", [](std::string* out, const auto& entry) {
        absl::StrAppend(out, "\"", entry.first, "\":", entry.second.count);
      });
  return absl::StrFormat(
      "{\"lines\":%d,\"accepted\":%d,\"duplicate\":%d,\"rejected\":{%s},"
      "\"seconds\":%.3f,\"events_per_second\":%.0f,\"assumed_consents\":%d,"
      "\"implied_sessions\":%d,"
      "\"resumed_at_line\":%d,\"complete\":%s,\"peak_memory_bytes\":%d}\n",
      lines, accepted, duplicate, reasons, seconds, PerSecond(*this),
      assumed_consents, implied_sessions, resumed_at_line,
      file_fault.ok() ? "true" : "false", peak_memory_bytes);
}

std::string ImportReport::ToText() const {
  std::string text;
  AppendRow("lines", lines, text);
  AppendRow("accepted", accepted, text);
  AppendRow("duplicate", duplicate, text);
  AppendRow("rejected", rejected_count(), text);
  for (const auto& [reason, of_reason] : rejected) {
    AppendRow(absl::StrCat("  ", reason), of_reason.count, text,
              absl::StrCat("line ", absl::StrJoin(of_reason.first_lines, ", "),
                           of_reason.count > static_cast<std::int64_t>(
                                                 of_reason.first_lines.size())
                               ? " ..."
                               : "",
                           ": ", of_reason.first_message));
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
