// Shows the HTML of a mail in a frame that has this page's content security policy: no scripts, no
// pictures from elsewhere, and no styles in the text either. The styles are taken out of the text
// and set by the object model, which the policy leaves alone.

/** Fills a frame, which must be sandboxed without scripts, with a mail. */
export function mailDocument(html: string) {
  return (frame: HTMLIFrameElement) => {
    const mail = new DOMParser().parseFromString(html, 'text/html');
    const styled = [...mail.querySelectorAll<HTMLElement>('[style]')].map((element, index) => {
      const style = element.getAttribute('style') ?? '';
      element.removeAttribute('style');
      element.dataset.styled = String(index);
      return style;
    });
    const sheets = [...mail.querySelectorAll('style')].map((element) => {
      element.remove();
      return element.textContent;
    });
    frame.addEventListener('load', () => dress(frame, styled, sheets), { once: true });
    frame.srcdoc = `<!doctype html>${mail.documentElement.outerHTML}`;
  };
}

function dress(frame: HTMLIFrameElement, styled: string[], sheets: string[]): void {
  const { contentDocument: document, contentWindow: window } = frame;
  if (!document || !window) return;
  styled.forEach((style, index) => {
    const element = document.querySelector<HTMLElement>(`[data-styled="${index}"]`);
    if (element) element.style.cssText = style;
  });
  const { CSSStyleSheet: Sheet } = window as Window & typeof globalThis;
  document.adoptedStyleSheets = ['body { font-family: sans-serif; }', ...sheets].map((text) => {
    const sheet = new Sheet();
    sheet.replaceSync(text);
    return sheet;
  });
}
