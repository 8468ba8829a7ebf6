// Points and weights of Gauss-Legendre on [0, 1] (Abramowitz and Stegun,
// 25.4.30): n points integrate polynomials up to degree 2 n - 1 exactly.
// Thread-safe.
#ifndef TENUTO_MODEL_FOREST_QUADRATURE_H_
#define TENUTO_MODEL_FOREST_QUADRATURE_H_

namespace tenuto {

struct QuadraturePoint {
  float at;
  float weight;
};

template <int kNodes>
struct Quadrature;

template <>
struct Quadrature<1> {
  static constexpr QuadraturePoint kPoints[] = {{0.5f, 1.0f}};
};
template <>
struct Quadrature<2> {
  static constexpr QuadraturePoint kPoints[] = {{0.211324865f, 0.5f},
                                                {0.788675135f, 0.5f}};
};
template <>
struct Quadrature<3> {
  static constexpr QuadraturePoint kPoints[] = {{0.112701665f, 0.277777778f},
                                                {0.5f, 0.444444444f},
                                                {0.887298335f, 0.277777778f}};
};
template <>
struct Quadrature<4> {
  static constexpr QuadraturePoint kPoints[] = {{0.0694318442f, 0.173927423f},
                                                {0.330009478f, 0.326072577f},
                                                {0.669990522f, 0.326072577f},
                                                {0.930568156f, 0.173927423f}};
};
template <>
struct Quadrature<5> {
  static constexpr QuadraturePoint kPoints[] = {{0.046910077f, 0.118463443f},
                                                {0.230765345f, 0.239314335f},
                                                {0.5f, 0.284444444f},
                                                {0.769234655f, 0.239314335f},
                                                {0.953089923f, 0.118463443f}};
};
template <>
struct Quadrature<6> {
  static constexpr QuadraturePoint kPoints[] = {
      {0.0337652429f, 0.0856622462f}, {0.169395307f, 0.180380787f},
      {0.380690407f, 0.233956967f},   {0.619309593f, 0.233956967f},
      {0.830604693f, 0.180380787f},   {0.966234757f, 0.0856622462f}};
};
template <>
struct Quadrature<7> {
  static constexpr QuadraturePoint kPoints[] = {
      {0.0254460438f, 0.0647424831f}, {0.129234407f, 0.139852696f},
      {0.297077424f, 0.190915025f},   {0.5f, 0.208979592f},
      {0.702922576f, 0.190915025f},   {0.870765593f, 0.139852696f},
      {0.974553956f, 0.0647424831f}};
};
template <>
struct Quadrature<8> {
  static constexpr QuadraturePoint kPoints[] = {
      {0.0198550718f, 0.0506142681f}, {0.101666761f, 0.111190517f},
      {0.237233795f, 0.156853323f},   {0.408282679f, 0.181341892f},
      {0.591717321f, 0.181341892f},   {0.762766205f, 0.156853323f},
      {0.898333239f, 0.111190517f},   {0.980144928f, 0.0506142681f}};
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_FOREST_QUADRATURE_H_
