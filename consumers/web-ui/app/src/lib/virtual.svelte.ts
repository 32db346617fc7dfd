import {
  Virtualizer,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
} from '@tanstack/virtual-core';

interface Options {
  count: number;
  /** Height of a row in pixels: all have the same. */
  size: number;
  /** What scrolls. */
  element: HTMLElement | undefined;
}

/** Rows beyond those in sight, so that scrolling and the Tab key find some. */
const OVERSCAN = 12;

/** Which of very many rows are in sight. */
export function virtualRows(options: () => Options) {
  let items = $state.raw<VirtualItem[]>([]);
  let total = $state(0);

  const all = () => {
    const { count, size, element } = options();
    return {
      count,
      estimateSize: () => size,
      getScrollElement: () => element ?? null,
      overscan: OVERSCAN,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: sync,
    };
  };
  const virtualizer = new Virtualizer<HTMLElement, Element>(all());

  function sync() {
    items = virtualizer.getVirtualItems();
    total = virtualizer.getTotalSize();
  }

  $effect(() => virtualizer._didMount());
  let size = 0;
  $effect(() => {
    const next = all();
    virtualizer.setOptions(next);
    if (size !== options().size) virtualizer.measure();
    size = options().size;
    virtualizer._willUpdate();
    sync();
  });

  return {
    get items() {
      return items;
    },
    get before() {
      return items[0]?.start ?? 0;
    },
    get after() {
      return total - (items.at(-1)?.end ?? 0);
    },
    scrollTo(index: number) {
      virtualizer.scrollToIndex(index, { align: 'auto' });
    },
  };
}
