interface Options {
  count: number;
  /** Height of a row in pixels: all have the same. */
  size: number;
  /** What scrolls: a table, under a head that stays. */
  element: HTMLElement | undefined;
}

/** Rows beyond those in sight, so that scrolling and the Tab key find some. */
const OVERSCAN = 6;

/** The first row to be rendered, and the one after the last. */
export function rowsInSight(
  top: number,
  height: number,
  { count, size }: Pick<Options, 'count' | 'size'>,
): [number, number] {
  const end = Math.min(count, Math.ceil((top + height) / size) + OVERSCAN);
  // There may be fewer rows than a moment before: then the last ones are in sight.
  const first = Math.min(Math.floor(top / size), count - Math.ceil(height / size)) - OVERSCAN;
  return [Math.max(0, first), end];
}

/** Which of very many rows are in sight: counted out, whatever their number. */
export function virtualRows(options: () => Options) {
  const element = $derived(options().element);
  let top = $state(0);
  let height = $state(0);

  $effect(() => {
    if (!element) return;
    const scrolling = element;
    const scrolled = () => (top = scrolling.scrollTop);
    const observer = new ResizeObserver(() => (height = scrolling.clientHeight));
    observer.observe(scrolling);
    scrolling.addEventListener('scroll', scrolled, { passive: true });
    scrolled();
    return () => {
      observer.disconnect();
      scrolling.removeEventListener('scroll', scrolled);
    };
  });

  const range = $derived(rowsInSight(top, height, options()));
  const first = $derived(range[0]);
  const end = $derived(range[1]);
  // Made anew only when other rows come into sight.
  const indexes = $derived(Array.from({ length: end - first }, (_, n) => first + n));

  return {
    get indexes() {
      return indexes;
    },
    /** Pixels above the rows that are rendered. */
    get before() {
      return first * options().size;
    },
    get after() {
      return (options().count - end) * options().size;
    },
    /** Scrolls no further than is needed to see the row. */
    scrollTo(index: number) {
      if (!element) return;
      const { size } = options();
      const head = element.querySelector('thead')?.offsetHeight ?? 0;
      const [most, least] = [index * size, head + (index + 1) * size - element.clientHeight];
      element.scrollTo(0, Math.min(most, Math.max(least, element.scrollTop)));
    },
  };
}
