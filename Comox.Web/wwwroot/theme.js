// Light or dark: what the person chose, else what the system says. Runs before the first paint.
(() => {
  const key = 'comox-theme';
  const system = matchMedia('(prefers-color-scheme: dark)');
  const read = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const apply = () => document.documentElement.dataset.theme = read() ?? (system.matches ? 'dark' : 'light');

  apply();
  system.addEventListener('change', apply);
  addEventListener('storage', event => event.key === key && apply());

  // Delegated, so that the button works on pages without a circuit, and before one is there.
  document.addEventListener('click', event => {
    if (!event.target.closest?.('[data-theme-toggle]')) return;
    const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem(key, next); } catch { /* private mode: the choice lasts as long as the page */ }
    document.documentElement.dataset.theme = next;
  });

  // The server came back without the page's circuit (it was restarted): only a fresh page can go on.
  addEventListener('DOMContentLoaded', () => {
    const modal = document.getElementById('components-reconnect-modal');
    if (!modal) return;
    new MutationObserver(() => modal.classList.contains('components-reconnect-rejected') && location.reload())
      .observe(modal, { attributes: true, attributeFilter: ['class'] });
  });
})();
