// How many stewards of a hospital must consent before its patients' records are used.
import { Type } from 'typebox';
import { Strict } from './primitives.ts';

export const ConsentPolicy = Strict({
  stewards: Type.Integer({
    minimum: 1,
    maximum: 10,
    description: 'How many of its stewards must consent; 1 where absent.',
  }),
});
