// Why this treatment, in one sentence with its numbers, for the person who
// reads a decision. Thread-safe.
#ifndef TENUTO_MODEL_DECISION_EXPLANATION_H_
#define TENUTO_MODEL_DECISION_EXPLANATION_H_

#include <string>

#include "tenuto/v1/treatments.pb.h"

namespace tenuto {

struct Decision;

// `decision` is complete but for its explanation and was made under
// `treatments`.
std::string Explain(const Decision& decision, const v1::Treatments& treatments,
                    double churn_probability);

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_EXPLANATION_H_
