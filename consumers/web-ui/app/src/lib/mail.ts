// Shows the HTML of a mail in a frame that has this page's content security policy: no scripts, no
// pictures from elsewhere, and no styles in the text either. What the policy would refuse is taken
// out of the text; the styles are set by the object model, which the policy leaves alone.

/** Fills a frame, which must be sandboxed without scripts, with a mail. */
export function mailDocument(html: string) {
  return (frame: HTMLIFrameElement) => {
    // What is in a template is part of no page, and loads nothing.
    const template = document.createElement('template');
    template.innerHTML = html.replace(/(<[^>]*\s)style(\s*=)/gi, '$1data-style$2');
    const mail = template.content;
    mail.querySelectorAll('script, link, iframe, object').forEach((element) => element.remove());
    mail.querySelectorAll('img').forEach((image) => image.removeAttribute('src'));
    const sheets = [...mail.querySelectorAll('style')].map((element) => {
      element.remove();
      return element.textContent;
    });
    frame.addEventListener('load', () => dress(frame, sheets), { once: true });
    frame.srcdoc = `<!doctype html>${template.innerHTML}`;
  };
}

function dress(frame: HTMLIFrameElement, sheets: string[]): void {
  const { contentDocument, contentWindow } = frame;
  if (!contentDocument || !contentWindow) return;
  for (const element of contentDocument.querySelectorAll<HTMLElement>('[data-style]')) {
    element.style.cssText = element.dataset['style'] ?? '';
  }
  const { CSSStyleSheet: Sheet } = contentWindow as Window & typeof globalThis;
  const all = ['body { font-family: sans-serif; }', ...sheets];
  contentDocument.adoptedStyleSheets = all.map((text) => {
    const sheet = new Sheet();
    sheet.replaceSync(text);
    return sheet;
  });
  // As high as the mail; the style bounds it.
  frame.style.height = `${contentDocument.documentElement.offsetHeight}px`;
}
