// The focus of a panel above the page: it goes in, Tab goes round inside, and in the end it is back where it came from.

const focusable = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex]:not([tabindex="-1"])';

export function hold(sheet) {
  const before = document.activeElement;
  const listeners = new AbortController();
  sheet.addEventListener('keydown', event => {
    if (event.key !== 'Tab') return;
    const stops = [...sheet.querySelectorAll(focusable)].filter(stop => stop.checkVisibility());
    const [first, last] = [stops[0] ?? sheet, stops.at(-1) ?? sheet];
    const at = document.activeElement;
    if (event.shiftKey ? at === first || at === sheet : at === last) {
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  }, { signal: listeners.signal });
  sheet.focus({ preventScroll: true });

  return {
    release() {
      listeners.abort();
      // Whoever has put the focus elsewhere meanwhile, a new page for instance, has reason to.
      const at = document.activeElement;
      if (before?.isConnected && (at === document.body || sheet.contains(at))) before.focus({ preventScroll: true });
    },
  };
}
