// What the chat page needs from the browser itself: keys, heights, and where the reader is.

function attachComposer(textarea, signal) {
  // Where the browser sizes the field itself (field-sizing in the style sheet), nothing is left to do.
  const grow = () => {
    if (CSS.supports('field-sizing', 'content')) return;
    textarea.style.height = 'auto';
    textarea.style.height = Math.min(textarea.scrollHeight, innerHeight * 0.35) + 'px';
  };
  textarea.addEventListener('input', grow, { signal });
  textarea.addEventListener('keydown', event => {
    // isComposing: Enter also ends the choice of a Japanese or Chinese word. Safari says so before this event comes, and only the code 229, which no key has, is left of it.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    // Not a click on the button: the server may not have heard of the text yet. It hears of both in this order.
    textarea.form.requestSubmit();
  }, { signal });
  // Only from here on Enter sends, and keyboards on a screen may say so.
  textarea.enterKeyHint = 'send';
  grow();
  return grow;
}

// What is written and not sent yet is the browser's to keep: the server's copy ends with a look at another conversation, and with the circuit.
function keepDraft(textarea, signal) {
  const key = `comox-draft-${textarea.dataset.draft}`;
  const keep = () => {
    try {
      if (textarea.value) sessionStorage.setItem(key, textarea.value);
      else sessionStorage.removeItem(key);
    } catch { /* A browser that keeps nothing. */ }
  };
  textarea.addEventListener('input', keep, { signal });
  textarea.form.addEventListener('submit', () => { try { sessionStorage.removeItem(key); } catch { /* As above. */ } }, { signal });
  let kept = null;
  try { kept = sessionStorage.getItem(key); } catch { /* As above. */ }
  if (kept && !textarea.value) {
    textarea.value = kept;
    // The server hears of it as of anything that is typed.
    textarea.dispatchEvent(new Event('input', { bubbles: true }));
  }
  return keep;
}

export function attach(root) {
  const textarea = root.querySelector('textarea');
  const scroller = root.querySelector('[data-scroller]');
  const column = scroller?.firstElementChild;
  const listeners = new AbortController();
  const grow = textarea && attachComposer(textarea, listeners.signal);
  const keep = textarea && keepDraft(textarea, listeners.signal);

  // Follow the reply while the reader is at the end; once they scroll up, leave them alone until they come back.
  // Only a move upwards is the reader's: the event of our own scrolling may come when the next words have already made the column longer.
  let following = true, last = 0;
  const toEnd = () => scroller.scrollTop = scroller.scrollHeight;
  const onScroll = () => {
    const top = scroller.scrollTop;
    if (scroller.scrollHeight - top - scroller.clientHeight < 48) following = true;
    else if (top < last) following = false;
    last = top;
    root.dataset.following = following;
  };
  const observer = new ResizeObserver(() => following && toEnd());
  if (scroller && column) {
    scroller.addEventListener('scroll', onScroll, { passive: true, signal: listeners.signal });
    observer.observe(column);
    observer.observe(scroller);
    toEnd();
  }

  return {
    follow() { following = true; root.dataset.following = true; if (scroller) toEnd(); },
    // After a reply. Whoever is in a panel or in the list meanwhile stays there. A message that was refused is back in the field without a key having been pressed.
    focusAgain() {
      grow?.();
      keep?.();
      const at = document.activeElement;
      if (!at || at === document.body || root.contains(at)) this.focus();
    },
    focus() {
      grow?.();
      // On a phone the focus would open the keyboard over the reply.
      if (!matchMedia('(pointer: coarse)').matches) textarea?.focus({ preventScroll: true });
    },
    dispose() { observer.disconnect(); listeners.abort(); },
  };
}
