// The text of treatments.textproto, compiled in so that a program cannot run
// with guardrails other than those it was tested with.
// Thread-safe: immutable.
#ifndef TENUTO_MODEL_DECISION_EMBEDDED_H_
#define TENUTO_MODEL_DECISION_EMBEDDED_H_

namespace tenuto {

extern const char kTreatmentsTextproto[];

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_EMBEDDED_H_
