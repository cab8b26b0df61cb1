// PRelu: y = x where x > 0 and s x elsewhere, for slopes s that are trained or constant. It is read as relu(x) -
// s relu(-x), through which it is trained; at the kink no gradient flows, where PyTorch lets s dy.
import type { OpNode } from './op-rule.ts';

/** The nodes that compute the same; the last has the output. */
export function partsOfPRelu(node: OpNode): OpNode[] {
  const { name, output } = node;
  const [x, slope] = node.inputs as [string, string];
  const named = (part: string) => `${output} ${part}`;
  const make = (opType: string, inputs: readonly string[], to: string): OpNode => ({
    ...node,
    name: to === output ? name : `${name}[${opType}]`,
    opType,
    inputs,
    output: to,
    outputs: [to],
    attributes: [],
  });
  return [
    make('Relu', [x], named('above')),
    make('Neg', [x], named('negated')),
    make('Relu', [named('negated')], named('below')),
    make('Mul', [named('below'), slope], named('scaled')),
    make('Sub', [named('above'), named('scaled')], output),
  ];
}
