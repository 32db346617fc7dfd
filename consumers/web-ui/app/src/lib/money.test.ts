import { describe, expect, it } from 'vitest';
import { amount, cents, compare, formatted, sum, typed } from './money';

describe('money', () => {
  it('is exact beyond what floating-point numbers hold', () => {
    expect(sum(['9999999999999.99', '0.01', '0.1'])).toBe('10000000000000.10');
    expect(sum([])).toBe('0.00');
    expect(amount(-5n)).toBe('-0.05');
    expect(cents('-12.3')).toBe(-1230n);
    expect(cents('1e3')).toBeNull();
  });

  it('is sorted by its value, not by its text', () => {
    expect(['10.00', '9.5', '-1'].sort(compare)).toEqual(['-1', '9.5', '10.00']);
  });

  it('is read as people type it', () => {
    for (const text of ['1234.50', '1,234.50', '1.234,50', '1 234,5', '€1234.5']) {
      expect(typed(text)).toBe('1234.50');
    }
    expect(typed('1.234')).toBe('1234.00');
    for (const none of ['', 'ten', '1.2.3', '-5', '1,23,4']) expect(typed(none)).toBeNull();
  });

  it('is shown with all its digits', () => {
    expect(formatted('9999999999999.99', 'EUR').replace(/\D/g, '')).toBe('999999999999999');
  });
});
