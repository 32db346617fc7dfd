import { expect, it } from 'vitest';
import { inSight } from './keys';

it('rows keep their keys wherever they are, and one that is listed twice has two', () => {
  const keys = (rows: string[], indexes: number[]) =>
    inSight(rows, indexes, (row) => row).map(({ key, row, index }) => [key, row, index]);
  expect(keys(['x', 'y', 'z'], [0, 1])).toEqual([
    ['x', 'x', 0],
    ['y', 'y', 1],
  ]);
  expect(keys(['y', 'z', 'y'], [0, 1, 2, 3])).toEqual([
    ['y', 'y', 0],
    ['z', 'z', 1],
    ['y 2', 'y', 2],
  ]);
});
