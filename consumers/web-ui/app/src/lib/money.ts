// Amounts come as decimal strings, and are never made floating-point numbers: sums are those of
// whole cents.

const AMOUNT = /^(-?)(\d+)(?:\.(\d{1,2}))?$/;

/** The cents of an amount such as `13.99`; null for what is none. */
export function cents(amount: string): bigint | null {
  const match = AMOUNT.exec(amount);
  if (!match) return null;
  const [, sign, whole = '0', fraction = ''] = match;
  const value = BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0'));
  return sign ? -value : value;
}

/** An amount of so many cents, such as `13.99`. */
export function amount(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** The sum of amounts; what is none counts nothing. */
export function sum(amounts: readonly string[]): string {
  return amount(amounts.reduce((total, one) => total + (cents(one) ?? 0n), 0n));
}

/** For sorting: negative when the first is less. */
export function compare(a: string, b: string): number {
  const [x, y] = [cents(a) ?? 0n, cents(b) ?? 0n];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** What somebody typed, as an amount: `1.234,50`, `1,234.50` and `1234,5` are the same. */
export function typed(text: string): string | null {
  const bare = text.replace(/[\s'’€$]/g, '');
  // A mark before one or two last digits is the decimal one; all others only group.
  const match = /^(.*?)(?:[.,](\d{1,2}))?$/.exec(bare);
  const whole = match?.[1] ?? '';
  const grouped = /^\d{1,3}([.,]\d{3})+$/.test(whole);
  if (!/^\d+$/.test(whole) && !grouped) return null;
  return amount(cents(`${whole.replace(/[.,]/g, '')}.${match?.[2] ?? '0'}`) ?? 0n);
}

const formats = new Map<string, Intl.NumberFormat>();

/** An amount as people read it, exact whatever its size. */
export function formatted(value: string, currency: 'EUR' | 'USD'): string {
  let format = formats.get(currency);
  if (!format) {
    format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
    formats.set(currency, format);
  }
  return format.format(value as Intl.StringNumericLiteral);
}
