// Which recovery model serves each name right now. They lie under the same root
// as other bundles; each registry takes its own kind and leaves the rest.
// Thread-safe.
#ifndef TENUTO_MODEL_GRACE_RECOVERY_REGISTRY_H_
#define TENUTO_MODEL_GRACE_RECOVERY_REGISTRY_H_

#include "model/grace/recovery_model.h"
#include "model/model_registry.h"

namespace tenuto {

using RecoveryRegistry = BundleRegistry<RecoveryModel>;

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_RECOVERY_REGISTRY_H_
