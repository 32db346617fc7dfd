const numbers = new Intl.NumberFormat();

/** A whole number as people read it. */
export function count(value: number): string {
  return numbers.format(value);
}

/** A share such as `22.87`, as people read it. */
export function percent(share: string): string {
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 }).format(Number(share))} %`;
}

/** `1 order`, `2 orders`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** The first letter large. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
