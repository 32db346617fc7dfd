/** Comes to the part of a page that the address names, once it is there. */
export function arrived(element: HTMLElement): void {
  if (location.hash !== `#${element.id}`) return;
  // After the page has gone to its beginning, as new ones do.
  requestAnimationFrame(() => element.scrollIntoView());
}
