// The optimisers that a training plan can name; `optimizer-rule.ts` defines how each moves parameters.

/** How a step moves parameters: gradient descent with or without momentum, or DP-Adam. */
export type Optimizer =
  | {
      readonly kind: 'sgd';
      /** μ in [0, 1), 0 by default. */
      readonly momentum?: number;
    }
  | {
      readonly kind: 'adam';
      /** β₁ in [0, 1), 0.9 by default. */
      readonly momentum?: number;
      /** β₂ in [0, 1), 0.999 by default. */
      readonly secondMomentum?: number;
      /** γ > 0, in squared units of the mean gradient; the noise's own variance by default. */
      readonly floor?: number;
    };
