// Before anything is painted: the reader's last choices, so that nothing flashes.
(() => {
  const root = document.documentElement;
  const kept = (key) => {
    try { return localStorage.getItem(`mlplab-${key}`); } catch { return null; }
  };
  const theme = kept("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const language = kept("language") || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  root.dataset.language = language === "zh" ? "zh" : "en";
  root.dataset.script = "on";
})();
